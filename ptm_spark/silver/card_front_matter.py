"""The YAML block at the head of a README: where it begins and ends, and what it holds, read without surprises."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser

#: longer blocks are not read (characters); the longest of 13,916 real ones had 16,134
MOST_CHARS = 262_144
MOST_DEPTH = 64
#: values that a block may come to once its aliases are written out
MOST_VALUES = 100_000

#: the Hub's own rule: blank lines may come first, which JavaScript's idea of white space lets a byte order mark be
_OPENED = re.compile(r"[\s\ufeff]*---(?:\r\n|\r|\n)")
_CLOSED = re.compile(r"(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|\Z)")
#: what YAML 1.2 (core schema) reads as no text; anything else plain is text: no, off, 12:30:00, 2020-01-01
_PLAIN = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip
_TEXT_TAGS = frozenset(("!", "tag:yaml.org,2002:str"))
_TAGS = _TEXT_TAGS | {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null", "map", "seq")}
_SCALAR, _ALIAS, _DOCUMENT = yaml.ScalarEvent, yaml.AliasEvent, yaml.DocumentStartEvent
_MAPPING, _MAPPING_END = yaml.MappingStartEvent, yaml.MappingEndEvent
_SEQUENCE, _SEQUENCE_END = yaml.SequenceStartEvent, yaml.SequenceEndEvent


class _UnusableError(Exception):
    """A block that cannot be read; the message is the status it gets."""


class FrontMatter(NamedTuple):
    """What stands at a card's head.

    ``status``: ``ok``; ``none`` = no block; ``empty`` = a block without content; ``invalid`` = no YAML;
    ``not_a_mapping``; ``bomb`` = more values or depth than any card needs; ``too_large``. ``values`` are those of a
    mapping, else empty: texts, booleans, None, lists, mappings, which may share parts; numbers stay texts as written.
    """

    status: str
    values: dict[str, Any]
    flaws: tuple[str, ...] = ()


def find_front_matter(text: str) -> tuple[str | None, int, tuple[str, ...]]:
    """The block at the head of a README (None where there is none), where the card's text begins, and flaws."""
    opened = _OPENED.match(text)
    if opened is None:
        return None, 0, ()
    closed = _CLOSED.search(text, opened.end())
    if closed is None:
        return None, 0, ("front_matter:unclosed",)
    flaws = () if text.startswith("---") else ("front_matter:after_blank",)
    return text[opened.end() : closed.start()], closed.end(), flaws


def read_front_matter(block: str) -> FrontMatter:
    """What a block holds, whatever that is; raises nothing."""
    if len(block) > MOST_CHARS:
        return FrontMatter("too_large", {})
    try:
        value, has_duplicate = _value_of(CParser(block).get_event)
    except yaml.YAMLError:
        return FrontMatter("invalid", {})
    except _UnusableError as error:
        return FrontMatter(str(error), {})
    flaws: tuple[str, ...] = ("front_matter:duplicate_key",) if has_duplicate else ()
    if "\t" in block:
        flaws += ("front_matter:tab",)
    if isinstance(value, dict):
        return FrontMatter("ok", value, flaws)
    return FrontMatter("empty" if value is None else "not_a_mapping", {}, flaws)


def _value_of(next_event: Callable[[], Any]) -> tuple[Any, bool]:
    """The value of the one document that the events tell of, and whether a mapping there has a key twice.

    No recursion: the C library's own composer overflows its stack on deep nesting. An alias becomes the value that it
    names, not a copy, and counts as much as if it were written out, so that the bound is met before anything grows.
    """
    root: list[Any] = []
    into: Any = root  # the list or mapping being filled, and the key that waits for its value
    key: str | None = None
    above: list[tuple[Any, str | None, str | None, int]] = []
    anchors: dict[str, tuple[Any, int]] = {}
    count, documents, has_duplicate = 0, 0, False
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is _SCALAR:
            value, size = event.value, 1
            if event.tag is not None:
                value = _tagged(event.tag, value)
            elif event.implicit[0] and value in _PLAIN:
                value = _PLAIN[value]
            if event.anchor is not None:
                anchors[event.anchor] = value, 1
        elif kind is _MAPPING_END or kind is _SEQUENCE_END:
            value = into
            into, key, anchor, before = above.pop()
            if anchor is not None:
                anchors[anchor] = value, count - before + 1
            size = 1
        elif kind is _MAPPING or kind is _SEQUENCE:
            if event.tag is not None:
                _tagged(event.tag, "")
            if len(above) >= MOST_DEPTH:
                raise _UnusableError("bomb")
            above.append((into, key, event.anchor, count))
            into, key = {} if kind is _MAPPING else [], None
            continue
        elif kind is _ALIAS:
            if event.anchor not in anchors:  # unknown, or one that is still open and would hold itself
                raise _UnusableError("bomb" if any(event.anchor == anchor for _, _, anchor, _ in above) else "invalid")
            value, size = anchors[event.anchor]
        else:
            documents += kind is _DOCUMENT
            if documents > 1:
                raise _UnusableError("invalid")
            continue
        count += size
        if count > MOST_VALUES:
            raise _UnusableError("bomb")
        if type(into) is list:
            into.append(value)
        elif key is not None:
            into[key] = value
            key = None
        else:
            key = value if type(value) is str else _key_text(value)
            has_duplicate = has_duplicate or key in into
    return (root[0] if root else None), has_duplicate


def _tagged(tag: str, value: str) -> Any:
    """A value that says its own type; _UnusableError for one that YAML's core schema does not know."""
    if tag not in _TAGS:
        raise _UnusableError("invalid")
    return value if tag in _TEXT_TAGS else _PLAIN.get(value, value)


def _key_text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise _UnusableError("invalid")
    return "null" if value is None else str(value).lower()
