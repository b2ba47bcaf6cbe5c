"""The numbers behind each chart as CSV that is safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime
from numbers import Integral, Real
from typing import Any

import pandas as pd

from ptm_spark.report.text import is_missing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """``frame`` as RFC 4180 CSV in UTF-8, lines ended by CR LF, missing values empty.

    Text that a spreadsheet would take for a formula gets a single quote in front; numbers are left alone.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in frame.columns])
    writer.writerows([_cell(value) for value in row] for row in frame.itertuples(index=False, name=None))
    return out.getvalue().encode("utf-8", errors="replace")


def csv_files(frames: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    """File name below the report folder -> content, for frames by bare name."""
    return {f"csv/{name}.csv": csv_bytes(frame) for name, frame in frames.items()}


def _cell(value: Any) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value)).removesuffix(".0")
    if isinstance(value, date | datetime):
        return value.isoformat()
    text = str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text
