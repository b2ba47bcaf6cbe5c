"""The whole listing by huggingface_hub's own client, row after row, and nothing kept: what a short script would do.

Usage: python bench/crawl_hf_api.py ENDPOINT FIELD… — the fields to expand. huggingface_hub asks for the newest first
and sends no page size, for which the Hub gives 1000 rows. The last line of output is JSON: models seen, and when the
last one was (seconds since 1970).
"""

import json
import sys
import time
from typing import Any

from huggingface_hub import HfApi

endpoint, *fields = sys.argv[1:]
expand: Any = fields  # the client has a type of its own for the names
seen = 0
for _ in HfApi(endpoint=endpoint).list_models(sort="created_at", expand=expand):
    seen += 1
print(json.dumps({"models": seen, "ended_at": time.time()}))
