"""The page and its CSV files from a run's facts; writing them to disk is the caller's."""

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ptm_spark.report import text
from ptm_spark.report.csv_files import csv_files
from ptm_spark.report.facts import DIMENSIONS, TASKS, ReportFacts, tidy_uploads
from ptm_spark.report.figures import all_figures
from ptm_spark.report.shaping import newest_span, uploads_by_month

MOST_MEASURES = 400
_VERDICT_COLUMNS = ["subject", "rule", "severity", "verdict", "observed", "expected"]
_METRIC_COLUMNS = ["subject", "metric", "value"]
_RUN_KEYS = ("run_id", "published_at", "as_of", "engine", "tool_version", "rejects")
_RUN_LISTS = {
    "crawls": ("path", "observed_at", "scope", "coverage", "records", "invalid"),
    "tables": ("path", "version", "rows"),
    "held": ("crawl", "reason"),
}
_VERDICT_ORDER = {"failed": 0, "accepted": 1}


def write_report(facts: ReportFacts) -> dict[str, bytes]:
    """The files of the report, by name below its folder: ``index.html`` and one CSV file a chart or table.

    A function of ``facts`` alone: no clock, no disk beyond its own templates, no network. Equal facts give equal
    bytes.
    """
    frames = {dimension.key: tidy_uploads(facts, dimension) for dimension in DIMENSIONS}
    # every dimension holds every model, so any of them has the months; a lake may lack some of the tables
    whole = next((frames[dimension.key] for dimension in DIMENSIONS if len(frames[dimension.key])), frames[TASKS.key])
    months, span = uploads_by_month(whole), newest_span(whole)
    figures = all_figures(frames, months, span)
    verdicts = _verdicts(facts.verdicts)
    metrics = _plain(facts.metrics, _METRIC_COLUMNS).sort_values(["subject", "metric"], kind="stable")
    tables = {figure.key: figure.numbers for figure in figures}
    tables |= {"verdicts": verdicts, "measures": metrics}
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=Markup(_template("page.css")),
            style_hash=_hash_of(_template("page.css")),
            run=_run(facts.run),
            key_figures=key_figures(months),
            figures={figure.key: figure for figure in figures},
            verdicts=verdicts.to_dict("records"),
            verdict_counts=verdict_counts(verdicts),
            metrics=metrics.head(MOST_MEASURES).to_dict("records"),
            metric_count=len(metrics),
            gold_paths=[f"gold/{dimension.table}" for dimension in DIMENSIONS],
            is_census=any(crawl.get("coverage") == "census" for crawl in facts.run.get("crawls") or ()),
        )
    )
    return {"index.html": page.encode("utf-8", errors="replace")} | csv_files(tables)


def key_figures(months: pd.DataFrame) -> dict[str, Any]:
    """The figures of the summary, from the frame behind the first chart."""
    dated = months[months["month"] != "unknown"]
    unknown = months[months["month"] == "unknown"]
    return {
        "alive": int(months["alive_count"].sum()),
        "ever": int(months["ever_count"].sum()),
        "removed": int(months["removed_count"].sum()),
        "unknown": int(unknown["alive_count"].sum()),
        "months": len(dated),
        "partial_months": int(dated["is_partial"].sum()),
        "first": dated["month"].iloc[0] if len(dated) else None,
        "last": dated["month"].iloc[-1] if len(dated) else None,
    }


def verdict_counts(verdicts: pd.DataFrame) -> dict[str, int]:
    """How many rules came out how; the usual verdicts are there even where none did."""
    found = {str(verdict): int(count) for verdict, count in verdicts["verdict"].value_counts(sort=False).items()}
    return {"passed": 0, "failed": 0, "accepted": 0} | found


def _verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """What needs a reader's eye first: failures, errors before warnings; then what a person accepted."""
    rows = _plain(rows, _VERDICT_COLUMNS)
    order = pd.DataFrame(
        {
            "verdict": [_VERDICT_ORDER.get(str(verdict), 2) for verdict in rows["verdict"]],
            "severity": [
                int(severity != "error" and verdict in _VERDICT_ORDER)
                for severity, verdict in zip(rows["severity"], rows["verdict"], strict=True)
            ],
            "subject": rows["subject"].astype(str).to_list(),
            "rule": rows["rule"].astype(str).to_list(),
        }
    )
    return rows.iloc[order.sort_values(list(order.columns), kind="stable").index].reset_index(drop=True)


def _plain(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The columns as Python objects, None for every kind of null: pandas' own can be neither compared nor asked."""
    chosen = rows.reindex(columns=columns)
    values = {name: [None if text.is_missing(value) else value for value in chosen[name]] for name in columns}
    return pd.DataFrame(values, columns=columns, dtype=object)


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    """The run's facts with every key the page asks for."""
    return {name: run.get(name) for name in _RUN_KEYS} | {
        name: [{key: row.get(key) for key in keys} for row in run.get(name) or ()] for name, keys in _RUN_LISTS.items()
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": text.number,
        "percent": text.percent,
        "when": text.when,
        "clean": text.clean,
        "breakable": text.breakable,
        "month_name": text.month_name,
    }
    environment.globals["counted"] = text.counted
    return environment


def _template(name: str) -> str:
    """Text of a template; read as a package resource, so that it is found in a zip as well."""
    return resources.files("ptm_spark.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash_of(style: str) -> str:
    """The page's only style sheet as the content policy names it; no other style is let in."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
