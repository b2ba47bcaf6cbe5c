"""Hub listing rows, read strictly: every field typed, every rule that a row breaks named.

A *hard* rule costs the record its place (it goes to ``rejects``), any other costs it one value (``flaws``).
"""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import moment, names_of, raw_text, typed_records
from ptm_spark.silver.dialects import LEAVES, TYPES, Dialect

#: rule → what it means, for people; the names of ops/rejects and of the column flaws
HARD_RULES = {
    "id:missing": "the record has no id, or an empty one",
    "id:type": "its id is no text",
    "_id:missing": "the record has no _id, so that it could not be followed through a rename",
    "_id:type": "its _id is no text",
    "_id:format": "its _id is no ObjectId of 24 lower-case hex digits",
}
SOFT_RULES = {
    "<field>:type": "the field was there with another JSON type; the value is null",
    "createdAt:format, lastModified:format": "no ISO 8601 moment with its zone; the value is null",
    "createdAt:range, lastModified:range": "outside 1970–2100 or later than the crawl; the value is null",
    "sha:format": "no 40 hex digits; the value is null",
    "gated:range": "none of false, true, auto, manual; the value is null",
    "cardData.language:format": "something there is no language code; it is left out",
    "downloads:range, likes:range": "negative; the value is null",
}
_FLOOR = ("2022-03-02T23:29:04.000Z", "2022-03-02T23:29:05.000Z")
#: codes as the Hub has them, such as en, zh-tw, multilingual or code
_LANGUAGE = r"^[a-z][a-z0-9_-]*\z"


def read_listing(
    dump: DataFrame, dialect: Dialect, *, reject_text_chars: int, carried: Collection[str] | None = None
) -> DataFrame:
    """One row per landed record of models: typed values, ``flaws``, and for rejects ``reasons`` and text.

    ``reasons`` is empty for a row that may become a model. ``repo_oid`` is the Hub's ObjectId, or where the source has
    none a surrogate from name and creation time. Envelopes without a record (an address that answered with an error)
    are left out: they are evidence about a model, not an observation of one. ``carried``: the record keys that the dump
    has at all, where its manifest says so.
    """
    name_of = dialect.source_name
    fields = [name for name in TYPES if name in LEAVES or name_of(name) in dialect.known]
    if not dialect.has_oid:
        fields.remove("_id")
    leaves = {name_of(name): TYPES[name] for name in fields}
    asked = None if carried is None else {name_of("id"), *(["_id"] if dialect.has_oid else []), *carried}
    lines = typed_records(dump, leaves, carried=asked).where(F.col("status").between(200, 299))

    def value(name: str) -> Column:
        return (
            F.col("record")[name_of(name)] if name in fields else F.lit(None).cast(TYPES[name].replace("ANY", "STRING"))
        )

    def wrong(name: str) -> Column:
        return F.array_contains("wrong_type", name_of(name))

    rules = {
        "id:type": wrong("id"),
        "id:missing": ~wrong("id") & (F.coalesce(value("id"), F.lit("")) == ""),
    }
    if dialect.has_oid:
        rules |= {
            "_id:type": wrong("_id"),
            "_id:missing": ~wrong("_id") & value("_id").isNull(),
            "_id:format": ~value("_id").rlike(r"^[0-9a-f]{24}\z"),
        }
    reasons = names_of(rules)
    has_languages = asked is None or not asked.isdisjoint(("cardData", "languages"))
    languages = _languages(value("cardData")["language"], value("languages"))
    read = lines.select(
        "seq",
        moment(F.col("fetched_at")).alias("observed_at"),
        value("_id").alias("oid"),
        value("id").alias("model_id"),
        value("createdAt").alias("created_text"),
        value("lastModified").alias("modified_text"),
        moment(value("createdAt")).alias("created"),
        moment(value("lastModified")).alias("modified"),
        value("sha").alias("sha"),
        value("library_name").alias("library_name"),
        value("pipeline_tag").alias("pipeline_tag"),
        F.nullif(value("config")["model_type"], F.lit("")).alias("model_type"),
        F.try_element_at(value("config")["architectures"], F.lit(1)).alias("architecture"),
        value("gated").alias("gated_text"),
        value("private").alias("is_private"),
        value("disabled").alias("is_disabled"),
        value("downloads").alias("downloads"),
        value("likes").alias("likes"),
        value("tags").alias("tags"),
        (languages if has_languages else F.lit(None).cast("array<string>")).alias("language_texts"),
        F.coalesce(value("removed"), F.lit(False)).alias("is_flagged"),
        F.filter("wrong_type", lambda name: ~name.isin(name_of("id"), "_id")).alias("wrong_type"),
        reasons.alias("reasons"),
        F.when(F.size(reasons) > 0, raw_text(F.col("value"))).alias("raw"),
    )
    return _judge_values(read, has_languages=has_languages).select(
        "*",
        F.sha2("raw", 256).alias("sha256"),
        F.substring("raw", 1, reject_text_chars).alias("raw_cut"),
    )


def _languages(of_card: Column, of_export: Column) -> Column:
    """Language texts of a record in lower case; of card data they may be a text, a list, or ``false`` for no."""
    texts = F.when(of_card.startswith("["), F.from_json(of_card, "ARRAY<STRING>")).otherwise(F.array(of_card))
    of_either = F.coalesce(of_export, F.when(of_card.isNotNull(), F.array_compact(texts)))
    return F.transform(of_either, lambda text: F.when(text == "false", "no").otherwise(F.lower(F.trim(text))))


def _judge_values(read: DataFrame, *, has_languages: bool) -> DataFrame:
    """Null the values that break a rule, and list the rules under ``flaws``."""
    latest = F.col("observed_at") + F.expr("INTERVAL 1 DAY")
    sha_fits = F.col("sha").rlike(r"^[0-9a-f]{40}\z")
    rules = {
        "createdAt:format": F.col("created_text").isNotNull()
        & F.col("created").isNull()
        & ~_far(F.col("created_text")),
        "createdAt:range": _far(F.col("created_text")) | (F.col("created") > latest),
        "lastModified:format": F.col("modified_text").isNotNull()
        & F.col("modified").isNull()
        & ~_far(F.col("modified_text")),
        "lastModified:range": _far(F.col("modified_text")) | (F.col("modified") > latest),
        "sha:format": ~sha_fits,
        "gated:range": ~F.col("gated_text").isin("false", "true", "auto", "manual"),
        "downloads:range": F.col("downloads") < 0,
        "likes:range": F.col("likes") < 0,
    }
    languages = F.col("language_texts")
    if has_languages:
        rules["cardData.language:format"] = F.exists(languages, lambda text: ~text.rlike(_LANGUAGE))
        languages = F.array_sort(F.array_distinct(F.filter(languages, lambda text: text.rlike(_LANGUAGE))))
    types = F.transform("wrong_type", lambda name: F.concat(name, F.lit(":type")))
    is_floor = F.col("created_text").isin(*_FLOOR)
    known = (F.col("created") <= latest) & ~is_floor
    created_at = F.when(known, F.col("created"))
    return read.select(
        "seq",
        "observed_at",
        F.coalesce("oid", _surrogate(F.col("model_id"), created_at)).alias("repo_oid"),
        "model_id",
        created_at.alias("created_at"),
        F.when(is_floor, "floor").when(known, "hub").otherwise("unknown").alias("created_at_basis"),
        F.when(F.col("modified") <= latest, F.col("modified")).alias("last_modified_at"),
        F.when(sha_fits, F.col("sha")).alias("head_sha"),
        "library_name",
        "pipeline_tag",
        "model_type",
        "architecture",
        F.when(F.col("gated_text") == "false", "no")
        .when(F.col("gated_text") == "true", "yes")
        .when(F.col("gated_text").isin("auto", "manual"), F.col("gated_text"))
        .alias("gated"),
        "is_private",
        "is_disabled",
        F.when(F.col("downloads") >= 0, F.col("downloads")).alias("downloads"),
        F.when(F.col("likes") >= 0, F.col("likes")).alias("likes"),
        "tags",
        F.array_sort(F.array_distinct(F.filter("language_texts", lambda text: text.rlike(_LANGUAGE)))).alias(
            "languages"
        ),
        "is_flagged",
        F.concat(types, names_of(rules)).alias("flaws"),
        "reasons",
        "raw",
    )


def _far(text: Column) -> Column:
    """A moment by its form, but in a year that no model can be of."""
    year = text.substr(1, 4)
    return ~year.between("1970", "2100") & text.rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T")


def _surrogate(model_id: Column, created_at: Column) -> Column:
    """An id for a model whose ObjectId is unknown: n and 23 hex of the SHA-256 of its name and creation second."""
    second = F.coalesce(F.unix_timestamp(created_at).cast("string"), F.lit(""))
    return F.concat(F.lit("n"), F.substring(F.sha2(F.concat_ws("\n", model_id, second), 256), 1, 23))
