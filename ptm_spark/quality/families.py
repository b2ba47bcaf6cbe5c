"""What is measured and asked of the silver tables of model families."""

from collections.abc import Mapping

from pyspark.sql import functions as F

from ptm_spark.config import GateSettings
from ptm_spark.quality.metrics import Measures, count_if, measure, orphan_count, share_if
from ptm_spark.quality.rules import Rule, contract_rules
from ptm_spark.store import Store
from ptm_spark.tables.families import MODEL_FAMILIES, TABLES, TOPIC_MENTIONS
from ptm_spark.tables.forum import FORUM_TOPICS
from ptm_spark.tables.hub import MODELS

__all__ = ["TABLES", "measures", "rules"]


def measures(store: Store, _before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures by table path, of those that are there."""
    found: dict[str, Measures] = {}
    if store.exists(MODEL_FAMILIES):
        frame, models = store.read(MODEL_FAMILIES), store.read(MODELS)
        found[MODEL_FAMILIES.path] = measure(
            MODEL_FAMILIES,
            frame,
            {
                "known_share": share_if(F.col("family").isNotNull()),
                "half_told_count": count_if(
                    (F.col("family").isNull() != F.col("method").isNull())
                    | (F.col("family").isNull() != F.col("confidence").isNull())
                ),
                "confidence_outside_count": count_if(~F.col("confidence").between(0, 1)),
            },
        ) | {
            "orphan_count": orphan_count(frame, models, "repo_oid"),
            "untold_count": orphan_count(models, frame, "repo_oid"),
        }
    if store.exists(TOPIC_MENTIONS):
        mentions = store.read(TOPIC_MENTIONS)
        counts = ("mention_count", "code_mention_count", "quote_mention_count")
        total = sum((F.col(name) for name in counts[1:]), F.col(counts[0]))
        found[TOPIC_MENTIONS.path] = measure(
            TOPIC_MENTIONS,
            mentions,
            {
                "empty_count": count_if((total <= 0) | (F.size("aliases") == 0)),
                "unsaid_count": count_if((F.col("post_count") > 0) != F.col("first_post_number").isNotNull()),
            },
        ) | {"orphan_count": orphan_count(mentions, store.read(FORUM_TOPICS), "topic_id")}
    return found


def rules(_settings: GateSettings) -> dict[str, tuple[Rule, ...]]:
    """Rules by table path."""
    return {
        MODEL_FAMILIES.path: (
            *contract_rules(MODEL_FAMILIES),
            Rule("has_parent", "orphan_count", "every repo_oid is in silver/models", most=0),
            Rule("all_told", "untold_count", "every model has its row", most=0),
            Rule("told_whole", "half_told_count", "family, method and confidence stand together", most=0),
            Rule("confidence_in_range", "confidence_outside_count", "confidence lies in 0–1", most=0),
        ),
        TOPIC_MENTIONS.path: (
            *contract_rules(TOPIC_MENTIONS),
            Rule("has_parent", "orphan_count", "every topic_id is in silver/forum_topics", most=0),
            Rule("is_said", "empty_count", "every row counts a mention and names its wordings", most=0),
            Rule("posts_whole", "unsaid_count", "a first post stands where posts are counted", most=0),
        ),
    }
