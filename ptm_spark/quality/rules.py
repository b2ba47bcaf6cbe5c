"""What the gate expects: rules that follow from a contract, and those written by hand, each about one measure."""

from dataclasses import dataclass
from typing import Literal

from ptm_spark.config import GateSettings
from ptm_spark.tables import Table
from ptm_spark.tables.gold import TABLES as GOLD_UPLOADS
from ptm_spark.tables.hub import MODEL_SNAPSHOTS, MODEL_TAGS, MODELS

#: subject under which the rules about one crawl stand; its measures carry the crawl's own path
CRAWL = "crawl"


@dataclass(frozen=True)
class Rule:
    """A measure must lie in a range (ends included); ``error`` stops publishing, ``warn`` is reported."""

    name: str
    metric: str
    meaning: str
    least: float | None = None
    most: float | None = None
    severity: Literal["error", "warn"] = "error"


def rules_of(table: Table, settings: GateSettings) -> tuple[Rule, ...]:
    """All rules of a table: keys unique, required columns without nulls, and what is written by hand for it."""
    from_contract = (
        Rule("key_unique", "duplicate_count", f"no two rows share {' + '.join(table.key)}", most=0),
        *(Rule(f"not_null:{name}", f"null_count:{name}", f"{name} is never null", most=0) for name in table.required),
    )
    return from_contract + _BY_HAND.get(table.path, lambda _: ())(settings)


def crawl_rules(settings: GateSettings) -> tuple[Rule, ...]:
    """What every crawl is asked before its rows may count."""
    return (
        Rule("all_accounted", "unaccounted_count", "records in = rows out + rejects + older fetches", least=0, most=0),
        Rule(
            "reject_share",
            "reject_share",
            f"at most {settings.max_reject_share:.0%} of the records are turned away",
            most=settings.max_reject_share,
        ),
        Rule(
            "census_ratio",
            "census_ratio",
            f"a census has at least {settings.min_census_ratio:.0%} of the records of the one before it in its scope",
            least=settings.min_census_ratio,
        ),
        Rule("whole_files", "damaged_file_count", "every landed file is as its manifest says", most=0, severity="warn"),
    )


def _models_rules(settings: GateSettings) -> tuple[Rule, ...]:
    return (
        Rule("has_rows", "row_count", "there are models at all", least=1, severity="warn"),
        Rule(
            "alive_ratio",
            "alive_ratio",
            f"at least {settings.min_alive_ratio:.0%} as many living models as in the published run",
            least=settings.min_alive_ratio,
        ),
        Rule("basis_known", "bad_basis_count", "created_at_basis is one of its three words", most=0),
        Rule("removal_whole", "bad_removal_count", "removal and removed_at stand together", most=0),
        Rule("counts_not_negative", "negative_count", "downloads and likes are never negative", most=0),
        Rule("not_in_future", "future_count", "no model is created after it was seen", most=0),
        Rule(
            "flawed_share",
            "flawed_share",
            f"at most {settings.max_flaw_share:.0%} of the models lost a value to a rule",
            most=settings.max_flaw_share,
            severity="warn",
        ),
        Rule(
            "unknown_month_share",
            "unknown_month_share",
            f"at most {settings.max_unknown_month_share:.0%} of the models are of unknown month",
            most=settings.max_unknown_month_share,
            severity="warn",
        ),
    )


def _child_rules(settings: GateSettings) -> tuple[Rule, ...]:
    return (Rule("has_parent", "orphan_count", "every repo_oid is in silver/models", most=0),)


def _uploads_rules(settings: GateSettings) -> tuple[Rule, ...]:
    return (
        Rule("total_agrees", "upload_total_off", "uploads add up to the living models", least=0, most=0),
        Rule("ever_agrees", "ever_total_off", "ever_count adds up to all models", least=0, most=0),
        Rule("shares_in_range", "share_outside_count", "shares and coverage lie in 0–1", most=0),
        Rule("shares_add_up", "share_sum_off_count", "the shares of a month add up to 1", most=0),
        Rule("months_whole", "month_gap_count", "no month is missing", most=0),
        Rule("grid_whole", "grid_width_count", "every month has a row for every value", most=1),
    )


_BY_HAND = {
    MODELS.path: _models_rules,
    MODEL_TAGS.path: _child_rules,
    MODEL_SNAPSHOTS.path: _child_rules,
} | {table.path: _uploads_rules for table in GOLD_UPLOADS}
