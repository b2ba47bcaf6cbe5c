"""Files of the stand-in Hub: trees, and the two hops of ``resolve``."""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import quote

import orjson
from aiohttp import web

from ptm_spark.standin.hub_answers import Refused, base_of, json_answer, missing_revision, next_link, token_of
from ptm_spark.standin.hub_fields import moment
from ptm_spark.standin.hub_history import Commit
from ptm_spark.standin.hub_listing import BadRequestError, read_whole
from ptm_spark.standin.hub_repos import File, Repo, files_of, git_blob_id

_TREE_LIMIT, _EXPANDED_TREE_LIMIT = 1000, 100


def commits_of(repo: Repo, revision: str) -> Sequence[Commit]:
    """Commits up to a revision, newest first; Refused if there is none such."""
    commits = repo.since(revision)
    if commits is None:
        raise missing_revision(revision)
    return commits


def tree(request: web.Request, repo: Repo) -> web.Response:
    """``/api/models/…/tree/{rev}/{path}``: files and folders in order of their paths, in pages."""
    commits = commits_of(repo, request.match_info["revision"])
    folder = request.match_info.get("path", "").strip("/")
    expand = request.query.get("expand") in {"true", "1"}
    entries = _entries(repo, commits, folder, recursive=request.query.get("recursive") in {"true", "1"}, expand=expand)
    if folder and not entries:
        raise Refused(404, "Entry not found", "EntryNotFound", headers={"X-Repo-Commit": commits[0].sha})
    most = _EXPANDED_TREE_LIMIT if expand else _TREE_LIMIT
    limit = min(most, read_whole("limit", request.query.get("limit"), most, least=1))
    paths = sorted(path for path in entries if path > _tree_place(request.query.get("cursor")))
    headers = {}
    if len(paths) > limit:
        place = orjson.dumps({"file_name": paths[limit - 1], "tree_oid": commits[0].sha})
        cursor = base64.b64encode(base64.b64encode(place) + b":%d" % limit).decode()
        headers["Link"] = next_link(request, limit=limit, cursor=cursor)
    return json_answer([entries[path] for path in paths[:limit]], headers=headers)


def _tree_place(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        inner, _, _ = base64.b64decode(cursor, validate=True).partition(b":")
        return str(orjson.loads(base64.b64decode(inner, validate=True))["file_name"])
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise BadRequestError("Invalid cursor") from None


def _entries(
    repo: Repo, commits: Sequence[Commit], folder: str, *, recursive: bool, expand: bool
) -> dict[str, dict[str, object]]:
    entries: dict[str, dict[str, object]] = {}
    prefix = f"{folder}/" if folder else ""
    for file in files_of(repo.model, commits):
        if not file.path.startswith(prefix):
            continue
        steps = file.path.removeprefix(prefix).split("/")
        for depth in range(1, len(steps) if recursive else min(2, len(steps))):
            path = prefix + "/".join(steps[:depth])
            oid = git_blob_id(f"{path} {commits[0].sha}".encode())
            entries[path] = {"type": "directory", "oid": oid, "size": 0, "path": path} | _last_commit(file, expand)
        if recursive or len(steps) == 1:
            entry: dict[str, object] = {"type": "file", "oid": file.oid, "size": file.size, "path": file.path}
            if file.lfs_sha256 is not None:
                entry["lfs"] = {"oid": file.lfs_sha256, "size": file.lfs_size, "pointerSize": len(file.content)}
                entry["xetHash"] = file.lfs_sha256[::-1]
            entry |= _last_commit(file, expand)
            if expand:
                entry["securityFileStatus"] = {
                    "status": "safe",
                    "avScan": {"virusFound": False, "virusNames": None},
                    "pickleImportScan": None,
                }
            entries[file.path] = entry
    return entries


def _last_commit(file: File, expand: bool) -> dict[str, object]:
    commit = file.commit
    return {"lastCommit": {"id": commit.sha, "title": commit.title, "date": moment(commit.at)}} if expand else {}


def resolve(request: web.Request, repo: Repo) -> web.Response:
    """First hop: 307 to the cache's address of a file of git, 302 to the store for a big one."""
    revision, path = request.match_info["revision"], request.match_info["path"]
    file, sha = _file(request, repo, revision, path)
    headers = _file_headers(path, sha)
    if file.lfs_sha256 is not None:
        headers |= {
            "Location": f"{base_of(request)}/xet-bridge/{file.lfs_sha256}?Expires=3600",
            "X-Linked-Size": str(file.lfs_size),
            "X-Linked-Etag": f'"{file.lfs_sha256}"',
            "X-Xet-Hash": file.lfs_sha256[::-1],
            "Link": f'<{base_of(request)}/api/models/{quote(repo.name)}/xet-read-token/{sha}>; rel="xet-auth"',
            "Cache-Control": "no-store",
        }
        return web.Response(status=302, headers=headers)
    asked = quote(f"/{repo.name}/resolve/{revision}/{path}", safe="")
    headers["X-Linked-Etag"] = f'"{file.oid}"'
    headers["Location"] = (
        f"/api/resolve-cache/models/{quote(repo.name)}/{sha}/{quote(path)}?{asked}=&etag=%22{file.oid}%22"
    )
    return web.Response(status=307, headers=headers, text=f"Temporary Redirect. Redirecting to {headers['Location']}")


def resolve_cached(request: web.Request, repo: Repo) -> web.Response:
    """Second hop: the bytes, or 304 if the client has them."""
    path = request.match_info["path"]
    file, sha = _file(request, repo, request.match_info["revision"], path)
    headers = _file_headers(path, sha) | {"ETag": f'"{file.oid}"'}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")}
    if headers["ETag"] in known or "*" in known:
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.content, headers=headers | {"Content-Type": "text/plain; charset=utf-8"})


def _file(request: web.Request, repo: Repo, revision: str, path: str) -> tuple[File, str]:
    """The file and the sha of the revision; Refused without a grant, or where there is no such revision or file."""
    commits = commits_of(repo, revision)
    token = token_of(request)
    if repo.gated and not (token or "").startswith("hf_granted"):
        how = "You must have access to it and be authenticated to access it. Please log in."
        if token is not None:
            raise Refused(403, f"Access to model {repo.name} is restricted and you are not in the authorized list.",
                          "GatedRepo", as_text=True)  # fmt: skip
        raise Refused(
            401,
            f"Access to model {repo.name} is restricted. {how}",
            "GatedRepo",
            headers={"WWW-Authenticate": 'Bearer realm="Authentication required"'},
            as_text=True,
        )
    for file in files_of(repo.model, commits):
        if file.path == path:
            return file, commits[0].sha
    headers = {"X-Repo-Commit": commits[0].sha}
    raise Refused(404, "Entry not found", "EntryNotFound", headers=headers, as_text=True)


def _file_headers(path: str, sha: str) -> dict[str, str]:
    name = path.rpartition("/")[2]
    return {
        "X-Repo-Commit": sha,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}; filename=\"{name}\";",
    }
