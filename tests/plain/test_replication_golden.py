"""What is called published here is what an earlier, separate reading of the study's tables has put down."""

import json
from pathlib import Path

import pytest

from ptm_spark.replication.claim import published_claims


def test_the_figures_of_the_earlier_reading_are_the_published_ones(real_data: Path) -> None:
    golden = json.loads((real_data / "paper/derived_golden_numbers.json").read_text(encoding="utf-8"))
    said = {claim.claim: claim.published for claim in published_claims()}
    counts = {
        "topics": "forum.topics",
        "posts": "forum.posts",
        "hub_models_rows": "tables.models",
        "valid_model_type_lastmod": "tables.typed_models",
        "valid_model_type_created_sum_rows": "tables.typed_uploads",
        "distinct_hub_types": "tables.hub_types",
        "forum_types": "tables.forum_names",
        "forum_types_in_hub": "tables.common_names",
        "union_types": "tables.all_names",
        "forum_mentions_2020_07_2023_06": "tables.mentions",
        "forum_mentions_2020_07_2023_05": "tables.mentions_without_partial",
        "card_rows_models": "tables.card_models",
        "card_rows_has_card": "tables.card_with_card",
    }
    assert {counts[name]: value for name, value in golden["counts"].items()} == {
        name: said[name] for name in counts.values()
    }
    for side in ("hub", "forum"):
        assert {name: said[f"popularity.total.{side}.{name}"] for name in golden[f"{side}_top"]} == golden[
            f"{side}_top"
        ]
        assert said[f"popularity.top_share.{side}.5"] == pytest.approx(100 * golden[f"{side}_top5_share"])
    for key, kind in (("spearman_monthly_raw_36m", "counts"), ("spearman_monthly_share_34m", "shares")):
        assert {name: said[f"agreement.monthly.{name}.{kind}"] for name in golden[key]} == golden[key]
    assert said["agreement.totals.common"] == golden["spearman_totals_145_common"]
    assert said["agreement.totals.all"] == golden["spearman_totals_173_union"]
    assert said["documentation.ratio.all"] == pytest.approx(100 * golden["card_ratio_overall"])
    years = {"2019(Dec)": "2019-12", "2020": "2020", "2021": "2021", "2022": "2022", "2023(Jan-May)": "2023"}
    for year, ratio in golden["card_ratio_year"].items():
        assert said[f"documentation.ratio.{years[year]}"] == pytest.approx(100 * ratio)
    test = golden["card_ratio_mk_42m"]
    assert [said[f"documentation.trend.all.{name}"] for name in ("tau", "p")] == [test["tau"], test["p"]]
    assert said["documentation.trend.all.slope"] == pytest.approx(100 * test["sen_per_month"])
    liang = {
        "models": "models",
        "has_card": "with_card",
        "ratio": "ratio",
        "download_share_with_card": "downloads_with_card",
        "top1000": "top_1000",
        "top100": "top_100",
        "zero_downloads_share": "no_downloads",
        "distinct_authors": "owners",
    }
    for name, value in golden["liang"].items():
        assert said[f"liang.{liang[name]}"] == pytest.approx(100 * value if value < 1 else value)
