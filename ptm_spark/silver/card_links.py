"""Where the links of a card lead, and which papers it names."""

import re
from functools import lru_cache

KINDS = ("hub_model", "hub_dataset", "hub_space", "arxiv", "doi", "github", "other", "relative", "anchor")

#: first parts of Hub addresses that are no namespace of models
_HUB_PAGES = frozenset(
    (
        *("api", "autonlp", "autotrain", "blog", "buckets", "chat", "collections", "course", "courses", "datasets"),
        *("docs", "enterprise", "front", "inference-api", "join", "kernels", "landing", "languages", "learn", "login"),
        *("metrics", "models", "new", "organizations", "papers", "posts", "pricing", "privacy", "search", "settings"),
        *("spaces", "support", "tasks", "terms-of-service", "transformers", "users", "welcome"),
    )
)
_HUB_HOSTS = frozenset(("huggingface.co", "www.huggingface.co", "hf.co"))
#: the 68 models of the Hub's first days whose ids have no owner are named after their architecture
_WITHOUT_OWNER = re.compile(
    r"(?:albert|bert|camembert|distilbert|distilroberta|gpt2|roberta|t5|transfo-xl|xlm|xlm-roberta|xlnet)-[\w.-]+\Z"
    r"|(?:ctrl|gpt2|distilgpt2|openai-gpt)\Z"
)
_ADDRESS = re.compile(r"(?:[a-z][a-z+.-]{0,30}:)?//(?:[^/?#@]*@)?([^/?#:]+)[^/?#]*(/[^?#]*)?", re.IGNORECASE)
_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
#: both begin with letters that hardly occur elsewhere, so that texts without them cost nothing
_ARXIV = re.compile(
    r"r[xX]iv(?:\.org/(?:abs|pdf|html)/|[:\s=]{1,3})\s?\{?(?:a[rR][xX]iv:)?"
    r"([0-9]{4}\.[0-9]{4,5}|[a-z][a-z-]{1,15}(?:\.[A-Z]{2})?/[0-9]{7})(?![0-9])"
)
_EPRINT = re.compile(r"print\s{0,4}=\s{0,4}[{\"]\s?(?:ar[xX]iv:)?([0-9]{4}\.[0-9]{4,5})(?![0-9])")
_MOST_IDS = 200


@lru_cache(maxsize=16384)
def link_kind(target: str) -> str:
    """One of ``KINDS`` for the target of a link as it stands in the card.

    A model of the Hub is a page or file of a repo (``/gpt2``, ``/owner/name/…``); its profile, documentation and
    other pages are ``other``. Relative ones lead to files of the card's own repo.
    """
    if target.startswith("#"):
        return "anchor"
    if "://" not in target[:40] and not target.startswith("//"):
        return "other" if target.lower().startswith(("mailto:", "tel:", "data:", "www.")) else "relative"
    address = _ADDRESS.match(target)
    if address is None:
        return "other"
    host = address[1].lower().removesuffix(".")
    if host in _HUB_HOSTS:
        return _hub_kind([part for part in (address[2] or "").split("/") if part])
    return _KIND_OF.get(".".join(host.split(".")[-2:]), "other")


_KIND_OF = {
    "arxiv.org": "arxiv",
    "doi.org": "doi",
    "github.com": "github",
    "github.io": "github",
    "githubusercontent.com": "github",
}


def _hub_kind(parts: list[str]) -> str:
    if not parts:
        return "other"
    if parts[0] in ("datasets", "spaces"):
        return f"hub_{parts[0][:-1]}" if len(parts) > 1 else "other"
    if parts[0] in _HUB_PAGES or not _MODEL_ID.match(parts[0]):
        return "other"
    return "hub_model" if len(parts) > 1 or _WITHOUT_OWNER.match(parts[0]) else "other"


def arxiv_ids(text: str) -> list[str]:
    """Numbers of the arXiv papers that a card links or cites, sorted, each once, without versions."""
    found = set(_ARXIV.findall(text)) if "iv" in text else set()
    if "print" in text:
        found |= set(_EPRINT.findall(text))
    return sorted(found)[:_MOST_IDS]
