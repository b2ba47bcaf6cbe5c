"""Format ``git-history``: versions of model cards from the history of a repository, a line each."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from ptm_spark.crawl.dump_lines import decode_line, moment_in
from ptm_spark.landing import CrawlWriter, InvalidRecordError

FIELDS = frozenset({"model_id", "commit", "commit_date", "status", "text"})


class _Event(msgspec.Struct):
    model_id: str
    commit: str
    commit_date: str
    status: Literal["A", "M", "D"]
    text: msgspec.Raw
    title: str = ""
    path: str = ""


def land_events(writer: CrawlWriter, raws: Iterator[bytes], observed_at: str) -> None:
    """Land each version as a README of its model that was fetched when it was committed, a deletion as a 404.

    ``asked`` and ``sha`` are the commit; ``message`` is its title, ``path`` the file (one that is moved is deleted at
    one path and added at another by the same commit). Authors stay in the source. An event later than ``observed_at``
    is set aside: nobody can have seen it.
    """
    for raw in raws:
        try:
            event = decode_line(writer, raw, _Event)
            committed_at = moment_in(event.commit_date, "commit_date")
            if committed_at > observed_at:
                raise InvalidRecordError("commit_date:range")
            is_deleted = event.status == "D"
            if is_deleted is not (bytes(event.text) == b"null"):
                raise InvalidRecordError("text:type")
            about = {"asked": event.commit, "sha": event.commit, "committed_at": committed_at}
            about |= {name: text for name, text in (("message", event.title), ("path", event.path)) if text}
            if is_deleted:
                writer.add_status(404, name=event.model_id, fetched_at=committed_at, about=about)
            else:
                writer.add_json_text(bytes(event.text), name=event.model_id, fetched_at=committed_at, about=about)
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), observed_at)
