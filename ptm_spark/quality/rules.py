"""What the gate expects: rules that follow from a contract, and those written by hand, each about one measure."""

from dataclasses import dataclass
from typing import Literal

from ptm_spark.config import GateSettings
from ptm_spark.tables import Table


@dataclass(frozen=True)
class Rule:
    """A measure must lie in a range (ends included); ``error`` stops publishing, ``warn`` is reported."""

    name: str
    metric: str
    meaning: str
    least: float | None = None
    most: float | None = None
    severity: Literal["error", "warn"] = "error"


def contract_rules(table: Table) -> tuple[Rule, ...]:
    """What follows from a contract: keys unique, required columns without nulls."""
    return (
        Rule("key_unique", "duplicate_count", f"no two rows share {' + '.join(table.key)}", most=0),
        *(Rule(f"not_null:{name}", f"null_count:{name}", f"{name} is never null", most=0) for name in table.required),
    )


def crawl_rules(settings: GateSettings, path: str) -> tuple[Rule, ...]:
    """What a crawl (``path``) is asked before its rows may count; listings of models also whether they are whole."""
    whole = Rule(
        "census_ratio",
        "census_ratio",
        f"a census has at least {settings.min_census_ratio:.0%} of the records of the one before it in its scope",
        least=settings.min_census_ratio,
    )
    return (
        Rule("all_accounted", "unaccounted_count", "records in = rows out + rejects + older fetches", least=0, most=0),
        Rule(
            "reject_share",
            "reject_share",
            f"at most {settings.max_reject_share:.0%} of the records are turned away",
            most=settings.max_reject_share,
        ),
        *([whole] if path.startswith("hub/models/") else []),
        Rule("whole_files", "damaged_file_count", "every landed file is as its manifest says", most=0, severity="warn"),
    )


def uploads_rules() -> tuple[Rule, ...]:
    """What an upload trend is asked beyond its contract."""
    return (
        Rule("total_agrees", "upload_total_off", "uploads add up to the living models", least=0, most=0),
        Rule("ever_agrees", "ever_total_off", "ever_count adds up to all models", least=0, most=0),
        Rule("shares_in_range", "share_outside_count", "shares and coverage lie in 0–1", most=0),
        Rule("shares_add_up", "share_sum_off_count", "the shares of a month add up to 1", most=0),
        Rule("months_whole", "month_gap_count", "no month is missing", most=0),
        Rule("grid_whole", "grid_width_count", "every month has a row for every value", most=1),
    )
