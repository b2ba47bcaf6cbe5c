"""What the gate asks of the forum's categories, topics and posts."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ptm_spark.config import GateSettings
from ptm_spark.quality.metrics import Measures, count_if, measure, orphan_count, share_if
from ptm_spark.quality.rules import Rule, contract_rules
from ptm_spark.store import Store
from ptm_spark.tables.forum import FORUM_CATEGORIES, FORUM_POSTS, FORUM_TOPICS, TABLES

__all__ = ["TABLES", "measures", "rules"]

_POST_TYPES = ("regular", "moderator_action", "small_action", "whisper")
_REMOVED_TOPICS, _REMOVED_POSTS = ("deleted", "private"), ("by_author", "by_staff", "vanished")


def measures(store: Store, _before: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures by table path."""
    categories, topics, posts = (store.read(table) for table in (FORUM_CATEGORIES, FORUM_TOPICS, FORUM_POSTS))
    latest = F.col("observed_at") + F.expr("INTERVAL 1 DAY")
    is_whole = F.col("stream_count").isNotNull()
    of_topics = measure(
        FORUM_TOPICS,
        topics,
        {
            "future_count": count_if((F.col("created_at") > latest) | (F.col("first_answer_at") > latest)),
            "undated_count": count_if(F.col("created_at").isNull()),
            "bad_removal_count": count_if(_is_bad_removal(_REMOVED_TOPICS)),
            "early_answer_count": count_if(F.col("first_answer_at") < F.col("created_at")),
            "bad_answer_count": count_if(
                # answers may have lost their moments to a rule, but only answers have any
                (F.col("is_answered") != (F.col("answer_count") > 0))
                | (F.col("first_answer_at").isNotNull() & ~F.col("is_answered"))
                | (F.col("answer_count") > F.col("posts_seen_count"))
            ),
            # topics that were never fetched, or whose page lists nothing, have no share in these
            "broken_page_share": _share_among(F.col("posts_seen_count") != F.col("stream_count"), is_whole),
            "miscounted_share": _share_among(
                F.col("posts_seen_count") != F.col("post_count"),
                is_whole & (F.col("page_observed_at") == F.col("observed_at")),
            ),
            "lost_solution_count": count_if(
                F.col("accepted_answer_post_number").isNotNull() & F.col("accepted_answer_post_id").isNull()
            ),
            "unfetched_share": share_if(F.col("page_observed_at").isNull() & F.col("removal").isNull()),
            "flawed_share": share_if(F.size("flaws") > 0),
        },
    )
    known = topics.where(F.col("category_id").isNotNull())
    of_topics["unknown_category_count"] = orphan_count(known, categories, "category_id")
    of_posts = measure(
        FORUM_POSTS,
        posts,
        {
            "future_count": count_if((F.col("created_at") > latest) | (F.col("updated_at") > latest)),
            "bad_type_count": count_if(~F.col("post_type").isin(*_POST_TYPES)),
            "bad_removal_count": count_if(
                _is_bad_removal(_REMOVED_POSTS) | (~F.col("is_in_stream") & F.col("removal").isNull())
            ),
            "bad_text_count": count_if(F.col("text_source").isNull() != F.col("prose").isNull()),
            "hidden_text_count": count_if(
                (F.col("is_hidden") | F.col("removal").isin("by_author", "by_staff")) & F.col("prose").isNotNull()
            ),
            "flawed_share": share_if(F.size("flaws") > 0),
        },
    )
    of_posts["orphan_count"] = orphan_count(posts, topics, "topic_id")
    of_posts["twice_numbered_count"] = _twice_numbered(posts)
    return {
        FORUM_CATEGORIES.path: measure(FORUM_CATEGORIES, categories, {"flawed_share": share_if(F.size("flaws") > 0)}),
        FORUM_TOPICS.path: of_topics,
        FORUM_POSTS.path: of_posts,
    }


def crawl_rules() -> tuple[Rule, ...]:
    """What a crawl of forum/topic_posts is asked beyond what every crawl is."""
    return (
        Rule(
            "posts_accounted",
            "posts_unaccounted_count",
            "posts in = posts out + rejects + those seen again later",
            least=0,
            most=0,
        ),
    )


def rules(settings: GateSettings) -> dict[str, tuple[Rule, ...]]:
    """Rules by table path."""
    removal = Rule("removal_whole", "bad_removal_count", "removal is a known word, and stands with removed_at", most=0)
    share = settings.max_flaw_share
    return {
        FORUM_CATEGORIES.path: (*contract_rules(FORUM_CATEGORIES), _flawed("categories", settings)),
        FORUM_TOPICS.path: (
            *contract_rules(FORUM_TOPICS),
            removal,
            Rule("not_in_future", "future_count", "nothing in a topic happened after it was seen", most=0),
            Rule(
                "answers_agree",
                "bad_answer_count",
                "answers and their count agree, only answers have a moment",
                most=0,
            ),
            _warning("dated", "undated_count", "every topic says when it was begun"),
            _warning("categories_known", "unknown_category_count", "every topic's category was listed"),
            _warning("answered_after_asked", "early_answer_count", "no answer is older than its topic"),
            _warning("solutions_found", "lost_solution_count", "every marked solution is among the topic's posts"),
            _warning(
                "pages_whole",
                "broken_page_share",
                f"of at most {share:.0%} of the pages a listed post is missing",
                share,
            ),
            _warning(
                "counts_agree",
                "miscounted_share",
                f"at most {share:.0%} of the pages list more or fewer posts than they count",
                share,
            ),
            _flawed("topics", settings),
        ),
        FORUM_POSTS.path: (
            *contract_rules(FORUM_POSTS),
            removal,
            Rule("has_topic", "orphan_count", "every topic_id is in silver/forum_topics", most=0),
            Rule("not_in_future", "future_count", "no post is written more than a day after it was seen", most=0),
            Rule("types_known", "bad_type_count", f"post_type is one of {', '.join(_POST_TYPES)}, or null", most=0),
            Rule("text_whole", "bad_text_count", "prose and its source stand together", most=0),
            Rule("taken_back_untold", "hidden_text_count", "hidden and withdrawn posts have no text", most=0),
            _warning("numbers_unique", "twice_numbered_count", "no two posts of a topic share a number"),
            _flawed("posts", settings),
        ),
    }


def _is_bad_removal(words: Sequence[str]) -> Column:
    return (F.col("removal").isNull() != F.col("removed_at").isNull()) | ~F.coalesce(
        F.col("removal").isin(*words), F.lit(True)
    )


def _share_among(condition: Column, asked: Column) -> Column:
    return F.avg(F.when(asked, F.coalesce(condition, F.lit(False)).cast("double")))


def _twice_numbered(posts: DataFrame) -> float:
    """Numbers that several posts of a topic have, among those that its newest page lists."""
    numbered = posts.where(F.col("is_in_stream") & F.col("post_number").isNotNull())
    return float(numbered.groupBy("topic_id", "post_number").count().where(F.col("count") > 1).count())


def _warning(name: str, metric: str, meaning: str, most: float = 0) -> Rule:
    return Rule(name, metric, meaning, most=most, severity="warn")


def _flawed(what: str, settings: GateSettings) -> Rule:
    share = settings.max_flaw_share
    return _warning("flawed_share", "flawed_share", f"at most {share:.0%} of the {what} lost a value to a rule", share)
