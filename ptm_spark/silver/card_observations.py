"""Landed lines of hub/cards, read strictly: which model had which README, or none, at which moment."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.columns import moment, names_of
from ptm_spark.silver.accounting import Landed, with_rejected_text

#: rule → what it means, for people; the names of ops/rejects
HARD_RULES = {
    "key:missing": "the line names no model",
    "key:type": "what names the model is no text",
    "fetched_at:format": "no ISO 8601 moment with its zone between 1970 and 2100",
    "raw:missing": "an answer of status 200 without a README",
    "raw:type": "the README is no text",
}
#: states of a card; ``same`` is an answer that the README is what it was
STATES = ("present", "empty", "none", "refused", "disabled", "gone_or_private")
SAME = "same"
_LINE = (
    "seq BIGINT, fetched_at STRING, status INT, key STRING, raw STRING, "
    "about STRUCT<repo_oid: STRING, asked: STRING, sha: STRING, truncated: BOOLEAN, error: STRING, message: STRING>"
)
#: what the census of 2022 wrote where there was no README
_NONE_IN_CENSUS = "Error: the path 'README.md' does not exist in the given tree"
_NOT_BLANK = "[^ \t\r\n\u00a0\ufeff]"
_STATE_OF_ERROR = {"EntryNotFound": "none", "RepoNotFound": "gone_or_private", "GatedRepo": "refused"}
_NO_ANSWER = "RevisionNotFound"  # the commit asked for is gone, which says nothing of the README


def read_observations(landed: Landed, rank: int, *, reject_text_chars: int) -> DataFrame:
    """One row a line of a crawl: model_id, observed_at, state, card_sha256 and what else a version takes from it.

    ``rank`` is the place of the crawl among those read together. ``state`` is NULL for an answer that tells nothing;
    ``reasons`` is empty but for rejects, which have ``sha256`` and ``raw_cut``.
    """
    line = landed.lines.select("value", F.from_json("value", _LINE).alias("line")).select("value", "line.*")
    has_raw = F.contains("value", F.lit('"raw":'))
    has_text = F.contains("value", F.lit('"raw":"'))
    is_ok = F.coalesce(F.col("status") == 200, F.lit(False))
    observed_at = moment(F.col("fetched_at"))
    rules = {
        "key:type": F.col("key").isNotNull() & ~F.contains("value", F.lit('"key":"')),
        "key:missing": F.coalesce("key", F.lit("")) == "",
        "fetched_at:format": observed_at.isNull(),
        "raw:missing": is_ok & (~has_raw | (has_raw & F.col("raw").isNull())),
        "raw:type": is_ok & F.col("raw").isNotNull() & ~has_text,
    }
    has_content = is_ok & F.col("raw").rlike(_NOT_BLANK)
    if landed.crawl.format == "census-2022":
        has_content = has_content & (F.col("raw") != _NONE_IN_CENSUS)
    judged = line.select(
        "value",
        "seq",
        F.lit(rank).alias("rank"),
        F.lit(landed.crawl.crawl_id).alias("crawl_id"),
        F.col("key").alias("model_id"),
        observed_at.alias("observed_at"),
        _state(landed.crawl.format, is_ok, has_content).alias("state"),
        F.when(has_content, F.sha2("raw", 256)).alias("card_sha256"),
        F.when(F.col("about.repo_oid").rlike(r"^[0-9a-f]{24}\z"), F.col("about.repo_oid")).alias("repo_oid"),
        _commit(F.col("about.sha"), F.col("about.asked")).alias("commit_sha"),
        (has_content & F.coalesce("about.truncated", F.lit(False))).alias("is_truncated"),
        names_of(rules).alias("reasons"),
    )
    return with_rejected_text(judged, reject_text_chars=reject_text_chars)


def read_texts(landed: Landed, rank: int) -> DataFrame:
    """The READMEs of a crawl: rank, seq, text."""
    line = landed.lines.select(F.from_json("value", "seq BIGINT, raw STRING").alias("line"))
    return line.select(F.lit(rank).alias("rank"), F.col("line.seq").alias("seq"), F.col("line.raw").alias("text"))


def _state(source_format: str, is_ok: Column, has_content: Column) -> Column:
    status, error = F.col("status"), F.col("about.error")
    state = F.when(has_content, "present")
    if source_format == "census-2022":
        state = state.when(is_ok & (F.col("raw") == _NONE_IN_CENSUS), "none")
    state = state.when(is_ok, "empty").when(status == 304, SAME).when(status == 204, "none")
    for code, name in _STATE_OF_ERROR.items():
        state = state.when(error == code, name)
    state = state.when(error == _NO_ANSWER, F.lit(None))
    message = F.lower(F.coalesce("about.message", F.lit("")))
    state = state.when(status.isin(401, 403) & message.contains("disabled"), "disabled")
    if source_format == "git-history":
        state = state.when(status == 404, "none")
    else:
        state = state.when((status == 404) & message.contains("entry not found"), "none")
    return state.when(status == 403, "refused").when(status.isin(401, 404, 410), "gone_or_private")


def _commit(sha: Column, asked: Column) -> Column:
    """The commit that the answer named, else the one that was asked for."""
    whole = r"^[0-9a-f]{40}\z"
    return F.when(sha.rlike(whole), sha).when(asked.rlike(whole), asked)
