"""The same counts of the same READMEs as anybody would write them down: markdown-it-py, PyYAML, py3langid, Parquet.

Usage: python bench/cards_markdown_it.py CRAWL OUT

CRAWL is the folder of a landed crawl of cards, OUT gets cards.parquet and sections.parquet. The last line of output is
JSON: the seconds (imports apart), and totals of what was written.
"""

import hashlib
import io
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import py3langid
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
import zstandard
from markdown_it import MarkdownIt
from markdown_it.token import Token

MISSING = "Error: the path 'README.md' does not exist in the given tree"
FRONT_MATTER = re.compile(r"\s*---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|\Z)")
WORD = re.compile(r"[^\W_]+")
BARE = re.compile(r"https?://[^\s<>()\[\]\"'`|]+")
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
COUNTED = {"fence": "fenced_code_block_count", "code_block": "indented_code_block_count", "table_open": "table_count"}


def read_card(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    row: dict[str, Any] = Counter()
    found = FRONT_MATTER.match(text)
    values: Any = None
    if found:
        try:
            values = yaml.load(found[1], yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError):
            values = None
    row["front_matter_count"] = int(isinstance(values, dict))
    row["licence"] = str(values.get("license")) if isinstance(values, dict) else None
    sections = [{"level": 0, "heading": "", "words": 0}]
    prose: list[str] = []
    tokens = MARKDOWN.parse(text[found.end() :] if found else text)
    for at, token in enumerate(tokens):
        if token.type in COUNTED:
            row[COUNTED[token.type]] += 1
        elif token.type == "heading_open":
            row["heading_count"] += 1
            sections.append({"level": int(token.tag[1]), "heading": _plain(tokens[at + 1]), "words": 0})
        elif token.type == "inline":
            words = _read_inline(token, row)
            if tokens[at - 1].type != "heading_open":
                sections[-1]["words"] += words
                prose.append(token.content)
            row["word_count"] += words
        elif token.type == "html_block":
            row["image_count"] += token.content.count("<img")
            row["link_count"] += token.content.count("<a ")
            plain = re.sub(r"<!--.*?-->|<(style|script|pre)\b.*?</\1>|<[^>]*>", " ", token.content, flags=re.DOTALL)
            words = len(WORD.findall(plain))
            sections[-1]["words"] += words
            row["word_count"] += words
    if not sections[0]["words"]:
        del sections[0]
    row["section_count"] = len(sections)
    row["language"] = py3langid.classify(" ".join(prose)[:300])[0] if row["word_count"] >= 20 else None
    return dict(row), sections


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline"))


def _read_inline(inline: Token, row: dict[str, Any]) -> int:
    words, in_link = 0, False
    for child in inline.children or ():
        if child.type == "text":
            words += len(WORD.findall(child.content))
            if not in_link:
                row["link_count"] += len(BARE.findall(child.content))
        elif child.type == "code_inline":
            row["inline_code_count"] += 1
        elif child.type == "image":
            row["image_count"] += 1
        elif child.type == "link_open":
            row["link_count"] += 1
            in_link = True
        elif child.type == "link_close":
            in_link = False
        elif child.type == "html_inline":
            row["image_count"] += child.content.startswith("<img")
            row["link_count"] += child.content.startswith("<a ")
    return words


def main(crawl: str, out: str) -> None:
    begun = time.perf_counter()
    rows, sections = [], []
    known: dict[str, dict[str, Any]] = {}
    for part in sorted(Path(crawl).glob("part-*")):
        with part.open("rb") as packed:
            for line in io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(packed)):
                record = orjson.loads(line)
                text = record.get("raw") or ""
                if not text.strip() or text == MISSING:
                    continue
                name = hashlib.sha256(text.encode()).hexdigest()
                if name not in known:
                    known[name], found = read_card(text)
                    sections += [{"sha256": name} | section for section in found]
                rows.append({"model_id": record["key"], "sha256": name} | known[name])
    totals = ("front_matter_count", "word_count", "heading_count", "section_count", *COUNTED.values())
    totals += ("inline_code_count", "image_count", "link_count")
    table = pa.table({name: [row.get(name) or 0 for row in rows] for name in totals})
    for name in ("model_id", "sha256", "licence", "language"):
        table = table.append_column(name, pa.array([row.get(name) for row in rows], pa.string()))
    pq.write_table(table, Path(out) / "cards.parquet")
    pq.write_table(pa.Table.from_pylist(sections), Path(out) / "sections.parquet")
    seconds = time.perf_counter() - begun
    sums = {name: sum(row.get(name) or 0 for row in rows) for name in totals}
    print(json.dumps({"seconds": round(seconds, 3), "totals": {"card_count": len(rows)} | sums}))


if __name__ == "__main__":
    main(*sys.argv[1:])
