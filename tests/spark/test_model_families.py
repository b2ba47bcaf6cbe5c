"""Which family a model belongs to, rule by rule, the surest word first."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rows import model_row, models_frame

from ptm_spark.silver.model_families import CONFIDENCE, build_model_families
from ptm_spark.store import Store
from ptm_spark.tables.families import MODEL_FAMILIES

pytestmark = pytest.mark.spark
GONE = {"removal": "absent", "removed_at": datetime(2024, 6, 1, tzinfo=UTC)}
Told = tuple[str | None, str | None, int]


def model(name: str, *bases: str, **changes: Any) -> dict[str, Any]:
    """A row of silver/models of that name, its repo_oid by default its name too, that says nothing of its family."""
    return (
        model_row(repo_oid=name, model_id=f"us/{name}", base_models=[f"us/{one}" for one in bases], tags=[]) | changes
    )


def told(store: Store, *rows: dict[str, Any]) -> dict[str, Told]:
    """Family, method and steps by repo_oid; each model once, with the confidence of its method."""
    frame = build_model_families(models_frame(store, *rows), stage=store.stage)
    found = [row.asDict() for row in frame.collect()]
    assert sorted(row["repo_oid"] for row in found) == sorted(row["repo_oid"] for row in rows)
    assert [*found[0]] == list(MODEL_FAMILIES.names)
    assert all(row["confidence"] == CONFIDENCE.get(row["method"]) for row in found)
    return {row["repo_oid"]: (row["family"], row["method"], row["base_steps"]) for row in found}


def test_the_surest_word_counts(store: Store) -> None:
    """Each row has one word fewer than the one above; all words differ."""
    words: dict[str, Any] = {"architecture": "GPT2LMHeadModel", "tags": ["whisper"]}
    found = told(
        store,
        model("whisper-vit-0", "a-t5", model_type="xlm-roberta", **words),
        model("whisper-vit-1", "a-t5", **words),
        model("whisper-vit-2", "a-t5", tags=["whisper"]),
        model("vit-c", "marian", "a-t5"),
        model("vit-d", "opus-mt-x"),
        model("vit-e", "acorn"),
        model("acorn"),
        model("marian", model_type="marian"),
    )
    assert found == {
        "whisper-vit-0": ("xlm-roberta", "config", 0),
        "whisper-vit-1": ("gpt2", "architecture", 0),
        "whisper-vit-2": ("whisper", "tag", 0),
        # a base that is no row is not known, whatever its name says: the known ones are of one family
        "vit-c": ("marian", "base_model", 1),
        "vit-d": ("marian", "base_name", 1),
        "vit-e": ("vit", "name", 0),
        "acorn": (None, None, 0),
        "marian": ("marian", "config", 0),
    }


def test_types_that_the_table_lacks_are_families_of_their_own(store: Store) -> None:
    """However spelt, known types are one; what is written like none is none; classes must be known."""
    found = told(
        store,
        model("1", model_type="Zorblax-9"),
        model("2", model_type="XLM_Roberta"),
        model("3", model_type="not a type", architecture="BertModel"),
        model("4", model_type="x"),
        model("5", architecture="ZorblaxForCausalLM"),
        model("6", model_type="zorblax\n"),
    )
    assert found == {
        "1": ("zorblax-9", "config", 0),
        "2": ("xlm-roberta", "config", 0),
        "3": ("bert", "architecture", 0),
        "4": (None, None, 0),
        "5": (None, None, 0),
        "6": (None, None, 0),
    }


def test_of_several_tags_the_longest_counts_if_it_holds_the_others(store: Store) -> None:
    found = told(
        store,
        model("1", tags=["transformers", "t5", "mt5", "t5"]),
        model("2", tags=["bert", "gpt2"]),
        model("3", tags=["bert", "bert"]),
        model("4", tags=None),
        model("whisper-5", tags=["bert", "gpt2"]),
        model("6", tags=["Bert", "bert-base"]),
    )
    assert found == {
        "1": ("mt5", "tag", 0),
        "2": (None, None, 0),
        "3": ("bert", "tag", 0),
        "4": (None, None, 0),
        "whisper-5": ("whisper", "name", 0),
        "6": (None, None, 0),
    }


def test_bases_are_followed_until_one_is_known(store: Store) -> None:
    """Up to six steps; a chain of more is not followed to its end."""
    names = ["root", *(f"step-{number}" for number in range(1, 8))]
    chain = [model(name, *names[max(0, place - 1) : place]) for place, name in enumerate(names)]
    found = told(store, chain[0] | {"model_type": "bert"}, *chain[1:])
    assert found.pop("root") == ("bert", "config", 0)
    assert found.pop("step-7") == (None, None, 0)
    assert found == {f"step-{number}": ("bert", "base_model", number) for number in range(1, 7)}


def test_several_bases_count_where_those_known_agree(store: Store) -> None:
    """Where they do not, their names do not either, and the model's own name is left."""
    kinds = [model("b-bert", model_type="bert"), model("c-bert", tags=["bert"]), model("d-t5", model_type="t5")]
    found = told(
        store,
        *kinds,
        model("agreed", "b-bert", "c-bert"),
        model("one-unknown", "b-bert", "whisper-elsewhere"),
        model("divided", "b-bert", "d-t5"),
        model("whisper-divided", "b-bert", "d-t5"),
        model("heir", "divided"),
    )
    assert [found[name] for name in ("agreed", "one-unknown", "divided", "whisper-divided", "heir")] == [
        ("bert", "base_model", 1),
        ("bert", "base_model", 1),
        (None, None, 0),
        ("whisper", "name", 0),
        (None, None, 0),
    ]


def test_loops_of_bases_end(store: Store) -> None:
    """What leads to a known one is told; a loop that nothing leads out of is told by names only."""
    found = told(
        store,
        model("a", "b"),
        model("b", "a"),
        model("self", "self"),
        model("whisper-x", "whisper-y"),
        model("whisper-y", "whisper-x"),
        model("c", "d"),
        model("d", "c", "root"),
        model("root", model_type="bert"),
    )
    assert found == {
        "a": (None, None, 0),
        "b": (None, None, 0),
        "self": (None, None, 0),
        "whisper-x": ("whisper", "base_name", 1),
        "whisper-y": ("whisper", "base_name", 1),
        "c": ("bert", "base_model", 2),
        "d": ("bert", "base_model", 1),
        "root": ("bert", "config", 0),
    }


def test_a_base_that_is_gone_is_not_followed(store: Store) -> None:
    """Its name may be another model's now: that one counts. A removed model has its own family all the same."""
    found = told(
        store,
        model("root", model_type="bert"),
        model("gone", model_type="gpt2", **GONE),
        model("heir", "gone"),
        model("old", model_id="us/again", model_type="gpt2", **GONE),
        model("new", model_id="us/again", model_type="t5"),
        model("heir-of-new", "again"),
        model("between", "root", **GONE),
        model("heir-of-between", "between"),
    )
    assert [found[name] for name in ("gone", "heir", "heir-of-new", "between", "heir-of-between")] == [
        ("gpt2", "config", 0),
        (None, None, 0),
        ("t5", "base_model", 1),
        ("bert", "base_model", 1),
        (None, None, 0),
    ]


def test_no_models_have_no_families(store: Store) -> None:
    assert build_model_families(models_frame(store), stage=store.stage).collect() == []
