"""The first session with the live services: some twenty small requests whose answers are kept as fixtures.

They settle what no public document says: which bucket an address counts in, whether a redirect's second hop is charged,
how large a page of discussions is, whether answers of the API may be asked for conditionally, what the forum's own
tree of categories is.
"""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ptm_spark.config import Settings
from ptm_spark.crawl.answers import Answer, FetchError
from ptm_spark.crawl.client import Client
from ptm_spark.crawl.forum import FORUM_URL
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.hub import hub_hosts, hub_token
from ptm_spark.crawl.hub_models import FLOOR_AT, listing_url, next_link, oid_at
from ptm_spark.crawl.limits import Budget, Pace
from ptm_spark.errors import CrawlError
from ptm_spark.folder import Folder

_MODEL = "openai-community/gpt2"
_MOST_BYTES = 2_000_000
#: what may stand in a fixture; cookies and addresses of ours may not
_KEPT_HEADERS = ("content-type", "etag", "link", "ratelimit", "ratelimit-policy", "retry-after", "x-total-count",
                 "x-error-code", "x-error-message", "x-repo-commit", "x-linked-etag", "x-linked-size",
                 "location", "x-discourse-route", "x-discourse-cached", "discourse-rate-limit-error-code",
                 "date", "age")  # fmt: skip


@dataclass(frozen=True)
class _Question:
    """One request of the list: what it is to tell, and where."""

    name: str
    tells: str
    path: str
    etag_of: str = ""


def _hub_questions(settings: Settings) -> list[_Question]:
    model = f"/api/models/{_MODEL}"
    listing = listing_url("", expand=settings.crawl.hub_expand, limit=3, sort="createdAt", direction="1")
    shard = listing_url("", expand=["createdAt"], limit=3, after=oid_at(FLOOR_AT), sort="createdAt", direction="1")
    return [
        _Question("models", "a page of the listing as the census asks for it", listing),
        _Question("models-next", "its Link followed", "<next>"),
        _Question("models-shard", "whether a cursor that was built here is taken", shard),
        _Question(
            "models-changed",
            "order by lastModified",
            listing_url("", expand=["lastModified"], limit=3, sort="lastModified"),
        ),
        _Question("models-unknown-expand", "the fields that there are (400)", "/api/models?limit=1&expand[]=nonsense"),
        _Question("model", "a detail body", f"{model}?blobs=true&securityStatus=true"),
        _Question(
            "model-again", "whether an API body is 304 for its ETag", f"{model}?blobs=true&securityStatus=true", "model"
        ),
        _Question("model-renamed", "the redirect of an old id", "/api/models/gpt2"),
        _Question("model-missing", "what a missing repo answers", "/api/models/openai-community/no-such-model-here"),
        _Question("commits", "page size and headers of commits", f"{model}/commits/main?limit=5&p=0"),
        _Question("discussions", "page size of discussions", f"{model}/discussions?p=0"),
        _Question("discussion", "a discussion with its events", f"{model}/discussions/1"),
        _Question(
            "card", "both hops of a README: which bucket, is the second charged", f"/{_MODEL}/resolve/main/README.md"
        ),
        _Question("card-raw", "the bucket of /raw/", f"/{_MODEL}/raw/main/README.md"),
        _Question("quicksearch", "the totals", "/api/quicksearch?q=&type=model&limit=1"),
    ]


_FORUM_QUESTIONS = [
    _Question("site", "categories, post types, filters", "/site.json"),
    _Question("categories", "topics a category", "/categories.json?include_subcategories=true"),
    _Question("topics", "whether per_page=100 is taken", "/latest.json?order=created&ascending=true&per_page=100"),
    _Question("topics-newest", "the newest topics", "/latest.json?order=created&per_page=100&page=0"),
    _Question("posts", "the feed of posts, and how many it gives", "/posts.json"),
    _Question("topic", "a topic with its Markdown source", "/t/37.json?include_raw=1"),
    _Question("topic-missing", "404 or 410", "/t/1.json"),
]  # fmt: skip


def probe_services(lake: Folder, settings: Settings, *, forum_url: str = FORUM_URL) -> Iterator[str]:
    """Ask the list of questions, keep the answers in ``<lake>/probe/<moment>/`` and tell a line of each.

    CrawlError, with nothing left behind, where a service cannot be reached.
    """
    work = Path(tempfile.mkdtemp(prefix="ptm_spark-probe-"))
    try:
        lines = asyncio.run(_ask_all(work, settings, forum_url))
        place = lake / "probe" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        for file in sorted(work.iterdir()):
            place.write(file.name, file.read_bytes())
    finally:
        shutil.rmtree(work)
    yield from lines
    yield f"kept in {place.url}\n"


async def _ask_all(work: Path, settings: Settings, forum_url: str) -> list[str]:
    crawl = settings.crawl
    hub, forum = hub_hosts(settings), Hosts(forum_url)
    lines = []
    for hosts, token, questions, per_second in (
        (hub, hub_token(), _hub_questions(settings), crawl.hub_per_second),
        (forum, None, _FORUM_QUESTIONS, crawl.forum_per_second),
    ):
        client = Client(hosts, crawl, token=token, log=lambda _: None, now=lambda: datetime.now(UTC))
        budget = Budget("probe", paces=(Pace(1, 1 / per_second),))
        answers: dict[str, Answer] = {}
        async with client:
            for question in questions:
                answer = await _ask(client, budget, question, answers)
                answers[question.name] = answer
                name = f"{hosts.base.host}-{len(answers):02d}-{question.name}.json"
                (work / name).write_bytes(orjson.dumps(_fixture(question, answer), option=orjson.OPT_INDENT_2))
                limit = answer.headers.get("RateLimit", "")
                lines.append(f"{answer.status}  {question.name:<22}{limit:<24}{question.tells}\n")
    return lines


async def _ask(client: Client, budget: Budget, question: _Question, before: dict[str, Answer]) -> Answer:
    base = client.hosts.base
    path = question.path
    url = next_link(before["models"]) if path == "<next>" else f"{base}{path}"
    etag = before[question.etag_of].headers.get("ETag", "") if question.etag_of else ""
    headers = {"If-None-Match": etag} if etag else None
    try:
        return await client.get(url, budget, attempts=2, most_bytes=_MOST_BYTES, may_cut=True, headers=headers)
    except FetchError as error:
        raise CrawlError(
            f"{base}: {error}; nothing was recorded: check the network and the service's address, then probe again"
        ) from None


def _fixture(question: _Question, answer: Answer) -> dict[str, Any]:
    """An answer as a fixture: what was asked, status, the headers that matter, the body as text or base64."""
    try:
        body: dict[str, str] = {"body": answer.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(answer.body).decode()}
    return {
        "request": f"GET {answer.url}",
        "tells": question.tells,
        "recorded_at": answer.fetched_at,
        "status": answer.status,
        "redirects": answer.hops,
        "headers": {str(name): value for name, value in answer.headers.items() if name.lower() in _KEPT_HEADERS},
        "is_cut": answer.is_cut,
        **body,
    }
