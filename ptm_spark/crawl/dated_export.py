"""Format ``dated-export``: successive exports told as changes, landed as the whole state each time."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from ptm_spark.crawl.dump_lines import decode_line, object_in
from ptm_spark.errors import LandingError
from ptm_spark.landing import CrawlWriter, InvalidRecordError, Landing, Manifest, utc_text

FORMAT = "dated-export"
FIELDS = frozenset({"path", "op"})
#: path of a document → its bytes. All in memory: 16,000 models of 1.1 KB take about 20 MB
State = dict[str, bytes]


class _Change(msgspec.Struct):
    path: str
    op: Literal["upsert", "delete"]
    doc: msgspec.Raw = msgspec.Raw(b"")


class _Place(msgspec.Struct):
    path: str


class _Landed(msgspec.Struct):
    about: _Place
    raw: msgspec.Raw


class _Refused(msgspec.Struct):
    bytes: str
    about: _Place | None = None


def crawl_before(landing: Landing, entity: str, scope: str, observed_at: datetime) -> Manifest | None:
    """The newest export of a scope that was observed strictly before a moment; None where there is none.

    LandingError where it is damaged, or where a crawl that cannot be read lies between it and the moment: that may be
    the one to build on.
    """
    moment = utc_text(observed_at)
    source, _, name = entity.partition("/")
    earlier = [
        crawl
        for crawl in landing.crawls_of(source, name, scope)
        if crawl.format == FORMAT and crawl.observed_at < moment
    ]
    before = earlier[-1] if earlier else None
    oldest, newest = before.crawl_id if before else "", f"{observed_at:%Y%m%dT%H%M%SZ}"
    unfinished = landing.unfinished(source, name)
    for crawl_id in (landing.folder / entity).names():
        path = f"{entity}/{crawl_id}"
        if oldest < crawl_id < newest and path not in unfinished and landing.find(path) is None:
            raise LandingError(
                f"{path}: it is unfinished or cannot be read, and may be the export before this one; "
                "land it again, or delete the folder"
            )
    if before is not None and (damage := landing.damage(before)):
        name, what = next(iter(damage.items()))
        raise LandingError(f"{before.path}/{name}: {what}; land this export again before the one that follows it")
    return before


def state_of(landing: Landing, crawl: Manifest) -> State:
    """The state that an export has landed, documents that were refused included: a later change may be about them."""
    state = {}
    for line in landing.lines(crawl):
        landed = msgspec.json.decode(line, type=_Landed)
        state[landed.about.path] = bytes(landed.raw)
    for line in landing.lines(crawl, "invalid"):
        refused = msgspec.json.decode(line, type=_Refused)
        if refused.about is not None:
            state[refused.about.path] = base64.b64decode(refused.bytes)
    return state


def apply_changes(state: State, writer: CrawlWriter, raws: Iterator[bytes]) -> int:
    """Change the state by a file of changes, in their order; how many there were.

    LandingError where a line is no change, or deletes what is not there: the state behind it would be a guess.
    """
    count = 0
    for raw in raws:
        count += 1
        try:
            change = decode_line(writer, raw, _Change)
            if change.op == "upsert":
                state[change.path] = object_in(change.doc, "doc")
                continue
        except InvalidRecordError as error:
            raise LandingError(
                f"change {count} is none ({error}), so the state behind it is unknown; fetch the file again"
            ) from None
        if state.pop(change.path, None) is None:
            raise LandingError(
                f"change {count} deletes {change.path}, which the state before does not hold: the series lacks an "
                "earlier export; land all exports before this one first, in their order, with the same --scope"
            )
    return count


def land_state(state: State, writer: CrawlWriter, fetched_at: str) -> None:
    """Land all documents of a state in the order of their paths, each under its id; ``about`` holds its path."""
    for path in sorted(state):
        doc, about = state[path], {"path": path}
        try:
            record = writer.parse(doc)
        except InvalidRecordError as error:
            writer.refuse(doc, str(error), fetched_at, name=path, about=about)
        else:
            writer.add_parsed(doc, record, name=record.get("id"), fetched_at=fetched_at, about=about)
