"""Every published figure is found again from the study's tables, or said to be out of reach; none is found by grace."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.replication.claim import Claim, Figure, Published, judge, published_claims
from ptm_spark.replication.claims import claims, measure
from ptm_spark.replication.listing import WINDOW
from ptm_spark.replication.sample import sample_size
from ptm_spark.replication.tables import RESTATEMENT_FILE, TOPICS_FILE, StudyTables, load_tables
from ptm_spark.replication.text import as_text, count_statuses
from ptm_spark.tables.replication import REPLICATION

STUDY = Path(__file__).resolve().parents[1] / "data/study"
PAGE = Path(__file__).resolve().parents[2] / "docs/replication.md"
#: published, but what they were counted from is in no table
CONSTANTS = {
    *("tables.models", "tables.typed_models"),
    *("forum.topics", "forum.posts", "forum.posts_per_topic", "forum.unanswered", "forum.accepted"),
    *("liang.models", "liang.with_card", "liang.ratio", "liang.downloads_with_card", "liang.top_100"),
    *("liang.top_1000", "liang.no_downloads", "liang.owners"),
}
#: what a lake with the listing of July 2024 serves
OF_LISTING = {
    *("listing.share.lowest", "listing.share.mid_2022_lowest", "listing.share.mid_2022_highest"),
    *("listing.share.2023-05", "listing.months_within"),
}
#: models of that listing by month of creation
LISTED = dict(
    zip(
        WINDOW,
        (5619, 7159, 6865, 6123, 5639, 6291, 7972, 9802, 13626, 15121, 16615, 22522, 23176, 24142),
        strict=True,
    )
)
REPRODUCED = [said.claim for said in published_claims() if said.claim not in CONSTANTS | OF_LISTING]


@pytest.fixture(scope="module")
def study() -> StudyTables:
    return load_tables(STUDY)


@pytest.fixture(scope="module")
def found(study: StudyTables) -> Mapping[str, Claim]:
    """Rows by claim."""
    return {claim.claim: claim for claim in claims(study)}


@pytest.mark.parametrize("claim", REPRODUCED)
def test_a_published_figure_is_found_again(found: Mapping[str, Claim], claim: str) -> None:
    row = found[claim]
    assert row.status == "reproduced", row
    assert abs(row.ours - row.published) <= row.tolerance + 1e-9
    assert row.ours_text == row.published_text
    assert row.recipe


def test_what_was_counted_from_data_out_of_reach_is_a_constant(found: Mapping[str, Claim]) -> None:
    constants = {name: row for name, row in found.items() if row.status == "constant"}
    assert constants.keys() == CONSTANTS | OF_LISTING
    assert {(row.ours, row.tolerance, row.n) for row in constants.values()} == {(None, None, None)}
    assert all(row.why for row in constants.values())


def test_every_figure_has_its_claim_and_every_claim_its_figure_or_its_lack(study: StudyTables) -> None:
    figures = measure(study, LISTED, "2024-07-11T12:00:00Z")
    said = {claim.claim: claim for claim in published_claims()}
    assert len(said) == len(published_claims())
    assert figures.keys() == said.keys() - CONSTANTS
    assert all(said[name].lacks for name in CONSTANTS)


def test_only_figures_off_charts_and_of_resampling_are_given_more_than_their_last_digit() -> None:
    computed = [said for said in published_claims() if said.claim not in CONSTANTS]
    assert {said.tolerance for said in computed if said.unit == "count"} == {0.0}
    wide = {said.claim: said.tolerance for said in computed if said.unit == "rho" and (said.tolerance or 0) > 0.005}
    assert set(wide.values()) == {0.015}
    assert {name.split(".")[1] + "." + name.split(".")[-1] for name in wide} == {
        "monthly.shares",
        "changes.bart",
        "changes.gpt2",
    }
    p_values = {said.claim: said.tolerance for said in computed if said.unit == "p"}
    assert [name for name, tolerance in p_values.items() if (tolerance or 0) > 0.005] == [
        "documentation.step.bootstrap_p"
    ]


def p_told(text: str | None) -> float:
    match = re.search(r"p under AR\(1\) (\d\.\d\d)", text or "")
    assert match is not None
    return float(match[1])


def test_berts_inversion_goes_with_the_growth_of_the_hub(found: Mapping[str, Claim]) -> None:
    counts, shares = found["agreement.monthly.bert.counts"], found["agreement.monthly.bert.shares"]
    assert (counts.published, round(counts.ours, 3)) == (-0.5, -0.496)
    assert counts.corrected == shares.ours == pytest.approx(-0.1037, abs=5e-5)
    assert shares.corrected == pytest.approx(-0.114, abs=5e-4)
    assert 0.4 < p_told(shares.corrected_by) < 0.8
    assert "no evidence of coupling" in counts.why
    assert found["agreement.monthly.bert.counts_p"].corrected > 0.4


def test_no_name_is_left_on_first_differences(found: Mapping[str, Claim]) -> None:
    signs = [row for name, row in found.items() if name.endswith((".negative", ".positive"))]
    assert len(signs) == 10
    assert {row.corrected for row in signs} == {0}
    assert "7 are negative and 14 positive" in found["agreement.signs.names_without_partial"].why


def test_the_jump_of_december_2022_is_exact_and_no_evidence(found: Mapping[str, Claim]) -> None:
    jump = found["documentation.step.jump"]
    assert jump.ours == pytest.approx(12.944, abs=5e-4)
    assert jump.corrected == pytest.approx(1.108, abs=5e-4)
    assert 0.2 <= p_told(jump.corrected_by) <= 0.3
    assert jump.corrected_by is not None and jump.corrected_by.endswith("rank 7 of 20 months")
    assert "6 of 19 placebo months are naively significant" in jump.why
    assert jump.why.endswith("6 months after: underpowered")


def test_a_ratio_read_once_stands_beside_its_restatement(found: Mapping[str, Claim]) -> None:
    whole, year = found["documentation.ratio.all"], found["documentation.ratio.2021"]
    assert whole.corrected is None
    assert "42.7 % (2022-10-01) to 50.5 % (mid-2023)" in whole.corrected_by
    assert (round(year.ours, 2), round(year.corrected, 2)) == (46.64, 40.79)


def test_six_months_get_their_exact_p_and_long_windows_that_under_persistence(found: Mapping[str, Claim]) -> None:
    assert found["documentation.trend.from_2022-12.p"].corrected == pytest.approx(1 / 60)
    for window in ("all.p", "from_2021.p", "all.hamed_rao_p"):
        assert 0.55 < found[f"documentation.trend.{window}"].corrected < 0.80


def test_shares_of_typed_models_stand_beside_those_of_all(found: Mapping[str, Claim]) -> None:
    bert = found["popularity.top_share.hub.1"]
    assert (round(bert.ours, 1), round(bert.corrected, 1)) == (23.0, 10.4)


def test_without_the_optional_files_what_they_serve_is_constant(study: StudyTables) -> None:
    bare = claims(replace(study, topics=None, earlier=None, later=None))
    lacking = [row for row in bare if row.status == "constant" and row.why and row.why.endswith(".csv")]
    assert {row.why for row in lacking} == {f"needs {TOPICS_FILE}", f"needs {RESTATEMENT_FILE}"}
    assert count_statuses(bare) == {"reproduced": 227 - len(lacking), "constant": 20 + len(lacking), "disagrees": 0}
    assert {row.subject for row in lacking} == {"agreement", "restatement"}


def test_a_changed_count_disagrees(study: StudyTables) -> None:
    counts = study.forum.counts.copy()
    counts[study.forum.names.index("bert"), 16] += 1
    rows = {row.claim: row for row in claims(replace(study, forum=replace(study.forum, counts=counts)))}
    wrong = {name for name, row in rows.items() if row.status == "disagrees"}
    assert {"popularity.total.forum.bert", "popularity.peak.forum.bert", "tables.mentions"} <= wrong
    assert rows["popularity.total.forum.bert"].ours == 1_882
    assert not any(name.startswith(("documentation", "restatement", "liang")) for name in wrong)


def test_another_month_of_the_same_peak_disagrees(study: StudyTables) -> None:
    counts = study.forum.counts.copy()
    bert = study.forum.names.index("bert")
    counts[bert, [15, 16]] = counts[bert, [16, 15]]
    rows = {row.claim: row for row in claims(replace(study, forum=replace(study.forum, counts=counts)))}
    peak = rows["popularity.peak.forum.bert"]
    assert (peak.published, peak.ours, peak.published_text, peak.ours_text) == (98, 98, "2021-11", "2021-10")
    assert peak.status == "disagrees"


def test_a_series_that_says_nothing_disagrees_without_a_figure(study: StudyTables) -> None:
    counts = study.forum.counts.copy()
    counts[study.forum.names.index("albert")] = 0
    rows = {row.claim: row for row in claims(replace(study, forum=replace(study.forum, counts=counts)))}
    assert (rows["agreement.monthly.albert.counts"].ours, rows["agreement.monthly.albert.counts"].status) == (
        None,
        "disagrees",
    )


def test_the_listing_of_july_2024_serves_its_claims(study: StudyTables) -> None:
    rows = {row.claim: row for row in claims(study, LISTED, "2024-07-11T12:00:00Z")}
    assert {rows[name].status for name in OF_LISTING} == {"reproduced"}
    assert rows["listing.share.lowest"].ours_text == "2023-01"
    assert rows["listing.share.2023-05"].ours == pytest.approx(24_142 / 26_095)


@pytest.mark.parametrize(
    ("uploads", "as_of"),
    [
        pytest.param(LISTED, "2025-01-31T12:00:00Z", id="another listing"),
        pytest.param({"2023-05": 40}, "2024-07-11T12:00:00Z", id="an invented Hub"),
        pytest.param(None, "", id="none"),
    ],
)
def test_other_listings_are_not_held_against_the_study(
    study: StudyTables, uploads: dict[str, int] | None, as_of: str
) -> None:
    rows = {row.claim: row for row in claims(study, uploads, as_of)}
    assert {rows[name].status for name in OF_LISTING} == {"constant"}


def test_the_same_tables_give_the_same_rows(study: StudyTables, found: Mapping[str, Claim]) -> None:
    order = np.random.default_rng(1).permutation(len(study.hub.names))
    shuffled = replace(study.hub, names=tuple(study.hub.names[at] for at in order), counts=study.hub.counts[order])
    again = {row.claim: row for row in claims(replace(study, hub=shuffled))}
    assert again == found


def test_rows_are_those_of_the_contract(found: Mapping[str, Claim]) -> None:
    row = found["tables.hub_types"]
    assert tuple(vars(row)) == REPLICATION.names
    kinds = {"STRING": str, "DOUBLE": float, "BIGINT": int}
    for field in REPLICATION.fields:
        assert {type(getattr(row, field.name)) for row in found.values()} <= {kinds[field.type], type(None)}
    assert all(getattr(row, name) is not None for row in found.values() for name in REPLICATION.required)


def test_the_text_has_a_line_a_claim_and_counts_the_statuses(study: StudyTables) -> None:
    rows = claims(study)
    lines = as_text([*rows[:-1], replace(rows[-1], status="disagrees")]).splitlines()
    assert lines[-1].startswith("247 claims: 227 reproduced, 1 disagree, 19 constant")
    named = {line.split(" ")[0] for line in lines if "." in line.split(" ")[0]}
    assert named == {row.claim for row in rows}
    assert "DISAGREES" in next(line for line in lines if line.startswith(rows[-1].claim))


def test_the_page_speaks_of_all_claims(found: Mapping[str, Claim]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    subjects = re.findall(r"^\| [^|]+ \| (\d+) \|", page, re.MULTILINE)
    assert sum(map(int, subjects)) == len(found)
    statuses = count_statuses(list(found.values()))
    assert f"{len(found)} claims: {statuses['reproduced']} reproduced, {statuses['constant']} constant, none" in page
    assert f"{statuses['reproduced'] + len(OF_LISTING)} and {statuses['constant'] - len(OF_LISTING)}." in page


SAID = Published("tables.x", "method", "x", "count", 10.0, None, 0.5, "rule", None, "somebody")


@given(st.floats(-1e6, 1e6))
def test_reproduced_means_within_the_tolerance(ours: float) -> None:
    status = judge(SAID, {"tables.x": Figure(ours, 1)}).status
    assert status == ("reproduced" if abs(ours - 10) <= 0.5 + 1e-9 else "disagrees")


def test_a_figure_that_is_missing_for_no_reason_disagrees() -> None:
    assert judge(SAID, {}).status == "disagrees"
    assert judge(replace(SAID, lacks="needs posts"), {}).status == "constant"


@given(st.integers(1, 10**7))
def test_a_sample_is_part_of_its_population_and_never_more_than_385(population: int) -> None:
    assert 1 <= sample_size(population) <= min(population, 385)
