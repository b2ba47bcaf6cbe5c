"""The listing of all models: a census in order of creation, or what changed since a moment."""

import asyncio
import base64
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson

from ptm_spark.crawl.bodies import Parsed, error_text, read_page
from ptm_spark.crawl.client import Answer, FetchError
from ptm_spark.crawl.crawling import Crawl, together
from ptm_spark.crawl.limits import Budget
from ptm_spark.errors import CrawlError

#: the Hub keeps creation times since this second; every older repo carries it or the one after
FLOOR_AT = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
#: fields that every row has when they are asked for; any other may be absent of all rows of a small crawl
ALWAYS_THERE = frozenset(
    {"author", "createdAt", "disabled", "downloads", "gated", "lastModified", "likes", "private", "sha", "tags"}
)
_SMALLEST_PAGE = 50
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')
_LIMIT = re.compile(r"(?<=[?&]limit=)[0-9]+")


@dataclass
class Stretch:
    """A part of the listing that is walked page after page: ``url`` is the next page, '' where the walk has ended.

    Rows whose ``_id`` reaches ``end`` belong to the next stretch; ``last`` is the greatest ``_id`` seen. In a walk by
    creation it must rise from page to page.
    """

    url: str
    end: str = ""
    last: str = ""
    pages: int = 0


def oid_at(moment: datetime) -> str:
    """The smallest ObjectId of a second: its first four bytes are the seconds since 1970."""
    return f"{int(moment.timestamp()):08x}{'0' * 16}"


def listing_url(base: str, *, expand: Sequence[str], limit: int, after: str = "", **params: str) -> str:
    """A page of ``GET /api/models``; ``after`` begins behind an ``_id``, by the cursor that the Hub gives itself."""
    query = [*params.items(), ("limit", str(limit)), *(("expand[]", name) for name in expand)]
    if after:
        cursor = base64.b64encode(orjson.dumps({"_id": {"$gt": after}})).decode()
        query.append(("cursor", cursor))
    return f"{base}/api/models?{urlencode(query, quote_via=quote, safe='[]')}"


def next_link(answer: Answer) -> str:
    """Address of the next page, exactly as the service gave it; '' on the last."""
    found = _NEXT.search(answer.headers.get("Link", ""))
    return found[1] if found else ""


def census_stretches(
    base: str, *, expand: Sequence[str], limit: int, until: datetime, shards: int = 1, owners: Sequence[str] = ()
) -> list[Stretch]:
    """The whole listing up to a moment, cut into stretches of creation time, or the listings of some owners."""

    def url(**params: str) -> str:
        return listing_url(base, expand=expand, limit=limit, sort="createdAt", direction="1", **params)

    end = oid_at(until)
    if owners:
        return [Stretch(url(author=owner), end) for owner in owners]
    span = (until - FLOOR_AT) / shards
    starts = ["", *(oid_at(FLOOR_AT + span * number) for number in range(1, shards))]
    return [
        Stretch(url(after=start) if start else url(), stop)
        for start, stop in zip(starts, [*starts[1:], end], strict=True)
    ]


async def crawl_census(crawl: Crawl, stretches: Sequence[Stretch]) -> None:
    """Land the listing in order of creation, each page whole before its link is followed.

    Order of creation only grows at its end, so that no row is skipped or served twice while the Hub changes. A page
    that brings no greater ``_id`` is a loop, and ends the crawl with CrawlError.
    """
    left = _restore(crawl, stretches)
    budget = crawl.budget("api", crawl.settings.crawl.hub_per_second, crawl.settings.crawl.connections)
    waiting = asyncio.Queue[Stretch]()
    for stretch in left:
        if stretch.url:
            waiting.put_nowait(stretch)

    async def work() -> None:
        while not waiting.empty():
            stretch = waiting.get_nowait()
            while stretch.url and not crawl.is_spent:
                crawl.leave_if_stopped()
                await _land_page(crawl, budget, stretch)
                crawl.position = {"stretches": [asdict(one) for one in left]}
                crawl.commit()

    await together(work() for _ in range(min(waiting.qsize(), crawl.settings.crawl.connections)))


async def crawl_changed(crawl: Crawl, base: str, *, since: datetime) -> None:
    """Land the models modified since a moment, newest first. Rows that move while it runs may come twice."""
    settings = crawl.settings.crawl
    first = listing_url(base, expand=settings.hub_expand, limit=settings.page_size, sort="lastModified", direction="-1")
    (stretch,) = left = _restore(crawl, [Stretch(first)])
    budget = crawl.budget("api", settings.hub_per_second)
    oldest = since.strftime("%Y-%m-%dT%H:%M:%S")
    while stretch.url and not crawl.is_spent:
        crawl.leave_if_stopped()
        records = await _land_page(crawl, budget, stretch, is_by_creation=False)
        if records and all(str((record or {}).get("lastModified", "")) < oldest for _, record in records):
            stretch.url = ""
        crawl.position = {"stretches": [asdict(one) for one in left]}
        crawl.commit()


def _restore(crawl: Crawl, planned: Sequence[Stretch]) -> list[Stretch]:
    saved = crawl.position.get("stretches")
    return [Stretch(**one) for one in saved] if saved else list(planned)


async def _land_page(crawl: Crawl, budget: Budget, stretch: Stretch, *, is_by_creation: bool = True) -> list[Parsed]:
    """Fetch and land one page, then say where the next one is."""
    writer = crawl.writer
    try:
        answer = await crawl.client.get(
            stretch.url, budget, read=lambda answer: read_page(answer, writer), on_failure=_smaller_page
        )
    except FetchError as error:
        raise CrawlError(
            f"{crawl.client.hosts.base}: page {stretch.pages + 1} of the models gave nothing ({error}); "
            "what has landed stays, run the same command again to go on"
        ) from None
    if not answer.is_ok:
        raise CrawlError(
            f"{crawl.client.hosts.base}: status {answer.status} for the models' listing, {error_text(answer)}; "
            "expected 200: check the address and the settings under [crawl]"
        )
    records: list[Parsed] = answer.value
    ids = [str(record["_id"]) for _, record in records if record is not None and "_id" in record]
    if is_by_creation and ids and max(ids) <= stretch.last:
        raise CrawlError(
            f"{crawl.client.hosts.base}: the listing goes round in circles (page {stretch.pages + 1} ends at _id "
            f"{max(ids)}, the one before at {stretch.last}); nothing of the page has landed, try again later"
        )
    first = writer.seq
    repeated = 0
    for raw, record in records:
        if record is None:
            writer.add(raw, key="id", fetched_at=answer.fetched_at)
            continue
        oid = record.get("_id")
        if is_by_creation and isinstance(oid, str):
            if stretch.end and oid >= stretch.end:
                continue  # of the next stretch, or younger than the crawl
            repeated += oid <= stretch.last
        writer.add_parsed(raw, record, name=record.get("id"), fetched_at=answer.fetched_at)
    writer.log_request(answer.request_line(first_seq=first, count=writer.seq - first))
    writer.count("pages")
    writer.count("repeated", repeated)
    writer.count("seen", writer.seq - first - repeated)
    stretch.pages += 1
    stretch.last = max([stretch.last, *ids])
    is_past_end = bool(is_by_creation and stretch.end and stretch.last >= stretch.end)
    stretch.url = next_link(answer) if records and not is_past_end else ""
    return records


def _smaller_page(url: str, failures: int) -> str:
    """From the second failure on ask for half as much: long pages of a filtered walk are what times out."""
    return url if failures < 2 else _LIMIT.sub(lambda limit: str(max(_SMALLEST_PAGE, int(limit[0]) // 2)), url)
