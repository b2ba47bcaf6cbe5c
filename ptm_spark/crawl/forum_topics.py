"""The forum's frame and its list of topics: categories, and a row a topic."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from ptm_spark.crawl.answers import Answer, BadBodyError, FetchError
from ptm_spark.crawl.bodies import array_in, error_text, read_json, split_page
from ptm_spark.crawl.crawling import Crawl
from ptm_spark.crawl.limits import Budget
from ptm_spark.errors import CrawlError
from ptm_spark.landing import utc_text

#: what the Discourse API gives at most; forums that do not know the parameter give 30
TOPICS_A_PAGE = 100
_TOPIC_LIST = array_in("topic_list", "topics")
_SITE = {"site": "/site.json", "categories": "/categories.json?include_subcategories=true"}


async def crawl_site(crawl: Crawl) -> None:
    """Land what the forum says of itself: one record of the site, one of its categories with their counts."""
    budget = forum_budget(crawl)
    for name, path in _SITE.items():
        if name in crawl.position:
            continue
        crawl.leave_if_stopped()
        answer = await ask(crawl, budget, path)
        writer = crawl.writer
        first = writer.seq
        writer.add_parsed(answer.body, answer.value, name=name, fetched_at=answer.fetched_at)
        writer.log_request(answer.request_line(first_seq=first, count=1))
        crawl.position[name] = True
        await crawl.commit()


async def crawl_topics(crawl: Crawl, *, since: datetime | None = None) -> None:
    """Land a row of each listed topic: all of them in order of creation, or those active since a moment.

    Order of creation grows at its end only. Pages are numbered, so that a topic deleted while the walk runs lets one
    other slip over the edge of a page: it is missing from this crawl, which proves nothing before its own page is
    asked.
    """
    budget, writer = forum_budget(crawl), crawl.writer
    oldest = str(crawl.position.get("oldest", utc_text(since)[:19] if since is not None else ""))
    order = {} if oldest else {"order": "created", "ascending": "true"}
    while not crawl.position.get("is_over"):
        crawl.leave_if_stopped()
        if crawl.is_spent:
            return
        page = int(crawl.position.get("page", 0))
        path = f"/latest.json?{urlencode(order | {'per_page': TOPICS_A_PAGE, 'page': page})}"
        answer = await ask(crawl, budget, path, of="topic_list")
        rows = split_page(answer.body, writer, _TOPIC_LIST)
        topics = [row for _, row in rows if row is not None]
        ids = [topic.get("id") for topic in topics]
        before = set(crawl.position.get("ids", []))
        if ids and before.issuperset(ids):
            raise CrawlError(
                f"{crawl.client.hosts.base}: the list of topics goes round in circles (page {page} brings "
                "nothing new); try again later"
            )
        first = writer.seq
        writer.add_page(rows, key="id", fetched_at=answer.fetched_at)
        writer.log_request(answer.request_line(first_seq=first, count=writer.seq - first))
        writer.count("pages")
        repeated = sum(number in before for number in ids)
        writer.count("repeated", repeated)
        writer.count("seen", writer.seq - first - repeated)
        is_last = not rows or "more_topics_url" not in answer.value["topic_list"]
        is_past = bool(oldest and topics) and not any(_is_active(topic, oldest) for topic in topics)
        crawl.position = {"page": page + 1, "ids": ids, "is_over": is_last or is_past, "oldest": oldest}
        await crawl.commit()


async def touched_topics(crawl: Crawl, budget: Budget, *, since: datetime) -> set[int]:
    """Topics that have posts since a moment, by the feed of newest posts; the feed itself is not landed.

    Older Discourse gives a window of 50 ids, so that a page may be short or empty without being the last.
    """
    touched: set[int] = set()
    oldest, before = utc_text(since)[:19], None
    while (before is None or before > 0) and not crawl.is_spent:
        crawl.leave_if_stopped()
        answer = await ask(crawl, budget, "/posts.json" + (f"?before={before}" if before else ""), of="latest_posts")
        posts = [post for post in answer.value["latest_posts"] if isinstance(post, dict)]
        crawl.writer.log_request(answer.request_line(first_seq=crawl.writer.seq, count=0))
        touched |= {int(post["topic_id"]) for post in posts if str(post.get("created_at", "")) >= oldest}
        ids = [int(post["id"]) for post in posts]
        if (before is None and not ids) or (ids and all(str(post.get("created_at", "")) < oldest for post in posts)):
            break
        before = min(ids) if ids else (before or 0) - 50
    return touched


def _is_active(topic: dict[str, Any], oldest: str) -> bool:
    """Whether a topic was active since then; pinned ones head the list whatever their age."""
    is_pinned = bool(topic.get("pinned") or topic.get("pinned_globally"))
    return not is_pinned and str(topic.get("bumped_at") or "") >= oldest


def forum_budget(crawl: Crawl) -> Budget:
    """The forum tells its limits only when they are passed, so that the pace alone keeps below them."""
    return crawl.budget("forum", crawl.settings.crawl.forum_per_second)


async def ask(crawl: Crawl, budget: Budget, path: str, *, of: str = "") -> Answer:
    """An object of the forum's API; CrawlError where it cannot be had. ``of`` is a key that it must have."""
    base = crawl.client.hosts.base
    try:
        answer = await crawl.client.get(f"{base}{path}", budget, read=partial(_read_object, of=of))
    except FetchError as error:
        raise CrawlError(f"{base}{path}: {error}; what has landed stays, run the same command again to go on") from None
    if not answer.is_ok:
        raise CrawlError(
            f"{base}{path}: status {answer.status}, {error_text(answer)}; expected 200: check --forum-url, and whether "
            "the forum may be read without a login"
        )
    return answer


def _read_object(answer: Answer, of: str) -> dict[str, Any]:
    value: dict[str, Any] = read_json(answer, dict)
    if of and of not in value:
        raise BadBodyError(f"an object without {of}")
    return value


def category_topics(categories: Iterable[Any]) -> int:
    """Topics that the categories of ``/categories.json`` count, those of subcategories in their own rows."""
    return sum(int(category.get("topic_count") or 0) for category in categories if isinstance(category, dict))
