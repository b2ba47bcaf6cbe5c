"""What a report is written from, and the dimensions it looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

NONE = "none"
MULTIPLE = "multiple"
COUNTS = ("upload_count", "ever_count", "without_bulk_count", "download_total")
SHARES = ("upload_share", "owner_weighted_share", "without_bulk_share", "download_share", "coverage")


@dataclass(frozen=True)
class ReportFacts:
    """Everything the page tells, as plain frames and values.

    ``uploads`` maps the name of a gold table to its rows; ``verdicts`` and ``metrics`` are the rows of ops/dq_results
    and ops/dq_metrics of the run. ``run`` has run_id, published_at, as_of, engine, tool_version, rejects (a count),
    crawls (path, observed_at, scope, coverage, records, invalid), tables (path, version, rows) and held (crawl,
    reason); a missing key is shown as unknown.
    """

    uploads: Mapping[str, pd.DataFrame]
    verdicts: pd.DataFrame
    metrics: pd.DataFrame
    run: Mapping[str, Any]


@dataclass(frozen=True)
class Dimension:
    """A gold table of uploads and the words for what it counts by."""

    key: str
    table: str
    column: str
    one: str
    many: str
    heading: str


FAMILIES = Dimension(
    "families", "uploads_per_family_monthly", "family", "model family", "model families", "Model families"
)
TASKS = Dimension("tasks", "uploads_per_pipeline_tag_monthly", "pipeline_tag", "task", "tasks", "Tasks")
LIBRARIES = Dimension("libraries", "uploads_per_library_monthly", "library_name", "library", "libraries", "Libraries")
LICENCES = Dimension("licences", "uploads_per_licence_monthly", "licence", "licence", "licences", "Licences")
DIMENSIONS = (TASKS, LIBRARIES, LICENCES, FAMILIES)


def tidy_uploads(facts: ReportFacts, dimension: Dimension) -> pd.DataFrame:
    """Rows of one gold table with month as ``YYYY-MM`` or None, and the dimension's column named ``value``.

    Whatever the reader of the tables made of nulls (None, NaN, NaT, NA) leaves here as None, 0 or NaN, so that the
    shaping downstream knows one form only. A missing or empty table gives an empty frame with the same columns.
    """
    frame = facts.uploads.get(dimension.table, pd.DataFrame())
    frame = frame.reindex(columns=["month", dimension.column, "is_partial", *COUNTS, *SHARES])
    tidy = pd.DataFrame(
        {
            # str() of a date and of a timestamp begin alike
            "month": pd.Series([None if pd.isna(month) else str(month)[:7] for month in frame["month"]], dtype=object),
            "value": pd.Series(
                [NONE if pd.isna(value) else str(value) for value in frame[dimension.column]], dtype=object
            ),
            "is_partial": [not pd.isna(flag) and bool(flag) for flag in frame["is_partial"]],
        }
    )
    tidy["is_partial"] = tidy["is_partial"].astype(bool)
    for name in COUNTS:
        numbers = pd.to_numeric(frame[name], errors="coerce").astype("float64")
        tidy[name] = numbers.fillna(0).astype("int64").to_numpy()
    for name in SHARES:
        tidy[name] = pd.to_numeric(frame[name], errors="coerce").astype("float64").to_numpy()
    # sums of shares depend on the order of rows in their last digit, and a table has no order
    return tidy.sort_values(["month", "value"], kind="stable", ignore_index=True)
