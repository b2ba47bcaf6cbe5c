"""Cards and the models they belong to, and what was known of each model's card at several moments."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ptm_spark.columns import month_of

WITH_CARD = "present"
#: what else tells whether there is a card; of refused and lost ones nobody knows
WITHOUT_CARD = ("none", "empty")
#: moments are bits of a BIGINT, whose last one is its sign
MOST_MOMENTS = 62


def match_cards(cards: DataFrame, models: DataFrame) -> DataFrame:
    """Versions of silver/model_cards, narrow, each with the model it belongs to: ``of_oid``, NULL where none is known.

    That is the version's own repo_oid. Where it has none (old dumps) it is the model that has the name in silver/models
    and was created no later than the version was seen; of several (one was removed and made again) the one created
    last. A model that was renamed has versions under both names: those of the old name end where the new name was first
    seen, so that a model has one card at a time.
    """
    facts = cards.select(
        "model_id",
        "valid_from",
        "valid_to",
        "repo_oid",
        "crawl_id",
        "status",
        "card_sha256",
        ((F.col("front_matter_status") == "ok") & (F.size("front_matter_keys") > 0)).alias("has_front_matter"),
        "word_count",
        "section_count",
        (F.col("fenced_code_block_count") + F.col("indented_code_block_count") > 0).alias("has_code"),
        (F.col("table_count") > 0).alias("has_table"),
        (F.col("image_count") > 0).alias("has_image"),
        (F.col("bibtex_count") > 0).alias("has_bibtex"),
        ((F.col("arxiv_link_count") > 0) | (F.size("arxiv_ids") > 0)).alias("has_arxiv"),
        "has_model_index",
        (F.col("eval_result_count") > 0).alias("has_eval_results"),
        # sums of these must not depend on the order of rows, as sums of floats do
        F.col("metadata_completeness").cast("DECIMAL(10, 9)").alias("completeness"),
        F.col("template_unfilled_share").cast("DECIMAL(10, 9)").alias("unfilled"),
        F.col("generated_by").isNotNull().alias("is_generated"),
        "text_language",
    )
    of_name = _bearers(facts.where(F.col("repo_oid").isNull()), models)
    matched = facts.join(of_name, on=["model_id", "valid_from"], how="left").select(
        F.coalesce("repo_oid", "bearer").alias("of_oid"), *(name for name in facts.columns if name != "repo_oid")
    )
    ends = _ends_of_old_names(matched.select("of_oid", "model_id", "valid_from"))
    until = {"valid_to": F.least("valid_to", "new_name_from")}
    return matched.join(ends, on=["model_id", "valid_from"], how="left").select(
        *(until.get(name, F.col(name)).alias(name) for name in matched.columns)
    )


def _bearers(unnamed: DataFrame, models: DataFrame) -> DataFrame:
    """For versions without a repo_oid (model_id, valid_from) the model that had the name: ``bearer``."""
    created = F.coalesce(F.unix_seconds("created_at"), F.lit(0)).cast("string")
    # one text that sorts as creation, presence and id do: the greatest of structs takes the embedded engine 25 times as
    # long
    rank = F.concat(F.lpad(created, 12, "0"), F.when(F.col("removal").isNull(), "1").otherwise("0"), F.col("repo_oid"))
    named = models.select("model_id", "created_at", rank.alias("rank"))
    return (
        unnamed.select("model_id", "valid_from")
        .join(named, on="model_id")
        .where(F.col("created_at").isNull() | (F.col("created_at") <= F.col("valid_from")))
        .groupBy("model_id", "valid_from")
        .agg(F.max("rank").alias("rank"))
        .select("model_id", "valid_from", F.expr("substring(rank, 14)").alias("bearer"))
    )


def _ends_of_old_names(versions: DataFrame) -> DataFrame:
    """Of models with cards under several names: when the version after each began (``new_name_from``)."""
    renamed = (
        versions.where(F.col("of_oid").isNotNull())
        .groupBy("of_oid")
        .agg(F.min("model_id").alias("first"), F.max("model_id").alias("last"))
        .where(F.col("first") != F.col("last"))
    )
    by_time = Window.partitionBy("of_oid").orderBy("valid_from", "model_id")
    return versions.join(renamed, on="of_oid", how="left_semi").select(
        "model_id", "valid_from", F.lead("valid_from").over(by_time).alias("new_name_from")
    )


def build_card_states(
    models: DataFrame,
    versions: DataFrame,
    cards: DataFrame,
    *,
    as_ofs: Sequence[datetime],
    whole: Collection[datetime] = (),
    scopes: Collection[str] = (),
    histories: Collection[str] = (),
) -> DataFrame:
    """One row per model of silver/models seen by the last of ``as_ofs``, with what was known of its card at each.

    ``versions`` is silver/model_versions (it tells when a model was gone), ``cards`` comes from ``match_cards``.
    ``alive`` ``known`` ``with_card`` ``with_front_matter`` are sets of moments: bit i stands for the i-th of
    ``as_ofs``; the last three are part of ``alive``. ``known_since`` is the first moment at which it was known whether
    there is a card, ``due_at`` the first of ``whole`` after creation and listing, by which all that are still there
    have been asked; ``first_card_at`` the first at which there was a card, ``gone_at`` the one since which the model is
    gone at the last of ``as_ofs``; each NULL where there is none.

    ``whole``: moments, not only of ``as_ofs``, by which crawls had asked for every card that their listings show, so
    that a model that was there then and has no version has none, and goes on having none until it is asked for.
    ``scopes`` are those crawls' populations: of models that were only seen in others nothing follows. ``histories``:
    crawls of whole git histories. These tell of cards only, never that there is none, so that they do not count for
    ``known_since``.
    """
    moments = in_order(as_ofs)
    last = moment(moments[-1])
    seen = models.where(F.col("first_observed_at") <= last).select(
        "repo_oid",
        month_of(F.col("created_at")).alias("month"),
        *("owner", "library_name", "downloads", "created_at", "removed_at", "first_observed_at"),
        _is_covered(scopes).alias("is_covered"),
        _bits(moments, lambda at: F.col("first_observed_at") <= at).alias("seen"),
    )
    gone, told = _gone(versions, moments), _told(cards, moments, histories)
    joined = seen.join(gone, on="repo_oid", how="left").join(told, on="repo_oid", how="left")
    alive = F.col("seen").bitwiseAND(F.bitwise_not(F.coalesce("gone", F.lit(0).cast("bigint"))))
    unasked = _bits(moments, lambda at: F.col("asked_at").isNull() | (F.col("asked_at") > at))
    # moments before the first that rows are asked for count, too, or figures would change when old ones are left out
    earlier = [at for at in sorted(set(whole)) if at < moments[0]]
    was_bare = [F.when(_was_bare(moment(at)), moment(at)) for at in earlier]
    bare = F.when(F.coalesce(*was_bare, F.lit(None).cast("timestamp")).isNotNull(), F.col("unasked")).otherwise(
        _since_whole(moments, set(whole))
    )
    marked = joined.select("*", alive.alias("alive"), unasked.bitwiseAND(alive).alias("unasked")).select(
        "*", F.when(F.col("is_covered"), bare).otherwise(F.lit(0).cast("bigint")).alias("bare")
    )
    is_bare = [F.when(has_bit("bare", 1 << number), moment(at)) for number, at in enumerate(moments)]
    bare_at = F.coalesce(*was_bare, *is_bare)
    removed_at = F.least(F.when(F.col("removed_at") <= last, F.col("removed_at")), F.col("gone_from"))

    def within(name: str) -> Column:
        return F.coalesce(name, F.lit(0).cast("bigint")).bitwiseAND(F.col("alive"))

    return marked.select(
        *("repo_oid", "month", "owner", "library_name", "downloads", "created_at"),
        F.when(F.col("gone_from").isNotNull(), removed_at).alias("gone_at"),
        "alive",
        within("told").bitwiseOR(F.col("bare")).alias("known"),
        within("carded").alias("with_card"),
        within("fronted").alias("with_front_matter"),
        F.least("told_at", bare_at).alias("known_since"),
        F.when(F.col("is_covered"), _first_since(whole, F.greatest("created_at", "first_observed_at"))).alias("due_at"),
        "first_card_at",
    )


def _is_covered(scopes: Collection[str]) -> Column:
    """Whether a model was seen in one of these populations; where nothing is said of either, it counts as such."""
    if not scopes:
        return F.lit(True)
    return F.coalesce(F.exists("seen_in", lambda scope: scope.isin(*sorted(scopes))), F.lit(True))


def _since_whole(moments: Sequence[datetime], whole: Collection[datetime]) -> Column:
    """The moments at which a model is there, has not been asked for, and was there at a whole one before or then."""
    bits = F.lit(0).cast("bigint")
    mask = 0
    for number, at in enumerate(moments):
        mask |= (1 << number) * (at in whole)
        bits = bits + F.when(has_bit("alive", mask), F.lit(1 << number)).otherwise(F.lit(0)).cast("bigint")
    return bits.bitwiseAND(F.col("unasked"))


def _first_since(whole: Collection[datetime], begin: Column) -> Column:
    """The first of these moments that is not before another one."""
    later = [F.when(begin <= moment(at), moment(at)) for at in sorted(set(whole))]
    return F.coalesce(*later, F.lit(None).cast("timestamp"))


def _was_bare(at: Column) -> Column:
    """Whether at an earlier whole moment a model was there and had not been asked for."""
    is_there = (F.col("first_observed_at") <= at) & (F.col("first_gone").isNull() | (F.col("first_gone") > at))
    return F.col("is_covered") & is_there & (F.col("asked_at").isNull() | (F.col("asked_at") > at))


def _gone(versions: DataFrame, moments: Sequence[datetime]) -> DataFrame:
    """Of models that were ever gone: at which moments, and since when they were so at the last one."""
    last = moment(moments[-1])
    removed = versions.where(F.col("removal").isNotNull() & (F.col("valid_from") <= last))
    return removed.groupBy("repo_oid").agg(
        F.bit_or(_bits(moments, holds_at)).alias("gone"),
        F.min(F.when(holds_at(last), F.col("valid_from"))).alias("gone_from"),
        F.min("valid_from").alias("first_gone"),
    )


def _told(cards: DataFrame, moments: Sequence[datetime], histories: Collection[str]) -> DataFrame:
    """Of models with cards: at which moments there was known to be one or none."""
    is_with = F.col("status") == WITH_CARD
    is_told = is_with | F.col("status").isin(*WITHOUT_CARD)
    narrow = cards.where(F.col("of_oid").isNotNull() & (F.col("valid_from") <= moment(moments[-1]))).select(
        F.col("of_oid").alias("repo_oid"),
        "valid_from",
        _bits(moments, holds_at).alias("bits"),
        is_told.alias("is_told"),
        is_with.alias("is_with"),
        (is_with & F.coalesce("has_front_matter", F.lit(False))).alias("is_fronted"),
        (is_told & ~is_of(histories)).alias("is_start"),
    )
    return narrow.groupBy("repo_oid").agg(
        F.min("valid_from").alias("asked_at"),
        F.bit_or(F.when(F.col("is_told"), F.col("bits"))).alias("told"),
        F.bit_or(F.when(F.col("is_with"), F.col("bits"))).alias("carded"),
        F.bit_or(F.when(F.col("is_fronted"), F.col("bits"))).alias("fronted"),
        F.min(F.when(F.col("is_start"), F.col("valid_from"))).alias("told_at"),
        F.min(F.when(F.col("is_with"), F.col("valid_from"))).alias("first_card_at"),
    )


def in_order(as_ofs: Sequence[datetime]) -> list[datetime]:
    """The moments in the order of time, each once; ValueError for none, or for more than a BIGINT has bits."""
    moments = sorted(set(as_ofs))
    if not 1 <= len(moments) <= MOST_MOMENTS:
        raise ValueError(f"as_ofs: expected 1 to {MOST_MOMENTS} moments, found {len(moments)}; leave some out")
    return moments


def moment(at: datetime) -> Column:
    """A moment as a TIMESTAMP."""
    return F.lit(at).cast("timestamp")


def holds_at(at: Column) -> Column:
    """Whether a version (``valid_from``, ``valid_to``) was the one that held at a moment."""
    return (F.col("valid_from") <= at) & (F.col("valid_to").isNull() | (F.col("valid_to") > at))


def has_bit(name: str, bit: int | Column) -> Column:
    """Whether a set of moments holds any of these bits."""
    return F.col(name).bitwiseAND(F.lit(bit).cast("bigint") if isinstance(bit, int) else bit) != 0


def is_of(crawls: Collection[str]) -> Column:
    """Whether a version was opened by one of these crawls."""
    return F.col("crawl_id").isin(*crawls) if crawls else F.lit(False)


def _bits(moments: Sequence[datetime], holds: Callable[[Column], Column]) -> Column:
    """The set of the moments for which a condition holds."""
    bits = (
        F.when(holds(moment(at)), F.lit(1 << number)).otherwise(F.lit(0)).cast("bigint")
        for number, at in enumerate(moments)
    )
    return reduce(Column.__add__, bits)
