"""Format ``census-2022``: lines ``{dir, info, readme}`` of a census that saved each model with its README."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ptm_spark.crawl.dump_lines import decode_line, object_in
from ptm_spark.landing import CrawlWriter, InvalidRecordError

FIELDS = frozenset({"dir", "info", "readme"})


class _Model(msgspec.Struct):
    info: msgspec.Raw = msgspec.Raw(b"")


class _Card(msgspec.Struct):
    dir: Any = None
    info: msgspec.Raw = msgspec.Raw(b"")
    readme: msgspec.Raw = msgspec.Raw(b"")


class _Name(msgspec.Struct):
    modelId: Any = None  # the Hub's own spelling
    sha: Any = None


def land_models(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> None:
    """Land each line's ``info``, a body of the Hub's listing as it was then: ``modelId``, but neither id nor _id."""
    for raw in raws:
        try:
            info = object_in(decode_line(writer, raw, _Model).info, "info")
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), fetched_at)
        else:
            writer.add(info, key="modelId", fetched_at=fetched_at)


def land_cards(writer: CrawlWriter, raws: Iterator[bytes], fetched_at: str) -> None:
    """Land each line's ``readme``, a JSON string, under the model's name, ``asked`` for at the head that info tells.

    The text by which the source says that there is no README lands like any other: only who knows the format may tell.
    A line whose ``info`` is broken still names its model by ``dir``.
    """
    for raw in raws:
        try:
            line = decode_line(writer, raw, _Card)
            name, sha = _named(line)
            if not bytes(line.readme).startswith(b'"'):
                raise InvalidRecordError("readme:type" if bytes(line.readme) else "readme:missing")
            about = {"asked": sha} if sha else {}
            writer.add_json_text(bytes(line.readme), name=name, fetched_at=fetched_at, about=about)
        except InvalidRecordError as error:
            writer.refuse(raw, str(error), fetched_at)


def _named(line: _Card) -> tuple[str, str]:
    """The model's id and its head ('' where unknown)."""
    try:
        info = msgspec.json.decode(bytes(line.info), type=_Name)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        info = _Name()
    name = info.modelId if isinstance(info.modelId, str) else line.dir
    if not isinstance(name, str) or not name:
        raise InvalidRecordError("modelId:missing")
    return name, info.sha if isinstance(info.sha, str) else ""
