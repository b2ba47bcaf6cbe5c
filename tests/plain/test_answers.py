"""Answers in SQL: no value is changed on its way to people or into CSV, and mistakes are named."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from ptm_spark.answers import aligned, explain, plain
from ptm_spark.tables.hub import MODEL_TAGS, MODELS


def test_no_value_is_changed() -> None:
    moment = datetime(2024, 7, 11, 12, tzinfo=UTC)
    columns = {
        "n": pa.array([9_007_199_254_740_993, None], pa.int64()),
        "texts": pa.array([[f"m{number}" for number in range(2_000)], None]),
        "pair": pa.array([{"a": 1, "b": None}, None]),
        "pairs": pa.array([[("x", 1)], None], pa.map_(pa.string(), pa.int64())),
        "at": pa.array([moment, None], pa.timestamp("us", tz="UTC")),
        "text": pa.array(["é", None]),
    }
    frame = plain(pa.table(columns))
    assert frame["n"].tolist() == [9_007_199_254_740_993, None]
    assert json.loads(frame["texts"][0]) == [f"m{number}" for number in range(2_000)]
    assert (frame["pair"][0], frame["pairs"][0]) == ('{"a": 1, "b": null}', '{"x": 1}')
    header, row, empty = frame.drop(columns="texts").to_csv(index=False).splitlines()
    assert header == "n,pair,pairs,at,text"
    assert row == '9007199254740993,"{""a"": 1, ""b"": null}","{""x"": 1}",2024-07-11 12:00:00,é'
    assert empty == ",,,,"
    shown = aligned(frame.drop(columns="texts")).splitlines()
    assert shown[2].split() == ["NULL"] * 5


def test_columns_of_one_name_and_no_rows() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([None], pa.string())], names=["a", "a"])
    assert aligned(plain(twice)).split() == ["a", "a", "1", "NULL"]
    assert aligned(plain(twice.slice(1))) == "a  a\n(no rows)"


@pytest.mark.parametrize(
    ("said", "sql", "words"),
    [
        ('attribute ObjectName([Identifier("m"), Identifier("downlods")]) is missing from the schema: cannot resolve',
         "SELECT m.downlods FROM models m", "no column downlods, did you mean downloads?; models has repo_oid,"),
        ("[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `tagg` cannot be resolved. Did you mean `tag`?",
         "SELECT tagg FROM model_tags", "no column tagg, did you mean tag?; model_tags has "),
        ("Table not found: [TABLE_OR_VIEW_NOT_FOUND] Table or view not found: modles",
         "SELECT * FROM modles", "no table modles, did you mean models?; the tables are model_tags, models"),
        ("[TABLE_OR_VIEW_NOT_FOUND] The table or view `silver`.`x` cannot be found.", "SELECT * FROM silver.x",
         "no table silver; the tables are model_tags, models"),
        ("[TABLE_OR_VIEW_NOT_FOUND] Table or view not found: models", "SELECT * FROM silver.models",
         "models goes by its name alone"),
        ("invalid argument: found X", "SELECT X", "invalid argument: found X; expected a SELECT, in which every table"),
        ("Table or view not found", "DESCRIBE models", "expected a SELECT, in which every table goes by its name"),
        ("[DIVIDE_BY_ZERO] Division by zero", "SELECT 1 / 0", "[DIVIDE_BY_ZERO] Division by zero"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_question(said: str, sql: str, words: str) -> None:
    assert explain(said, sql, [MODELS, MODEL_TAGS]).startswith(words)
