"""The Hub's listing of July 2024 beside the study's monthly counts, where the lake has that listing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ptm_spark.replication.claim import Correction, Figure, Figures
from ptm_spark.replication.months import months
from ptm_spark.replication.tables import StudyTables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: after the floor of creation times, to the last month whose cards were counted
WINDOW = months("2022-04", "2023-05")
_MIDDLE = months("2022-05", "2022-07")
#: month of the listing that the published shares were measured on
_OBSERVED = "2024-07"
#: below this mean share a listing is of something else, such as an invented Hub
_LEAST = 0.5
_BOUNDS = (0.85, 1.0)
_DELETED = Correction(
    "needs the models deleted since", "models deleted or hidden between the two readings are not listed"
)


def listing_figures(tables: StudyTables, uploads: Mapping[str, int] | None, as_of: str) -> Figures:
    """How much of what the study counted a later listing still has, by month of creation.

    ``uploads`` are living models by month of creation as published in the lake, None where nothing is; ``as_of`` is
    their moment. Of another listing than the one that the shares were published of there are no figures.
    """
    if uploads is None or not as_of.startswith(_OBSERVED):
        return {}
    study = dict(zip(tables.cards.months, tables.cards.models.tolist(), strict=True))
    shares = {month: uploads.get(month, 0) / study[month] for month in WINDOW}
    if sum(shares.values()) < _LEAST * len(shares):
        return {}
    lowest = min(shares, key=lambda month: shares[month])
    middle = [shares[month] for month in _MIDDLE]
    inside = sum(_BOUNDS[0] <= share <= _BOUNDS[1] for share in shares.values())
    return {
        "listing.share.lowest": Figure(shares[lowest], study[lowest], lowest, _DELETED),
        "listing.share.mid_2022_lowest": Figure(min(middle), len(middle), None, _DELETED),
        "listing.share.mid_2022_highest": Figure(max(middle), len(middle), None, _DELETED),
        "listing.share.2023-05": Figure(shares["2023-05"], study["2023-05"], None, _DELETED),
        "listing.months_within": Figure(inside, len(WINDOW)),
    }


def count_by_month(uploads: "DataFrame") -> dict[str, int]:
    """Models by month of creation from a published table of uploads; those of unknown month are left out."""
    counted = uploads.where("month IS NOT NULL").groupBy("month").agg({"upload_count": "sum"}).collect()
    return {str(month)[:7]: int(count) for month, count in counted}
