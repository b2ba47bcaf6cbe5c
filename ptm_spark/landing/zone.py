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
        found, unreadable = [], []
        for crawl_id in (self.folder / source / entity).names():
            try:
                found.append(self._manifest(f"{source}/{entity}/{crawl_id}"))
            except LandingError as error:
                unreadable.append(str(error))
        return sorted(found, key=lambda crawl: crawl.order), unreadable

    def find(self, path: str) -> Manifest | None:
        """The finished crawl at ``<source>/<entity>/<crawl_id>``; None where there is none that can be read."""
        try:
            return self._manifest(path)
        except LandingError:
            return None

    def _manifest(self, path: str) -> Manifest:
        crawl = self.folder / path
        if not crawl.exists(MANIFEST):
            raise LandingError(f"{path}: no {MANIFEST}, so the crawl is unfinished; run its command again")
        try:
            manifest = Manifest.from_json(crawl.read(MANIFEST))
        except LandingError as error:
            raise LandingError(f"{path}/{MANIFEST}: {error}; land the crawl again") from None
        if manifest.path != path:  # read from a second place too, its records would count twice
            raise LandingError(f"{path}: its {MANIFEST} is that of {manifest.path}; remove the copy, or move it back")
        return manifest

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
