"""What the gate asks of the tables of models."""

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.config import GateSettings
from ptm_spark.quality.metrics import Measures, count_if, first_row, measure, orphan_count, share_if
from ptm_spark.quality.rules import Rule, contract_rules
from ptm_spark.store import Store
from ptm_spark.tables.hub import MODEL_IDS, MODEL_SNAPSHOTS, MODEL_TAGS, MODEL_VERSIONS, MODELS, TABLES

__all__ = ["TABLES", "measures", "rules"]

_BASES = ("hub", "floor", "first_commit", "unknown")
_REMOVALS = ("flagged", "gone_or_private", "disabled", "recreated")


def measures(store: Store, before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures by table path; ``before`` are those of the published run, for ratios."""
    models, versions = store.read(MODELS), store.read(MODEL_VERSIONS)
    found = {
        MODELS.path: measure(
            MODELS,
            models,
            {
                "alive_count": count_if(F.col("removal").isNull()),
                "unknown_month_share": share_if(F.col("created_at").isNull()),
                "flawed_share": share_if(F.size("flaws") > 0),
                "bad_basis_count": count_if(~F.col("created_at_basis").isin(*_BASES)),
                "bad_removal_count": count_if(
                    (F.col("removal").isNull() != F.col("removed_at").isNull())
                    | ~F.coalesce(F.col("removal").isin(*_REMOVALS), F.lit(True))
                ),
                "negative_count": count_if((F.col("downloads") < 0) | (F.col("likes") < 0)),
                "future_count": count_if(F.col("created_at") > F.col("observed_at") + F.expr("INTERVAL 1 DAY")),
            },
        ),
        MODEL_VERSIONS.path: measure(
            MODEL_VERSIONS,
            versions,
            {
                "current_count": count_if(F.col("is_current")),
                "bad_interval_count": count_if(
                    (F.col("valid_to") <= F.col("valid_from")) | (F.col("is_current") != F.col("valid_to").isNull())
                ),
            },
        )
        | interval_measures(versions, "repo_oid"),
    }
    of_models, of_versions = found[MODELS.path], found[MODEL_VERSIONS.path]
    alive_before = before.get(MODELS.path, {}).get("alive_count")
    of_models["alive_ratio"] = (of_models["alive_count"] or 0) / alive_before if alive_before else None
    of_versions["current_off"] = (of_versions["current_count"] or 0) - (of_models["row_count"] or 0)
    for table in (MODEL_VERSIONS, MODEL_TAGS, MODEL_SNAPSHOTS):
        frame = store.read(table)
        found.setdefault(table.path, measure(table, frame))
        found[table.path]["orphan_count"] = orphan_count(frame, models, "repo_oid")
    ids = store.read(MODEL_IDS)
    found[MODEL_IDS.path] = measure(MODEL_IDS, ids) | {"orphan_count": orphan_count(ids, models, "repo_oid")}
    return found


def interval_measures(versions: DataFrame, key: str) -> Measures:
    """Versions that do not begin where the one before them ended, of the things (``key``) that have several.

    ``broken_chain_count``: an interval overlaps the next one or leaves a hole. ``stray_current_count``: things without
    exactly one current row.
    """
    counts = versions.groupBy(key).agg(
        F.count(F.lit(1)).alias("version_count"), F.sum(F.col("is_current").cast("int")).alias("current")
    )
    several = counts.where(F.col("version_count") > 1).select(key)
    by_time = Window.partitionBy(key).orderBy("valid_from")
    chained = versions.select(key, "valid_from", "valid_to").join(several, on=key, how="left_semi")
    following = chained.select("valid_to", F.lead("valid_from").over(by_time).alias("next"))
    broken = first_row(
        following.agg(count_if(~F.col("valid_to").eqNullSafe(F.col("next"))).alias("broken_chain_count"))
    )
    return broken | first_row(counts.agg(count_if(F.col("current") != 1).alias("stray_current_count")))


def interval_rules() -> tuple[Rule, ...]:
    """What is asked of a table of versions."""
    return (
        Rule(
            "intervals_whole", "bad_interval_count", "versions end after they begin; the open ones are current", most=0
        ),
        Rule("intervals_chained", "broken_chain_count", "versions neither overlap nor leave a hole", most=0),
        Rule("one_current", "stray_current_count", "each has exactly one current version", most=0),
    )


def rules(settings: GateSettings) -> dict[str, tuple[Rule, ...]]:
    """Rules by table path."""
    parent = Rule("has_parent", "orphan_count", "every repo_oid is in silver/models", most=0)
    return {
        MODELS.path: contract_rules(MODELS) + _models_rules(settings),
        MODEL_VERSIONS.path: (
            *contract_rules(MODEL_VERSIONS),
            *interval_rules(),
            parent,
            Rule("current_agrees", "current_off", "as many current versions as models", least=0, most=0),
        ),
        MODEL_TAGS.path: (*contract_rules(MODEL_TAGS), parent),
        MODEL_SNAPSHOTS.path: (*contract_rules(MODEL_SNAPSHOTS), parent),
        MODEL_IDS.path: (*contract_rules(MODEL_IDS), parent),
    }


def _models_rules(settings: GateSettings) -> tuple[Rule, ...]:
    return (
        Rule("has_rows", "row_count", "there are models at all", least=1, severity="warn"),
        Rule(
            "alive_ratio",
            "alive_ratio",
            f"at least {settings.min_alive_ratio:.0%} as many living models as in the published run",
            least=settings.min_alive_ratio,
        ),
        Rule("basis_known", "bad_basis_count", f"created_at_basis is one of {', '.join(_BASES)}", most=0),
        Rule("removal_whole", "bad_removal_count", "removal is a known word, and stands with removed_at", most=0),
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
