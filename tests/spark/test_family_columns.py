"""Columns of names, types, classes and texts say what the plain functions say, to the last of them."""

from collections.abc import Callable
from dataclasses import astuple

import pytest
from pyspark.sql import Column

from ptm_spark.silver import family_names
from ptm_spark.silver.family_names import aliases_of
from ptm_spark.store import Store

pytestmark = pytest.mark.spark

#: signs, case, other scripts and empty values that names and texts may have
ODD = (
    "",
    "/",
    "x/",
    "BERT",
    "İBERT-ß",
    "бертbert",
    "x/ｂｅｒｔ",
    "a\nbert",
    "bart-bert",
    "t5 \u00a0gpt2",
    "-----bert-2",
    "🤗bert",
)


def answers(store: Store, values: list[str], column: Callable[[Column], Column]) -> list[object]:
    frame = store._spark.createDataFrame([(n, value) for n, value in enumerate([*values, None])], "n INT, value STRING")
    rows = frame.select("n", column(frame["value"]).alias("answer")).orderBy("n").collect()
    return [row.answer for row in rows]


def test_names(store: Store) -> None:
    aliases = sorted(aliases_of("names").values(), key=lambda alias: alias.alias)
    written = [alias.alias for alias in aliases[::3]]
    decorated = [f"Someone/My_{alias.alias.upper()}Model2-v1.{n % 7}" for n, alias in enumerate(aliases[1::3])]
    pairs = [f"x/{one.alias}2{other.alias}" for one, other in zip(aliases[2::3], aliases[::-3], strict=False)]
    names = [*written, *decorated, *pairs, *ODD]
    plain = [family_names.family_of_name(name) for name in names]
    assert sum(found is not None for found in plain) > 900
    told = answers(store, names, family_names.family_of_name_column)
    assert [found and tuple(found) for found in told] == [*(found and astuple(found) for found in plain), None]


def test_types(store: Store) -> None:
    types = [*sorted({alias.family.upper() for alias in family_names.read_aliases()}), "RefinedWebModel", "a.b", *ODD]
    plain = [family_names.family_of_type(name) for name in types]
    assert answers(store, types, family_names.family_of_type_column) == [*plain, None]


def test_classes(store: Store) -> None:
    classes = [
        *("XLMRobertaForSequenceClassification", "TFT5EncoderModel", "GPT2DoubleHeadsModel", "MarianMTModel"),
        *("DPRReader", "CLIPTextModelWithProjection", "EncoderDecoderModel", "Own_Model", "bert", "For", "Model", *ODD),
    ]
    plain = [family_names.family_of_architecture(name) for name in classes]
    assert plain[:3] == ["xlm-roberta", "t5", "gpt2"]
    assert answers(store, classes, family_names.family_of_architecture_column) == [*plain, None]


def test_texts(store: Store) -> None:
    texts = [
        *(f"{alias.alias}, or {alias.alias.upper()}" for alias in list(aliases_of("texts").values())[::4]),
        *(f"(a {alias.alias}) {alias.context[-1]}." for alias in aliases_of("texts").values() if alias.context),
        *("Is this GPT? 2 of my runs failed.", "I opt for BERT. T5Tokenizer, T5\r\nT5!", "clip image [clip] {CLIP}"),
        *ODD,
    ]
    plain = [[astuple(mention) for mention in family_names.mentions_in(text)] for text in texts]
    assert sum(map(len, plain)) > 150
    told = answers(store, texts, family_names.mentions_in_column)
    assert [found if found is None else [tuple(one) for one in found] for found in told] == [*plain, None]
