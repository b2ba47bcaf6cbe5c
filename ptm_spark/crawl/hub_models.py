"""The listing of all models: a census in order of creation, or what changed since a moment."""

import asyncio
import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote, urlencode

import orjson

from ptm_spark.crawl.answers import Answer, FetchError
from ptm_spark.crawl.bodies import Parsed, error_text, read_page
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

    In order of creation rows whose ``_id`` reaches ``end`` belong to the next stretch, and ``last``, the greatest
    ``_id`` seen, must rise from page to page. In order of change, newest first, the walk ends where all rows of a page
    are older than ``oldest``.
    """

    url: str
    end: str = ""
    oldest: str = ""
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
    page: Callable[..., str], *, until: datetime, shards: int = 1, owners: Sequence[str] = ()
) -> list[Stretch]:
    """The whole listing up to a moment, cut into stretches of creation time, or the listings of some owners.

    ``page`` is ``listing_url`` with what all pages have in common.
    """
    by_creation = partial(page, sort="createdAt", direction="1")
    end = oid_at(until)
    if owners:
        return [Stretch(by_creation(author=owner), end) for owner in owners]
    span = (until - FLOOR_AT) / shards
    starts = ["", *(oid_at(FLOOR_AT + span * number) for number in range(1, shards))]
    return [Stretch(by_creation(after=start), stop) for start, stop in zip(starts, [*starts[1:], end], strict=True)]


def changed_stretches(page: Callable[..., str], *, since: datetime, until: datetime) -> list[Stretch]:
    """What is new since a moment: repos created since, whatever the age of their commits, and those modified since."""
    created = page(after=oid_at(since), sort="createdAt", direction="1")
    modified = page(sort="lastModified", direction="-1")
    return [Stretch(created, oid_at(until)), Stretch(modified, oldest=since.strftime("%Y-%m-%dT%H:%M:%S"))]


async def crawl_listing(crawl: Crawl, planned: Sequence[Stretch]) -> None:
    """Land the stretches of a listing, each page whole before its link is followed, a few stretches at a time.

    Order of creation only grows at its end, so that no row is skipped or served twice while the Hub changes. There a
    page that brings no greater ``_id`` is a loop, and ends the crawl with CrawlError. In order of change rows may move
    and come twice.
    """
    saved = crawl.position.get("stretches")
    stretches = [Stretch(**one) for one in saved] if saved else list(planned)
    budget = crawl.budget("api", crawl.settings.crawl.hub_per_second, crawl.settings.crawl.connections)
    waiting = asyncio.Queue[Stretch]()
    for stretch in stretches:
        if stretch.url:
            waiting.put_nowait(stretch)

    async def work() -> None:
        while not waiting.empty():
            stretch = waiting.get_nowait()
            while stretch.url and not crawl.is_spent:
                crawl.leave_if_stopped()
                await _land_page(crawl, budget, stretch)
                crawl.position["stretches"] = [asdict(one) for one in stretches]
                await crawl.commit()

    await together(work() for _ in range(min(waiting.qsize(), crawl.settings.crawl.connections)))


async def _land_page(crawl: Crawl, budget: Budget, stretch: Stretch) -> None:
    """Fetch and land one page, and note in the stretch where the next one is."""
    writer, is_by_creation = crawl.writer, not stretch.oldest
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
    last = max(ids, default="")
    if is_by_creation and ids and last <= stretch.last:
        raise CrawlError(
            f"{crawl.client.hosts.base}: the listing goes round in circles (page {stretch.pages + 1} ends at _id "
            f"{last}, the one before at {stretch.last}); nothing of the page has landed, try again later"
        )
    if is_by_creation and last >= stretch.end:  # what is beyond is of the next stretch, or younger than the crawl
        records = [row for row in records if row[1] is None or str(row[1].get("_id", "")) < stretch.end]
    first = writer.seq
    writer.add_page(records, key="id", fetched_at=answer.fetched_at)
    is_in_order = not is_by_creation or min(ids, default="") > stretch.last
    repeated = 0 if is_in_order else sum(oid <= stretch.last for oid in ids)
    writer.log_request(answer.request_line(first_seq=first, count=writer.seq - first))
    writer.count("pages")
    writer.count("repeated", repeated)
    writer.count("seen", writer.seq - first - repeated)
    stretch.pages += 1
    stretch.last = max(stretch.last, last)
    if is_by_creation:
        is_past = last >= stretch.end
    else:
        modified = [str(record.get("lastModified", "")) for _, record in records if record is not None]
        is_past = bool(modified) and max(modified) < stretch.oldest
    stretch.url = next_link(answer) if answer.value and not is_past else ""


def _smaller_page(url: str, failures: int) -> str:
    """From the second failure on ask for half as much: long pages of a filtered walk are what times out."""
    return url if failures < 2 else _LIMIT.sub(lambda limit: str(max(_SMALLEST_PAGE, int(limit[0]) // 2)), url)
