"""Which models to ask for more about: those of the landed listing, less what has landed of them already."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from ptm_spark.errors import CrawlError
from ptm_spark.landing import Landing, Manifest

_FLOOR = ("2022-03-02T23:29:04.000Z", "2022-03-02T23:29:05.000Z")
_CARD = "README.md"
_MOST_ID_CHARS = 200


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


def known_models(landing: Landing) -> Iterator[ModelRef]:
    """Models of the newest landed census of the Hub and of the crawls after it, each once, as newest seen.

    CrawlError where no listing has landed.
    """
    crawls, _ = landing.crawls("hub", "models")
    censuses = [crawl for crawl in crawls if crawl.coverage == "census"]
    base = censuses[-1] if censuses else None
    later = [crawl for crawl in crawls if base is None or crawl.order > base.order]
    if not crawls:
        raise CrawlError("no listing of models has landed yet; run ptm-spark crawl-hub models first")
    newer: dict[str, ModelRef] = {}
    for crawl in later:
        newer |= {model.oid: model for model in _models(landing, crawl)}
    if base is not None:
        seen: set[str] = set()  # a walk may serve a row twice, but only where it is no census by creation
        for model in _models(landing, base):
            if model.oid in newer or (base.counts.get("repeated", 1) and model.oid in seen):
                continue
            if base.counts.get("repeated", 1):
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
    """What has landed of an entity: pairs of model and head. 8 bytes a pair, so that millions are no burden."""

    def __init__(self, landing: Landing, entity: str) -> None:
        crawls, _ = landing.crawls("hub", entity)
        hashes = (
            _pair(str(line.get("key")), str((line.get("about") or {}).get("asked", "")))
            for crawl in crawls
            for line in map(orjson.loads, landing.lines(crawl))
        )
        self._hashes = np.unique(np.fromiter(hashes, dtype=np.uint64))

    def __contains__(self, model: ModelRef) -> bool:
        found = np.searchsorted(self._hashes, wanted := np.uint64(_pair(model.id, model.sha)))
        return bool(found < len(self._hashes) and self._hashes[found] == wanted)


def _pair(model_id: str, sha: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{model_id}@{sha}".encode(), digest_size=8).digest(), "big")


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
