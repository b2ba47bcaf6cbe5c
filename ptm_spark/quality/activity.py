"""What the gate asks of commits and discussions."""

from collections.abc import Mapping

from pyspark.sql import functions as F

from ptm_spark.config import GateSettings
from ptm_spark.quality.metrics import Measures, count_if, measure, share_if
from ptm_spark.quality.rules import Rule, contract_rules
from ptm_spark.store import Store
from ptm_spark.tables.activity import MODEL_COMMITS, MODEL_DISCUSSIONS, TABLES

__all__ = ["TABLES", "measures", "rules"]

_STATUSES = ("draft", "open", "closed", "merged")


def measures(store: Store, _before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures by table path."""
    latest = F.col("observed_at") + F.expr("INTERVAL 1 DAY")
    return {
        MODEL_COMMITS.path: measure(
            MODEL_COMMITS,
            store.read(MODEL_COMMITS),
            {
                "future_count": count_if(F.col("committed_at") > latest),
                "bad_history_count": count_if(F.col("is_in_history") != F.col("left_history_at").isNull()),
                "bad_author_count": count_if(F.size("author_hashes") > F.col("author_count")),
                "flawed_share": share_if(F.size("flaws") > 0),
            },
        ),
        MODEL_DISCUSSIONS.path: measure(
            MODEL_DISCUSSIONS,
            store.read(MODEL_DISCUSSIONS),
            {
                "future_count": count_if(F.col("created_at") > latest),
                "bad_num_count": count_if(F.col("num") < 1),
                "bad_status_count": count_if(~F.col("status").isin(*_STATUSES)),
                "merged_discussion_count": count_if(
                    ((F.col("status") == "merged") | F.col("merged_at").isNotNull()) & ~F.col("is_pull_request")
                ),
                "negative_count": count_if((F.col("comment_count") < 0) | (F.col("event_count") < 0)),
                "flawed_share": share_if(F.size("flaws") > 0),
            },
        ),
    }


def rules(settings: GateSettings) -> dict[str, tuple[Rule, ...]]:
    """Rules by table path."""
    return {
        MODEL_COMMITS.path: (
            *contract_rules(MODEL_COMMITS),
            Rule("not_in_future", "future_count", "no commit is made more than a day after it was seen", most=0),
            Rule("history_whole", "bad_history_count", "is_in_history and left_history_at agree", most=0),
            Rule("authors_agree", "bad_author_count", "no commit has more author hashes than authors", most=0),
            _flawed("commits", settings),
        ),
        MODEL_DISCUSSIONS.path: (
            *contract_rules(MODEL_DISCUSSIONS),
            Rule("not_in_future", "future_count", "no discussion begins more than a day after it was seen", most=0),
            Rule("nums_positive", "bad_num_count", "numbers begin with 1", most=0),
            Rule("status_known", "bad_status_count", f"status is one of {', '.join(_STATUSES)}, or null", most=0),
            Rule(
                "merged_are_pull_requests",
                "merged_discussion_count",
                "only pull requests are merged",
                most=0,
                severity="warn",
            ),
            Rule("counts_not_negative", "negative_count", "comments and events are never negative", most=0),
            _flawed("discussions", settings),
        ),
    }


def _flawed(what: str, settings: GateSettings) -> Rule:
    return Rule(
        "flawed_share",
        "flawed_share",
        f"at most {settings.max_flaw_share:.0%} of the {what} lost a value to a rule",
        most=settings.max_flaw_share,
        severity="warn",
    )
