"""The stand-in Hub against its contract: listing, cursors, refusals, files."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, urlsplit

import orjson
import pytest
from hubs import ask, cursor, walk
from huggingface_hub import ModelCard

from ptm_spark.standin.hub_cards import card_kind, front_matter, has_broken_front_matter
from ptm_spark.standin.hub_discussions import discussions_at
from ptm_spark.standin.hub_fields import EXPANDABLE, trending_score
from ptm_spark.standin.hub_history import commits_at, history, last_modified_at
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.hub_repos import card_at, files_at, gate_of, git_blob_id
from ptm_spark.standin.life import Model
from ptm_spark.standin.serving import serve_in_thread
from ptm_spark.standin.world import CENSUS_DATES, World

LAST = CENSUS_DATES[-1]


@pytest.fixture(scope="module")
def hub(world: World) -> Iterator[str]:
    with serve_in_thread(hub_source=WorldHub(world, LAST)) as addresses:
        yield addresses.hub


def visible(world: World) -> list[Model]:
    return list(world.visible(LAST))


def first(world: World, wanted: object) -> Model:
    return next(model for model in visible(world) if wanted(model) and model.name_at(LAST).isascii())  # type: ignore[operator]


def test_a_walk_by_creation_is_the_listing(world: World, hub: str) -> None:
    rows = walk(hub, "/api/models?sort=createdAt&direction=1")
    assert rows == list(world.listing(LAST))
    assert walk(hub, "/api/models?sort=createdAt") == rows[::-1]


def test_pages_and_headers(world: World, hub: str) -> None:
    page = ask(hub, "/api/models?sort=createdAt&direction=1&limit=5000&unknown=1")
    assert len(page.json) == 1000  # clamped
    assert page.headers["Content-Type"] == "application/json; charset=utf-8"
    assert page.headers["ETag"].startswith('W/"') and page.headers["Vary"] == "Origin"
    assert page.headers["X-Request-Id"].startswith("Root=1-")
    assert page.headers["RateLimit-Policy"].endswith(";w=300")
    assert page.headers["Link"].startswith(f"<{hub}/api/models?sort=createdAt&direction=1&limit=5000&unknown=1&cursor=")
    text = unquote(urlsplit(page.next_path or "").query.rpartition("cursor=")[2])
    assert orjson.loads(base64.b64decode(text)) == {"_id": {"$gt": page.json[-1]["_id"]}}
    last = ask(
        hub, f"/api/models?sort=createdAt&direction=1&cursor={cursor({'_id': {'$gt': visible(world)[-2].repo_oid}})}"
    )
    assert len(last.json) == 1 and "Link" not in last.headers
    assert ask(hub, "/api/datasets").json == [] == ask(hub, "/api/spaces").json


@pytest.mark.parametrize("sort", ["downloads", "likes", "lastModified", "trendingScore", "id"])
@pytest.mark.parametrize("direction", [-1, 1])
def test_other_orders_break_ties_by_oid_and_lose_nothing(world: World, hub: str, sort: str, direction: int) -> None:
    def value(model: Model) -> object:
        return {
            "downloads": lambda: model.downloads_at(LAST),
            "likes": lambda: model.likes_at(LAST),
            "lastModified": lambda: last_modified_at(model, LAST),
            "trendingScore": lambda: trending_score(model, LAST),
            "id": lambda: model.name_at(LAST),
        }[sort]()

    rows = walk(hub, f"/api/models?sort={sort}&direction={direction}&expand[]=likes")
    expected = sorted(visible(world), key=value, reverse=direction == -1)  # type: ignore[arg-type]
    assert [row["_id"] for row in rows] == [model.repo_oid for model in expected]


def test_the_default_order_is_trending_and_shows_its_score(world: World, hub: str) -> None:
    rows = ask(hub, "/api/models?limit=3").json
    assert [row["trendingScore"] for row in rows] == sorted((row["trendingScore"] for row in rows), reverse=True)
    page = ask(hub, "/api/models?limit=3&sort=nonsense")
    assert page.json == rows
    predicate = orjson.loads(base64.b64decode(unquote((page.next_path or "").rpartition("cursor=")[2])))
    assert predicate["$or"][0] == {"trendingScore": rows[2]["trendingScore"], "_id": {"$gt": rows[2]["_id"]}}


def test_built_cursors_make_shards_of_the_walk(world: World, hub: str) -> None:
    days = [datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)]
    bounds = [f"{int(day.timestamp()):08x}0000000000000000" for day in days]
    query = "/api/models?sort=createdAt&direction=1"
    later = walk(hub, f"{query}&cursor={cursor({'_id': {'$gt': bounds[0]}})}")
    assert later == [row for row in world.listing(LAST) if row["_id"] > bounds[0]]
    year = ask(hub, f"{query}&cursor={cursor({'_id': {'$gt': bounds[0], '$lt': bounds[1]}})}").json
    assert year == [row for row in world.listing(LAST) if bounds[0] < row["_id"] < bounds[1]][:1000]


@pytest.mark.parametrize("text", ["%00", "e30%3D", cursor({"_id": {"$gt": "x"}}), cursor([1]), cursor({"$or": []})])
def test_a_broken_cursor_is_refused(hub: str, text: str) -> None:
    assert ask(hub, f"/api/models?sort=createdAt&cursor={text}").status == 400


def test_filters(world: World, hub: str) -> None:
    rows = list(world.listing(LAST))
    query = "/api/models?sort=createdAt&direction=1"
    both = [row for row in rows if {"bert", "license:mit"} <= set(row["tags"])]
    assert both and walk(hub, f"{query}&filter=bert&filter=license:mit") == both
    owner = rows[0]["id"].partition("/")[0]
    assert walk(hub, f"{query}&author={owner}") == [row for row in rows if row["id"].startswith(f"{owner}/")]
    assert walk(hub, f"{query}&search=LLAMA") == [row for row in rows if "llama" in row["id"]]
    assert walk(hub, f"{query}&pipeline_tag=translation") == [r for r in rows if r.get("pipeline_tag") == "translation"]
    gated = walk(hub, f"{query}&gated=true&expand[]=gated")
    assert {row["gated"] for row in gated} == {"auto", "manual"}
    assert len(gated) == sum(bool(gate_of(model)) for model in visible(world))
    assert ask(hub, f"{query}&limit=2&skip=10").json == rows[10:12]
    assert ask(hub, "/api/quicksearch?q=llama").json["modelsCount"] == sum("llama" in row["id"] for row in rows)


def test_expand_shows_the_named_fields_and_refuses_unknown_ones(world: World, hub: str) -> None:
    rows = ask(hub, "/api/models?sort=createdAt&direction=1&expand=sha&expand[]=likes&full=true").json
    for row, model in zip(rows, visible(world), strict=False):
        sha = commits_at(model, LAST)[0].sha
        assert row == {"_id": model.repo_oid, "id": model.name_at(LAST), "sha": sha, "likes": model.likes_at(LAST)}
    everything = "&".join(f"expand[]={name}" for name in EXPANDABLE)
    keys = Counter(key for row in walk(hub, f"/api/models?sort=createdAt&{everything}") for key in row)
    assert set(EXPANDABLE) - set(keys) == {"evalResults", "resourceGroup"}
    assert keys["pipeline_tag"] < keys["sha"] == len(visible(world))
    refused = ask(hub, "/api/models?expand[]=securityRepoStatus")
    assert refused.status == 400 and "childrenModelCount" in refused.json["error"]
    assert ask(hub, f"/api/models/{visible(world)[0].name_at(LAST)}?expand=nonsense").status == 400
    full = ask(hub, "/api/models?sort=createdAt&limit=1&full=true&cardData=true&config=true").json[0]
    assert {"author", "gated", "lastModified", "sha", "siblings", "downloads"} <= set(full)


def test_the_world_moves_under_a_walk(world: World) -> None:
    begin = CENSUS_DATES[1]
    source = WorldHub(world, begin, advance=timedelta(days=30))
    with serve_in_thread(hub_source=source) as addresses:
        rows = walk(addresses.hub, "/api/models?sort=createdAt&direction=1&limit=1000")
    assert source.at >= begin + timedelta(days=90)
    seen = {row["_id"] for row in rows}
    assert len(seen) == len(rows)
    late = [model for model in world.visible(source.at) if model.born_at > begin]
    assert late and any(model.repo_oid in seen for model in late)
    assert any(not model.is_visible(source.at) for model in world.visible(begin))


def test_renamed_missing_private_and_legacy(world: World, hub: str) -> None:
    names = Counter(model.name_at(LAST) for model in visible(world))
    moved = first(world, lambda m: m.new_name and m.name_at(LAST) == m.new_name and not names[m.name] and "/" in m.name)
    assert moved.new_name is not None
    for path in ("", "/commits/main", "/refs"):
        answer = ask(hub, f"/api/models/{moved.name}{path}?p=0")
        assert (answer.status, answer.headers["Location"]) == (307, f"/api/models/{moved.new_name}{path}?p=0")
    answer = ask(hub, f"/{moved.name}/resolve/main/README.md", "HEAD")
    assert (answer.status, answer.headers["Location"]) == (307, f"/{moved.new_name}/resolve/main/README.md")
    legacy = first(world, lambda m: "/" not in m.name)
    for path in ("", "/refs", "/discussions", "/tree/main"):
        answer = ask(hub, f"/api/models/{legacy.name}{path}")
        assert (answer.status, answer.headers["Location"]) == (307, f"/api/models/{legacy.new_name}{path}")
    cased = ask(hub, f"/api/models/{moved.new_name.upper()}")
    assert cased.headers["Location"] == f"/api/models/{moved.new_name}"

    gone = next(m for m in world.models if m.removed_at and m.removed_at <= LAST and not names[m.last_name])
    for name in ("nobody/nothing", quote(gone.last_name)):
        anonymous = ask(hub, f"/api/models/{name}")
        assert (anonymous.status, anonymous.json) == (401, {"error": "Invalid username or password."})
        assert "X-Error-Code" not in anonymous.headers and anonymous.headers["WWW-Authenticate"].startswith("Bearer")
        known = ask(hub, f"/api/models/{name}", Authorization="Bearer hf_good")
        assert (known.status, known.headers["X-Error-Code"]) == (404, "RepoNotFound")
    bad = ask(hub, "/api/models?limit=1", Authorization="Bearer hf_bad")
    assert (bad.status, bad.headers["X-Error-Message"]) == (401, "Invalid credentials in Authorization header")


def test_readme_in_two_hops(world: World, hub: str) -> None:
    model = first(world, lambda m: card_at(m, LAST) and not gate_of(m))
    name, sha = model.name_at(LAST), commits_at(model, LAST)[0].sha
    hop = ask(hub, f"/{name}/resolve/main/README.md")
    assert hop.status == 307 and hop.headers["X-Repo-Commit"] == sha
    assert hop.headers["Location"].startswith(f"/api/resolve-cache/models/{name}/{sha}/README.md?%2F")
    text = ask(hub, hop.headers["Location"])
    assert text.body.decode() == card_at(model, LAST)
    blob = hashlib.sha1(b"blob %d\0" % len(text.body) + text.body).hexdigest()
    assert text.headers["ETag"] == hop.headers["X-Linked-Etag"] == f'"{blob}"'
    assert text.headers["X-Repo-Commit"] == sha and text.headers["RateLimit"].startswith('"resolvers"')
    known = ask(hub, hop.headers["Location"], If_None_Match=text.headers["ETag"])
    assert (known.status, known.body) == (304, b"")
    assert ask(hub, hop.headers["Location"], "HEAD").headers["Content-Length"] == str(len(text.body))

    missing = ask(hub, f"/{name}/resolve/main/no.txt")
    assert (missing.status, missing.body, missing.headers["X-Repo-Commit"]) == (404, b"Entry not found", sha)
    assert missing.headers["X-Error-Code"] == "EntryNotFound"
    revision = ask(hub, f"/{name}/resolve/badrev/README.md")
    assert (revision.status, revision.json) == (404, {"error": "Invalid rev id: badrev"})
    assert ask(hub, f"/{name}/resolve/a%0D%0Ab/README.md").headers["X-Error-Code"] == "RevisionNotFound"
    big = next(file for file in files_at(model, LAST) if file.lfs_sha256)
    store = ask(hub, f"/{name}/resolve/main/{big.path}")
    assert (store.status, store.headers["X-Linked-Size"]) == (302, str(big.lfs_size))


def test_gated_files_need_a_grant_but_facts_do_not(world: World, hub: str) -> None:
    model = first(world, lambda m: gate_of(m) and card_at(m, LAST))
    name = model.name_at(LAST)
    path = f"/{name}/resolve/main/README.md"
    answers = [ask(hub, path), ask(hub, path, Authorization="Bearer hf_x")]
    assert [answer.status for answer in answers] == [401, 403]
    assert {answer.headers["X-Error-Code"] for answer in answers} == {"GatedRepo"}
    assert ask(hub, path, Authorization="Bearer hf_granted").status == 307
    assert ask(hub, f"/api/models/{name}").json["gated"] == gate_of(model)


def test_commits_are_counted_and_paged(world: World, hub: str) -> None:
    model = first(world, lambda m: len(commits_at(m, LAST)) > 60)
    truth = commits_at(model, LAST)
    path = f"/api/models/{model.name_at(LAST)}/commits/main"
    page = ask(hub, path)
    assert len(page.json) == 50 and page.headers["X-Total-Count"] == str(len(truth))
    rows = walk(hub, path)
    assert [row["id"] for row in rows] == [commit.sha for commit in truth]
    assert rows[-1]["authors"][0]["user"] == "system" and rows[-1]["title"] == "initial commit"
    old = ask(hub, f"{path.removesuffix('main')}{truth[10].sha[:8]}?limit=1&expand[]=formatted")
    assert old.json[0]["id"] == truth[10].sha and "formatted" in old.json[0]
    assert old.headers["X-Total-Count"] == str(len(truth) - 10)
    for wrong in ("limit=0", "limit=1001", "p=-1", "p=x"):
        assert ask(hub, f"{path}?{wrong}").status == 400


def test_histories_are_plausible(world: World) -> None:
    counts = Counter[bool]()
    for model in visible(world):
        commits = history(model)
        dates = [commit.at for commit in commits]
        assert dates == sorted(dates) and dates[0] == model.born_at
        card = card_at(model, LAST)
        assert (card is not None) == (model.card_created_at is not None and model.card_created_at <= LAST)
        if model.card_created_at is not None:
            assert next(commit.at for commit in commits if commit.card == 1) == model.card_created_at
        counts[last_modified_at(model, LAST) < model.created_at] += 1
    assert 0.002 < counts[True] / counts.total() < 0.1  # never touched after the floor
    assert {len(discussions_at(model, LAST)) > 50 for model in visible(world)} == {True, False}


def test_front_matter_is_what_a_client_parses_from_the_card(world: World) -> None:
    kinds = Counter[str]()
    for model in visible(world)[::7]:
        text = card_at(model, LAST)
        if text is None or has_broken_front_matter(model) or text.startswith("\ufeff"):
            continue
        kinds[card_kind(model)] += 1
        parsed = ModelCard(text, ignore_metadata_errors=True).data.to_dict()
        data = {key: value for key, value in front_matter(model).items() if key != "model-index"}
        assert {key: parsed.get(key) for key in data} == data
    assert set(kinds) == {"bare", "trainer", "template", "written"}


def test_tree_pages_and_folders(world: World, hub: str) -> None:
    model = first(world, lambda m: any("/" in file.path for file in files_at(m, LAST)))
    truth = {file.path: file for file in files_at(model, LAST)}
    path = f"/api/models/{model.name_at(LAST)}/tree/main"
    rows = walk(hub, f"{path}?recursive=true&limit=2&expand=true")
    assert [row["path"] for row in rows if row["type"] == "directory"] == ["onnx", "onnx/decoder"]
    files = [row for row in rows if row["type"] == "file"]
    assert {row["path"]: row["oid"] for row in files} == {name: file.oid for name, file in truth.items()}
    for row in files:
        assert row["lastCommit"]["id"] == truth[row["path"]].commit.sha
        assert row.get("lfs", {}).get("oid") == truth[row["path"]].lfs_sha256
        assert row["oid"] == git_blob_id(truth[row["path"]].content)
    assert "onnx" in [row["path"] for row in ask(hub, path).json]
    assert [row["path"] for row in ask(hub, f"{path}/onnx").json] == ["onnx/decoder", "onnx/model.onnx"]
    assert ask(hub, f"{path}/config.json").headers["X-Error-Code"] == "EntryNotFound"


def test_base_models_carry_the_oid_of_what_they_name(world: World, hub: str) -> None:
    by_name = {model.name: model for model in visible(world) if model.name_at(LAST) == model.name}
    rows = walk(hub, "/api/models?sort=createdAt&direction=1&expand[]=baseModels&expand[]=tags")
    found = [row for row in rows if "baseModels" in row]
    assert found
    for row in found:
        for parent in row["baseModels"]["models"]:
            assert parent["id"] in {model.last_name for model in world.models}
            if parent["id"] in by_name:
                assert parent["_id"] == by_name[parent["id"]].repo_oid
