"""The study's tables: their traps are taken care of, and what does not fit is said with its place and what to do."""

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ptm_spark.errors import UsageError
from ptm_spark.replication.months import CARDS, FORUM, HUB, RESTATED, SHARES, last_day, months
from ptm_spark.replication.pairs import topics_by_month
from ptm_spark.replication.tables import (
    CARDS_FILE,
    FORUM_FILE,
    HUB_FILE,
    RESTATEMENT_FILE,
    TOPICS_FILE,
    absent_files,
    load_tables,
)

STUDY = Path(__file__).resolve().parents[1] / "data/study"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the study's tables to spoil."""
    return Path(shutil.copytree(STUDY, tmp_path / "study"))


def edit(file: Path, change: Callable[[str], str]) -> None:
    text = file.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    file.write_text(changed, encoding="utf-8")


def test_windows_have_the_months_that_the_figures_are_of() -> None:
    assert [len(window) for window in (HUB, FORUM, SHARES, CARDS, RESTATED)] == [54, 36, 34, 42, 33]
    assert months("2021-11", "2022-02") == ("2021-11", "2021-12", "2022-01", "2022-02")
    assert last_day("2024-02") == date(2024, 2, 29)


def test_rows_of_sums_and_columns_of_summaries_are_no_types() -> None:
    hub = load_tables(STUDY).hub
    assert hub.counts.shape == (171, 54)
    assert not {"", "SUM", "nan"} & set(hub.names)
    assert hub.counts.sum() == 103_047


def test_months_without_a_column_are_zero_and_months_without_uploads_too() -> None:
    hub = load_tables(STUDY).hub
    assert hub.series("bert", ["2017-09", "2017-10", "2018-11", "2019-05"]).tolist() == [1, 0, 8, 0]
    assert hub.by_month(["2019-03", "2019-05"]).tolist() == [0, 1]


def test_a_month_of_topics_is_the_rise_of_the_cumulative_count_from_end_to_end() -> None:
    topics = topics_by_month(load_tables(STUDY))
    assert topics is not None and len(topics) == 34
    # 225 on 2020-08-14, 460 on 09-27, 698 on 10-31
    end_of_august = 225 + (460 - 225) * 17 / 44
    end_of_september = 460 + (698 - 460) * 3 / 34
    assert topics[0] == pytest.approx(end_of_september - end_of_august)


def test_what_is_absent_is_none_and_said(folder: Path) -> None:
    for name in (TOPICS_FILE, RESTATEMENT_FILE):
        (folder / name).unlink()
    tables = load_tables(folder)
    assert (tables.topics, tables.earlier, tables.later) == (None, None, None)
    assert list(absent_files(folder)) == [TOPICS_FILE, RESTATEMENT_FILE]
    assert topics_by_month(tables) is None


def test_files_are_found_where_the_package_keeps_them(folder: Path) -> None:
    places = {"Model Hub": (HUB_FILE, CARDS_FILE), "Discussion Forums": (FORUM_FILE,)}
    for place, names in places.items():
        (folder / "Mined Data" / place).mkdir(parents=True)
        for name in names:
            (folder / name).rename(folder / "Mined Data" / place / name)
    assert np.array_equal(load_tables(folder).hub.counts, load_tables(STUDY).hub.counts)


def test_floats_nan_and_a_byte_order_mark_are_read(folder: Path) -> None:
    edit(folder / FORUM_FILE, lambda text: "\ufeff" + re.sub(r",0\b", ",0.0", text).replace(",0.0", ",NaN", 1))
    assert load_tables(folder).forum.counts.sum() == 7_620


def test_a_row_named_nan_is_no_type(folder: Path) -> None:
    edit(folder / HUB_FILE, lambda text: text.replace("\n,,", "\nnan,,"))
    assert len(load_tables(folder).hub.names) == 171


@pytest.mark.parametrize("name", [HUB_FILE, FORUM_FILE, CARDS_FILE])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=re.escape(f"without {name}; docs/replication.md says where")):
        load_tables(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing-here: no such folder"):
        load_tables(tmp_path / "nothing-here")


def drop_line(number: int) -> Callable[[str], str]:
    return lambda text: "\n".join([*text.split("\n")[:number], *text.split("\n")[number + 1 :]])


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (HUB_FILE, lambda text: text.replace(",2020-03,", ",2020-3,"), "column 16 is '2020-3', expected '2020-03'"),
        (HUB_FILE, lambda text: text.replace(",sum,", ",total,"), "column 56 is 'total', expected 'sum'"),
        (HUB_FILE, lambda text: text.replace("bert,1,8", "bert,1,9", 1), "column 2018-11 adds up to 9, expected 8"),
        (HUB_FILE, lambda text: re.sub(r"\nSUM.*", "", text), "0 rows SUM, expected one"),
        (FORUM_FILE, lambda text: text.replace(",2020-07-01", ",2020-07"), "column 2 is '2020-07', expected"),
        (FORUM_FILE, lambda text: text.replace("2023-06-01", "2023-06-01,2023-07-01"), "row 'albert' has 37 cells"),
        (FORUM_FILE, lambda text: text.replace("\nalign,", "\nalbert,"), "row 'albert' is there twice"),
        (FORUM_FILE, lambda text: text.replace("\nalbert,", "\nalbert,x", 1), "row albert, column 2020-07 is 'x"),
        (FORUM_FILE, lambda text: re.sub(r"\nalbert,\d+", "\nalbert,-1", text), "is '-1', expected a count"),
        (FORUM_FILE, lambda text: re.sub(r"\nalbert,\d+", "\nalbert,0.5", text), "is '0.5', expected a count"),
        (FORUM_FILE, lambda text: re.sub(r"\nalbert,\d+", "\nalbert,inf", text), "is 'inf', expected a number"),
        (FORUM_FILE, lambda text: text.partition("\n")[0], "1 rows, expected a header and rows"),
        (FORUM_FILE, lambda text: text + '"', "not readable"),
        (CARDS_FILE, lambda text: text.replace("has_card", "cards"), "column 3 is 'cards', expected 'has_card'"),
        (CARDS_FILE, drop_line(5), "(41 rows), expected each from 2019-12 to 2023-05"),
        (CARDS_FILE, lambda text: text.replace("2020-03", "2018-03"), "(2018-03), expected each from 2019-12"),
        (CARDS_FILE, lambda text: text.replace(",32,42,", ",43,42,"), "row 2019-12 has 43 of 42 models with a card"),
        (CARDS_FILE, lambda text: text.replace(",32,42,", ",31,42,"), "row 2019-12 says card_ratio 0.7619047619"),
        (TOPICS_FILE, lambda text: text.replace(",TOTAL", ",All"), "expected date, categories, TOTAL"),
        (TOPICS_FILE, lambda text: text.replace("2020-09-27", "27.9.2020"), "there is a row '27.9.2020'"),
        (TOPICS_FILE, lambda text: text.replace("2020-09-27", "2020-08-01"), "days or totals go back"),
        (TOPICS_FILE, drop_line(1), "it spans 2020-09-27 to 2023-07-09"),
        (TOPICS_FILE, lambda text: text.replace("2020-08-14,94", "2020-08-14,294"), "row 2020-08-14 adds up to"),
        (RESTATEMENT_FILE, lambda text: text.replace("l_card", "cards"), "column 2 is 'cards', expected 'l_card'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(folder: Path, name: str, change: Callable[[str], str], said: str) -> None:
    edit(folder / name, change)
    with pytest.raises(UsageError) as caught:
        load_tables(folder)
    message = str(caught.value)
    assert str(folder / name) in message
    assert said in message
    assert message.endswith("get the file again (docs/replication.md)")


def test_a_row_that_the_study_speaks_of_must_be_there(folder: Path) -> None:
    edit(folder / FORUM_FILE, lambda text: text.replace("\nelectra,", "\nelektra,"))
    with pytest.raises(UsageError, match="no row electra, which the study speaks of"):
        load_tables(folder).forum.series("electra", FORUM)


def test_the_figures_kept_here_are_the_published_ones(real_data: Path) -> None:
    kept, real = load_tables(STUDY), load_tables(real_data / "paper")
    for one, other in ((kept.hub, real.hub), (kept.forum, real.forum)):
        assert {name: one.series(name, HUB).tolist() for name in one.names} == {
            name: other.series(name, HUB).tolist() for name in other.names
        }
    for left, right in ((kept.cards, real.cards), (kept.earlier, real.earlier), (kept.later, real.later)):
        assert left is not None and right is not None
        assert left.with_card.tolist() == right.with_card.tolist()
        assert left.models.tolist() == right.models.tolist()
    assert kept.topics is not None and real.topics is not None
    assert kept.topics[0] == real.topics[0]
    assert kept.topics[1].tolist() == real.topics[1].tolist()
