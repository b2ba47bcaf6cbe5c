"""What the gate asks of the tables of model cards."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from ptm_spark.config import GateSettings
from ptm_spark.quality.metrics import Measures, count_if, measure, orphan_count, share_if
from ptm_spark.quality.models import interval_measures, interval_rules
from ptm_spark.quality.rules import Rule, contract_rules
from ptm_spark.store import Store
from ptm_spark.tables.cards import CARD_SECTIONS, CONTENT, MODEL_CARDS, TABLES

__all__ = ["TABLES", "measures", "rules"]

_STATUSES = ("present", "empty", "none", "refused", "disabled", "gone_or_private")
_FRONT_MATTER = ("ok", "none", "empty", "invalid", "not_a_mapping", "bomb", "too_large")
_SHARES = ("metadata_completeness", "template_unfilled_share")
_COUNTS = tuple(name for name in CONTENT if name.endswith("_count"))
_LINKS = tuple(name for name in CONTENT if name.endswith("_link_count"))


def measures(store: Store, _before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures by table path."""
    cards, sections = store.read(MODEL_CARDS), store.read(CARD_SECTIONS)
    has_text = F.col("status") == "present"
    of_sections = sections.groupBy("card_sha256").agg(F.count(F.lit(1)).alias("row_count"))
    counted = cards.select("card_sha256", "section_count").where("section_count > 0").dropDuplicates(["card_sha256"])
    off = counted.join(of_sections, on="card_sha256", how="full_outer").where(
        ~F.col("section_count").eqNullSafe(F.col("row_count"))
    )
    return {
        MODEL_CARDS.path: measure(
            MODEL_CARDS,
            cards,
            {
                "present_count": count_if(has_text),
                "bad_interval_count": count_if(
                    (F.col("valid_to") <= F.col("valid_from")) | (F.col("is_current") != F.col("valid_to").isNull())
                ),
                "bad_status_count": count_if(~F.col("status").isin(*_STATUSES)),
                "bad_front_matter_count": count_if(~F.col("front_matter_status").isin(*_FRONT_MATTER)),
                "bad_text_count": count_if(
                    (has_text != F.col("card_sha256").isNotNull()) | (has_text != F.col("word_count").isNotNull())
                ),
                "share_outside_count": count_if(_any([~F.col(name).between(0, 1) for name in _SHARES])),
                "negative_count": count_if(_any([F.col(name) < 0 for name in _COUNTS])),
                "link_sum_off_count": count_if(reduce(Column.__add__, map(F.col, _LINKS)) != F.col("link_count")),
                "flawed_share": share_if(F.size("flaws") > 0),
            },
        )
        | interval_measures(cards, "model_id"),
        CARD_SECTIONS.path: measure(
            CARD_SECTIONS,
            sections,
            {
                "bad_level_count": count_if(
                    ~F.col("level").between(0, 6) | ((F.col("level") == 0) != (F.col("position") == 0))
                ),
                "negative_count": count_if((F.col("word_count") < 0) | (F.col("position") < 0)),
            },
        )
        | {
            "orphan_count": orphan_count(sections, cards.where(F.col("card_sha256").isNotNull()), "card_sha256"),
            "section_count_off": float(off.count()),
        },
    }


def rules(settings: GateSettings) -> dict[str, tuple[Rule, ...]]:
    """Rules by table path."""
    return {
        MODEL_CARDS.path: (
            *contract_rules(MODEL_CARDS),
            *interval_rules(),
            Rule("status_known", "bad_status_count", f"status is one of {', '.join(_STATUSES)}", most=0),
            Rule(
                "front_matter_known",
                "bad_front_matter_count",
                f"front_matter_status is one of {', '.join(_FRONT_MATTER)}",
                most=0,
            ),
            Rule("text_whole", "bad_text_count", "cards with text, and only they, have a hash and counts", most=0),
            Rule("shares_in_range", "share_outside_count", "shares lie in 0–1", most=0),
            Rule("counts_not_negative", "negative_count", "counts are never negative", most=0),
            Rule("links_add_up", "link_sum_off_count", "links by kind add up to all links", most=0),
            Rule(
                "flawed_share",
                "flawed_share",
                f"at most {settings.max_flaw_share:.0%} of the cards lost a value to a rule",
                most=settings.max_flaw_share,
                severity="warn",
            ),
        ),
        CARD_SECTIONS.path: (
            *contract_rules(CARD_SECTIONS),
            Rule("has_parent", "orphan_count", "every card_sha256 is in silver/model_cards", most=0),
            Rule("sections_agree", "section_count_off", "each card has as many sections as it says", most=0),
            Rule("level_fits", "bad_level_count", "levels are 1–6, and 0 before the first heading", most=0),
            Rule("counts_not_negative", "negative_count", "positions and words are never negative", most=0),
        ),
    }


def _any(conditions: list[Column]) -> Column:
    return reduce(Column.__or__, [F.coalesce(condition, F.lit(False)) for condition in conditions])
