"""Which model family a name, a type, a class or a text speaks of, by conf/model_families.csv.

The rule of names. A text is lower-cased and cut into words: runs of letters, and numbers (``1.3`` is one). Between two
words of letters in an alias there may be a separator or none (``gpt-neox`` also stands for ``GPT_NeoX`` and
``gptneox``), and letters and digits are different words, so that ``llama2-7b``, ``gpt2xl`` and ``opt125m`` need no
separators. An alias begins and ends where words do, unless its column ``inside`` says otherwise: ``start``, letters may
follow (``alberta``); ``end``, letters may precede (``kobart``); ``yes``, both (``finbertish``). From left to right the
longest alias at each place is found. Of those found in a name counts what names an ``architecture`` before what names a
``descendant`` (a model mostly built upon the family, which the name may contradict: a Vicuna on Falcon), then the
longest. Where that leaves two families, or an alias of kind ``none`` only (BERTopic), the answer is none.

Python and both engines look by the same regular expression: a tree of literals, without look-around, classes or
optional separators. As a tree it is quick where alternatives are tried one by one (Python, the JVM); where they become
an automaton, a thousand aliases with optional separators outgrow its memory and take a minute instead of a second.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from itertools import pairwise
from typing import Any, Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

from ptm_spark.config import conf_file

Use = Literal["names", "texts", "types"]

#: what counts first among the aliases found in one name
_RANKS = {"architecture": 2, "descendant": 1, "none": 0}
#: a value of the look-up for names is rank and length, by which values sort, and the family
_RANK_CHARS = 3
#: class names are written together: they are parted here, and what only looks so is mended
_PARTED = (("For", " For"), (" Former", "former"), ("Model", " Model"), ("Tokenizer", " Tokenizer"))
#: numbers, and everything that is neither letter nor digit; no alias reaches across a bar
_NUMBER_OR_SIGN = r"([0-9]+(?:[.][0-9]+)*)|[^a-z0-9|]"
#: where clauses and lines of prose end
_CLAUSE_END = r"[,;:!?()\[\]{}\r\n]|[.] "
_CLASS = (
    r"^(?:TF|Flax)?([A-Z][A-Za-z0-9_]*?)(?:For[A-Z][A-Za-z0-9_]*|(?:With)?LMHead(?:Model)?|DoubleHeads(?:Model)?"
    r"|(?:Text|Vision)?Model(?:With[A-Za-z]*)?|EncoderModel|(?:Question|Context)Encoder|Reader|PreTrainedModel)?$"
)


@dataclass(frozen=True)
class Alias:
    """A row of conf/model_families.csv."""

    family: str
    alias: str
    inside: str
    kind: str
    used_in: str
    is_ambiguous: bool
    context: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class NameFamily:
    """The family that a name speaks of, and by what kind of alias: ``architecture`` or ``descendant``."""

    family: str
    kind: str


@dataclass(frozen=True)
class Mention:
    """A family that a text mentions by one alias, how often, and whether the alias is an everyday word as well."""

    family: str
    alias: str
    count: int
    is_ambiguous: bool


@cache
def read_aliases() -> tuple[Alias, ...]:
    """All rows of conf/model_families.csv, in its order."""
    with conf_file("model_families.csv").open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        row["is_ambiguous"] = row["is_ambiguous"] == "true"
        row["context"] = tuple(filter(None, row["context"].split(";")))
    return tuple(Alias(**row) for row in rows)


def key_of(alias: str) -> str:
    """An alias, or what was found of it in a text, without what separates its words."""
    return alias.translate(str.maketrans("", "", " -_"))


@cache
def aliases_of(use: Use) -> Mapping[str, Alias]:
    """By key, the aliases that are looked for in names of models or in texts, or the spellings of types."""
    uses = (use,) if use == "types" else (use, "both")
    return {key_of(alias.alias): alias for alias in read_aliases() if alias.used_in in uses}


@cache
def pattern_of(use: Use) -> str:
    """The regular expression that finds every alias of a use in a prepared text."""
    return _tree(
        spelling
        for alias in aliases_of(use).values()
        for spelling in _spellings(alias.alias, alias.inside if use == "names" else "no")
    )


def family_of_name(model_id: str) -> NameFamily | None:
    """The family that the model's name (what follows its owner) speaks of; None where it speaks of none or of two."""
    found = re.findall(pattern_of("names"), _prepare(model_id.rsplit("/", 1)[-1]))
    values = sorted({_name_values()[key_of(text)] for text in found}, reverse=True)
    if not values or values[0][0] == "0" or any(value[:_RANK_CHARS] == values[0][:_RANK_CHARS] for value in values[1:]):
        return None
    return NameFamily(values[0][_RANK_CHARS:], "architecture" if values[0][0] == "2" else "descendant")


def family_of_name_column(model_id: Column) -> Column:
    """``family_of_name`` as STRUCT<family, kind>; NULL for None and NULL."""
    name = _prepared(F.substring_index(model_id, "/", -1))
    values = F.transform(_found(name, pattern_of("names")), lambda key: _look_up(key, _name_values()))
    return _let(F.array_distinct(F.reverse(F.array_sort(values))), _clear_family)


def _clear_family(values: Column) -> Column:
    """The family of the first value if no other value has its rank and length."""
    first, second = F.get(values, F.lit(0)), F.get(values, F.lit(1))
    is_alone = second.isNull() | (F.substring(first, 1, _RANK_CHARS) != F.substring(second, 1, _RANK_CHARS))
    rank, family = F.substring(first, 1, 1), F.substring(first, _RANK_CHARS + 1, 100)
    kind = F.when(rank == "2", F.lit("architecture")).otherwise(F.lit("descendant"))
    return F.when(is_alone & (rank != "0"), F.struct(family.alias("family"), kind.alias("kind")))


@cache
def _name_values() -> Mapping[str, str]:
    return {key: f"{_RANKS[alias.kind]}{len(key):02d}{alias.family}" for key, alias in aliases_of("names").items()}


def family_of_type(model_type: str) -> str | None:
    """The family of a ``config.model_type``, however its words are separated; None for a type that the table lacks."""
    return _types().get(key_of(model_type.lower()))


def family_of_type_column(model_type: Column) -> Column:
    """``family_of_type`` as a column; NULL for None."""
    return _look_up(_key(F.lower(model_type)), _types())


def family_of_architecture(class_name: str) -> str | None:
    """The family of a class of ``config.architectures``, such as XLMRobertaForSequenceClassification."""
    return family_of_type(re.sub(_CLASS, r"\1", class_name))


def family_of_architecture_column(class_name: Column) -> Column:
    """``family_of_architecture`` as a column; NULL for None."""
    return family_of_type_column(F.regexp_replace(class_name, _CLASS, "$1"))


@cache
def _types() -> Mapping[str, str]:
    """Families by their own key and by the further spellings that types and classes have."""
    own = {key_of(alias.family): alias.family for alias in read_aliases() if alias.family}
    return own | {key: alias.family for key, alias in aliases_of("types").items()}


def mentions_in(text: str) -> list[Mention]:
    """The families that a text mentions, an entry an alias, in the order of their first mention.

    Aliases are whole words here. One that is an everyday word or a first name as well counts only where a word of its
    context stands in the same text, and is flagged.
    """
    prepared = _prepare(re.sub(_CLAUSE_END, " | ", text))
    counts = Counter(key_of(found) for found in re.findall(pattern_of("texts"), prepared))
    words = {key_of(found) for found in re.findall(_context_pattern(), prepared)}
    aliases = [(aliases_of("texts")[key], count) for key, count in counts.items()]
    return [
        Mention(alias.family, alias.alias, count, alias.is_ambiguous)
        for alias, count in aliases
        if not alias.is_ambiguous or words.intersection(alias.context)
    ]


def mentions_in_column(text: Column) -> Column:
    """``mentions_in`` as ARRAY<STRUCT<family, alias, count, is_ambiguous>>; empty for none, NULL for NULL."""

    def mentions(prepared: Column) -> Column:
        keys, words = _found(prepared, pattern_of("texts")), _found(prepared, _context_pattern())
        return _let(F.struct(keys.alias("keys"), F.array_distinct(words).alias("words")), _mentions)

    return _let(_prepared(F.regexp_replace(text, _CLAUSE_END, " | ")), mentions)


def _mentions(found: Column) -> Column:
    keys, words = found["keys"], found["words"]
    aliases = aliases_of("texts")
    contexts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, alias in aliases.items():
        if alias.is_ambiguous:
            contexts[alias.context].append(name)

    def is_meant(key: Column) -> Column:
        # a flat CASE: conditions joined one by one would be nested deeper than a plan may be
        cases = F.when(key.isNull(), F.lit(False))
        for context, names in contexts.items():
            cases = cases.when(key.isin(names), F.arrays_overlap(words, F.array(*map(F.lit, context))))
        return cases.otherwise(F.lit(True))

    def mention(key: Column) -> Column:
        return F.struct(
            _look_up(key, {name: alias.family for name, alias in aliases.items()}).alias("family"),
            _look_up(key, {name: alias.alias for name, alias in aliases.items()}).alias("alias"),
            (F.size(keys) - F.size(F.array_remove(keys, key))).alias("count"),
            key.isin([name for names in contexts.values() for name in names]).alias("is_ambiguous"),
        )

    return F.transform(F.filter(F.array_distinct(keys), is_meant), mention)


@cache
def _context_pattern() -> str:
    return _tree(f" {word} " for alias in aliases_of("texts").values() for word in alias.context)


def _prepare(text: str) -> str:
    """The text in lower case, two spaces between words, before the first and behind the last."""
    for written, parted in _PARTED:
        text = text.replace(written, parted)
    spaced = re.sub(_NUMBER_OR_SIGN, r"  \1  ", text.lower())
    return reduce(lambda shorter, _: shorter.replace("    ", "  "), range(3), f"  {spaced}  ")


def _prepared(text: Column) -> Column:
    for written, parted in _PARTED:
        text = F.replace(text, F.lit(written), F.lit(parted))
    spaced = F.regexp_replace(F.lower(text), _NUMBER_OR_SIGN, "  $1  ")
    whole = F.concat(F.lit("  "), spaced, F.lit("  "))
    return reduce(lambda shorter, _: F.replace(shorter, F.lit("    "), F.lit("  ")), range(3), whole)


def _key(text: Column) -> Column:
    return F.translate(text, " -_", "")


def _found(prepared: Column, pattern: str) -> Column:
    return F.transform(F.regexp_extract_all(prepared, F.lit(pattern), F.lit(0)), _key)


def _let(value: Column, body: Callable[[Column], Column]) -> Column:
    """``body`` of a value that it uses several times: written out, the value would be computed every time."""
    return F.get(F.transform(F.array(value), body), F.lit(0))


def _look_up(key: Column, values: Mapping[str, str]) -> Column:
    """The value of a key as one CASE, a branch a value; NULL for other keys. Maps of literals are far slower."""
    keys = defaultdict(list)
    for name, value in values.items():
        keys[value].append(name)
    found = F.when(key.isNull() | (key == ""), F.lit(None).cast("string"))
    return reduce(lambda chain, value: chain.when(key.isin(keys[value]), F.lit(value)), keys, found)


def _spellings(alias: str, inside: str) -> list[str]:
    """An alias as it may stand in a prepared text, borders included."""
    words = re.findall(r"[a-z]+|[0-9]+(?:[.][0-9]+)*", alias)
    written = words[:1]
    for before, word in pairwise(words):
        borders = ("", "  ") if before.isalpha() and word.isalpha() else ("  ",)
        written = [head + border + word for head in written for border in borders]
    # also with the space before it where letters may precede: what begins earlier is found first
    starts = (" ", "") if inside in ("yes", "end") else (" ",)
    end = "" if inside in ("yes", "start") else " "
    return [start + text + end for start in starts for text in written]


def _tree(literals: Iterable[str]) -> str:
    """A regular expression of these literals by their common beginnings; of those that begin alike the longest wins."""
    root: dict[str, Any] = {}
    for literal in literals:
        node = root
        for char in literal:
            node = node.setdefault(char, {})
        node["end"] = {}
    return _branch(root)


def _branch(node: Mapping[str, Any]) -> str:
    branches = [re.escape(char) + _branch(node[char]) for char in sorted(node) if char != "end"]
    if not branches:
        return ""
    if "end" in node:
        return f"(?:{'|'.join(branches)})?"
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
