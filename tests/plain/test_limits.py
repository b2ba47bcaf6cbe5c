"""Budgets: never a request that the service has not allowed, and nearly all that it has. The clock is a number."""

import asyncio
import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from dumps import quick
from hypothesis import given
from hypothesis import strategies as st

from ptm_spark.crawl.limits import Budget, Pace, told_wait


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Service:
    """A bucket with fixed windows, as the Hub has it: it counts what it would have refused."""

    def __init__(self, clock: Clock, *, quota: int, window: float) -> None:
        self.clock, self.quota, self.window = clock, quota, window
        self.granted: dict[int, int] = {}
        self.refused = 0

    def answer(self) -> Mapping[str, str]:
        number = int(self.clock.now // self.window)
        used = self.granted.get(number, 0)
        if used >= self.quota:
            self.refused += 1
        else:
            self.granted[number] = used + 1
        left = max(0, self.quota - used - 1)
        reset = -int(-((number + 1) * self.window - self.clock.now) // 1)
        return {
            "RateLimit": f'"api";r={left};t={reset}',
            "RateLimit-Policy": f'"fixed window";"api";q={self.quota};w={self.window:.0f}',
        }


def budget(clock: Clock, **options: object) -> Budget:
    return Budget("api", clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("quota", "window"), [(500, 300.0), (1_000, 300.0), (100, 300.0), (500, 15.0)])
def test_of_what_is_allowed_nearly_all_is_used_and_nothing_is_refused(quota: int, window: float) -> None:
    clock = Clock()
    service, own = Service(clock, quota=quota, window=window), budget(clock)

    async def crawl() -> None:
        for _ in range(5 * quota):
            await own.take()
            headers = service.answer()
            clock.now += 0.01
            own.learn(headers)

    asyncio.run(crawl())
    whole = sorted(service.granted)[1:-1]
    assert service.refused == 0
    assert min(service.granted[number] for number in whole) >= 0.95 * quota


def test_others_behind_the_same_address_are_noticed() -> None:
    clock = Clock()
    service, own = Service(clock, quota=100, window=300.0), budget(clock)

    async def crawl() -> None:
        for number in range(250):
            await own.take()
            headers = service.answer()
            if number % 2:
                service.answer()  # somebody else's request
            clock.now += 0.05
            own.learn(headers)

    asyncio.run(crawl())
    assert service.refused <= 1, "that one would be the other's"


@quick
@given(st.integers(2, 16), st.integers(40, 120), st.floats(0.01, 3.0))
def test_with_many_requests_on_their_way_nothing_is_refused(connections: int, quota: int, latency: float) -> None:
    clock = Clock()
    service = Service(clock, quota=quota, window=60.0)
    own = budget(clock, connections=connections)

    async def crawl() -> None:
        on_their_way: list[Mapping[str, str]] = []
        for _ in range(3 * quota):
            while len(on_their_way) >= connections or (on_their_way and own.left is None):
                clock.now += latency
                own.learn(on_their_way.pop(0))
            await own.take()
            on_their_way.append(service.answer())

    asyncio.run(crawl())
    assert service.refused == 0


def test_before_the_first_answer_one_request_goes_alone() -> None:
    async def crawl() -> list[str]:
        own, order = Budget("api"), []

        async def ask(number: int) -> None:
            await own.take()
            order.append(f"sent {number}")
            await asyncio.sleep(0)
            order.append(f"answered {number}")
            own.learn({"RateLimit": '"api";r=400;t=200'})

        await asyncio.gather(*(ask(number) for number in range(3)))
        return order

    assert asyncio.run(crawl())[:2] == ["sent 0", "answered 0"]


def test_a_pace_holds_whatever_the_service_allows() -> None:
    clock = Clock()
    own = budget(clock, paces=(Pace(1, 0.5), Pace(10, 10.0)))
    sent = []

    async def crawl() -> None:
        for _ in range(30):
            await own.take()
            sent.append(clock.now)
            own.learn({})

    asyncio.run(crawl())
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 0.5
    assert min(later - earlier for earlier, later in zip(sent, sent[10:], strict=False)) >= 10.0


def test_a_pause_holds_the_whole_bucket_and_never_gets_shorter() -> None:
    clock = Clock()
    own = budget(clock)
    own.pause(60.0)
    own.pause(5.0)
    asyncio.run(own.take())
    assert clock.now == 1_060.0


def test_headers_of_another_bucket_say_nothing_about_this_one() -> None:
    clock = Clock()
    own = budget(clock)
    asyncio.run(own.take())
    own.learn({"RateLimit": '"resolvers";r=0;t=300'})
    assert own.left is None
    assert own.wait() == 0


def test_a_request_without_an_answer_does_not_block_those_that_wait_for_the_first() -> None:
    async def crawl() -> None:
        own = Budget("api")
        await own.take()
        own.learn(None)
        await asyncio.wait_for(own.take(), 1)

    asyncio.run(crawl())


def test_a_date_to_retry_after_is_waited_for() -> None:
    date = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wait = told_wait({"Retry-After": date}, b"")
    assert wait is not None
    assert 58 <= wait <= 62


@pytest.mark.parametrize(
    ("headers", "body", "least", "most"),
    [
        ({"RateLimit": '"api";r=0;t=76'}, b"We had to rate limit you", 77, 77),
        ({"RateLimit": '"api";r=0;t=76', "Retry-After": "5"}, b"", 77, 77),
        ({"Retry-After": "4"}, b"Please retry again in 4 seconds.", 4, 5),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, b"", 0, 2),
        ({}, b'{"errors":"too many","extras":{"wait_seconds":8.72}}', 8.72, 9.72),
        ({}, b'{"errors":["x"],"extras":{"wait_seconds":60,"time_left":"60 seconds"}}', 60, 61),
        ({}, b"Slow down, you're making too many requests.\nPlease retry again in 12 seconds.\n", 12, 13),
        ({}, b'{"errors":["You did this too often. Please wait 60 seconds before trying again."]}', 60, 61),
    ],
)  # fmt: skip
def test_a_refusal_is_waited_for_as_long_as_it_says(
    headers: dict[str, str], body: bytes, least: float, most: float
) -> None:
    wait = told_wait(headers, body)
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize("text", ["inf", "nan", "-5", "1e400", "soon", ""])
def test_a_wait_that_is_no_number_is_none(text: str) -> None:
    assert told_wait({"Retry-After": text}, b'{"extras":{"wait_seconds":"inf"}}') is None


def test_a_date_of_no_zone_is_one_of_utc() -> None:
    assert told_wait({"Retry-After": "Thu, 01 Jan 1970 00:00:00 -0000"}, b"") == 1.0


@pytest.mark.parametrize("body", [b"", b"<html>429</html>", b'{"extras":{"wait_seconds":"soon"}}', b"[1]", b"\xff\xfe"])
def test_a_refusal_that_says_nothing_tells_no_wait(body: bytes) -> None:
    assert told_wait({"Retry-After": "soon"}, body) is None
