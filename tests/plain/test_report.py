"""The report: safe with whatever the Hub's users wrote, whole with whatever is missing, and the same every time."""

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ptm_spark.report import ReportFacts, write_report
from ptm_spark.report import text as report_text
from ptm_spark.report.csv_files import csv_bytes
from ptm_spark.report.facts import DIMENSIONS, TASKS, Dimension, tidy_uploads
from ptm_spark.report.figures import unique_labels
from ptm_spark.report.shaping import newest_shares, newest_span, over_time, top_values
from ptm_spark.report.svg import draw

pytestmark = pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnraisableExceptionWarning")

MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1)]
SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "</text></svg><img src=x onerror=alert(2)>"
FORMULA = "=cmd|'/C calc'!A0"
TURNED = "\u202egnp.exe\u202c\x07"
LONG = "x" * 500
EMPTY = pd.DataFrame()


def upload_row(column: str, value: str, month: date | None, **changes: Any) -> dict[str, Any]:
    """A valid row of a gold table of uploads; a test changes what it is about."""
    row = {"as_of": pd.Timestamp("2026-02-14", tz="UTC"), "month": month, column: value}
    counts = {"upload_count": 10, "ever_count": 12, "owner_count": 4, "without_bulk_count": 8, "download_total": 1000}
    shares = {"upload_share": 0.1, "owner_weighted_share": 0.2, "without_bulk_share": 0.15, "download_share": 0.3}
    return row | counts | shares | {"coverage": 0.5, "is_partial": month == MONTHS[-1]} | changes


def uploads(column: str, counts: dict[str, int], months: list[Any] | None = None) -> pd.DataFrame:
    """A gold table in which every month has these counts."""
    total = sum(counts.values())
    known = 1 - counts.get("none", 0) / total
    return pd.DataFrame(
        [
            upload_row(column, value, month, upload_count=n, ever_count=n + 1, upload_share=n / total, coverage=known)
            for month in ([None, *MONTHS] if months is None else months)
            for value, n in counts.items()
        ]
    )


def verdict_row(**changes: Any) -> dict[str, Any]:
    """A verdict of the gate that passed."""
    row = {"run_id": "r1", "judged_at": None, "subject": "silver/models", "rule": "key_unique", "severity": "error"}
    return row | {"verdict": "passed", "metric": "duplicates", "observed": 0.0, "expected": "= 0"} | changes


def some_facts(**changes: Any) -> ReportFacts:
    """Facts of a small lake whose names are hostile in every place that others can write to."""
    tags = {"none": 100, "text-generation": 60, SCRIPT: 50, FORMULA: 40, TURNED: 30, LONG: 20}
    tags |= {f"task-{n}": 10 - n for n in range(5)}
    tables = {
        "uploads_per_pipeline_tag_monthly": uploads("pipeline_tag", tags),
        "uploads_per_library_monthly": uploads("library_name", {"transformers": 200, BREAKOUT: 90, "none": 55}),
        "uploads_per_licence_monthly": uploads("licence", {"other": 145, "multiple": 50, "@x": 50, "none": 100}),
    }
    verdicts = [
        verdict_row(),
        verdict_row(rule="share", severity="warn", verdict="failed", observed=0.43, expected=f"< {SCRIPT}"),
        verdict_row(rule=LONG, verdict="failed", observed=None),
        verdict_row(subject="hub/models/c1", rule="row_drop", verdict="accepted", observed=float("nan")),
    ]
    metrics = [{"run_id": "r1", "subject": "silver/models", "metric": "rows", "value": 12345.0}]
    moment = datetime(2026, 2, 14, tzinfo=UTC)
    crawl = {"path": f"landing/{SCRIPT}", "observed_at": moment, "scope": "hub", "coverage": "census", "records": 5175}
    run = {"run_id": "r1", "published_at": moment, "as_of": moment, "engine": "embedded", "rejects": 7}
    run |= {"tables": [{"path": "gold/uploads_per_pipeline_tag_monthly", "version": 9, "rows": 180}]}
    run |= {"crawls": [crawl], "held": [{"crawl": "landing/hub/models/c2", "reason": f"row_drop {BREAKOUT}"}]}
    return replace(ReportFacts(tables, pd.DataFrame(verdicts), pd.DataFrame(metrics), run), **changes)


class Seen(HTMLParser):
    """Tags, attributes and text of a page as a browser would take them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.text = " ".join(self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def report() -> dict[str, bytes]:
    return write_report(some_facts())


@pytest.fixture(scope="module")
def page(report: dict[str, bytes]) -> str:
    return report["index.html"].decode()


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    seen = Seen(page)
    assert not re.search("https?://|<script", page, re.IGNORECASE)
    assert not {tag for tag, _ in seen.tags} & {"script", "img", "image", "link", "iframe", "object", "use", "base"}
    names = {name for _, attributes in seen.tags for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "style", "xlink:href")}
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" in page


def test_every_inner_link_leads_somewhere_and_every_csv_is_linked(page: str, report: dict[str, bytes]) -> None:
    seen = Seen(page)
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    links = {attributes.get("href") or "" for _, attributes in seen.tags if "href" in attributes}
    assert len(ids) == len(set(ids))
    assert {link for link in links if not link.startswith("#")} == set(report) - {"index.html"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_hostile_text_is_shown_and_not_obeyed(page: str) -> None:
    shown = Seen(page).text
    assert all(text in shown for text in (SCRIPT[:20], BREAKOUT[:20], f"< {SCRIPT}"))  # labels, labels, table
    assert not re.search("[\u202e\x07]|x{200}", page)
    assert page.count("<svg") == page.count("</svg>")


def test_each_chart_is_drawn_for_wide_and_narrow_pages_with_a_name(page: str) -> None:
    named = [attributes for tag, attributes in Seen(page).tags if tag == "svg" and attributes.get("role") == "img"]
    assert len([attributes for attributes in named if attributes["aria-label"]]) == 12
    widths = sorted(float(attributes["width"] or 0) for attributes in named)
    assert all(345 <= width < 380 for width in widths[:6])
    assert all(820 <= width < 850 for width in widths[6:])


def test_figures_of_the_page_are_those_of_its_csv_files(page: str, report: dict[str, bytes]) -> None:
    months = rows_of(report["csv/uploads_per_month.csv"])
    assert months[-1]["month"] == "unknown"
    alive, ever = (sum(int(row[name]) for row in months) for name in ("alive_count", "ever_count"))
    tiles = re.findall(r'<div class="tile"><dt>(.*?)</dt><dd>(.*?)</dd>', page)
    assert dict(tiles) == {
        "models alive": f"{alive:,}",
        "models ever seen": f"{ever:,}",
        "removed since": f"{ever - alive:,}",
        "months of creation": "14",
        "alive, month of creation unknown": f"{int(months[-1]['alive_count']):,}",
    }
    for row in rows_of(report["csv/licences_newest_months.csv"]):
        drawn = f"{100 * float(row['upload_share']):.1f}% ({int(row['upload_count']):,})"
        assert " ".join(Seen(page).text.split()).count(drawn) >= 2
    assert len(rows_of(report["csv/verdicts.csv"])) == 4


def test_gate_shows_failures_first_and_counts_all(page: str, report: dict[str, bytes]) -> None:
    verdicts = [(row["verdict"], row["severity"]) for row in rows_of(report["csv/verdicts.csv"])]
    assert verdicts == [("failed", "error"), ("failed", "warn"), ("accepted", "error"), ("passed", "error")]
    assert "4 rules were judged: 1 passed, 2 failed, 1 failed but was accepted" in page


def test_held_crawl_stands_above_the_charts(page: str) -> None:
    assert 0 < page.index("1 crawl held.") < page.index('id="uploads"')
    assert "held." not in write_report(ReportFacts({}, EMPTY, EMPTY, {"held": []}))["index.html"].decode()


def test_same_facts_give_same_bytes_in_whatever_order_rows_come(report: dict[str, bytes]) -> None:
    facts = some_facts()
    turned = {name: frame.iloc[::-1] for name, frame in facts.uploads.items()}
    assert write_report(replace(facts, uploads=turned, verdicts=facts.verdicts.iloc[::-1])) == report


def some_months(months: list[Any], dimensions: tuple[Dimension, ...] = DIMENSIONS) -> dict[str, pd.DataFrame]:
    return {found.table: uploads(found.column, {"a": 3, "none": 7}, months) for found in dimensions}


def nulls() -> dict[str, pd.DataFrame]:
    shares = ["upload_share", "owner_weighted_share", "without_bulk_share", "download_share", "coverage"]
    months = some_months(MONTHS[-3:], (TASKS,))
    return {name: frame.assign(**dict.fromkeys(shares, float("nan"))) for name, frame in months.items()}


@pytest.mark.parametrize(
    ("tables", "charts", "said"),
    [
        ({}, 0, "No data yet: the tables hold no models"),
        ({name: frame.iloc[:0] for name, frame in some_months(MONTHS[:2]).items()}, 0, "No data yet"),
        (some_months([None]), 0, "10 models are alive, of 12 ever seen"),
        (some_months(MONTHS[-1:], (TASKS,)), 6, "No month is wholly observed yet."),
        (some_months(MONTHS[:1]), 14, "one month of creation, Jan 2025"),
        ({TASKS.table: uploads(TASKS.column, {"none": 5}, MONTHS[:2])}, 4, "names a task for 0.0%"),
        (nulls(), 4, "No data yet"),
    ],
    ids=["nothing", "no_rows", "floor_only", "partial_month_only", "one_month", "all_unknown", "all_null"],
)
def test_page_stands_with_little_or_nothing(tables: dict[str, pd.DataFrame], charts: int, said: str) -> None:
    files = write_report(ReportFacts(tables, EMPTY, EMPTY, {"as_of": None}))
    assert len(files) == 10
    page = files["index.html"].decode()
    shown = Seen(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).text
    assert said in page
    assert page.count('role="img"') == charts
    assert not re.search(r"\b(nan|nat|none|null|undefined|inf|infinity)\b", shown, re.IGNORECASE)
    assert not any(re.search(rb"\b(nan|nat|null)\b", content, re.IGNORECASE) for content in files.values())


def test_readers_nulls_make_no_difference() -> None:
    frame = some_facts().uploads[TASKS.table]
    stamps = frame.assign(month=pd.to_datetime(frame["month"]))
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    tidy = [tidy_uploads(some_facts(uploads={TASKS.table: rows}), TASKS) for rows in (frame, stamps, arrow)]
    assert tidy[0].equals(tidy[1])
    assert tidy[0].equals(tidy[2])


def test_panels_and_rest_hold_every_known_upload_once() -> None:
    tidy = tidy_uploads(some_facts(), TASKS)
    series = over_time(tidy, top_values(tidy))
    assert series["upload_count"].sum() == tidy[tidy["month"].notna() & (tidy["value"] != "none")]["upload_count"].sum()
    assert set(series["kind"]) == {"value", "rest"}
    assert series["upload_share"].between(0, 1).all()
    nine = uploads(TASKS.column, {f"task-{n}": 10 for n in range(9)})
    assert len(top_values(tidy_uploads(some_facts(uploads={TASKS.table: nine}), TASKS))) == 9  # no rest of one


def test_newest_span_is_of_whole_months_and_shares_add_up() -> None:
    tidy = tidy_uploads(some_facts(), TASKS)
    span = newest_span(tidy)
    assert (span.months[0], span.months[-1], span.before) == ("2025-02", "2026-01", ())
    assert newest_span(tidy, 6).before == ("2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07")
    assert newest_shares(tidy, span)["upload_share"].sum() == pytest.approx(1)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", FORMULA])
def test_csv_text_is_no_formula(text: str) -> None:
    content = csv_bytes(pd.DataFrame({"name": [text], "number": [-1.5]}))
    assert next(csv.reader(io.StringIO(content.decode().split("\r\n", 1)[1], newline=""))) == ["'" + text, "-1.5"]


def test_csv_is_rfc_4180() -> None:
    frame = pd.DataFrame({"a": ['x "y", z', None, "ü\nv"], "b": [1.0, float("nan"), -0.25], "c": [True, False, True]})
    assert csv_bytes(frame).decode() == 'a,b,c\r\n"x ""y"", z",1,true\r\n,,false\r\n"ü\nv",-0.25,true\r\n'


def test_csv_of_report_neutralises_names_and_keeps_them_whole(report: dict[str, bytes]) -> None:
    names = {row["value"] for row in rows_of(report["csv/tasks_over_time.csv"])}
    assert {"'" + FORMULA, SCRIPT, LONG, TURNED} <= names
    assert "'@x" in {row["value"] for row in rows_of(report["csv/licences_newest_months.csv"])}


def test_drawing_keeps_nothing_but_shapes() -> None:
    values = [{"x": 1, "name": SCRIPT, "to": "https://example.org/x"}]
    encoding = {"text": {"field": "name"}, "href": {"field": "to"}, "tooltip": {"field": "name"}}
    spec = {"data": {"values": values}, "mark": "text", "encoding": encoding, "title": BREAKOUT}
    svg = str(draw(spec, f'"{SCRIPT}', 300))
    assert {tag for tag, _ in Seen(svg).tags} <= {"svg", "g", "path", "text", "rect", "line", "tspan"}
    assert not re.search("example|<script|http", svg)


def test_texts() -> None:
    assert report_text.clean("a\u202eb\nc") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert report_text.clean("abcdef", 4) == "abc…"
    assert [report_text.clean(value) for value in (None, float("nan"), pd.NA, " ")] == ["–", "–", "–", "(empty)"]
    numbers = [report_text.number(value) for value in (1234567, -0.5, float("inf"), None)]
    assert numbers == ["1,234,567", "−0.5", "∞", "–"]
    assert [report_text.percent(value) for value in (0, 0.0001, 0.1234, 1)] == ["0.0%", "<0.1%", "12.3%", "100.0%"]
    assert report_text.when(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02 03:04 UTC"
    assert report_text.when("2026-01-02T04:04:00+01:00") == "2026-01-02 03:04 UTC"
    assert unique_labels([LONG, LONG + "y", "a"], 20) == ["x" * 19 + "…", "x" * 15 + "… (2)", "a"]


def test_report_works_from_a_zip(tmp_path: Path) -> None:
    source = Path(sys.modules["ptm_spark"].__file__ or "").parent
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        for path in [source / "__init__.py", *source.glob("report/*.py"), *source.glob("report/templates/*")]:
            archive.write(path, Path("ptm_spark") / path.relative_to(source))
    code = (
        "import sys, pandas, ptm_spark; from ptm_spark.report import ReportFacts, write_report; "
        "empty = pandas.DataFrame(); assert '.zip' in ptm_spark.__file__; "
        "assert len(write_report(ReportFacts({}, empty, empty, {}))) == 10; "
        "assert not {'pyspark', 'great_expectations', 'aiohttp'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "code.zip")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
