"""Hub listing rows, read strictly: every field typed, every rule that a row breaks named.

A *hard* rule costs the record its place (it goes to ``rejects``), any other costs it one value (``flaws``).
"""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import moment, names_of, raw_text, typed_records

#: the fields of a listing row or a detail body that the tables need, with the JSON type of the Hub's contract
LEAVES = {
    "_id": "STRING",
    "id": "STRING",
    "createdAt": "STRING",
    "lastModified": "STRING",
    "sha": "STRING",
    "library_name": "STRING",
    "pipeline_tag": "STRING",
    "gated": "ANY",  # false, "auto" or "manual"
    "private": "BOOLEAN",
    "disabled": "BOOLEAN",
    "downloads": "BIGINT",
    "likes": "BIGINT",
    "tags": "ARRAY<STRING>",
}
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
    "gated:range": "none of false, auto, manual; the value is null",
    "downloads:range, likes:range": "negative; the value is null",
}
_FLOOR = ("2022-03-02T23:29:04.000Z", "2022-03-02T23:29:05.000Z")


def read_listing(dump: DataFrame, *, reject_text_chars: int, carried: Collection[str] | None = None) -> DataFrame:
    """One row per landed record of a Hub listing: typed values, ``flaws``, and for rejects ``reasons`` and text.

    ``reasons`` is empty for a row that may become a model. Envelopes without a record (an address that answered with
    an error) are left out: they are evidence about a model, not an observation of one. ``carried``: the fields that
    the dump has at all, where its manifest says so.
    """
    lines = typed_records(dump, LEAVES, carried=None if carried is None else {"_id", "id", *carried}).where(
        F.col("status").between(200, 299)
    )
    record = F.col("record")
    observed_at = moment(F.col("fetched_at"))
    reasons = names_of(
        {
            "id:type": _wrong("id"),
            "id:missing": ~_wrong("id") & (F.coalesce(record["id"], F.lit("")) == ""),
            "_id:type": _wrong("_id"),
            "_id:missing": ~_wrong("_id") & record["_id"].isNull(),
            "_id:format": ~record["_id"].rlike(r"^[0-9a-f]{24}\z"),
        }
    )
    read = lines.select(
        "seq",
        observed_at.alias("observed_at"),
        record["_id"].alias("repo_oid"),
        record["id"].alias("model_id"),
        record["createdAt"].alias("created_text"),
        record["lastModified"].alias("modified_text"),
        moment(record["createdAt"]).alias("created"),
        moment(record["lastModified"]).alias("modified"),
        record["sha"].alias("sha"),
        record["library_name"].alias("library_name"),
        record["pipeline_tag"].alias("pipeline_tag"),
        record["gated"].alias("gated_text"),
        record["private"].alias("is_private"),
        record["disabled"].alias("is_disabled"),
        record["downloads"].alias("downloads"),
        record["likes"].alias("likes"),
        record["tags"].alias("tags"),
        "wrong_type",
        reasons.alias("reasons"),
        F.when(F.size(reasons) > 0, raw_text(F.col("value"))).alias("raw"),
    )
    return _judge_values(read).select(
        "*",
        F.sha2("raw", 256).alias("sha256"),
        F.substring("raw", 1, reject_text_chars).alias("raw_cut"),
    )


def _judge_values(read: DataFrame) -> DataFrame:
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
        "gated:range": ~F.col("gated_text").isin("false", "auto", "manual"),
        "downloads:range": F.col("downloads") < 0,
        "likes:range": F.col("likes") < 0,
    }
    values_only = F.filter("wrong_type", lambda name: ~name.isin("id", "_id"))
    types = F.transform(values_only, lambda name: F.concat(name, F.lit(":type")))
    is_floor = F.col("created_text").isin(*_FLOOR)
    known = (F.col("created") <= latest) & ~is_floor
    return read.select(
        "seq",
        "observed_at",
        "repo_oid",
        "model_id",
        F.when(known, F.col("created")).alias("created_at"),
        F.when(is_floor, "floor").when(known, "hub").otherwise("unknown").alias("created_at_basis"),
        F.when(F.col("modified") <= latest, F.col("modified")).alias("last_modified_at"),
        F.when(sha_fits, F.col("sha")).alias("head_sha"),
        "library_name",
        "pipeline_tag",
        F.when(F.col("gated_text") == "false", "no")
        .when(F.col("gated_text").isin("auto", "manual"), F.col("gated_text"))
        .alias("gated"),
        "is_private",
        "is_disabled",
        F.when(F.col("downloads") >= 0, F.col("downloads")).alias("downloads"),
        F.when(F.col("likes") >= 0, F.col("likes")).alias("likes"),
        "tags",
        F.concat(types, names_of(rules)).alias("flaws"),
        "reasons",
        "raw",
    )


def _far(text: Column) -> Column:
    """A moment by its form, but in a year that no model can be of."""
    year = text.substr(1, 4)
    return ~year.between("1970", "2100") & text.rlike(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T")


def _wrong(name: str) -> Column:
    return F.array_contains("wrong_type", name)
