"""The whole listing by huggingface_hub's own client, row after row: what a short script would do.

Usage: python bench/crawl_hf_api.py [--into FILE] ENDPOINT FIELD… — the fields to expand; with --into every row is kept
as a line of JSON, packed as the landing is. huggingface_hub asks for the newest first and sends no page size, for
which the Hub gives 1000 rows. The last line of output is JSON: models seen, and when all was done (seconds since 1970).
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import zstandard
from huggingface_hub import HfApi

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--into", type=Path)
parser.add_argument("endpoint")
parser.add_argument("fields", nargs="+")
options = parser.parse_args()

fields: Any = options.fields  # the client has a type of its own for the names
models = HfApi(endpoint=options.endpoint).list_models(sort="created_at", expand=fields)
seen = 0
if options.into is None:
    for _ in models:
        seen += 1
else:
    with zstandard.open(options.into, "wt", cctx=zstandard.ZstdCompressor(level=3), encoding="utf-8") as file:
        for model in models:
            file.write(json.dumps(vars(model), default=str, ensure_ascii=False) + "\n")
            seen += 1
print(json.dumps({"models": seen, "ended_at": time.time()}))
