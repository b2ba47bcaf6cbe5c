"""The whole path over a crawled world with all its cards: what gold says is what the world knows to be true."""

from collections import defaultdict
from datetime import UTC, date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gold_lake import FLOOR, LAST, MODELS, Row, families, gold_lake, rows_of, same, topics_of, truth
from scipy.stats import spearmanr
from world_cards import card_cohorts, months_without_gap
from world_forum import NAMES, counted_posts, health_of, mentions_of, month_of

from ptm_spark.standin.world import CENSUS_DATES, make_world

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module", params=["embedded", "spark"])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gold_lake(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def topics(lake: Path) -> Any:
    return topics_of(lake)


# ---- families


def test_every_model_has_the_family_of_its_config(lake: Path) -> None:
    rows = rows_of(lake, "silver/model_families", "repo_oid")
    assert rows.keys() == truth().models.keys()
    assert {oid: row["family"] for oid, row in rows.items()} == {oid: families()[oid] for oid in rows}
    assert {row["method"] for row in rows.values() if row["family"]} == {"config"}
    assert {row["method"] for row in rows.values() if not row["family"]} == {None}


def test_monthly_uploads_of_families_are_the_worlds(lake: Path) -> None:
    rows = rows_of(lake, "gold/uploads_per_family_monthly", "month", "family")
    expected = truth().uploads_monthly(families())
    assert {key for key, row in rows.items() if row["ever_count"]} == expected.keys()
    months = months_without_gap({month for month, _ in expected if month}, LAST)
    assert rows.keys() == {(month, family) for month in months for _, family in expected} | {
        key for key in expected if key[0] is None
    }
    for key, uploads in expected.items():
        assert same(rows[key], vars(uploads)), key


# ---- the forum


def test_topics_name_the_families_that_their_texts_name(lake: Path, topics: Any) -> None:
    rows = rows_of(lake, "silver/topic_mentions", "topic_id", "family")
    expected = {(one.topic.topic_id, family): said for one in topics for family, said in one.said.items()}
    assert rows.keys() == expected.keys()
    for key, said in expected.items():
        kind = "said" if said.counts["said"] else "code" if said.counts["code"] else "quote"
        counts = dict(zip(("mention_count", "code_mention_count", "quote_mention_count"),
                          (said.counts[name] for name in ("said", "code", "quote")), strict=True))  # fmt: skip
        assert same(rows[key], counts), key
        if kind == "said":
            assert rows[key]["is_ambiguous"] == (not said.clear["said"]), key
    for family in NAMES:  # the world speaks of all of them
        assert any(name == family for _, name in rows)


def test_monthly_mentions_are_the_worlds(lake: Path, topics: Any) -> None:
    rows = rows_of(lake, "gold/mentions_per_family_monthly", "month", "family")
    months = months_without_gap([one.month for one in topics], LAST)
    assert rows.keys() == {(month, family) for month in months for family in NAMES}
    for (month, family), row in rows.items():
        assert same(row, mentions_of(topics, month, family)), (month, family)
        assert row["is_partial"] == (month == LAST)


def test_the_forums_health_is_the_worlds(lake: Path, topics: Any) -> None:
    rows = rows_of(lake, "gold/forum_health_monthly", "month")
    assert [*rows.keys()] and sorted(rows) == months_without_gap([one.month for one in topics], LAST)
    for month, row in rows.items():
        assert same(row, health_of(topics, month)), month


def test_monthly_topics_of_categories_are_the_worlds(lake: Path, topics: Any) -> None:
    rows = rows_of(lake, "gold/topics_per_category_monthly", "month", "category_id")
    months = months_without_gap([one.month for one in topics], LAST)
    assert rows.keys() == {(month, one.category_id) for month in months for one in topics}
    counts: dict[Any, Row] = defaultdict(lambda: dict.fromkeys(("topic_count", "ever_count", "post_count"), 0))
    for one in topics:
        counts[one.month, one.category_id]["topic_count"] += one.counted
        counts[one.month, one.category_id]["ever_count"] += 1
        for post in counted_posts(one) if one.counted else ():
            counts[month_of(post.created_at), one.category_id]["post_count"] += 1
    for key, row in rows.items():
        assert same(row, counts[key]), key


# ---- cards


def test_cards_of_cohorts_are_the_worlds_at_every_moment(lake: Path) -> None:
    """As seen at each of three moments, and what changed between them."""
    rows = rows_of(lake, "gold/cards_per_cohort_monthly", "as_of", "month")
    moments = sorted({as_of for as_of, _ in rows})
    assert [at.astimezone(UTC).date() for at in moments] == [at.date() for at in CENSUS_DATES]
    expected = card_cohorts(make_world(models=MODELS), truth(), CENSUS_DATES)
    for (as_of, month), row in rows.items():
        number = moments.index(as_of)
        if row["model_count"] or (number, month) in expected:
            assert same(row, expected.pop((number, month))), (as_of, month)
        assert row["split_status"] == "first" if not number else row["before_as_of"] == moments[number - 1]
    # cohorts of which nothing was there yet have no row
    assert {one["model_count"] for one in expected.values()} <= {0}
    for before, at in pairwise(moments):
        for month in {month for as_of, month in rows if as_of == before}:
            then, now = rows[before, month], rows[at, month]
            gained = now["backfilled_count"] + now["new_card_count"] + now["newly_known_card_count"]
            gone = now["lost_count"] + now["deleted_card_count"] + now["no_longer_known_card_count"]
            assert now["card_count"] == then["card_count"] + gained - gone, (at, month)


# ---- agreement


def monthly(topics: Any) -> tuple[list[date], dict[str, list[int]], dict[str, list[int]], list[int]]:
    """Months that are whole on both sides; mentions and uploads of known families in them; all topics."""
    uploads = truth().uploads_monthly(families())
    months = [month for month in months_without_gap([FLOOR], LAST) if FLOOR < month < LAST]
    names = sorted({family for _, family in uploads if family != "none"} | {*NAMES})
    return (
        months,
        {name: [mentions_of(topics, month, name)["topic_count"] for month in months] for name in names},
        {name: [uploads[month, name].upload_count if (month, name) in uploads else 0 for month in months]
         for name in names},
        [sum(one.month == month and one.counted for one in topics) for month in months],
    )  # fmt: skip


def test_agreement_is_that_of_the_worlds_monthly_counts(lake: Path, topics: Any) -> None:
    """Spearman's rho of totals and of each family's counts, shares and their differences, by scipy."""
    rows = rows_of(lake, "gold/forum_hub_agreement", "family", "basis", "lag")
    months, mentions, uploads, all_topics = monthly(topics)
    totals = {name: (sum(mentions[name]), sum(uploads[name])) for name in mentions}
    for basis, needed in (("totals_common", all), ("totals_union", any)):
        pairs = np.array([pair for pair in totals.values() if needed(pair)])
        row = rows["all", basis, 0]
        assert (row["n"], row["rho"]) == (len(pairs), pytest.approx(spearmanr(*pairs.T).statistic))
        assert row["p_naive"] == pytest.approx(spearmanr(*pairs.T).pvalue)
    assert {(row["first_month"], row["last_month"]) for row in rows.values()} == {(months[0], months[-1])}
    known = np.sum([*uploads.values()], axis=0)
    tested = 0
    for name, total in totals.items():
        mention_share, upload_share = np.array(mentions[name]) / all_topics, np.array(uploads[name]) / known
        for basis, x, y in (
            ("counts", np.array(mentions[name]), np.array(uploads[name])),
            ("shares", mention_share, upload_share),
            ("differences", np.diff(mention_share), np.diff(upload_share)),
        ):
            row = rows[name, basis, 0]
            assert (row["mention_total"], row["upload_total"], row["n"]) == (*total, len(x)), (name, basis)
            if min(total) < 20:
                assert (row["status"], row["rho"]) == ("too_few", None)
            else:
                tested += 1
                assert row["rho"] == pytest.approx(spearmanr(x, y).statistic), (name, basis)
    assert tested >= 15


def test_pain_is_that_of_the_worlds_monthly_counts(lake: Path, topics: Any) -> None:
    rows = rows_of(lake, "gold/pain_per_family", "family")
    _, mentions, uploads, all_topics = monthly(topics)
    asked, made = (sum(map(sum, one.values())) for one in (mentions, uploads))
    assert rows.keys() == mentions.keys()
    for name, row in rows.items():
        topic_count, upload_count = sum(mentions[name]), sum(uploads[name])
        expected = {
            "topic_count": topic_count,
            "topic_share": topic_count / sum(all_topics),
            "upload_count": upload_count,
            "pain_index": (topic_count / asked) / (upload_count / made),
        }
        assert same(row, expected), name
