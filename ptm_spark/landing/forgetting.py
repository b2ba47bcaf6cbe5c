"""Removing a user from what has landed: files are rewritten without them, and an entry without the name is kept."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import zstandard

from ptm_spark.errors import LandingError, UsageError
from ptm_spark.folder import Folder
from ptm_spark.landing.manifest import MANIFEST, LandedFile, Manifest, utc_text
from ptm_spark.landing.redacting import Kind, Redaction
from ptm_spark.landing.zone import Landing

FORGOTTEN = "_forgotten.jsonl"
_NUMBERED = re.compile(r"^(part|invalid|requests)-(\d+)(?:\.(\d+))?\.jsonl\.zst$")
_LEVEL = 3
Counts = dict[str, int]


def forget_user(
    landing: Landing, name: str, *, reason: str, user_hash: str, sources: Iterable[str]
) -> tuple[dict[str, Counts], list[str]]:
    """Remove a user from all crawls of ``sources`` (hub, forum): (counts by crawl, places that were not searched).

    Counts: ``removed`` and ``redacted`` records, ``invalid`` and ``requests`` lines removed. Every crawl changes in one
    step, with its manifest; a run that was killed is completed by the same command. ``user_hash`` stands for the name
    in the entry that is kept. UsageError for a name that cannot be one, or a reason that holds it; LandingError where
    nothing is found; BusyError where a crawler is at work.
    """
    sources = tuple(sources)
    _check(name, reason)
    journal = f"_forgetting-{user_hash[:16]}.json"
    done: dict[str, Counts] = {}
    crawls, skipped = _crawls(landing, sources)
    redaction = Redaction(name)
    if landing.folder.exists(journal):  # an earlier run was killed
        begun = orjson.loads(landing.folder.read(journal))
        done = begun["crawls"]
        redaction.forum.add_numbers(begun["numbers"])
        for crawl in crawls:
            _sweep(landing, crawl)
    _learn(landing, [crawl for crawl in crawls if crawl.source == "forum"], redaction)
    for crawl in crawls:
        with landing.claim(f"{crawl.source}/{crawl.entity}"):
            rewritten, counts = _rewrite(landing, crawl, redaction)
            if not counts:
                continue
            done[crawl.path] = counts
            # before the manifest, behind which nothing of this is found any more
            landing.folder.write(journal, orjson.dumps({"crawls": done, "numbers": redaction.forum.numbers}))
            (landing.folder / crawl.path).write(MANIFEST, rewritten.to_json())
            _sweep(landing, rewritten)
    if not done:
        searched = ", ".join(sorted({f"{crawl.source}/{crawl.entity}" for crawl in crawls})) or "no crawl at all"
        raise LandingError(
            f"nothing of that user has landed in {landing.folder.url} (searched: {searched}); check the spelling, and "
            "whether it was forgotten already"
        )
    entry = {"at": utc_text(datetime.now(UTC)), "reason": reason, "user_hash": user_hash, "sources": sources}
    _keep_entry(landing.folder, entry | {"crawls": done})
    landing.folder.delete(journal)
    return done, skipped


def _check(name: str, reason: str) -> None:
    if not name.strip() or name != name.strip() or name.startswith("@") or "/" in name:
        raise UsageError("the user: expected a name as the service writes it, without @ and /")
    if not reason.strip():
        raise UsageError("--reason: expected words; they are kept with the entry")
    if name.casefold() in reason.casefold():
        raise UsageError("--reason: it holds the user's name, and the entry must not; say it without")


def _crawls(landing: Landing, sources: Iterable[str]) -> tuple[list[Manifest], list[str]]:
    """Finished crawls, and places that cannot be searched, each with why."""
    found, skipped = [], []
    for source in sources:
        for entity in (landing.folder / source).names():
            crawls, unreadable = landing.crawls(source, entity)
            found += crawls
            skipped += unreadable
            skipped += [
                f"{path}: unfinished, so not searched; finish or delete it, then forget the user again"
                for path in landing.unfinished(source, entity)
            ]
    return found, skipped


def _learn(landing: Landing, crawls: list[Manifest], redaction: Redaction) -> None:
    """The two looks at the forum that go before: the user's numbers, then their posts and topics."""
    for crawl in crawls:
        for line in landing.lines(crawl):
            if redaction.may_concern("forum", line):
                redaction.forum.learn_ids(orjson.loads(line).get("raw"))
    if redaction.forum.are_known:
        for crawl in crawls:
            for line in landing.lines(crawl):
                redaction.forum.learn_posts(orjson.loads(line).get("raw"))
    redaction.forum.settle()


def _rewrite(landing: Landing, crawl: Manifest, redaction: Redaction) -> tuple[Manifest, Counts]:
    """Write the files that change anew, under new names beside the old ones: (the manifest that names them, counts).

    No counts where nothing changes.
    """
    counts: Counts = {}
    files: list[LandedFile] = []
    for file in crawl.files:
        match = _NUMBERED.match(file.name)
        if match is None:
            raise LandingError(f"{crawl.path}: its manifest names {file.name}, which is no landed file")
        kind: Kind = match[1]  # type: ignore[assignment]  # the pattern lets no other through
        lines = _redacted(landing, crawl, file, kind, redaction)
        if all(after is before for before, after in lines):
            files.append(file)
            continue
        name = f"{match[1]}-{match[2]}.{int(match[3] or 0) + 1}.jsonl.zst"
        lines = _redacted(landing, crawl, file, kind, redaction)
        if (written := _write(landing.folder / crawl.path, name, lines, kind, counts)) is not None:
            files.append(written)
    failed = tuple(what for what in crawl.failed if not redaction.is_named_in(what))
    if failed != crawl.failed:
        counts["failed"] = len(crawl.failed) - len(failed)
    before = _before(crawl)
    total = {name: counts.get(name, 0) + before.get(name, 0) for name in sorted({*counts, *before})}
    rewritten = replace(
        crawl,
        files=tuple(files),
        records=sum(file.records for file in files if file.name.startswith("part-")),
        invalid=sum(file.records for file in files if file.name.startswith("invalid-")),
        failed=failed,
        options=crawl.options | ({"forgotten": total} if total else {}),
    )
    return rewritten, counts


def _before(crawl: Manifest) -> Counts:
    before = crawl.options.get("forgotten")
    return before if isinstance(before, dict) else {}


def _redacted(
    landing: Landing, crawl: Manifest, file: LandedFile, kind: Kind, redaction: Redaction
) -> Iterator[tuple[bytes, bytes | None]]:
    for line in landing.lines_of(crawl, file):
        yield line, redaction.redact(crawl.source, crawl.entity, kind, line)


def _write(
    folder: Folder, name: str, lines: Iterator[tuple[bytes, bytes | None]], kind: Kind, counts: Counts
) -> LandedFile | None:
    """A landed file of the lines that are left; None where none is. ``counts`` grows by what went or changed."""
    left = 0
    # a frame without a checksum would let altered bytes pass as records
    packing = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with folder.new_file(name) as file, packing.stream_writer(file, closefd=False) as packer:
        for before, after in lines:
            if after is None:
                what = "removed" if kind == "part" else kind
                counts[what] = counts.get(what, 0) + 1
                continue
            if after is not before:
                counts["redacted"] = counts.get("redacted", 0) + 1
            packer.write(after)
            left += 1
    if not left:
        folder.delete(name)
        return None
    return LandedFile(name, folder.size(name), folder.sha256(name), left)


def _sweep(landing: Landing, crawl: Manifest) -> None:
    """Delete files of a crawl that its manifest does not name: what a rewriting has replaced or left."""
    folder, named = landing.folder / crawl.path, {file.name for file in crawl.files}
    for name in folder.names():
        if _NUMBERED.match(name) and name not in named:
            folder.delete(name)


def _keep_entry(folder: Folder, entry: dict[str, Any]) -> None:
    before = folder.read(FORGOTTEN) if folder.exists(FORGOTTEN) else b""
    folder.write(FORGOTTEN, before + orjson.dumps(entry) + b"\n")
