"""One polite client for a service: bounded, patient, and silent about the token."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from yarl import URL

from ptm_spark import __version__
from ptm_spark.config import CrawlSettings
from ptm_spark.crawl.answers import Answer, BadBodyError, FetchError
from ptm_spark.crawl.hosts import GuardedResolver, Hosts, RefusedAddressError
from ptm_spark.crawl.limits import Budget, Sleep, told_wait
from ptm_spark.errors import CrawlError
from ptm_spark.landing import utc_text

Read = Callable[[Answer], Any]
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
#: what may pass by itself: time-outs, refusals for now, failures of servers and of those before them
_PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524)
_ERROR_BODY_BYTES = 64_000
#: a refusal that names no wait: seconds for the first, doubled for each further one, at most _LONGEST_WAIT
_UNTOLD_WAIT, _LONGEST_WAIT, _MOST_REFUSALS = 10.0, 300.0, 20
_CHUNK = 1 << 16


class _PassingError(Exception):
    """Something that may pass by itself. ``wait`` is what a refusal told; None where nothing did."""

    def __init__(self, why: str, *, refused: bool = False, wait: float | None = None) -> None:
        super().__init__(why)
        self.refused, self.wait = refused, wait


@dataclass(slots=True)
class _Tries:
    """How often an address was tried; refusals for now are counted apart, for waiting mends them."""

    url: str
    most: int
    failures: int = 0
    refusals: int = 0

    def count(self, error: _PassingError) -> None:
        if error.refused:
            self.refusals += 1
        else:
            self.failures += 1

    @property
    def are_over(self) -> bool:
        return self.failures >= self.most or self.refusals >= _MOST_REFUSALS

    def refusal_wait(self, error: _PassingError) -> float:
        """Seconds: what the refusal told, never less; else doubled from refusal to refusal, spread."""
        if error.wait is not None:
            return error.wait
        return min(_LONGEST_WAIT, _UNTOLD_WAIT * 2.0 ** (self.refusals - 1)) * random.uniform(1.0, 1.25)


class Client:
    """Requests to one service. Use it as an async context manager.

    ``log`` gets a line of every answer that did not count; ``now`` gives the moment of observation; ``token`` is sent
    in ``Authorization`` to the service's own address and nowhere else.
    """

    def __init__(
        self,
        hosts: Hosts,
        settings: CrawlSettings,
        *,
        token: str | None = None,
        log: Callable[[dict[str, Any]], None],
        now: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.hosts, self._settings, self._token, self._log = hosts, settings, token, log
        self._now, self._sleep = now, sleep
        self._session: aiohttp.ClientSession | None = None
        self.requests = self.refusals = self.received_bytes = 0

    async def __aenter__(self) -> "Client":
        contact = self._settings.contact
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=self._settings.connections, resolver=GuardedResolver(self.hosts)),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_seconds, sock_connect=30, sock_read=60),
            headers={"User-Agent": f"ptm_spark/{__version__}" + (f" (contact: {contact})" if contact else "")},
            trust_env=False,
        )
        # aiohttp would send a GET again by itself where a kept connection was closed: no budget would know of it
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        budget: Budget,
        *,
        read: Read | None = None,
        most_bytes: int | None = None,
        may_cut: bool = False,
        attempts: int | None = None,
        on_failure: Callable[[str, int], str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a GET that counts: any status but those that pass by themselves.

        ``read`` makes a value of a good answer's body, or raises BadBodyError, which is tried again like a failure of
        the server. ``on_failure(url, tries)`` may give another address for the next try. FetchError where all tries
        failed, or where a redirect leads where no request may go.
        """
        tries = _Tries(url, self._settings.attempts if attempts is None else attempts)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(_PassingError), wait=_backoff, sleep=self._sleep, reraise=True
        ):
            with attempt:
                try:
                    return await self._once(tries.url, budget, read, most_bytes, may_cut, headers)
                except _PassingError as error:
                    tries.count(error)
                    if tries.are_over:
                        raise FetchError(str(error)) from None
                    if error.refused:
                        budget.pause(tries.refusal_wait(error))
                    elif on_failure is not None:
                        tries.url = on_failure(tries.url, tries.failures)
                    raise
        raise AssertionError("AsyncRetrying ends by return or raise")

    async def _once(
        self,
        url: str,
        budget: Budget,
        read: Read | None,
        most_bytes: int | None,
        may_cut: bool,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        """One try, redirects followed by hand."""
        hops: list[str] = []
        target = URL(url, encoded=True)
        try:
            self.hosts.check(target)
        except RefusedAddressError as error:
            raise FetchError(f"address refused: {error}") from None
        while True:
            answer = await self._send(target, budget, most_bytes or self._settings.max_body_bytes, headers)
            if answer.status not in _REDIRECTS or "Location" not in answer.headers:
                break
            target = target.join(URL(answer.headers["Location"], encoded=True))
            hops.append(f"{answer.status} {target} {answer.headers.get('RateLimit', '')}".rstrip())
            try:
                self.hosts.check(target)
            except RefusedAddressError as error:
                self._log(answer.request_line(error=f"redirect refused: {error}"))
                raise FetchError(f"redirect refused: {error}") from None
            if len(hops) > _MOST_REDIRECTS:
                self._log(answer.request_line(error="redirects without end"))
                raise FetchError("redirects without end")
        answer.url, answer.hops = url, hops
        if answer.status in _PASSING:
            self._log(answer.request_line(error="refused" if answer.status == 429 else "failed"))
            told = told_wait(answer.headers, answer.body) if answer.status in (429, 503) else None
            is_refusal = answer.status == 429 or told is not None
            self.refusals += is_refusal
            raise _PassingError(f"status {answer.status}", refused=is_refusal, wait=told)
        if answer.status == 401 and "Invalid credentials" in answer.headers.get("X-Error-Message", ""):
            raise CrawlError(f"{self.hosts.base}: the token was refused; log in anew, or unset HF_TOKEN")
        if answer.is_ok:
            try:
                if answer.is_cut and not may_cut:
                    raise BadBodyError(f"body longer than {most_bytes or self._settings.max_body_bytes} bytes")
                answer.value = read(answer) if read is not None else None
            except BadBodyError as error:
                self._log(answer.request_line(error=str(error)))
                raise _PassingError(str(error)) from None
        return answer

    async def _send(self, url: URL, budget: Budget, most_bytes: int, headers: Mapping[str, str] | None) -> Answer:
        """One request and its bounded body, whatever the status."""
        assert self._session is not None, "use the client as a context manager"
        await budget.take()
        sent = dict(headers or {})
        if self._token and self.hosts.may_see_token(url):
            sent["Authorization"] = f"Bearer {self._token}"
        learnt: Mapping[str, str] | None = None
        begun = time.monotonic()
        self.requests += 1
        try:
            async with self._session.get(url, headers=sent, allow_redirects=False) as response:
                learnt = response.headers
                bound = most_bytes if response.status < 300 else _ERROR_BODY_BYTES
                body, is_cut = await _bounded(response, bound)
                self.received_bytes += len(body)
                if is_cut:
                    response.close()  # what is left of it would have to be read before the connection is of use again
                fetched_at = utc_text(self._now())
                return Answer(str(url), str(url), response.status, learnt.copy(), body, fetched_at, is_cut)
        except RefusedAddressError as error:
            raise FetchError(str(error)) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, RefusedAddressError) or isinstance(
                getattr(error, "os_error", None), RefusedAddressError
            ):
                raise FetchError(str(error.__cause__ or error)) from None
            why = _in_words(error, time.monotonic() - begun)
            self._log({"url": str(url), "status": 0, "fetched_at": utc_text(self._now()), "error": why})
            raise _PassingError(why) from None
        finally:
            budget.learn(learnt)


async def _bounded(response: aiohttp.ClientResponse, bound: int) -> tuple[bytes, bool]:
    """At most ``bound`` bytes of a body as it is after unpacking, and whether there was more."""
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > bound:
            return b"".join(pieces)[:bound], True
    return b"".join(pieces), False


def _backoff(state: RetryCallState) -> float:
    """Seconds before the next try of a failed one, doubled each time and spread; a refusal waits in its budget."""
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, _PassingError) and error.refused:
        return 0.0
    return float(min(60.0, 2.0 ** (state.attempt_number - 1)) * random.uniform(0.5, 1.0))


def _in_words(error: BaseException, seconds: float) -> str:
    """What went wrong with a connection, without the headers that some of these errors carry."""
    if isinstance(error, TimeoutError):
        return f"no whole answer within {seconds:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error)
        return f"no connection to {error.host}:{error.port} ({reason})"
    text = type(error).__name__
    with suppress(Exception):
        text = f"{text}: {str(error)[:200]}"
    return text
