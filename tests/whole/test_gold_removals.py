"""What makes gold speak anew without a listing: details that find a model gone, and other settings."""

from pathlib import Path

import pytest
from commands import ptm_spark, published
from histories import land_crawl

from ptm_spark.folder import Folder
from ptm_spark.landing import Landing

pytestmark = pytest.mark.whole


def test_a_model_that_details_find_gone_is_gone_from_trends(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    landing = Landing(Folder(lake))
    oids = [f"645384a0{number:016x}" for number in range(20)]
    listing = [
        {"_id": oid, "id": f"o/m{number}", "createdAt": "2023-05-04T10:11:12.000Z", "tags": ["bert"], "downloads": 5}
        for number, oid in enumerate(oids)
    ]
    land_crawl(landing, listing, day=0)
    ptm_spark("run", "--lake", lake)
    land_crawl(landing, [(404, oids[3], "o/m3")], day=1, entity="model_info", coverage="partial")
    ptm_spark("run", "--lake", lake)
    uploads = published(lake, "gold/uploads_per_family_monthly").to_pandas()
    assert (uploads["upload_count"].sum(), uploads["ever_count"].sum()) == (19, 20)
    assert str(uploads["as_of"].max())[:10] == "2024-01-02"


def test_other_settings_alone_build_gold_again(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    models = [{"id": f"o/m{number}", "_id": f"645384a0{number:016x}", "tags": ["bert"]} for number in range(4)]
    land_crawl(Landing(Folder(lake)), models, day=0)
    ptm_spark("run", "--lake", lake)
    strict = ("run", "--lake", lake, "--set", "gold.bulk_total_uploads=4")
    first = ptm_spark(*strict)
    assert "gold is built again for its settings have changed" in first.stderr
    uploads = published(lake, "gold/uploads_per_family_monthly").to_pandas()
    assert (uploads["upload_count"].sum(), uploads["without_bulk_count"].sum()) == (4, 0)
    assert "the tables stay as they are" in ptm_spark(*strict).stderr
    sql = "SELECT sum(without_bulk_count) AS n FROM uploads_per_family_monthly"
    for words in (
        (),
        ("--as-of", "2024-01-01"),
    ):  # both as readers' gold was built, whatever this command's settings are
        assert ptm_spark("query", sql, "--lake", lake, "--csv", *words).stdout.split() == ["n", "0"]


def test_questions_change_nothing_and_mistakes_in_them_are_named(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land_crawl(Landing(Folder(lake)), [{"id": "o/m", "_id": f"645384a0{1:016x}", "tags": ["x"]}], day=0)
    ptm_spark("run", "--lake", lake)
    logs = {path: path.stat().st_size for path in lake.rglob("*.json")}
    for sql, said in {
        f"DELETE FROM delta.`{lake}/silver/models`": "expected a SELECT",
        "CREATE TABLE mine AS SELECT * FROM models": "expected a SELECT",
        "SELECT model FROM models": "no column model, did you mean model_id?",
        "SELECT * FROM modles": "no table modles, did you mean models?",
    }.items():
        assert said in ptm_spark("query", sql, "--lake", lake, expect=2).stderr
    asked = ptm_spark("query", "SELECT model_id, tags FROM models;", "--lake", lake, "--csv").stdout
    assert asked == 'model_id,tags\no/m,"[""x""]"\n'
    assert {path: path.stat().st_size for path in lake.rglob("*.json")} == logs
    assert not Path("spark-warehouse/mine").exists()
    assert "no lake at" in ptm_spark("tables", "--lake", tmp_path / "nowhere", expect=2).stderr
