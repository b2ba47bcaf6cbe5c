"""The stand-in Hub as a web application: addresses, parameters, headers and refusals of the real one."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ptm_spark.standin import hub_files
from ptm_spark.standin.hub_answers import (
    Refused,
    base_of,
    common_headers,
    identity_of,
    json_answer,
    missing_repo,
    next_link,
    token_of,
)
from ptm_spark.standin.hub_discussions import discussion_detail, discussion_row, user
from ptm_spark.standin.hub_fields import fields_of, info_body, moment
from ptm_spark.standin.hub_listing import BadRequestError, HubSource, read_expand, read_query, read_whole
from ptm_spark.standin.hub_repos import Repo
from ptm_spark.standin.quota import Quota, bucket_of

_COMMIT_LIMIT, _MOST_COMMITS = 50, 1000
_DISCUSSION_LIMIT = 50

OfRepo = Callable[[web.Request, Repo], web.Response]


def hub_app(source: HubSource, quota: Quota | None = None) -> web.Application:
    """The application that serves a source; without a quota every request is granted."""
    hub = _Hub(source)
    app = web.Application(middlewares=[_answering(quota or Quota())])
    app.router.add_get("/api/models", hub.listing)
    for kind in ("datasets", "spaces", "kernels"):
        app.router.add_get(f"/api/{kind}", _empty_list)
    app.router.add_get("/api/agent-harnesses", _agent_harnesses)
    app.router.add_get("/api/whoami-v2", _whoami)
    app.router.add_get("/api/quicksearch", hub.quicksearch)
    app.router.add_get("/api/trending", _trending)
    app.router.add_get("/api/users/{name}/overview", _user_overview)
    app.router.add_get("/api/organizations/{name}/overview", _organization_overview)
    app.router.add_get("/api/{kind:datasets|spaces|kernels}/{rest:.+}", _no_such_repo)
    names = ("{namespace}/{name}", "{name}")  # the second: ids from before there were namespaces
    for name in names:
        api = f"/api/models/{name}"
        for path, of_repo in (
            (f"{api}/revision/{{revision}}", hub.info),
            (f"{api}/commits/{{revision}}", commits),
            (f"{api}/tree/{{revision}}", hub_files.tree),
            (f"{api}/tree/{{revision}}/{{path:.+}}", hub_files.tree),
            (f"{api}/refs", refs),
            (f"{api}/discussions", discussions),
            (f"{api}/discussions/{{num}}", discussion),
            (f"/api/resolve-cache/models/{name}/{{revision}}/{{path:.+}}", hub_files.resolve_cached),
            (f"/{name}/resolve/{{revision}}/{{path:.+}}", hub_files.resolve),
        ):
            app.router.add_get(path, hub.of_repo(of_repo))
    for name in names:  # last, as {namespace}/{name} would take "gpt2/refs" too
        app.router.add_get(f"/api/models/{name}", hub.of_repo(hub.info))
    return app


def _answering(quota: Quota) -> Middleware:
    """Charges each request, turns refusals into answers, and puts the Hub's headers on all of them."""
    numbers = itertools.count(1)

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        charge = quota.charge(identity_of(request), bucket_of(request.path))
        response: web.StreamResponse
        if not charge.granted:
            has_token = hdrs.AUTHORIZATION in request.headers
            text = charge.refusal(request.remote or "unknown", has_token=has_token)
            response = web.Response(status=429, text=text)
        else:
            try:
                token_of(request)
                response = await handler(request)
            except Refused as refused:
                response = refused.response()
            except BadRequestError as error:
                response = json_answer({"error": str(error)}, status=400, headers={"X-Error-Message": str(error)})
            except web.HTTPException as error:
                text = "Sorry, we can't find the page you are looking for." if error.status == 404 else error.reason
                response = json_answer({"error": text}, status=error.status)
        for key, value in (charge.headers | common_headers(next(numbers))).items():
            response.headers[key] = value
        return response

    return answer


class _Hub:
    """Handlers that need the source."""

    def __init__(self, source: HubSource) -> None:
        self._source = source

    async def listing(self, request: web.Request) -> web.Response:
        page = self._source.page(read_query(list(request.query.items())))
        headers = {} if page.cursor is None else {"Link": next_link(request, cursor=page.cursor)}
        return json_answer(page.body, headers=headers)

    async def quicksearch(self, request: web.Request) -> web.Response:
        text = request.query.get("q", "")
        counts = {f"{kind}Count": 0 for kind in ("datasets", "spaces", "papers", "collections")}
        lists: dict[str, list[object]] = {
            kind: [] for kind in ("models", "datasets", "spaces", "orgs", "users", "papers", "collections")
        }
        return json_answer(lists | counts | {"modelsCount": self._source.count(text), "q": text})

    def of_repo(self, handler: OfRepo) -> Handler:
        """Find the repository of the path first; 307 if it has another name now."""

        async def handle(request: web.Request) -> web.StreamResponse:
            parts = [request.match_info[key] for key in ("namespace", "name") if key in request.match_info]
            name = "/".join(parts)
            found = self._source.find(name)
            if found is None:
                raise missing_repo(request)
            if isinstance(found, str):
                return self._moved(request, parts, found)
            return handler(request, found)

        return handle

    def _moved(self, request: web.Request, parts: list[str], name: str) -> web.Response:
        path = request.rel_url.raw_path
        lead = next((lead for lead in ("/api/resolve-cache/models/", "/api/models/") if path.startswith(lead)), "/")
        rest = path.removeprefix(lead).split("/")[len(parts) :]
        location = "/".join([f"{lead}{quote(name)}", *rest])
        query = request.rel_url.raw_query_string
        location += f"?{query}" if query else ""
        text = f"Temporary Redirect. Redirecting to {location}"
        return web.Response(status=307, headers={"Location": location}, text=text)

    def info(self, request: web.Request, repo: Repo) -> web.Response:
        """``/api/models/{id}`` with or without a revision, which tells its own files and sha."""
        revision = request.match_info.get("revision")
        if revision is not None:
            repo = replace(repo, commits=hub_files.commits_of(repo, revision))
        names = request.query.getall("expand", []) + request.query.getall("expand[]", [])
        if names:
            fields = fields_of(repo, read_expand(names), self._source.lookup, in_listing=False)
            return json_answer({"_id": repo.model.repo_oid, "id": repo.name} | fields)
        return json_answer(info_body(repo, blobs=_is_on(request, "blobs"), security=_is_on(request, "securityStatus")))


def commits(request: web.Request, repo: Repo) -> web.Response:
    """``/api/models/{id}/commits/{rev}``: a page of commits, newest first, with their number in ``X-Total-Count``."""
    found = hub_files.commits_of(repo, request.match_info["revision"])
    limit = read_whole("limit", request.query.get("limit"), _COMMIT_LIMIT, least=1)
    if limit > _MOST_COMMITS:
        raise BadRequestError(f'"limit" must be at most {_MOST_COMMITS}')
    place = read_whole("p", request.query.get("p"), 0, least=0)
    is_formatted = "formatted" in request.query.getall("expand[]", []) + request.query.getall("expand", [])
    rows = []
    for commit in found[place * limit : (place + 1) * limit]:
        row: dict[str, Any] = {
            "id": commit.sha,
            "title": commit.title,
            "message": commit.message,
            "authors": [{"user": name, "avatar": user(name)["avatarUrl"]} for name in commit.authors],
            "date": moment(commit.at),
        }
        if is_formatted:
            row["formatted"] = {"title": escape(commit.title), "message": escape(commit.message)}
        rows.append(row)
    headers = {"X-Total-Count": str(len(found))}
    if (place + 1) * limit < len(found):
        headers["Link"] = next_link(request, p=place + 1)
    return json_answer(rows, headers=headers)


def refs(request: web.Request, repo: Repo) -> web.Response:
    """``/api/models/{id}/refs``: main and, if asked for, those of the pull requests."""
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head.sha}
    body: dict[str, list[dict[str, str]]] = {"tags": [], "branches": [main], "converts": []}
    if _is_on(request, "include_prs"):
        numbers = [str(talk.num) for talk in repo.discussions if talk.is_pull_request]
        body["pullRequests"] = [
            {"name": num, "ref": f"refs/pr/{num}", "targetCommit": repo.head.sha} for num in numbers
        ]
    return json_answer(body)


def discussions(request: web.Request, repo: Repo) -> web.Response:
    """``/api/models/{id}/discussions``: a page, newest first; clients count on by ``start`` and ``count``."""
    query = request.query
    kind, status, author = query.get("type", "all"), query.get("status", "all"), query.get("author")
    found = [
        talk
        for talk in repo.discussions
        if kind in {"all", "pull_request" if talk.is_pull_request else "discussion"}
        and status in {"all", "open" if talk.status in {"open", "draft"} else "closed"}
        and author in {None, "", talk.author}
    ]
    start = _DISCUSSION_LIMIT * read_whole("p", query.get("p"), 0, least=0)
    return json_answer(
        {
            "discussions": [discussion_row(talk, repo.name) for talk in found[start : start + _DISCUSSION_LIMIT]],
            "count": len(found),
            "start": start,
            "numClosedDiscussions": sum(talk.status in {"closed", "merged"} for talk in found),
        }
    )


def discussion(request: web.Request, repo: Repo) -> web.Response:
    """``/api/models/{id}/discussions/{num}``: one with its events, and a diff if asked for."""
    num = request.match_info["num"]
    talk = next((talk for talk in repo.discussions if str(talk.num) == num), None)
    if talk is None:
        raise Refused(404, "Discussion not found")
    body = discussion_detail(talk, repo.name, base_of(request))
    if talk.is_pull_request and _is_on(request, "diff"):
        body["diff"] = "diff --git a/README.md b/README.md\n--- a/README.md\n+++ b/README.md\n@@ -0,0 +1 @@\n+1\n"
    return json_answer(body)


def _is_on(request: web.Request, key: str) -> bool:
    return request.query.get(key, "").lower() in {"1", "true"}


async def _empty_list(request: web.Request) -> web.Response:
    return json_answer([])


async def _no_such_repo(request: web.Request) -> web.Response:
    raise missing_repo(request)


async def _agent_harnesses(request: web.Request) -> web.Response:
    return json_answer({"standardEnvVars": [], "harnesses": {}})


async def _trending(request: web.Request) -> web.Response:
    return json_answer({"recentlyTrending": []})


async def _whoami(request: web.Request) -> web.Response:
    if token_of(request) is None:
        raise Refused(401, "Invalid username or password.")
    account = user("stand-in")
    return json_answer(
        {
            "type": "user",
            "id": account["_id"],
            "name": "stand-in",
            "fullname": "Stand-in",
            "isPro": False,
            "avatarUrl": account["avatarUrl"],
            "orgs": [],
            "auth": {"type": "access_token", "accessToken": {"displayName": "stand-in", "role": "read"}},
        }
    )


async def _user_overview(request: web.Request) -> web.Response:
    account = user(request.match_info["name"])
    counts = {"numModels": 1, "numDatasets": 0, "numSpaces": 0, "numDiscussions": 0, "numLikes": 0}
    extra = {"user": account["name"], "createdAt": "2022-03-02T23:29:04.000Z", "orgs": []}
    return json_answer(account | counts | extra)


async def _organization_overview(request: web.Request) -> web.Response:
    account = user(request.match_info["name"])
    facts = {key: account[key] for key in ("avatarUrl", "fullname", "name")}
    return json_answer(facts | {"isVerified": False, "numUsers": 1, "numModels": 1, "numSpaces": 0, "numDatasets": 0})
