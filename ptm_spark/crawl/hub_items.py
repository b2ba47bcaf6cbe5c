"""What the Hub tells of one model: its detail body, README, commits, discussions."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from huggingface_hub.utils.sha import git_hash

from ptm_spark.crawl.answers import Answer, BadBodyError, FetchError
from ptm_spark.crawl.bodies import array_in, error_text, read_json, read_page, split_page
from ptm_spark.crawl.crawling import Crawl
from ptm_spark.crawl.hub_models import next_link
from ptm_spark.crawl.items import Target
from ptm_spark.crawl.limits import Budget

Land = Callable[[], None]
_HASH = re.compile(r'^(?:W/)?"([0-9a-f]{40}|[0-9a-f]{64})"$')
_GONE = (401, 403, 404, 410)
_DISCUSSIONS = array_in("discussions")
_COMMITS_A_PAGE = 1000
_MOST_PAGES = 10_000


class HubItems:
    """Fetchers of one crawl; each returns what lands its answer. FetchError where an address gave nothing.

    An answer in the Hub's own form that there is nothing (401, 403, 404, 410) is landed as its status: the evidence of
    a tombstone. A README that is what has landed before (304) is a status, too.
    """

    def __init__(self, crawl: Crawl) -> None:
        settings = crawl.settings.crawl
        self._crawl, self._settings = crawl, settings
        self._api = crawl.budget("api", settings.hub_per_second, settings.connections)
        self._resolvers = crawl.budget("resolvers", settings.hub_per_second, settings.connections)
        crawl.progress.budget = self._resolvers if crawl.order.entity == "cards" else self._api

    def _url(self, target: Target, rest: str = "", *, api: bool = True) -> str:
        base = self._crawl.client.hosts.base
        return f"{base}{'/api/models' if api else ''}/{quote(str(target['id']), safe='/')}{rest}"

    async def _get(self, url: str, budget: Budget, **options: Any) -> Answer:
        answer = await self._crawl.client.get(url, budget, **options)
        if not (answer.is_ok or _is_evidence(answer)):
            raise FetchError(f"status {answer.status}, {error_text(answer)[:100]}")
        return answer

    async def model_info(self, target: Target, *, security: bool) -> Land:
        """The detail body, with the files' sizes and blobs."""
        url = self._url(target, "?blobs=true" + ("&securityStatus=true" if security else ""))
        answer = await self._get(url, self._api, read=partial(read_json, kind=dict))

        def land() -> None:
            writer, about = self._crawl.writer, _about(target, answer)
            if answer.is_ok:
                first = writer.seq
                if writer.add(answer.body, key="id", fetched_at=answer.fetched_at, about=about) is None:
                    writer.count("refused_bodies")
                writer.log_request(answer.request_line(first_seq=first, count=1))
            else:
                self._land_status(target, answer)

        return land

    async def card(self, target: Target) -> Land:
        """README.md at the head that the listing named, checked against its git hash, cut at a bound."""
        url = self._url(target, f"/resolve/{target['sha'] or 'main'}/README.md", api=False)
        most = self._settings.max_card_bytes
        known = {"If-None-Match": f'"{target["blob"]}"'} if "blob" in target else None
        answer = await self._get(url, self._resolvers, read=_read_file, most_bytes=most, may_cut=True, headers=known)

        def land() -> None:
            if not answer.is_ok:
                same = {"sha": answer.headers.get("X-Repo-Commit", ""), "blob": target.get("blob", "")}
                self._land_status(target, answer, same if answer.status == 304 else {})
                return
            about = _about(target, answer) | {
                "sha": answer.headers.get("X-Repo-Commit", ""),
                "blob": _hash_of(answer),
            }
            if answer.is_cut:
                about["truncated"] = True
            writer = self._crawl.writer
            first = writer.seq
            writer.add_text(_whole_characters(answer), name=target["id"], fetched_at=answer.fetched_at, about=about)
            writer.log_request(answer.request_line(first_seq=first, count=1))

        return land

    async def commits(self, target: Target) -> Land:
        """All commits of main, newest first, each a record; they land together or not at all."""
        url = self._url(target, f"/commits/main?limit={_COMMITS_A_PAGE}&p=0")
        answers: list[Answer] = []
        while url:
            read = partial(read_page, writer=self._crawl.writer)
            answer = await self._get(url, self._api, read=read)
            answers.append(answer)
            if not answer.is_ok:
                break
            url = next_link(answer) if answer.value else ""
            if len(answers) > _MOST_PAGES:
                raise FetchError(f"more than {_MOST_PAGES} pages of commits")

        def land() -> None:
            for answer in answers:
                if answer.is_ok:
                    self._land_records(target, answer, answer.value)
                else:
                    self._land_status(target, answer)

        return land

    async def discussions(self, target: Target, *, events: bool) -> Land:
        """All discussions and pull requests, each a record: its row of the list, or with ``events`` its detail body."""
        answers: list[Answer] = []
        start, count = 0, 1
        while start < count and len(answers) < _MOST_PAGES:
            url = self._url(target, f"/discussions?p={len(answers)}")
            answer = await self._get(url, self._api, read=partial(read_json, kind=dict))
            answers.append(answer)
            rows = answer.value.get("discussions") if answer.is_ok else None
            if not rows:
                break
            start, count = start + len(rows), int(answer.value.get("count") or 0)
        details = []
        if events:
            for number in [row["num"] for answer in answers if answer.is_ok for row in answer.value["discussions"]]:
                url = self._url(target, f"/discussions/{int(number)}")
                details.append(await self._get(url, self._api, read=partial(read_json, kind=dict)))

        def land() -> None:
            for answer in answers:
                if not answer.is_ok:
                    self._land_status(target, answer)
                elif events or not answer.value.get("discussions"):
                    self._land_records(target, answer, [])
                else:
                    rows = split_page(answer.body, self._crawl.writer, _DISCUSSIONS)
                    self._land_records(target, answer, rows)
            for answer in details:
                if answer.is_ok:
                    self._land_records(target, answer, [(answer.body, answer.value)])
                else:
                    self._land_status(target, answer)

        return land

    def _land_records(self, target: Target, answer: Answer, records: list[Any]) -> None:
        writer, about = self._crawl.writer, _about(target, answer)
        first = writer.seq
        for raw, record in records:
            if record is None:
                writer.add(raw, key="id", fetched_at=answer.fetched_at)
            else:
                writer.add_parsed(raw, record, name=target["id"], fetched_at=answer.fetched_at, about=about)
        if not records:  # asked, and there was none: else the next crawl would ask again
            writer.add_status(204, name=target["id"], fetched_at=answer.fetched_at, about=about)
        writer.log_request(answer.request_line(first_seq=first, count=writer.seq - first))

    def _land_status(self, target: Target, answer: Answer, more: Mapping[str, str] = MappingProxyType({})) -> None:
        writer = self._crawl.writer
        about = (
            _about(target, answer)
            | dict(more)
            | {
                name: answer.headers[header]
                for name, header in (("error", "X-Error-Code"), ("message", "X-Error-Message"))
                if header in answer.headers
            }
        )
        first = writer.seq
        writer.add_status(answer.status, name=target["id"], fetched_at=answer.fetched_at, about=about)
        writer.count(f"status_{answer.status}")
        writer.log_request(answer.request_line(first_seq=first, count=1))


def _about(target: Target, answer: Answer) -> dict[str, Any]:
    """What a line says of its record beside the record: which model, which head was asked for, where it has moved."""
    about = {"repo_oid": target["oid"], "asked": target["asked"]}
    moved = [hop for hop in answer.hops if "/api/resolve-cache/" not in hop]
    return about | ({"moved_to": moved[-1].split(" ")[1]} if moved else {})


def _is_evidence(answer: Answer) -> bool:
    """Whether the Hub itself says that there is nothing, or nothing new; whoever stands before it may refuse, too."""
    says = "X-Error-Code" in answer.headers or "X-Error-Message" in answer.headers
    return answer.status == 304 or (answer.status in _GONE and says)


def _hash_of(answer: Answer) -> str | None:
    found = _HASH.match(answer.headers.get("ETag", ""))
    return found[1] if found else None


def _read_file(answer: Answer) -> None:
    """BadBodyError where a file is not what its hash says: cut off, altered, or another page in its place."""
    if "html" in answer.headers.get("Content-Type", ""):
        raise BadBodyError("an HTML page instead of a file")
    wanted = _hash_of(answer)
    if wanted is None:
        raise BadBodyError("a file without the hash that the Hub gives in its ETag")
    if answer.is_cut:
        return
    found = git_hash(answer.body) if len(wanted) == 40 else hashlib.sha256(answer.body).hexdigest()
    if found != wanted:
        raise BadBodyError(f"{len(answer.body)} bytes whose hash is {found[:12]}…, not {wanted[:12]}…")


def _whole_characters(answer: Answer) -> bytes:
    """The body; where it was cut, without the part of a character at its end."""
    body = answer.body
    if answer.is_cut:
        start = next((at for at in range(len(body) - 1, max(-1, len(body) - 5), -1) if body[at] & 0xC0 != 0x80), 0)
        try:
            body[start:].decode("utf-8")
        except UnicodeDecodeError:
            return body[:start]
    return body
