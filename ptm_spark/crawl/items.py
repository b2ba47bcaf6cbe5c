"""Asking for many things one by one: a list of targets on disk, a few requests at a time, landed in order."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import orjson

from ptm_spark.crawl.answers import FetchError
from ptm_spark.crawl.crawling import MOST_FAILURES_IN_A_ROW, Crawl
from ptm_spark.errors import CrawlError

TARGETS = "_targets.jsonl"
Target = dict[str, Any]
#: fetches one target and returns what lands it; FetchError where it gave nothing
Fetch = Callable[[Target], Awaitable[Callable[[], None]]]


async def keep_targets(crawl: Crawl, targets: Callable[[], Iterable[Target]]) -> None:
    """Write down once what the crawl is to ask for, so that a resumed one asks for the same."""
    if "targets" in crawl.position:
        return

    def write() -> int:
        count = 0
        with crawl.work.new_file(TARGETS) as file:
            for target in targets():
                file.write(orjson.dumps(target) + b"\n")
                count += 1
        return count

    count = await crawl.aside(write)  # of millions of models it takes minutes
    crawl.position |= {"targets": count, "done": 0}
    crawl.writer.counts["expected"] = count
    await crawl.commit()


def _read_targets(crawl: Crawl, start: int) -> Iterator[Target]:
    if start >= int(crawl.position["targets"]):
        return  # all asked for; the list may be gone already
    with crawl.work.open(TARGETS) as file:
        for line in itertools.islice(file, start, None):
            yield orjson.loads(line)


async def crawl_items(crawl: Crawl, fetch: Fetch, *, connections: int) -> None:
    """Fetch and land every target that is left, in their order; what gave nothing is asked once more at the end.

    What lies between two commits is one target: a crash costs the requests that were on their way. Many failures in a
    row mean that the service is gone: CrawlError, and the same command goes on later.
    """
    failures_in_a_row = 0
    done = int(crawl.position["done"])
    crawl.progress.total = int(crawl.position["targets"])
    pending: deque[tuple[Target, asyncio.Task[Callable[[], None]]]] = deque()
    targets = _read_targets(crawl, done)
    try:
        while True:
            while len(pending) < connections and not (crawl.is_stopping or crawl.is_spent):
                if (target := next(targets, None)) is None:
                    break
                pending.append((target, asyncio.create_task(_ready(fetch, target))))
            if not pending:
                break
            target, task = pending.popleft()
            try:
                land = await task
            except FetchError as error:
                crawl.fail(str(target["id"]), str(error))
                crawl.position.setdefault("failed", []).append(target)
                failures_in_a_row += 1
            else:
                land()
                crawl.writer.count("seen")
                failures_in_a_row = 0
            crawl.position["done"] = done = done + 1
            await crawl.commit()
            if failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
                raise CrawlError(
                    f"{crawl.client.hosts.base}: {failures_in_a_row} addresses in a row gave nothing (the last: "
                    f"{crawl.writer.failed[str(target['id'])]}); run the same command later to go on"
                )
    finally:
        for _, task in pending:
            task.cancel()
        await asyncio.gather(*(task for _, task in pending), return_exceptions=True)
    crawl.leave_if_stopped()
    if not crawl.is_spent:
        await _try_failed_again(crawl, fetch)
    crawl.work.delete(TARGETS)


async def _ready(fetch: Fetch, target: Target) -> Callable[[], None]:
    return await fetch(target)


async def _try_failed_again(crawl: Crawl, fetch: Fetch) -> None:
    for target in list(crawl.position.get("failed", [])):
        crawl.leave_if_stopped()
        try:
            land = await fetch(target)
        except FetchError as error:
            crawl.writer.failed[str(target["id"])] = str(error)
        else:
            land()
            crawl.writer.count("seen")
            del crawl.writer.failed[str(target["id"])]
        crawl.position["failed"].remove(target)
        await crawl.commit()
