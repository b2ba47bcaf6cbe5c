"""What stands in cards: by month of creation, by section, and by what kind of model has them."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, GroupedData, Window
from pyspark.sql import functions as F

from ptm_spark.gold.card_states import WITH_CARD, has_bit, holds_at, in_order, moment
from ptm_spark.gold.monthly import UNKNOWN
from ptm_spark.gold.months import is_partial, months_until, or_zero, ratio, with_counts
from ptm_spark.tables.gold_cards import CARD_CONTENT_BY_STRATUM, CARD_CONTENT_MONTHLY, CARD_SECTIONS_MONTHLY

STRATA = ("all", "hand_written", "generated")
#: downloads from which a band begins, and how many models an owner has at least
_BANDS = {10_000: "10000+", 1_000: "1000-9999", 100: "100-999", 10: "10-99", 1: "1-9", 0: "0"}
_OWNER_SIZES = {100: "100+", 10: "10-99", 2: "2-9", 1: "1"}
_SHARES = ("code", "table", "image", "bibtex", "arxiv", "model_index")
KINDS = ("popularity_band", "library", "owner_size")


def current_cards(cards: DataFrame, states: DataFrame, *, as_ofs: Sequence[datetime]) -> DataFrame:
    """READMEs with text at the last of ``as_ofs``, from ``match_cards``, each with its model's ``month`` of creation.

    Those of models that were gone by then are left out; those of no model that is known have month NULL.
    """
    moments = in_order(as_ofs)
    of_models = states.select("repo_oid", "month", has_bit("alive", 1 << len(moments) - 1).alias("is_alive"))
    now = cards.where(holds_at(moment(moments[-1])) & (F.col("status") == WITH_CARD))
    joined = now.join(of_models, on=F.col("of_oid") == F.col("repo_oid"), how="left")
    return joined.where(F.coalesce("is_alive", F.lit(True))).select("month", *cards.columns)


def build_card_content_monthly(current: DataFrame, states: DataFrame, *, as_ofs: Sequence[datetime]) -> DataFrame:
    """Content of the ``current_cards`` per month of creation and stratum, at the last of ``as_ofs``."""
    stratum = F.when(F.col("is_generated"), "generated").otherwise("hand_written")
    strata = current.select("*", F.explode(F.array(F.lit("all"), stratum)).alias("stratum"))
    flags = {f"{name}_count": F.col(f"has_{name}") for name in _SHARES}
    flags |= {
        "eval_result_count": F.col("has_eval_results"),
        "generated_count": F.col("is_generated"),
        "foreign_count": F.col("text_language") != "en",
    }
    counted = strata.groupBy("month", "stratum").agg(
        F.count(F.lit(1)).alias("card_count"),
        F.percentile("word_count", F.lit(0.5)).alias("median_word_count"),
        F.sum("word_count").alias("word_total"),
        F.percentile("section_count", F.lit(0.5)).alias("median_section_count"),
        F.sum("completeness").alias("completeness_total"),
        F.count("unfilled").alias("templated_count"),
        F.sum("unfilled").alias("unfilled_total"),
        F.count("text_language").alias("language_count"),
        *(F.count(F.when(flag, 1)).alias(name) for name, flag in flags.items()),
    )
    months = months_until(states, as_of=in_order(as_ofs)[-1])
    grid = months.select("*", F.explode(F.array(*map(F.lit, STRATA))).alias("stratum"))
    dense = with_counts(with_counts(grid, counted, "stratum"), _coverage(states, as_ofs))
    counts = ("card_count", "templated_count", "language_count", *flags)
    filled = dense.where(F.col("month").isNotNull() | F.col("card_count").isNotNull()).select(
        *(or_zero(name) if name in counts else F.col(name) for name in dense.columns)
    )
    whole = F.sum(F.when(F.col("stratum") == "all", F.col("card_count"))).over(Window.partitionBy("month"))
    measured = filled.select("*", whole.alias("whole_count"))
    values = {
        "card_share": ratio("card_count", "whole_count"),
        "mean_word_count": ratio("word_total", "card_count"),
        **{f"{name}_share": ratio(f"{name}_count", "card_count") for name in (*_SHARES, "eval_result", "generated")},
        "mean_completeness": ratio("completeness_total", "card_count"),
        "mean_unfilled_share": ratio("unfilled_total", "templated_count"),
        "foreign_share": ratio("foreign_count", "language_count"),
        "is_partial": is_partial(),
    }
    return measured.select(*(values.get(name, F.col(name)).alias(name) for name in CARD_CONTENT_MONTHLY.names))


def _coverage(states: DataFrame, as_ofs: Sequence[datetime]) -> DataFrame:
    """Per month the share of the models alive at the last moment of which it is known whether they have a card."""
    bit = 1 << len(in_order(as_ofs)) - 1
    counted = states.where(has_bit("alive", bit)).groupBy("month").agg(
        F.count(F.lit(1)).alias("models"), F.count(F.when(has_bit("known", bit), 1)).alias("known_models")
    )  # fmt: skip
    return counted.select("month", ratio("known_models", "models").alias("coverage"))


def build_card_content_by_stratum(current: DataFrame, states: DataFrame, *, as_ofs: Sequence[datetime]) -> DataFrame:
    """Cards by popularity, library and owner's size, of the models alive at the last of ``as_ofs``.

    Downloads are those of silver/models: the 30 days before a model was last seen, so that popularity is measured after
    a card was written, not before.
    """
    moments = in_order(as_ofs)
    bit = 1 << len(moments) - 1
    alive = states.where(has_bit("alive", bit))
    sizes = alive.where(F.col("owner").isNotNull()).groupBy("owner").agg(F.count(F.lit(1)).alias("models"))
    models = alive.join(sizes, on="owner", how="left").select(
        "repo_oid",
        F.coalesce(_band("downloads", _BANDS), F.lit("unknown")).alias("popularity_band"),
        F.coalesce("library_name", F.lit(UNKNOWN)).alias("library"),
        F.coalesce(_band("models", _OWNER_SIZES), F.lit(UNKNOWN)).alias("owner_size"),
        has_bit("known", bit).alias("is_known"),
        has_bit("with_card", bit).alias("has_card"),
        has_bit("with_front_matter", bit).alias("is_fronted"),
    )
    # alike models first: three rows of each would be many
    groups = models.groupBy(*KINDS, "is_known", "has_card", "is_fronted").agg(F.count(F.lit(1)).alias("models"))
    counted = _by_kind(groups, "is_known", "has_card", "is_fronted", "models").agg(
        F.sum("models").alias("model_count"),
        *(
            F.coalesce(F.sum(F.when(F.col(flag), F.col("models"))), F.lit(0)).alias(name)
            for flag, name in (
                ("is_known", "known_count"),
                ("has_card", "card_count"),
                ("is_fronted", "front_matter_count"),
            )
        ),
    )
    contents = current.join(models, on=F.col("of_oid") == F.col("repo_oid"))
    filled = _by_kind(contents, "word_count", "completeness").agg(
        F.percentile("word_count", F.lit(0.5)).alias("median_word_count"),
        F.sum("completeness").alias("completeness_total"),
    )
    joined = counted.join(filled, on=["kind", "value"], how="left")
    values = {
        "as_of": moment(moments[-1]),
        "coverage": ratio("known_count", "model_count"),
        "card_ratio": ratio("card_count", "known_count"),
        "front_matter_ratio": ratio("front_matter_count", "known_count"),
        "mean_completeness": ratio("completeness_total", "card_count"),
    }
    return joined.select(*(values.get(name, F.col(name)).alias(name) for name in CARD_CONTENT_BY_STRATUM.names))


def _by_kind(rows: DataFrame, *names: str) -> GroupedData:
    """The rows under each of their strata."""
    strata = F.array(*(F.struct(F.lit(kind).alias("kind"), F.col(kind).alias("value")) for kind in KINDS))
    return rows.select(F.explode(strata).alias("stratum"), *names).groupBy("stratum.kind", "stratum.value")


def _band(name: str, bands: dict[int, str]) -> Column:
    """The band of a number, by the least number of each, the highest first; NULL below all."""
    found = F.lit(None).cast("string")
    for least, band in reversed(bands.items()):
        found = F.when(F.col(name) >= least, F.lit(band)).otherwise(found)
    return found


def build_card_sections_monthly(
    current: DataFrame, sections: DataFrame, states: DataFrame, *, as_ofs: Sequence[datetime]
) -> DataFrame:
    """Which of silver/card_sections the ``current_cards`` have, per month of creation, at the last of ``as_ofs``."""
    named = sections.where(F.col("canonical_section").isNotNull())
    words = F.when(~F.col("is_placeholder"), F.col("word_count"))
    by_card = named.groupBy("card_sha256", "canonical_section").agg(F.nullif(F.sum(words), F.lit(0)).alias("words"))
    counted = (
        current.select("month", "card_sha256")
        .join(by_card, on="card_sha256")
        .groupBy("month", "canonical_section")
        .agg(
            F.count(F.lit(1)).alias("card_count"),
            F.count("words").alias("filled_count"),
            F.percentile("words", F.lit(0.5)).alias("median_word_count"),
        )
    )
    whole = current.groupBy("month").agg(F.count(F.lit(1)).alias("month_card_count"))
    months = months_until(states, as_of=in_order(as_ofs)[-1])
    grid = months.crossJoin(named.select("canonical_section").distinct())
    dense = with_counts(with_counts(grid, counted, "canonical_section"), whole)
    covered = with_counts(dense, _coverage(states, as_ofs))
    counts = ("month_card_count", "card_count", "filled_count")
    filled = covered.where(F.col("month").isNotNull() | F.col("month_card_count").isNotNull()).select(
        *(or_zero(name) if name in counts else F.col(name) for name in covered.columns)
    )
    values = {
        "section_share": ratio("card_count", "month_card_count"),
        "filled_share": ratio("filled_count", "card_count"),
        "is_partial": is_partial(),
    }
    return filled.select(*(values.get(name, F.col(name)).alias(name) for name in CARD_SECTIONS_MONTHLY.names))
