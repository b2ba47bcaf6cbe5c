"""Which models to ask for more about: those of the landed listing, less what has landed of them already."""

import hashlib
import heapq
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson

from ptm_spark.errors import CrawlError
from ptm_spark.landing import Landing, Manifest, utc_text

_FLOOR = ("2022-03-02T23:29:04.000Z", "2022-03-02T23:29:05.000Z")
_CARD = "README.md"
_MOST_ID_CHARS = 200
_REFUSALS = (401, 403)
_BLOB = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model of the listing: its id, ``_id``, head ('' where the listing does not carry it), and what strata need."""

    id: str
    oid: str
    sha: str
    created_at: str
    downloads: int
    has_card: bool

    @property
    def is_floor(self) -> bool:
        """Whether its creation time only means "on or before"; its first commit knows better."""
        return self.created_at in _FLOOR

    @property
    def stratum(self) -> str:
        """Year of creation and band of downloads (0, below 100, below 10,000, more)."""
        band = sum(self.downloads >= least for least in (1, 100, 10_000))
        return f"{self.created_at[:4]}/{band}"


def is_askable(model_id: str) -> bool:
    """Whether an id can be part of an address: one or two segments that lead nowhere else, no control characters."""
    segments = model_id.split("/")
    return (
        len(segments) <= 2
        and len(model_id) <= _MOST_ID_CHARS
        and all(segment not in ("", ".", "..") for segment in segments)
        and all(character >= " " and character != "\x7f" for character in model_id)
    )


def known_models(landing: Landing, scope: str) -> Iterator[ModelRef]:
    """Models of the newest landed census of a scope and of the crawls after it, each once, as newest seen.

    CrawlError where no listing has landed.
    """
    # other dumps do not name models as the Hub does now
    crawls = [crawl for crawl in landing.crawls_of("hub", "models", scope) if crawl.format == "api"]
    if not crawls:
        raise CrawlError(f"no listing of models of scope {scope} has landed yet; run ptm-spark crawl-hub models first")
    base = next((crawl for crawl in reversed(crawls) if crawl.coverage == "census"), None)
    newer: dict[str, ModelRef] = {}
    for crawl in crawls:
        if base is None or crawl.order > base.order:
            newer |= {model.oid: model for model in _models(landing, crawl)}
    # only a walk by creation proves that it served no row twice
    seen: set[str] | None = set() if base is None or base.counts.get("repeated", 1) else None
    for model in _models(landing, base) if base is not None else ():
        if model.oid in newer or (seen is not None and model.oid in seen):
            continue
        if seen is not None:
            seen.add(model.oid)
        yield model
    yield from newer.values()


def _models(landing: Landing, crawl: Manifest) -> Iterator[ModelRef]:
    for line in landing.lines(crawl):
        row: dict[str, Any] = orjson.loads(line).get("raw") or {}
        model_id, oid = row.get("id"), row.get("_id")
        if isinstance(model_id, str) and isinstance(oid, str):
            files = row.get("siblings")
            has_card = not isinstance(files, list) or any(
                isinstance(file, dict) and file.get("rfilename") == _CARD for file in files
            )
            downloads = row.get("downloads")
            yield ModelRef(
                model_id,
                oid,
                str(row.get("sha") or ""),
                str(row.get("createdAt") or ""),
                downloads if isinstance(downloads, int) else 0,
                has_card,
            )


class Landed:
    """What has landed of an entity: pairs of model and what was asked for, and the newest blob of each model.

    A few bytes a pair, so that millions are no burden. Refusals (401, 403) count for ``again`` only: access may have
    been granted since.
    """

    def __init__(self, landing: Landing, entity: str, *, scope: str, at: datetime, again: timedelta) -> None:
        asked, owners, blobs = array("Q"), array("Q"), bytearray()
        oldest = utc_text(at - again)
        for line in _lines_of(landing, entity, scope):
            about: dict[str, Any] = line.get("about") or {}
            oid = str(about.get("repo_oid"))
            if line.get("status") not in _REFUSALS or str(line.get("fetched_at")) >= oldest:
                asked.append(_hash(oid, str(about.get("asked"))))
            if _BLOB.fullmatch(blob := str(about.get("blob"))):
                owners.append(_hash(oid))
                blobs += bytes.fromhex(blob)
        self._asked = np.unique(np.frombuffer(asked, dtype=np.uint64))
        hashes = np.frombuffer(owners, dtype=np.uint64)
        order = np.argsort(hashes, kind="stable")
        self._owners, self._blobs = hashes[order], np.frombuffer(bytes(blobs), dtype="V20")[order]

    def has(self, model: ModelRef, asked: str) -> bool:
        """Whether an answer to this question has landed."""
        place = np.searchsorted(self._asked, wanted := np.uint64(_hash(model.oid, asked)))
        return bool(place < len(self._asked) and self._asked[place] == wanted)

    def blob(self, model: ModelRef) -> str:
        """Git hash of the file of a model that landed last; '' where none has."""
        place = np.searchsorted(self._owners, wanted := np.uint64(_hash(model.oid)), side="right")
        return bytes(self._blobs[place - 1]).hex() if place and self._owners[place - 1] == wanted else ""


def _lines_of(landing: Landing, entity: str, scope: str) -> Iterator[dict[str, Any]]:
    for crawl in landing.crawls_of("hub", entity, scope):
        for kind in ("part", "invalid"):
            yield from map(orjson.loads, landing.lines(crawl, kind))


def _hash(*words: str) -> int:
    return int.from_bytes(hashlib.blake2b("@".join(words).encode(), digest_size=8).digest(), "little")


def sample(models: Callable[[], Iterable[ModelRef]], size: int, seed: int) -> list[ModelRef]:
    """``size`` models, by stratum in proportion to its models (largest remainders); the same seed, the same models.

    ``models`` is asked twice. Within a stratum those with the smallest hashes of seed and ``_id`` are taken, so that a
    larger sample of the same seed holds most of a smaller one.
    """
    strata = Counter(model.stratum for model in models())
    total = strata.total()
    quotas = {name: size * count / total for name, count in strata.items()} if total else {}
    taken = {name: min(strata[name], int(quota)) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: (int(quotas[name]) - quotas[name], name))
    for name in by_remainder:
        if sum(taken.values()) < min(size, total) and taken[name] < strata[name]:
            taken[name] += 1
    chosen: dict[str, list[tuple[int, str, ModelRef]]] = {name: [] for name in strata}
    for model in models():
        rank = int.from_bytes(hashlib.blake2b(f"{seed}:{model.oid}".encode(), digest_size=8).digest(), "big")
        heap, most = chosen[model.stratum], taken[model.stratum]
        if len(heap) < most:
            heapq.heappush(heap, (-rank, model.oid, model))
        elif heap and -rank > heap[0][0]:
            heapq.heapreplace(heap, (-rank, model.oid, model))
    return sorted((entry[2] for heap in chosen.values() for entry in heap), key=lambda model: model.oid)
