"""The client: bounded, patient, silent about the token, and never where it must not go."""

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from servers import Handler, answering

from ptm_spark.config import load
from ptm_spark.crawl.answers import Answer, FetchError
from ptm_spark.crawl.bodies import read_json
from ptm_spark.crawl.client import Client
from ptm_spark.crawl.hosts import Hosts
from ptm_spark.crawl.limits import Budget
from ptm_spark.errors import CrawlError

TOKEN = "hf_CANARYcanary"
SETTINGS = ["crawl.attempts=3", "crawl.timeout_seconds=2"]


class Asked:
    """What came of some requests to a server: answers or errors, waits, lines of the log."""

    def __init__(self) -> None:
        self.outcomes: list[Answer | Exception] = []
        self.waits: list[float] = []
        self.log: list[dict[str, Any]] = []

    @property
    def only(self) -> Answer:
        (outcome,) = self.outcomes
        assert isinstance(outcome, Answer), outcome
        return outcome

    @property
    def error(self) -> str:
        (outcome,) = self.outcomes
        assert isinstance(outcome, FetchError), outcome
        return str(outcome)


def ask(
    handler: Handler, paths: Sequence[str] = ("/x",), *, settings: Sequence[str] = (), token: str | None = None,
    **options: Any,
) -> Asked:  # fmt: skip
    """Ask a server for some paths one after the other; waits are noted, not waited."""
    asked = Asked()

    async def sleep(seconds: float) -> None:
        asked.waits.append(seconds)
        budget.skip(seconds)

    class Skipping(Budget):
        ahead = 0.0

        def skip(self, seconds: float) -> None:
            self.ahead += seconds

    async def work(base: str) -> None:
        client = Client(Hosts(base, [".hf.co"]), load(None, [*SETTINGS, *settings]).crawl, token=token,
                        log=asked.log.append, now=lambda: datetime.now(UTC), sleep=sleep)  # fmt: skip
        async with client:
            for path in paths:
                try:
                    asked.outcomes.append(await client.get(f"{base}{path}", budget, **options))
                except (FetchError, CrawlError) as error:
                    asked.outcomes.append(error)

    with answering(handler) as base:
        budget = Skipping("api", sleep=sleep, clock=lambda: asyncio.get_running_loop().time() + budget.ahead)
        asyncio.run(work(base))
    return asked


def in_turn(*answers: Callable[[], web.Response]) -> Handler:
    """Answers one after the other, the last for ever."""
    left = list(answers)

    async def handler(_: web.Request) -> web.StreamResponse:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return handler


def good() -> web.Response:
    return web.json_response([{"id": "a/b"}])


def text(status: int, body: str = "", **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(
        status=status, text=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_an_answer_has_its_body_as_it_was_sent() -> None:
    asked = ask(in_turn(lambda: web.Response(body=b'[ {"id": "a"} ]\n', content_type="application/json")))
    assert asked.only.body == b'[ {"id": "a"} ]\n'
    assert asked.only.status == 200
    assert asked.log == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    asked = ask(in_turn(text(status), good))
    assert asked.only.status == 200
    assert [line["status"] for line in asked.log] == [status]


def test_what_does_not_pass_is_given_up_after_so_many_tries() -> None:
    asked = ask(in_turn(text(502)))
    assert asked.error == "status 502"
    assert len(asked.log) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_for_good_is_an_answer(status: int) -> None:
    asked = ask(in_turn(text(status, '{"error":"no"}')))
    assert asked.only.status == status
    assert asked.log == []


def test_a_refusal_for_now_is_waited_for_as_long_as_it_says() -> None:
    asked = ask(in_turn(text(429, "slow down", Retry_After="40"), good))
    assert asked.only.status == 200
    assert sum(asked.waits) >= 40


def test_refusals_that_name_no_wait_are_waited_for_longer_and_longer() -> None:
    asked = ask(in_turn(text(429), text(429), text(429), good))
    assert asked.only.status == 200
    assert sum(asked.waits) >= 10 + 20 + 40


def test_refusals_do_not_count_as_failures() -> None:
    assert ask(in_turn(*[text(429, Retry_After="1")] * 6, good)).only.status == 200


def test_bad_bodies_are_tried_again() -> None:
    bodies = [
        lambda: web.Response(text="<html>504</html>", content_type="text/html"),
        lambda: web.json_response({"error": "We had to rate limit your IP"}),
        good,
    ]
    asked = ask(in_turn(*bodies), read=partial(read_json, kind=list))
    assert asked.only.value == [{"id": "a/b"}]
    assert [line["error"] for line in asked.log] == ["text/html instead of JSON", "a JSON dict instead of a list"]


@pytest.mark.parametrize(
    ("body", "why"), [("", "empty body"), ('[{"id":"a/b"', "no whole JSON"), ("[1] and more", "no whole JSON")]
)
def test_half_a_body_is_none(body: str, why: str) -> None:
    asked = ask(
        in_turn(lambda: web.Response(text=body, content_type="application/json")), read=partial(read_json, kind=list)
    )
    assert why in asked.error


def test_a_body_shorter_than_it_was_announced_is_none() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b"[1]")
        assert request.transport is not None
        request.transport.close()
        return response

    assert "ClientPayloadError" in ask(handler).error


def test_a_drip_ends_at_the_time_out() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"[")
            await asyncio.sleep(0.2)
        return response

    asked = ask(handler, settings=["crawl.timeout_seconds=0.5", "crawl.attempts=1"])
    assert "no whole answer within" in asked.error


def test_a_body_beyond_the_bound_is_none_and_a_bomb_stays_packed() -> None:
    bomb = gzip.compress(b"[" + b" " * 30_000_000 + b"]")

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    asked = ask(handler, most_bytes=1_000_000, settings=["crawl.attempts=1"])
    assert "longer than 1000000 bytes" in asked.error


def test_a_long_file_may_be_cut() -> None:
    asked = ask(in_turn(text(200, "x" * 5_000)), most_bytes=1_000, may_cut=True)
    assert (len(asked.only.body), asked.only.is_cut) == (1_000, True)


def test_redirects_on_the_own_host_are_followed_and_told() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/old":
            return web.Response(status=307, headers={"Location": "/new?a=%2F"})
        return web.Response(text=request.path_qs)

    answer = ask(handler, ["/old"]).only
    assert answer.body == b"/new?a=%2F"
    assert [hop.split(" ")[0] for hop in answer.hops] == ["307"]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://127.0.0.1:9/", "https only"),
        ("https://example.org/x", "not among crawl.redirect_hosts"),
        ("http://cdn.hf.co/x", "https only"),
        ("https://user:password@cdn.hf.co/x", "https only"),
        ("file:///etc/passwd", "is no address to ask"),
        ("http://169.254.169.254/latest/meta-data", "https only"),
        ("https://169.254.169.254/", "not among crawl.redirect_hosts"),
        ("https://hf.co.example.org/", "not among crawl.redirect_hosts"),
        ("/again", "redirects without end"),
    ],
)
def test_redirects_that_lead_elsewhere_are_refused_at_once(location: str, why: str) -> None:
    asked = ask(in_turn(lambda: web.Response(status=302, headers={"Location": location})), token=TOKEN)
    assert why in asked.error
    assert len(asked.log) == 1


def test_the_token_goes_in_one_header_to_the_service_itself_and_into_no_log() -> None:
    seen: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.headers))
        return web.Response(status=500)

    asked = ask(handler, token=TOKEN)
    assert [headers["Authorization"] for headers in seen] == [f"Bearer {TOKEN}"] * 3
    assert "Cookie" not in seen[0]
    assert "CANARY" not in json.dumps(asked.log) + asked.error


def test_a_refused_token_ends_the_crawl() -> None:
    refused = text(401, X_Error_Message="Invalid credentials in Authorization header")
    (error,) = ask(in_turn(refused), token=TOKEN).outcomes
    assert isinstance(error, CrawlError)
    assert "the token was refused" in str(error)


def test_cookies_are_neither_kept_nor_sent() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "track=1"})

    ask(handler, ["/a", "/b"])
    assert seen == ["", ""]


def test_the_user_agent_names_the_program_and_the_contact() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers["User-Agent"])
        return web.Response()

    ask(handler, settings=["crawl.contact=me@example.org"])
    assert seen[0].startswith("ptm_spark/")
    assert "me@example.org" in seen[0]


def test_nobody_there_is_said_in_words() -> None:
    async def work() -> None:
        client = Client(Hosts("http://127.0.0.1:9"), load(None, SETTINGS).crawl, log=lambda _: None,
                        now=lambda: datetime.now(UTC), sleep=lambda _: asyncio.sleep(0))  # fmt: skip
        async with client:
            with pytest.raises(FetchError, match=r"no connection to 127\.0\.0\.1:9"):
                await client.get("http://127.0.0.1:9/x", Budget("api"))

    asyncio.run(work())
