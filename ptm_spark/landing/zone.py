"""The landing zone: raw records exactly as received, one immutable folder a crawl.

``landing/<source>/<entity>/<crawl_id>/`` holds ``part-00000.jsonl.zst`` …, ``invalid-00000.jsonl.zst`` …,
``requests-00000.jsonl.zst`` and ``_manifest.json``. A folder without a manifest is unfinished and is not read.
"""

import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import zstandard

from ptm_spark.config import LandingSettings
from ptm_spark.errors import LandingError
from ptm_spark.folder import UNFINISHED, Folder
from ptm_spark.landing.checkpoint import CHECKPOINT, Checkpoint
from ptm_spark.landing.manifest import MANIFEST, LandedFile, Manifest, utc_text
from ptm_spark.landing.writer import CrawlWriter

_USER_KEY = "_user_key"
_TURN_HOLDS = timedelta(days=7)


class Landing:
    """The landing zone of a lake. It holds what people wrote: on a local disk all in it is for its owner only."""

    def __init__(self, lake: Folder) -> None:
        self.folder = (lake / "landing").kept_private()

    def crawls(self, source: str, entity: str) -> tuple[list[Manifest], list[str]]:
        """Finished crawls of an entity in order of observation, and the places that cannot be read, each with why.

        Those that are being landed, or were interrupted, are neither: ``unfinished`` names them.
        """
        found, unreadable = [], []
        begun = {name.rpartition("/")[2] for name in self.unfinished(source, entity)}
        for crawl_id in (self.folder / source / entity).names():
            if crawl_id in begun:
                continue
            try:
                found.append(self._manifest(f"{source}/{entity}/{crawl_id}"))
            except LandingError as error:
                unreadable.append(str(error))
        return sorted(found, key=lambda crawl: crawl.order), unreadable

    def crawls_of(self, source: str, entity: str, scope: str) -> list[Manifest]:
        """Finished crawls of an entity that looked at one population, in order of observation."""
        return [crawl for crawl in self.crawls(source, entity)[0] if crawl.scope == scope]

    def unfinished(self, source: str, entity: str) -> list[str]:
        """Crawls of an entity that the command which began them can resume."""
        return [
            f"{source}/{entity}/{crawl_id}"
            for crawl_id in self._work_folder(f"{source}/{entity}").names()
            if self._work_folder(f"{source}/{entity}/{crawl_id}").exists(CHECKPOINT)
            and not (self.folder / source / entity / crawl_id).exists(MANIFEST)
        ]

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
                yield CrawlWriter(crawl, settings, self.work(path))
            except LandingError:
                crawl.remove()  # refused for good: running the same command again would not mend it
                raise

    @contextmanager
    def resumable(
        self, entity_path: str, identity: str, settings: LandingSettings, *, observed_at: datetime | None
    ) -> Iterator[tuple[Checkpoint, CrawlWriter]]:
        """Land a crawl of ``<source>/<entity>`` from where the same command left it, or a new one from its beginning.

        ``identity`` is a hash of what the command asks for; ``observed_at`` is None for now. BusyError where another
        process crawls the same entity.
        """
        with self.claim(entity_path):
            found = self._unfinished(entity_path, identity)
            if found is None:
                self._drop_stillborn(entity_path, identity)
            begun = found or self._begin(entity_path, identity, observed_at)
            path = f"{entity_path}/{begun.crawl_id}"
            work = self.work(path)
            if found is not None:
                _drop_beyond(found, work)
            yield begun, CrawlWriter(self.folder / path, settings, work, is_resumable=True, resumed=found)

    def turn(self, source: str, identity: str) -> "Turn":
        """How many of a command's crawls are done, kept until all are."""
        return Turn(self._work_folder(source), f".turn-{identity[:16]}.json")

    def user_key(self) -> str:
        """A secret by which users are hashed, made for this lake when first asked for and kept in its landing."""
        if not self.folder.exists(_USER_KEY):
            self.folder.write(_USER_KEY, secrets.token_hex(32).encode())
        return self.folder.read(_USER_KEY).decode()

    def forget(self, path: str) -> None:
        """Delete an unfinished crawl, and what lies of it on this machine."""
        (self.folder / path).remove()
        self._work_folder(path).remove()

    def _drop_stillborn(self, entity_path: str, identity: str) -> None:
        """Delete crawls of an order that were killed before their first checkpoint: nothing can be resumed there."""
        for crawl_id in self._work_folder(entity_path).names():
            path = f"{entity_path}/{crawl_id}"
            if crawl_id.endswith(f"-{identity[:8]}") and not (self.folder / path).exists(MANIFEST):
                self.forget(path)

    def _begin(self, entity_path: str, identity: str, observed_at: datetime | None) -> Checkpoint:
        """A new crawl; where its moment is now, its id is one that no finished crawl has."""
        moment = observed_at or datetime.now(UTC).replace(microsecond=0)
        while (self.folder / entity_path).exists(crawl_id := f"{moment:%Y%m%dT%H%M%SZ}-{identity[:8]}"):
            if observed_at is not None or self.find(f"{entity_path}/{crawl_id}") is None:
                break
            moment += timedelta(seconds=1)
        text = utc_text(moment)
        return Checkpoint(crawl_id=crawl_id, identity=identity, observed_at=text, started_at=text, position={})

    def _unfinished(self, entity_path: str, identity: str) -> Checkpoint | None:
        """The newest checkpoint of that identity whose crawl has no manifest."""
        for path in reversed(self.unfinished(*entity_path.split("/"))):
            work = self._work_folder(path)
            try:
                checkpoint = Checkpoint.from_json(work.read(CHECKPOINT))
            except LandingError as error:
                raise LandingError(f"{path}/{CHECKPOINT}: {error}; delete the folder") from None
            if checkpoint.identity == identity:
                return checkpoint
        return None

    def work(self, path: str) -> Path:
        """Where files lie that still grow: in the landing itself, or, as object stores have no such files, beside it
        on this machine."""
        return self._work_root() / path

    def _work_root(self) -> Path:
        if self.folder.is_local:
            return Path(self.folder.path)
        lake = hashlib.sha256(self.folder.url.encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"ptm_spark-{os.getuid()}" / lake

    def _work_folder(self, path: str) -> Folder:
        return Folder(self.work(path), owner_only=self._work_root())

    def lines(self, crawl: Manifest, kind: str = "part") -> Iterator[bytes]:
        """The landed lines of a crawl, or those that were refused (``invalid``), in their order; a stream."""
        for file in crawl.parts if kind == "part" else crawl.invalids:
            yield from self.lines_of(crawl, file)

    def lines_of(self, crawl: Manifest, file: LandedFile) -> Iterator[bytes]:
        """The lines of one file of a crawl; a stream."""
        with self.folder.fs.open(f"{self.folder.path}/{crawl.path}/{file.name}", "rb") as packed:
            yield from io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(packed), 1 << 20)

    @contextmanager
    def claim(self, entity_path: str) -> Iterator[None]:
        """Have the landing of ``<source>/<entity>`` for this process alone; BusyError where another crawls it."""
        with self._work_folder(entity_path).claim(".crawl.lock", f"landing of {entity_path}"):
            yield

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


class Turn:
    """A command that makes several crawls: which is next, so that an interrupted one does not begin anew.

    After a week it does begin anew: what its first crawls saw is too old to go on from.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder, self._name = folder, name
        self.done = 0
        if folder.exists(name):
            done, begun = folder.read(name).decode().split()
            is_fresh = datetime.now(UTC) - datetime.fromisoformat(begun) < _TURN_HOLDS
            self.done = int(done) if is_fresh else 0

    def take(self) -> None:
        """The crawl at hand is done."""
        self.done += 1
        self._folder.write(self._name, f"{self.done} {datetime.now(UTC).isoformat()}".encode())

    def end(self) -> None:
        """The command is done."""
        self._folder.delete(self._name)


def _drop_beyond(checkpoint: Checkpoint, work: Path) -> None:
    """Delete what was written after the checkpoint: it is fetched and written again."""
    known = {file.name for state in checkpoint.series.values() for file in state.files}
    known |= {
        f"{kind}-{len(state.files):05d}.jsonl{UNFINISHED}" for kind, state in checkpoint.series.items() if state.bytes
    }
    for kind in checkpoint.series:
        for file in work.glob(f"{kind}-*"):
            if file.name not in known:
                file.unlink()
