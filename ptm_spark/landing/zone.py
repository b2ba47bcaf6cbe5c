"""The landing zone: raw records exactly as received, one immutable folder a crawl.

``landing/<source>/<entity>/<crawl_id>/`` holds ``part-00000.jsonl.zst`` …, ``invalid-00000.jsonl.zst`` …,
``requests-00000.jsonl.zst`` and ``_manifest.json``. A folder without a manifest is unfinished and is not read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ptm_spark.config import LandingSettings
from ptm_spark.errors import LandingError
from ptm_spark.folder import Folder
from ptm_spark.landing.manifest import MANIFEST, Manifest
from ptm_spark.landing.writer import CrawlWriter


class Landing:
    """The landing zone of a lake."""

    def __init__(self, lake: Folder) -> None:
        self.folder = lake / "landing"

    def crawls(self, source: str, entity: str) -> tuple[list[Manifest], list[str]]:
        """Finished crawls of an entity in order of observation, and the places that cannot be read, each with why."""
        place = self.folder / source / entity
        found, unreadable = [], []
        for crawl_id in place.names():
            crawl = place / crawl_id
            if not crawl.exists(MANIFEST):
                unreadable.append(
                    f"{source}/{entity}/{crawl_id}: no {MANIFEST}, so the crawl is unfinished; run its command again"
                )
                continue
            try:
                found.append(Manifest.from_json(crawl.read(MANIFEST)))
            except LandingError as error:
                unreadable.append(f"{source}/{entity}/{crawl_id}/{MANIFEST}: {error}; land the crawl again")
        return sorted(found, key=lambda crawl: (crawl.observed_at, crawl.crawl_id)), unreadable

    def find(self, path: str) -> Manifest | None:
        """The finished crawl at ``<source>/<entity>/<crawl_id>``, or None."""
        crawl = self.folder / path
        return Manifest.from_json(crawl.read(MANIFEST)) if crawl.exists(MANIFEST) else None

    @contextmanager
    def writer(self, path: str, settings: LandingSettings) -> Iterator[CrawlWriter]:
        """Land a crawl from its beginning; what an interrupted run left is replaced. BusyError if another lands it."""
        crawl = self.folder / path
        source_entity, _, crawl_id = path.rpartition("/")
        with (self.folder / source_entity).claim(f".{crawl_id}.lock", f"crawl {path}"):
            crawl.remove()
            try:
                yield CrawlWriter(crawl, settings)
            except LandingError:
                crawl.remove()  # refused for good: running the same command again would not mend it
                raise

    def damage(self, crawl: Manifest) -> dict[str, str]:
        """Files of a crawl that are not what its manifest says: name → what is wrong with it."""
        place = self.folder / crawl.path
        wrong = {}
        for file in crawl.files:
            if not place.exists(file.name):
                wrong[file.name] = "missing"
            elif place.size(file.name) != file.bytes:
                wrong[file.name] = f"{place.size(file.name)} bytes, expected {file.bytes}"
            elif place.sha256(file.name) != file.sha256:
                wrong[file.name] = f"its SHA-256 is not {file.sha256[:12]}…"
        return wrong
