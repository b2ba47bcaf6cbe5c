"""Cards of a lake with more card crawls than gold shows moments."""

from datetime import timedelta
from pathlib import Path

import pytest
from cards import START, land_cards_in, seen
from commands import ptm_spark, published
from histories import land_crawl

from ptm_spark.folder import Folder
from ptm_spark.gold.moments import MOST_CARD_MOMENTS
from ptm_spark.landing import Landing

pytestmark = pytest.mark.whole
MODELS, CRAWLS = 20, MOST_CARD_MOMENTS + 2


def test_the_newest_moments_are_shown_and_all_crawls_count(tmp_path: Path) -> None:
    """Each crawl finds the card of one further model; the first of them is of the oldest crawl, which is not shown."""
    lake = tmp_path / "lake"
    landing = Landing(Folder(lake))
    models = [
        {"_id": f"645384a0{number:016x}", "id": f"o/m{number}", "createdAt": "2024-06-20T10:11:12.000Z"}
        for number in range(MODELS)
    ]
    land_crawl(landing, models, day=181)  # the day before the first card crawl
    for day in range(CRAWLS):
        card = seen("---\nlicense: mit\n---\n# A card\n", day, model=f"o/m{day}")
        land_cards_in(landing, card, day=day, coverage="incremental")
    ptm_spark("run", "--lake", lake)
    rows = published(lake, "gold/cards_per_cohort_monthly").to_pylist()
    of_month = sorted((row for row in rows if str(row["month"]) == "2024-06-01"), key=lambda row: row["as_of"])
    assert [row["as_of"] for row in of_month] == [
        START + timedelta(days=day) for day in range(CRAWLS - MOST_CARD_MOMENTS, CRAWLS)
    ]
    assert [(row["card_count"], row["model_count"], row["coverage"]) for row in of_month] == [
        (day + 1, MODELS, 1.0) for day in range(CRAWLS - MOST_CARD_MOMENTS, CRAWLS)
    ]
    assert [row["backfilled_count"] for row in of_month] == [None] + [1] * (MOST_CARD_MOMENTS - 1)
    (survival,) = (row for row in published(lake, "gold/card_survival_monthly").to_pylist() if row["model_count"])
    # the last one is of a day that is not over
    told = [survival[name] for name in ("model_count", "followed_count", "first_card_count")]
    assert told == [MODELS, MODELS, CRAWLS - 1]
