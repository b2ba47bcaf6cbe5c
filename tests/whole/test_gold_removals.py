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
