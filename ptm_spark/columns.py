"""Small column functions that builders share."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: how the landing's envelope names the record, and where its text begins; inside JSON strings a quote is escaped, so
#: the mark can stand nowhere before it
_RAW_MARK = '"raw":'
#: what a JSON number, truth value, array or object looks like once an engine has turned it into text
_NO_TEXT = r"^(?:-?[0-9][0-9.eE+-]*\z|true\z|false\z|\[|\{)"
#: JSON types that are no text; both engines read a leaf declared as one of them as NULL where the value is text
_OTHER_TYPES = ("DOUBLE", "BOOLEAN", "ARRAY<STRING>", "MAP<STRING, STRING>")
#: block of SHA-256 in bytes, by which HMAC pads its key
_HASH_BLOCK = 64
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})\z"


def raw_text(line: Column) -> Column:
    """The record's own text in a landed line: all behind ``"raw":`` but the envelope's closing brace."""
    start = F.instr(line, _RAW_MARK) + len(_RAW_MARK)
    return line.substr(start, F.length(line) - start)


def typed_records(dump: DataFrame, leaves: Mapping[str, str], *, carried: Collection[str] | None = None) -> DataFrame:
    """Landed lines (``value``) as ``seq``, ``fetched_at``, ``status``, ``record`` and ``wrong_type``.

    ``leaves`` maps the record's field names to the JSON type expected there, as Spark SQL: STRING, BIGINT, BOOLEAN,
    ARRAY<STRING>, or ANY for text that is taken whatever its type was. ``record`` has a field each, NULL where absent,
    null or of another type; ``wrong_type`` lists the fields that were there with another type. Array members that
    are no text are left out and list their field too. ``carried`` names the fields that stand in the dump at all, as
    its manifest has them: the others are not looked for in every line.

    Both engines turn a number, an array or an object into text where text is asked for; so a value that could be one
    is parsed again as what it looks like, for these few rows only: a second parse of every row doubles the cost.
    """
    types = {name: "STRING" if kind == "ANY" else kind for name, kind in leaves.items()}
    leaves = {name: kind for name, kind in leaves.items() if carried is None or name in carried}
    declared = {name: types[name] for name in leaves}
    parsed = dump.select("value", _parse("value", declared, envelope=True).alias("line")).select(
        "value", "line.seq", "line.fetched_at", "line.status", F.col("line.raw").alias("record")
    )
    texts = [name for name, kind in leaves.items() if kind == "STRING"]
    arrays = [name for name, kind in leaves.items() if kind == "ARRAY<STRING>"]
    others = [name for name, kind in leaves.items() if kind not in ("STRING", "ANY")]

    maybe_missing = _any([_leaf(name).isNull() & F.col("value").contains(f'"{name}":') for name in others])
    maybe_no_text = _any(
        [F.coalesce(_leaf(name).rlike(_NO_TEXT), F.lit(False)) for name in texts]
        + [
            F.coalesce(F.exists(_leaf(name), lambda item: item.isNull() | item.rlike(_NO_TEXT)), F.lit(False))
            for name in arrays
        ]
    )
    # the doubts are columns of their own: written out in every CASE below they would be computed in every one
    doubted = parsed.select("*", maybe_missing.alias("maybe_missing"), maybe_no_text.alias("maybe_no_text"))
    evidence = {"there": F.when(F.col("maybe_missing"), F.from_json("value", "raw MAP<STRING, STRING>")["raw"])}
    for number, kind in enumerate(_OTHER_TYPES):
        evidence[f"as_{number}"] = F.when(F.col("maybe_no_text"), _parse("value", dict.fromkeys(texts, kind))["raw"])
    for name in arrays:
        evidence[f"kept_{name}"] = F.when(F.col("maybe_no_text"), F.transform(_leaf(name), _keep_quoted))
    judged = doubted.select("*", *(column.alias(name) for name, column in evidence.items()))

    wrong = {name: _leaf(name).isNull() & F.col("there")[name].isNotNull() for name in others}
    wrong |= {name: _any([F.col(f"as_{n}")[name].isNotNull() for n in range(len(_OTHER_TYPES))]) for name in texts}
    for name in arrays:
        dropped = F.coalesce(F.exists(f"kept_{name}", lambda item: item.isNull()), F.lit(False))
        wrong[name] = wrong[name] | dropped
    fields = {name: _leaf(name) if name in leaves else F.lit(None).cast(kind) for name, kind in types.items()}
    fields |= {name: F.when(~wrong[name], _leaf(name)) for name in texts}
    fields |= {name: F.coalesce(F.array_compact(f"kept_{name}"), _leaf(name)) for name in arrays}
    return judged.select(
        "value",
        "seq",
        "fetched_at",
        "status",
        F.struct(*(column.alias(name) for name, column in fields.items())).alias("record"),
        names_of(wrong, among=F.col("maybe_missing") | F.col("maybe_no_text")).alias("wrong_type"),
    )


def names_of(rules: Mapping[str, Column], *, among: Column | None = None) -> Column:
    """Names of the conditions that hold, in their order; only rows ``among`` which one may hold are asked in full."""
    asked = _any([F.coalesce(broken, F.lit(False)) for broken in rules.values()]) if among is None else among
    held = F.array_compact(F.array(*(F.when(broken, F.lit(name)) for name, broken in rules.items())))
    return F.when(asked, held).otherwise(F.array().cast("array<string>"))


def moment(text: Column) -> Column:
    """A strict ISO 8601 moment with its zone as a timestamp, years 1970–2100; NULL for anything else.

    Casts are given nothing but what matches the whole pattern: bare casts read '12:30:00' as a time of today.
    """
    in_range = text.substr(1, 4).between("1970", "2100")
    return F.when(text.rlike(_MOMENT) & in_range, F.try_to_timestamp(text))


def month_of(moment_column: Column) -> Column:
    """First day of the month (DATE, UTC)."""
    return F.trunc(moment_column.cast("date"), "month")


def _leaf(name: str) -> Column:
    return F.col("record").getField(name)


def _parse(value: str, fields: Mapping[str, str], *, envelope: bool = False) -> Column:
    inner = ", ".join(f"`{name}`: {kind}" for name, kind in fields.items())
    head = "seq BIGINT, fetched_at STRING, status INT, " if envelope else ""
    return F.from_json(value, f"{head}raw STRUCT<{inner}>")


def _any(conditions: list[Column]) -> Column:
    return reduce(lambda left, right: left | right, conditions, F.lit(False))


def _keep_quoted(item: Column) -> Column:
    """The item of an array where the line holds it as a JSON string; NULL for what was no text there.

    The engines differ on arrays of mixed types, so the line itself decides. An item that begins like JSON and was
    written with more escapes than quotes and backslashes is taken for no text: rare, and it shows as a flaw.
    """
    escaped = F.replace(F.replace(item, F.lit("\\"), F.lit("\\\\")), F.lit('"'), F.lit('\\"'))
    quoted = F.concat(F.lit('"'), escaped, F.lit('"'))
    return F.when(~item.rlike(_NO_TEXT) | F.contains(F.col("value"), quoted), item)


def keyed_hash(name: Column, key: str) -> Column:
    """A user's name as 32 hex digits of HMAC-SHA-256 (RFC 2104), whatever case it is written in; NULL for NULL.

    The same user has the same hash in every table of a lake; without the key nobody can try names.
    """
    inner, outer = _pads(key)
    digest = F.unhex(F.sha2(F.concat(F.lit(inner), F.encode(F.lower(name), "utf-8")), 256))
    return F.substring(F.sha2(F.concat(F.lit(outer), digest), 256), 1, 32)


def keyed_hash_of(name: str, key: str) -> str:
    """The same of one text, for code that reads records in Python."""
    return hmac.new(key.encode(), name.lower().encode(), "sha256").hexdigest()[:32]


def _pads(key: str) -> tuple[bytes, bytes]:
    block = key.encode() if len(key.encode()) <= _HASH_BLOCK else hashlib.sha256(key.encode()).digest()
    padded = block.ljust(_HASH_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
