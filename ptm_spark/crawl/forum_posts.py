"""Topics with all their posts: the page of a topic, and the further posts in chunks."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import orjson

from ptm_spark.crawl.answers import Answer, BadBodyError, FetchError
from ptm_spark.crawl.bodies import error_text, read_json
from ptm_spark.crawl.crawling import Crawl
from ptm_spark.crawl.items import Target
from ptm_spark.crawl.limits import Budget
from ptm_spark.errors import CrawlError
from ptm_spark.landing import Landing

#: what the official client asks for at a time
_POSTS_A_CHUNK = 20
_GONE = (401, 403, 404, 410)
#: what changes in a topic's row when something in the topic has changed; views change with every reader
_COUNTERS = ("posts_count", "highest_post_number", "like_count", "last_posted_at", "bumped_at", "has_accepted_answer",
             "closed", "archived", "category_id", "title")  # fmt: skip


class TopicPosts:
    """Fetches whole topics of one crawl; FetchError where an address gave nothing."""

    def __init__(self, crawl: Crawl, budget: Budget) -> None:
        self._crawl, self._budget = crawl, budget

    async def topic(self, target: Target) -> Callable[[], None]:
        """A topic with its Markdown source and every post that ``stream`` names; it lands whole or not at all.

        A topic that is gone, or open to members only, lands as its status: the evidence of a tombstone.
        """
        answers = [await self._get(f"/t/{target['id']}.json?include_raw=1")]
        posts = _posts_of(answers[0])
        if answers[0].is_ok and answers[0].value["post_stream"].get("isMegaTopic"):
            while more := _posts_of(await self._page(target, answers, len(answers) + 1)):
                posts |= more
        elif answers[0].is_ok:
            missing = [number for number in answers[0].value["post_stream"].get("stream") or [] if number not in posts]
            for start in range(0, len(missing), _POSTS_A_CHUNK):
                wanted = "&".join(f"post_ids[]={number}" for number in missing[start : start + _POSTS_A_CHUNK])
                answer = await self._get(f"/t/{target['id']}/posts.json?{wanted}&include_raw=1")
                if not answer.is_ok:
                    answers = [answer]  # deleted meanwhile
                    break
                answers.append(answer)
                posts |= _posts_of(answer)
            self._crawl.writer.count("posts_vanished", len(set(missing) - posts))
        return partial(self._land, target, answers, len(posts))

    async def _page(self, target: Target, answers: list[Answer], page: int) -> Answer:
        answer = await self._get(f"/t/{target['id']}.json?include_raw=1&page={page}")
        if answer.is_ok:
            answers.append(answer)
        return answer

    async def _get(self, path: str) -> Answer:
        base = self._crawl.client.hosts.base
        answer = await self._crawl.client.get(f"{base}{path}", self._budget, read=_read_stream)
        if not (answer.is_ok or _is_evidence(answer)):
            raise FetchError(f"status {answer.status}, {error_text(answer)[:100]}")
        return answer

    def _land(self, target: Target, answers: list[Answer], posts: int) -> None:
        writer = self._crawl.writer
        about = {"asked": target["asked"]}
        for answer in answers:
            first = writer.seq
            if answer.is_ok:
                writer.add_parsed(
                    answer.body, answer.value, name=target["id"], fetched_at=answer.fetched_at, about=about
                )
            else:
                writer.add_status(answer.status, name=str(target["id"]), fetched_at=answer.fetched_at, about=about)
                writer.count(f"status_{answer.status}")
            writer.log_request(answer.request_line(first_seq=first, count=1))
        if answers[0].is_ok:
            writer.count("topics")
            writer.count("posts", posts)


def _is_evidence(answer: Answer) -> bool:
    """Whether the forum itself says that a topic is not to be had; whoever stands before it may refuse, too."""
    try:
        return answer.status in _GONE and "errors" in orjson.loads(answer.body)
    except (orjson.JSONDecodeError, TypeError):
        return False


def _read_stream(answer: Answer) -> dict[str, Any]:
    value: dict[str, Any] = read_json(answer, dict)
    stream = value.get("post_stream")
    if not (isinstance(stream, dict) and isinstance(stream.get("posts"), list)):
        raise BadBodyError("an object without post_stream.posts")
    return value


def _posts_of(answer: Answer) -> set[int]:
    return {int(post["id"]) for post in answer.value["post_stream"]["posts"]} if answer.is_ok else set()


def topics_to_ask(landing: Landing, scope: str, *, touched: Iterable[int] = ()) -> Iterator[Target]:
    """Topics whose row differs from when their posts landed last, new ones, ``touched`` ones, and those that have
    gone from the list: their own page tells whether they are deleted. In order of their ids.

    CrawlError where no list of topics has landed.
    """
    listed, is_whole = _listed(landing, scope)
    landed = _landed(landing, scope)
    wanted = {number: state for number, state in listed.items() if landed.get(number, ("", 0))[0] != state}
    wanted |= {number: listed.get(number, "touched") for number in touched}
    if is_whole:
        wanted |= {
            number: "unlisted" for number, (_, status) in landed.items() if number not in listed and status < 300
        }
    for number in sorted(wanted):
        yield {"id": number, "asked": wanted[number]}


def _listed(landing: Landing, scope: str) -> tuple[dict[int, str], bool]:
    """Counters of each topic in the newest whole list and those after it, and whether there is a whole one."""
    crawls = landing.crawls_of("forum", "topics", scope)
    if not crawls:
        raise CrawlError(f"no list of topics of scope {scope} has landed yet; run ptm-spark crawl-forum topics first")
    censuses = [crawl for crawl in crawls if crawl.coverage == "census" and not crawl.failed]
    listed: dict[int, str] = {}
    for crawl in crawls:
        if not censuses or crawl.order >= censuses[-1].order:
            for line in map(orjson.loads, landing.lines(crawl)):
                topic = line.get("raw") or {}
                if isinstance(topic.get("id"), int):
                    listed[topic["id"]] = "|".join(str(topic.get(name)) for name in _COUNTERS)
    return listed, bool(censuses)


def _landed(landing: Landing, scope: str) -> dict[int, tuple[str, int]]:
    """What each topic was asked for when it landed last, and with which status."""
    landed: dict[int, tuple[str, int]] = {}
    for crawl in landing.crawls_of("forum", "topic_posts", scope):
        for line in map(orjson.loads, landing.lines(crawl)):
            landed[int(line["key"])] = str((line.get("about") or {}).get("asked", "")), int(line["status"])
    return landed
