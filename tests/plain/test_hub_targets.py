"""Which models are asked about: those of the landed listing, drawn the same way each time."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from cards import land_cards_in, seen
from crawls import AT, hub_crawls, standin, world
from histories import land_crawl

from ptm_spark.crawl.hub import HubOptions, targets_of
from ptm_spark.crawl.hub_targets import is_askable, known_models, sample
from ptm_spark.folder import Folder
from ptm_spark.landing import Landing
from ptm_spark.standin.hub_history import commits_at


@pytest.mark.parametrize(
    ("model_id", "is_one"),
    [
        ("a/b", True), ("gpt2", True), ("a/مدل", True), ("a/🦙", True), ("a/b c", True),
        ("../../x", False), ("a/..", False), ("./a", False), ("a/b/c", False), ("a//b", False), ("/a", False),
        ("a/nul\0", False), ("a/line\nend", False), ("", False), ("a/" + "n" * 300, False), ("a/\x7f", False),
    ],
)  # fmt: skip
def test_only_ids_that_can_be_part_of_an_address_are_asked_for(model_id: str, is_one: bool) -> None:
    assert is_askable(model_id) == is_one


def test_a_sample_is_the_same_each_time_and_by_stratum(tmp_path: Path) -> None:
    with standin() as addresses:
        hub_crawls(tmp_path, addresses.hub)
    landing = Landing(Folder(tmp_path))
    models = list(known_models(landing, "hub"))
    drawn = sample(lambda: models, 70, 3)
    assert drawn == sample(lambda: reversed(models), 70, 3)
    assert len(drawn) == len({model.oid for model in drawn}) == 70
    assert {model.oid for model in drawn} != {model.oid for model in sample(lambda: models, 70, 4)}
    share = 70 / len(models)
    whole, part = Counter(model.stratum for model in models), Counter(model.stratum for model in drawn)
    assert all(abs(part[name] - share * count) < 1 for name, count in whole.items())
    assert len(sample(lambda: models, 10**6, 3)) == len(models)
    assert sample(lambda: (), 5, 0) == []
    targets = list(targets_of(landing, "model_info", HubOptions(sample=70, seed=3), at=AT, again=timedelta(days=30)))
    assert [target["oid"] for target in targets] == sorted(model.oid for model in drawn)


def test_a_later_listing_overrides_what_the_census_said(tmp_path: Path) -> None:
    with standin(at=AT - timedelta(days=90)) as addresses:
        hub_crawls(tmp_path, addresses.hub, observed_at=(AT - timedelta(days=90)).isoformat())
    with standin() as addresses:
        hub_crawls(tmp_path, addresses.hub, since="last", observed_at=AT.isoformat())
    heads = {model.oid: model.sha for model in known_models(Landing(Folder(tmp_path)), "hub")}
    # whoever came back from being private without a commit is seen by the next census only
    known = [model for model in world().visible(AT) if model.repo_oid in heads]
    assert len(known) > 0.9 * len(heads)
    assert all(heads[model.repo_oid] == commits_at(model, AT)[0].sha for model in known)


def test_a_card_that_a_listing_shows_no_more_is_asked_for_once(tmp_path: Path) -> None:
    """Of a model that never showed one, nothing is asked."""
    landing = Landing(Folder(tmp_path))
    never, lost = "645384a0" + "0" * 16, "645384a0" + "1" * 16

    def asked() -> list[str]:
        return [target["oid"] for target in targets_of(landing, "cards", HubOptions(), at=AT, again=timedelta(days=30))]

    def listing(day: int, sha: str, *files: str) -> None:
        shown = {never: [], lost: [{"rfilename": file} for file in files]}
        rows = [{"_id": oid, "id": f"o/{oid[-1]}", "sha": sha, "siblings": found} for oid, found in shown.items()]
        land_crawl(landing, rows, day=day)

    listing(0, "a" * 40, "README.md")
    assert asked() == [lost]
    land_cards_in(landing, seen("# A card", 0, repo_oid=lost, asked="a" * 40, blob="b" * 40), day=0)
    assert asked() == []
    listing(200, "c" * 40)
    assert asked() == [lost]
    land_cards_in(landing, seen(404, 200, repo_oid=lost, asked="c" * 40), day=200)
    assert asked() == []
