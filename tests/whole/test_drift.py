"""The Hub changes what it sends: the run goes on, nothing is lost, and the change can be read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import ptm_spark, published
from dumps import as_lines, hub_rows, write
from rows import listing_record

pytestmark = pytest.mark.whole


def test_fault_20_a_new_field_and_a_changed_type_are_reported_as_drift(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    rows = [
        listing_record(_id=f"{number:024x}", id=f"o/m{number}", library_name=["a", "b"], shelf={"depth": 3})
        for number in range(3)
    ]
    for number, content in enumerate((hub_rows(5), rows)):
        dump = write(tmp_path / f"{number}.jsonl", as_lines(content))
        moment = datetime(2024, 7, 11 + number, tzinfo=UTC).isoformat()
        ptm_spark("import-dump", "hub/models", dump, "--observed-at", moment, "--lake", lake)
    ptm_spark("run", "--lake", lake)
    metrics = {row["metric"]: row["value"] for row in published(lake, "ops/dq_metrics").to_pylist()}
    assert (metrics["drift:unknown_field:shelf"], metrics["drift:library_name:type"]) == (1, 3)
    models = {row["model_id"]: row for row in published(lake, "silver/models").to_pylist()}
    assert len(models) == 8
    assert (models["o/m0"]["library_name"], models["o/m0"]["flaws"]) == (None, ["library_name:type"])
    assert models["o/m0"]["pipeline_tag"] == "text-generation"
