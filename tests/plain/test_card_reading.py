"""One README read in full: sections by name, templates, the tool that wrote it, real cards."""

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.silver.card_lanes import open_lanes, read_batch, read_batches
from ptm_spark.silver.card_origin import generator_of
from ptm_spark.silver.card_reading import read_card
from ptm_spark.silver.card_section_names import section_named
from ptm_spark.tables.cards import CARD_SECTIONS, CONTENT, MODEL_CARDS

#: headings of the Hub's template, with what a person may have written below
TEMPLATE = """---
{{}}
---

# Model Card for Model ID

<!-- Provide a quick summary of what the model is/does. -->

## Model Details

- **Developed by:** [More Information Needed]
- **License:** [More Information Needed]

## Uses

### Direct Use

{uses}

### Out-of-Scope Use

[More Information Needed]

## How to Get Started with the Model

Use the code below to get started with the model.

[More Information Needed]

## Environmental Impact

Carbon emissions can be estimated using the calculator.

- **Hardware Type:** [More Information Needed]

## Citation [optional]

**BibTeX:**

[More Information Needed]
"""


def content_of(text: str) -> dict[str, Any]:
    return dict(zip(CONTENT, read_card(text)[0], strict=True))


def sections_of(text: str) -> list[dict[str, Any]]:
    return [dict(zip(CARD_SECTIONS.names[1:], section, strict=True)) for section in read_card(text)[1]]


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("Training Data", "training_data"),
        ("3. Training data", "training_data"),
        ("🤗 Training Data:", "training_data"),
        ("Citation [optional]", "citation"),
        ("BibTeX entry and citation info", "citation"),
        ("How to use the model in PyTorch", "how_to_use"),
        ("Usage (Sentence-Transformers)", "how_to_use"),
        ("Bias, Risks, and Limitations", "bias_risks_limitations"),
        ("Limitations and bias", "bias_risks_limitations"),
        ("Out-of-Scope Use", "out_of_scope_use"),
        ("Testing Data, Factors & Metrics", "testing_data_factors_metrics"),
        ("Model Card for my-model", "model_summary"),
        ("Acknowledgments", "acknowledgements"),
        ("引用", "citation"),
        ("Loading docks", None),
        ("bert-base-uncased-finetuned", None),
        ("", None),
        ("!!!", None),
    ],
)
def test_a_heading_names_a_section(heading: str, section: str | None) -> None:
    name = section_named(heading)
    assert (name.section if name else None) == section


def test_an_unfilled_template_is_seen_as_such() -> None:
    empty = content_of(TEMPLATE.format(uses="[More Information Needed]"))
    assert (empty["generated_by"], empty["template_placeholder_count"]) == ("hub_template", 7)
    # the title stands for a section too, with nothing but the instructions below it; Uses only holds others
    assert empty["template_unfilled_share"] == 1.0
    filled = content_of(TEMPLATE.format(uses="For counting sheep."))
    assert (filled["template_placeholder_count"], filled["template_unfilled_share"]) == (6, pytest.approx(5 / 6))
    told = {row["heading"]: row["is_placeholder"] for row in sections_of(TEMPLATE.format(uses="For sheep."))}
    assert told == {
        "Model Card for Model ID": False,
        "Model Details": True,
        "Uses": False,
        "Direct Use": False,
        "Out-of-Scope Use": True,
        "How to Get Started with the Model": True,
        "Environmental Impact": True,
        "Citation [optional]": True,
    }


def test_a_trainers_card_is_judged_by_its_own_template() -> None:
    text = (
        "---\ntags:\n- generated_from_trainer\n---\n# my-model\n\nIt achieves a loss of 1.\n\n"
        "## Model description\n\nMore information needed\n\n"
        "## Intended uses & limitations\n\nMore information needed\n\n"
        "## Training procedure\n\n### Training hyperparameters\n\n- seed: 42\n"
    )
    content = content_of(text)
    assert (content["generated_by"], content["template_unfilled_share"]) == ("trainer", pytest.approx(2 / 3))
    assert content["canonical_sections"] == ["hyperparameters", "model_description", "training_procedure", "uses"]


def test_a_card_that_a_person_wrote_has_no_template() -> None:
    content = content_of("# My model\n\n## Training data\n\nSheep.")
    assert (content["generated_by"], content["template_unfilled_share"]) == (None, None)
    assert (content["front_matter_status"], content["metadata_completeness"]) == ("none", 0.0)


@pytest.mark.parametrize(
    ("text", "tags", "tool"),
    [
        ("<!-- according to the information the Trainer had access to. -->", (), "trainer"),
        ("# x", ("generated_from_trainer",), "trainer"),
        ("the Trainer had access to; It has been trained using [TRL](https://x)", ("generated_from_trainer",), "trl"),
        ("was trained 2x faster with [Unsloth](https://x)", (), "unsloth"),
        ("# Model Trained Using AutoTrain", (), "autotrain"),
        ("### Framework versions\n\n- PEFT 0.7.1", (), "peft"),
        ("This is a [sentence-transformers](https://www.SBERT.net) model", (), "sentence_transformers"),
        ("a" * 5000 + "[GGUF-my-repo](https://x)", (), "gguf_my_repo"),
        ("I like the Trainer.", ("trainer",), None),
    ],
)
def test_a_tool_says_that_it_wrote_a_card(text: str, tags: tuple[str, ...], tool: str | None) -> None:
    assert generator_of(text, tags) == tool


def test_sections_are_numbered_from_the_text_before_the_first_heading() -> None:
    assert [(row["position"], row["level"], row["heading"]) for row in sections_of("a\n# b\n### c\n")] == [
        (0, 0, None),
        (1, 1, "b"),
        (2, 3, "c"),
    ]
    assert [row["position"] for row in sections_of("# b\n### c\n")] == [1, 2]
    assert sections_of("---\na: b\n---\n") == []
    assert len(sections_of("# b\n" + "# " + "x" * 500)[1]["heading"]) == 200


def test_more_headings_than_are_kept_are_a_flaw() -> None:
    content = content_of("# a\n" * 2_001)
    assert (content["heading_count"], content["section_count"]) == (2_001, 2_000)
    assert content["flaws"] == ["sections:too_many"]


PIECES = [*"-:#[]() \n\tab&<>`|{}", "---\n", "\r\n", "\ufeff", "[More Information Needed]", "# Training data\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join))
@quick
def test_every_text_gives_a_row_of_the_contract(text: str) -> None:
    batch = read_batch(pa.record_batch([pa.array(["x"]), pa.array([text])], names=["card_sha256", "text"]))
    (row,) = batch.to_pylist()
    assert row["section_count"] == len(row["sections"]) and row["byte_count"] == len(text.encode())
    assert sum(row[name] for name in CONTENT if name.endswith("_link_count")) == row["link_count"]
    assert 0 <= row["metadata_completeness"] <= 1 and 0 <= (row["template_unfilled_share"] or 0) <= 1
    assert row["flaws"] == sorted(set(row["flaws"]))
    positions = [section["position"] for section in row["sections"]]
    assert positions == sorted(set(positions)) and all(
        (section["position"] == 0) == (section["level"] == 0) for section in row["sections"]
    )


def test_helpers_read_as_this_process_does() -> None:
    texts = [f"---\nlicense: mit\n---\n# Card {number}\n\n" + "word " * number for number in range(700)]
    batch = pa.record_batch([pa.array(map(str, range(700))), pa.array(texts)], names=["card_sha256", "text"])
    here = [row for part in read_batches([batch]) for row in part.to_pylist()]
    with open_lanes(2) as lanes:
        assert lanes == 2
        there = [row for part in read_batches([batch]) for row in part.to_pylist()]
    assert here == there and len(here) == 700
    assert [field.name for field in MODEL_CARDS.fields if field.name in CONTENT] == list(here[0])[1:-1]


def test_a_helper_that_dies_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    batch = pa.record_batch([pa.array(["x"]), pa.array(["# a"])], names=["card_sha256", "text"])
    with open_lanes(2):
        (found,) = [row for part in read_batches([batch]) for row in part.to_pylist()]
    assert found["heading_count"] == 1


def test_real_cards_of_2022_give_the_known_figures(real_data: Path) -> None:
    with gzip.open(real_data / "hub" / "models_with_readme_2022-02.jsonl.gz") as file:
        texts = [orjson.loads(line)["readme"] for line in file]
    cards = [text for text in texts if text.strip() and not text.startswith("Error: the path 'README.md'")]
    rows = [content_of(text) for text in cards]
    assert len(rows) == 16_241
    at_once = [row for row in rows if "front_matter:after_blank" not in row["flaws"]]
    statuses = Counter(row["front_matter_status"] for row in at_once)
    # PyYAML's own scanner, which takes no tab between key and value, refuses three more: 13,731 and 6
    assert statuses == {"ok": 13_734, "none": 2_325, "invalid": 3, "not_a_mapping": 3}
    assert len(rows) - len(at_once) == 176  # after blank lines; their tags are among the Hub's own
    assert sum("front_matter:tab" in row["flaws"] for row in rows) == 3
    norwegian = [text for text, row in zip(cards, rows, strict=True) if "no" in row["card_languages"]]
    assert sum("language: no\n" in text or "- no\n" in text for text in norwegian) == len(norwegian) - 1 == 62
    tools = Counter(row["generated_by"] for row in rows)
    assert (tools["huggingtweets"], tools["trainer"], tools["huggingartists"]) == (2_467, 2_300, 184)
    assert sum(bool(row["canonical_sections"]) for row in rows) == 12_568  # of distinct cards 81 %
