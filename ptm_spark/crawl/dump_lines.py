"""Lines of a dump that hold more than a record: their parts with the bytes as they stand there."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from ptm_spark.errors import LandingError
from ptm_spark.landing import CrawlWriter, InvalidRecordError, utc_text

Line = TypeVar("Line")


def decode_line(writer: CrawlWriter, raw: bytes, kind: type[Line]) -> Line:
    """A line as a struct of ``kind``; InvalidRecordError, naming the rule or the field, where it is none.

    What a field of type Raw holds is not looked at, so that it has to be parsed before it lands.
    """
    writer.bound(raw)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        writer.parse(raw)  # knows better what is wrong with a line that is no record at all
        raise InvalidRecordError(_rule(str(error))) from None


def _rule(flaw: str) -> str:
    """The rule that a line breaks, such as status:range, by what msgspec says of it."""
    if missing := re.search(r"missing required field `(\w+)`", flaw):
        return f"{missing[1]}:missing"
    kind = "range" if "enum" in flaw else "type"
    field = re.search(r"`\$\.(\w+)", flaw)
    return f"{field[1]}:{kind}" if field else "line:type"


def object_in(part: msgspec.Raw, name: str) -> bytes:
    """The bytes of a part that has to be an object; InvalidRecordError naming it where it is absent or none."""
    raw = bytes(part)
    if not raw.startswith(b"{"):
        raise InvalidRecordError(f"{name}:type" if raw else f"{name}:missing")
    return raw


def moment_in(text: str, name: str) -> str:
    """A moment with its zone as UTC text; InvalidRecordError naming the field where it is none of 1970–2100."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRecordError(f"{name}:format") from None
    if moment.tzinfo is None or not 1970 <= moment.year <= 2100:
        raise InvalidRecordError(f"{name}:format" if moment.tzinfo is None else f"{name}:range")
    return utc_text(moment.astimezone(UTC))


def refuse_other_lines(sample: Iterable[Mapping[str, Any]], *, needs: frozenset[str], format: str) -> None:
    """LandingError where most lines of a sample lack fields that lines of this format have."""
    lines = list(sample)
    fitting = sum(needs <= line.keys() for line in lines)
    if 2 * fitting < len(lines):
        found = sorted(set().union(*lines))
        raise LandingError(
            f"this is no dump of format {format}: its lines should carry {', '.join(sorted(needs))}, "
            f"but have {', '.join(found[:10])}; give the --format that it has"
        )
