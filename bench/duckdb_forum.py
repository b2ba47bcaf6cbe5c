"""The three tables of the forum by DuckDB alone: a part of ``duckdb_gold.py``."""

from collections.abc import Callable
from typing import Any

import duckdb

Write = Callable[[str, str, dict[str, Any]], None]

TOPICS = """
CREATE TABLE topics AS
SELECT topic_id, date_trunc('month', created_at)::DATE AS month, category_id,
    coalesce((removal IS NULL OR removed_at > $as_of) AND coalesce(is_visible, true), false) AS is_counted,
    is_answered, has_accepted_answer, post_count, seconds_to_first_answer,
    first_staff_answer_at IS NOT NULL AS is_staff_answered,
    date_diff('second', created_at, page_observed_at) AS watched_seconds
FROM forum_topics
WHERE first_observed_at <= $as_of AND archetype IS DISTINCT FROM 'private_message'
"""

POSTS = """
CREATE TABLE posts AS
SELECT date_trunc('month', created_at)::DATE AS month, category_id, author_hash
FROM forum_posts JOIN topics USING (topic_id)
WHERE is_counted AND first_observed_at <= $as_of AND post_type = 'regular'
    AND (removal IS NULL OR removed_at > $as_of)
    AND NOT coalesce(is_hidden, false) AND NOT coalesce(is_bot, false)
"""

_MONTHS = """
SELECT unnest(generate_series(min(month), greatest(max(month), date_trunc('month', $as_of)::DATE),
    INTERVAL 1 MONTH))::DATE AS month FROM
"""
#: aggregates of topics that all tables of the forum have
_COUNTS = """
    count(*) FILTER (is_counted) AS topic_count,
    count(is_counted) AS ever_count,
    count(is_answered) FILTER (is_counted) AS fetched_count,
    count(*) FILTER (is_counted AND NOT is_answered) AS unanswered_count,
    count(*) FILTER (is_counted AND has_accepted_answer) AS accepted_count,
    count(has_accepted_answer) FILTER (is_counted) AS marked_count
"""
_PARTIAL = "coalesce(month >= date_trunc('month', $as_of)::DATE, false) AS is_partial"

CATEGORIES = f"""
WITH begun AS (SELECT month, category_id, {_COUNTS} FROM topics GROUP BY ALL),
written AS (SELECT month, category_id, count(*) AS post_count FROM posts GROUP BY ALL),
months AS ({_MONTHS} (SELECT month FROM topics UNION ALL SELECT month FROM posts)),
places AS (
    SELECT * FROM months CROSS JOIN (SELECT DISTINCT category_id FROM topics)
    UNION SELECT month, category_id FROM begun UNION SELECT month, category_id FROM written
),
named AS (
    SELECT one.category_id, one.name AS category_name, one.parent_category_id, parent.name AS parent_category_name
    FROM forum_categories one LEFT JOIN forum_categories parent ON one.parent_category_id = parent.category_id
)
SELECT $as_of AS as_of, places.month, places.category_id, category_name, parent_category_id, parent_category_name,
    coalesce(topic_count, 0) AS topic_count,
    coalesce(topic_count, 0) / nullif(sum(topic_count) OVER (PARTITION BY places.month), 0) AS topic_share,
    coalesce(ever_count, 0) AS ever_count, coalesce(post_count, 0) AS post_count,
    coalesce(fetched_count, 0) AS fetched_count, fetched_count / nullif(topic_count, 0) AS coverage,
    coalesce(unanswered_count, 0) AS unanswered_count,
    unanswered_count / nullif(fetched_count, 0) AS unanswered_share,
    coalesce(accepted_count, 0) AS accepted_count, accepted_count / nullif(marked_count, 0) AS accepted_share,
    {_PARTIAL.replace("month >=", "places.month >=")}
FROM places
LEFT JOIN begun ON places.month IS NOT DISTINCT FROM begun.month
    AND places.category_id IS NOT DISTINCT FROM begun.category_id
LEFT JOIN written ON places.month IS NOT DISTINCT FROM written.month
    AND places.category_id IS NOT DISTINCT FROM written.category_id
LEFT JOIN named ON places.category_id = named.category_id
"""

HEALTH = f"""
WITH judged AS (
    SELECT *, CASE WHEN is_counted THEN post_count END AS size,
        CASE WHEN is_counted AND seconds_to_first_answer >= 0 THEN seconds_to_first_answer END AS seconds,
        is_counted AND is_answered IS NOT NULL AND watched_seconds >= 86400
            AND NOT coalesce(seconds_to_first_answer < 0, false) AS day_watched,
        day_watched AND watched_seconds >= 604800 AS week_watched
    FROM topics
),
begun AS (
    SELECT month, {_COUNTS},
        count(*) FILTER (is_counted AND is_answered) AS answered_count,
        count(*) FILTER (is_counted AND NOT is_answered AND has_accepted_answer) AS self_accepted_count,
        count(*) FILTER (size = 1) AS single_post_count, count(size) AS sized_count, sum(size) AS size_total,
        quantile_cont(size, 0.5) AS median_posts_per_topic,
        quantile_cont(seconds, 0.5) AS median_seconds_to_first_answer,
        count(*) FILTER (day_watched) AS day_watched_count,
        count(*) FILTER (day_watched AND seconds_to_first_answer <= 86400) AS answered_in_day_count,
        count(*) FILTER (week_watched) AS week_watched_count,
        count(*) FILTER (week_watched AND seconds_to_first_answer <= 604800) AS answered_in_week_count,
        count(*) FILTER (is_counted AND is_staff_answered) AS staff_answered_count
    FROM judged GROUP BY ALL
),
written AS (
    SELECT month, count(*) AS post_count, count(DISTINCT author_hash) AS author_count FROM posts GROUP BY ALL
),
months AS ({_MONTHS} (SELECT month FROM topics UNION ALL SELECT month FROM posts)),
places AS (FROM months UNION SELECT month FROM begun UNION SELECT month FROM written)
SELECT $as_of AS as_of, places.month,
    COLUMNS(lambda name: name IN ('median_posts_per_topic', 'median_seconds_to_first_answer')),
    coalesce(COLUMNS(lambda name: suffix(name, '_count') AND name NOT IN ('marked_count', 'sized_count')), 0),
    fetched_count / nullif(topic_count, 0) AS coverage,
    unanswered_count / nullif(fetched_count, 0) AS unanswered_share,
    accepted_count / nullif(marked_count, 0) AS accepted_share,
    single_post_count / nullif(sized_count, 0) AS single_post_share,
    size_total / nullif(sized_count, 0) AS mean_posts_per_topic,
    answered_in_day_count / nullif(day_watched_count, 0) AS answered_in_day_share,
    answered_in_week_count / nullif(week_watched_count, 0) AS answered_in_week_share,
    staff_answered_count / nullif(fetched_count, 0) AS staff_answered_share,
    {_PARTIAL.replace("month >=", "places.month >=")}
FROM places
LEFT JOIN begun ON places.month IS NOT DISTINCT FROM begun.month
LEFT JOIN written ON places.month IS NOT DISTINCT FROM written.month
"""

MENTIONS = f"""
WITH named AS (
    SELECT topic_id, family, mention_count > 0 AS is_mentioned, code_mention_count > 0 AS is_in_code, is_ambiguous
    FROM topic_mentions
),
pairs AS (
    SELECT month, family, CASE WHEN is_mentioned THEN is_counted END AS is_counted, is_answered, has_accepted_answer,
        is_counted AND is_mentioned AND is_ambiguous AS is_only_ambiguous,
        is_counted AND NOT is_mentioned AND is_in_code AS is_only_in_code
    FROM topics JOIN named USING (topic_id)
),
counted AS (
    SELECT month, family, {_COUNTS}, count(*) FILTER (is_only_ambiguous) AS ambiguous_count,
        count(*) FILTER (is_only_in_code) AS code_only_count
    FROM pairs GROUP BY ALL
),
telling AS (SELECT DISTINCT topic_id FROM named WHERE is_mentioned),
whole AS (
    SELECT month, count(*) FILTER (is_counted) AS whole_count,
        count(is_answered) FILTER (is_counted) AS whole_fetched_count,
        count(telling.topic_id) FILTER (is_counted) AS telling_count
    FROM topics LEFT JOIN telling USING (topic_id) GROUP BY ALL
),
months AS ({_MONTHS} topics),
places AS (
    SELECT * FROM months CROSS JOIN (SELECT DISTINCT family FROM pairs) UNION SELECT month, family FROM counted
)
SELECT $as_of AS as_of, places.month, places.family, coalesce(topic_count, 0) AS topic_count,
    coalesce(topic_count, 0) / nullif(whole_count, 0) AS topic_share,
    coalesce(topic_count, 0) / nullif(sum(topic_count) OVER (PARTITION BY places.month), 0) AS mention_share,
    coalesce(COLUMNS(lambda name: name IN ('ever_count', 'ambiguous_count', 'code_only_count', 'fetched_count',
        'unanswered_count', 'accepted_count')), 0),
    unanswered_count / nullif(fetched_count, 0) AS unanswered_share,
    accepted_count / nullif(marked_count, 0) AS accepted_share,
    telling_count / nullif(whole_count, 0) AS coverage, whole_fetched_count / nullif(whole_count, 0) AS fetched_share,
    {_PARTIAL.replace("month >=", "places.month >=")}
FROM places
LEFT JOIN counted ON places.month IS NOT DISTINCT FROM counted.month AND places.family = counted.family
LEFT JOIN whole ON places.month IS NOT DISTINCT FROM whole.month
"""


def write_forum(db: duckdb.DuckDBPyConnection, as_of: dict[str, Any], write: Write) -> None:
    """Topics and posts that count, narrow, then the tables from them."""
    db.execute(TOPICS, as_of)
    db.execute(POSTS, as_of)
    write("topics_per_category_monthly", CATEGORIES, as_of)
    write("forum_health_monthly", HEALTH, as_of)
    write("mentions_per_family_monthly", MENTIONS, as_of)
