"""Mentions of families by month: what counts as one, of which topics, and that counts and shares add up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from forum_months import AS_OF, FEBRUARY, JANUARY, MARCH, Row, by_family, mention, told, topic
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ptm_spark.store import Store
from ptm_spark.tables.gold_forum import MENTIONS_PER_FAMILY_MONTHLY

pytestmark = pytest.mark.spark

IN_CODE = {"mention_count": 0, "code_mention_count": 3, "post_count": 0, "first_post_number": None}


def test_families_by_month_without_a_gap(store: Store) -> None:
    """A topic counts once per family, in the month in which it was begun; one about nothing widens the whole."""
    topics = [
        topic(1, is_answered=True, has_accepted_answer=True),
        topic(2),
        topic(3, page_observed_at=None, is_answered=None, has_accepted_answer=None),
        topic(4),
        topic(5, created_at=AS_OF),
    ]
    mentions = [mention(1, mention_count=9), mention(1, "t5"), mention(2), mention(3), mention(5, "t5")]
    rows = by_family(store, topics, mentions)
    assert {row.pop("as_of").replace(tzinfo=UTC) for row in rows.values()} == {AS_OF}
    assert rows[(JANUARY, "bert")] == {
        "month": JANUARY, "family": "bert", "topic_count": 3, "topic_share": 0.75, "mention_share": 0.75,
        "ever_count": 3, "ambiguous_count": 0, "code_only_count": 0, "fetched_count": 2, "unanswered_count": 1,
        "unanswered_share": 0.5, "accepted_count": 1, "accepted_share": 0.5, "coverage": 0.75, "fetched_share": 0.75,
        "is_partial": False,
    }  # fmt: skip
    assert list(MENTIONS_PER_FAMILY_MONTHLY.names) == ["as_of", *rows[(JANUARY, "bert")]]
    names = ("topic_count", "topic_share", "mention_share", "unanswered_share", "coverage", "is_partial")
    assert told(rows, *names) == {
        (JANUARY, "bert"): (3, 0.75, 0.75, 0.5, 0.75, False),
        (JANUARY, "t5"): (1, 0.25, 0.25, 0.0, 0.75, False),
        (FEBRUARY, "bert"): (0, None, None, None, None, False),
        (FEBRUARY, "t5"): (0, None, None, None, None, False),
        (MARCH, "bert"): (0, 0.0, 0.0, None, 1.0, True),
        (MARCH, "t5"): (1, 1.0, 1.0, 1.0, 1.0, True),
    }


def test_what_counts_as_a_mention(store: Store) -> None:
    """Code alone does not; everyday words beside their context do, and are told apart."""
    topics = [topic(number) for number in range(1, 5)]
    mentions = [
        mention(1, is_ambiguous=True),
        mention(2, code_mention_count=2),
        mention(3, **IN_CODE),
        mention(4, **IN_CODE, is_ambiguous=True),
        mention(4, "t5", **IN_CODE),
    ]
    rows = by_family(store, topics, mentions)
    names = ("topic_count", "ever_count", "ambiguous_count", "code_only_count", "coverage")
    assert told(rows, *names, "unanswered_count")[(JANUARY, "bert")] == (2, 2, 1, 2, 0.5, 2)
    assert told(rows, *names)[(JANUARY, "t5")] == (0, 0, 0, 1, 0.5)


def test_which_topics_count(store: Store) -> None:
    """Those that are there and that lists show; a family that only others mention has its row all the same."""
    topics = [
        topic(1),
        topic(2, removal="deleted", removed_at=AS_OF),
        topic(3, is_visible=False),
        topic(4, archetype="private_message"),
        topic(5, first_observed_at=AS_OF + timedelta(days=1)),
        topic(6, created_at=None),
    ]
    mentions = [mention(number) for number in range(1, 8)] + [mention(2, "t5"), mention(4, "opt")]
    rows = told(by_family(store, topics, mentions), "topic_count", "ever_count", "mention_share", "topic_share")
    assert rows == {
        (None, "bert"): (1, 1, 1.0, 1.0),
        (JANUARY, "bert"): (1, 3, 1.0, 1.0),
        (JANUARY, "t5"): (0, 1, 0.0, 0.0),
        **{(month, family): (0, 0, None, None) for month in (FEBRUARY, MARCH) for family in ("bert", "t5")},
    }


def test_without_mentions_there_are_no_rows(store: Store) -> None:
    assert by_family(store, [topic(1)], []) == by_family(store, [], [mention(1)]) == {}


TOPICS = st.lists(
    st.tuples(
        st.sampled_from([None, 1, 1, 2, 3]),
        st.sampled_from([None, False, True]),
        st.sampled_from([None, False, True]),
        st.sampled_from([None, None, "deleted"]),
    ),
    max_size=5,
)
MENTIONS = st.dictionaries(
    st.tuples(st.integers(1, 6), st.sampled_from(["bert", "t5", "opt"])),
    st.tuples(st.sampled_from([(0, 1), (1, 0), (2, 2)]), st.booleans()),
    max_size=8,
)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
@hypothesis_settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TOPICS, MENTIONS)
def test_any_mentions_add_up(store: Store, begun: list[Any], named: dict[tuple[int, str], Any]) -> None:
    """Plain loops count the same, in any order of rows; shares are shares, and those among mentions add up to 1."""
    topics = {
        number: topic(
            number, created_at=month and datetime(2024, month, 31 if month % 2 else 29, 23, 59, tzinfo=UTC),
            is_answered=is_answered, page_observed_at=None if is_answered is None else AS_OF,
            has_accepted_answer=is_accepted, removal=removal, removed_at=AS_OF if removal else None,
        )
        for number, (month, is_answered, is_accepted, removal) in enumerate(begun, start=1)
    }  # fmt: skip
    mentions = [
        mention(number, family, mention_count=prose, code_mention_count=code, is_ambiguous=is_ambiguous)
        for (number, family), ((prose, code), is_ambiguous) in named.items()
    ]
    rows = by_family(store, topics.values(), mentions)
    assert by_family(store, list(topics.values())[::-1], mentions[::-1]) == rows
    families = {one["family"] for one in mentions if one["topic_id"] in topics}
    months = sorted(_month(one) for one in topics.values() if _month(one))
    grid = {date(2024, number, 1) for number in range(months[0].month, 4)} if months else set()
    undated = {(None, one["family"]) for one in mentions
               if one["topic_id"] in topics and not _month(topics[one["topic_id"]])}  # fmt: skip
    assert rows.keys() == {(month, family) for month in grid for family in families} | undated
    for (month, family), row in rows.items():
        of_month = {number: one for number, one in topics.items() if _month(one) == month}
        there = {number for number, one in of_month.items() if not one["removal"]}
        pairs = [one for one in mentions if one["topic_id"] in of_month]
        _check_row(row, [one for one in pairs if one["family"] == family], topics, there)
        told_of = {one["topic_id"] for one in pairs if one["mention_count"]} & there
        all_pairs = sum(one["mention_count"] > 0 for one in pairs if one["topic_id"] in there)
        assert row["coverage"] == (len(told_of) / len(there) if there else None)
        assert row["topic_share"] == (row["topic_count"] / len(there) if there else None)
        assert row["mention_share"] == (row["topic_count"] / all_pairs if all_pairs else None)
        assert all(value is None or 0 <= value <= 1 for name, value in row.items() if name.endswith("_share"))


def _check_row(row: Row, mentions: list[Row], topics: dict[int, Row], there: set[int]) -> None:
    """The row is what plain loops count of the month's mentions of its family; ids of the topics that are there."""
    named = [topics[one["topic_id"]] for one in mentions if one["mention_count"] and one["topic_id"] in there]
    known = [one["is_answered"] for one in named if one["is_answered"] is not None]
    marked = [one["has_accepted_answer"] for one in named if one["has_accepted_answer"] is not None]
    truth = {
        "topic_count": len(named),
        "ever_count": sum(one["mention_count"] > 0 for one in mentions),
        "ambiguous_count": sum(one["is_ambiguous"] and one["mention_count"] > 0 and one["topic_id"] in there
                               for one in mentions),
        "code_only_count": sum(one["mention_count"] == 0 and one["topic_id"] in there for one in mentions),
        "fetched_count": len(known),
        "unanswered_count": known.count(False),
        "unanswered_share": known.count(False) / len(known) if known else None,
        "accepted_count": marked.count(True),
        "accepted_share": marked.count(True) / len(marked) if marked else None,
    }  # fmt: skip
    assert {name: row[name] for name in truth} == truth


def _month(one: Row) -> date | None:
    return one["created_at"] and one["created_at"].date().replace(day=1)
