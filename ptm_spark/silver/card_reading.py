"""Reading one README: everything that silver/model_cards and silver/card_sections say of it, from its text alone."""

from functools import lru_cache
from typing import Any

from ptm_spark.silver.card_body import Body, Section, read_body
from ptm_spark.silver.card_front_matter import find_front_matter, read_front_matter
from ptm_spark.silver.card_links import KINDS, arxiv_ids
from ptm_spark.silver.card_metadata import Metadata, read_metadata
from ptm_spark.silver.card_origin import (
    LEAST_TEMPLATE_HEADINGS,
    TEMPLATE_OF,
    count_placeholders,
    generator_of,
    is_unfilled,
)
from ptm_spark.silver.card_section_names import SectionName, section_named
from ptm_spark.silver.card_words import LEAST_WORDS, MOST_PROSE_CHARS, language_of

#: rule → what it means, for people; the names of the column flaws
SOFT_RULES = {
    "front_matter:after_blank": "blank lines stand before the block; the Hub reads it nevertheless, and so do we",
    "front_matter:unclosed": "the README begins a block that never ends; all of it counts as text",
    "front_matter:tab": "a tab stands in the block; some YAML readers refuse that, the Hub's does not",
    "front_matter:duplicate_key": "a mapping has a key twice; the last one counts",
    "<field>:type": "the field is of another type, or has a member that is; null, or the member is left out",
    "<field>:too_long": "a text of more than 500 characters, or more than 1000 members; left out",
    "language:format": "something there is no language code; it is left out",
    "sections:too_many": "the card has more than 2,000 headings; the sections of the others are not kept",
}
#: a row of content (columns as in the contract), and the card's sections without their sha256
Reading = tuple[tuple[Any, ...], list[tuple[Any, ...]]]


def read_card(text: str) -> Reading:
    """The columns ``CONTENT`` of a README with text, and its sections as position, level, heading, … of the contract.

    The same text gives the same values always, on whichever engine and machine.
    """
    block, body_at, found = find_front_matter(text)
    status, metadata, flaws = ("none", _NOTHING, ()) if block is None else _read_head(block)
    body = read_body(text[body_at:])
    placeholders = count_placeholders(text)
    names = [section_named(section.heading) if section.level else None for section in body.sections]
    unfilled = [bool(placeholders) and not one.has_more and is_unfilled(one.text) for one in body.sections]
    generator = generator_of(text, metadata.tags)
    worded = sum("hub" in name.templates for name in names if name is not None)
    if generator is None and worded >= LEAST_TEMPLATE_HEADINGS:
        generator = "hub_template"
    template = "hub" if worded >= LEAST_TEMPLATE_HEADINGS else TEMPLATE_OF.get(generator or "")
    all_flaws = {*found, *flaws, *metadata.flaws}
    if body.heading_count >= len(body.sections) + 1:
        all_flaws.add("sections:too_many")
    content = (
        len(text.encode()),
        status,
        metadata.keys,
        metadata.completeness,
        metadata.licence,
        metadata.languages,
        metadata.datasets,
        metadata.base_models,
        metadata.library,
        metadata.pipeline_tag,
        len(metadata.tags),
        metadata.has_model_index,
        metadata.eval_result_count,
        body.word_count,
        body.heading_count,
        len(body.sections),
        *(body.counts[kind] for kind in ("fenced", "indented", "inline", "table", "image")),
        body.links.total(),
        *(body.links[kind] for kind in KINDS),
        body.bibtex_count,
        arxiv_ids(text),
        sorted({name.section for name in names if name is not None}),
        placeholders,
        _unfilled_share(body.sections, names, unfilled, template) if template else None,
        generator,
        _language(body),
        sorted(all_flaws),
    )
    start = 0 if body.sections and not body.sections[0].level else 1
    return content, [
        (
            position,
            section.level,
            section.heading if section.level else None,
            name.section if name else None,
            section.word_count,
            is_placeholder,
        )
        for position, (section, name, is_placeholder) in enumerate(
            zip(body.sections, names, unfilled, strict=True), start
        )
    ]


_NOTHING = read_metadata({})


@lru_cache(maxsize=4096)  # thousands of cards share their block, word for word
def _read_head(block: str) -> tuple[str, Metadata, tuple[str, ...]]:
    front_matter = read_front_matter(block)
    return front_matter.status, read_metadata(front_matter.values), front_matter.flaws


def _unfilled_share(
    sections: list[Section], names: list[SectionName | None], unfilled: list[bool], template: str
) -> float | None:
    """Of the headings that the template words: under how many nothing stands but placeholders, or nothing at all.

    One that only holds headings below itself is left out.
    """
    count = empty = 0
    for at, (section, name) in enumerate(zip(sections, names, strict=True)):
        if name is None or template not in name.templates:
            continue
        is_bare = not section.word_count and not section.has_more
        if is_bare and at + 1 < len(sections) and sections[at + 1].level > section.level:
            continue
        count += 1
        empty += unfilled[at] or is_bare
    return empty / count if count else None


def _language(body: Body) -> str | None:
    if sum(section.word_count for section in body.sections) < LEAST_WORDS:
        return None
    return language_of("\n".join(section.text[:MOST_PROSE_CHARS] for section in body.sections[:20]))
