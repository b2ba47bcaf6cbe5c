"""huggingface_hub, unchanged, against the stand-in: what the client makes of its answers must be the world's truth."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import DiscussionComment, HfApi, constants
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder
from huggingface_hub.utils.sha import git_hash

from ptm_spark.standin.hub_cards import front_matter
from ptm_spark.standin.hub_discussions import discussions_at
from ptm_spark.standin.hub_history import commits_at, last_modified_at
from ptm_spark.standin.hub_listing import WorldHub
from ptm_spark.standin.hub_repos import card_at, files_at, gate_of
from ptm_spark.standin.life import Model
from ptm_spark.standin.serving import serve_in_thread
from ptm_spark.standin.world import CENSUS_DATES, World

LAST = CENSUS_DATES[-1]


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serve_in_thread(hub_source=WorldHub(world, LAST)) as addresses:
        yield addresses.hub


@pytest.fixture
def api(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HfApi:
    """A client without a token that writes nothing outside of the test's folder."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.setattr(constants, name, True)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    return HfApi(endpoint=address, token=False)


@pytest.fixture(scope="module")
def visible(world: World) -> list[Model]:
    """Models whose names the client takes; it refuses those that are not ASCII before it asks."""
    return [model for model in world.visible(LAST) if model.name_at(LAST).isascii()]


def test_a_whole_listing(api: HfApi, world: World) -> None:
    truth = list(world.visible(LAST))
    found = list(api.list_models(sort="createdAt"))
    assert [(m.id, m.created_at, m.downloads, m.likes, m.pipeline_tag, m.library_name, m.tags) for m in found] == [
        (
            m.name_at(LAST), m.created_at, m.downloads_at(LAST), m.likes_at(LAST), m.pipeline_tag, m.library_name,
            list(m.tags),
        )
        for m in reversed(truth)
    ]  # fmt: skip
    assert len(found) > 5000


def test_small_pages_and_a_limit_over_a_page(api: HfApi, world: World) -> None:
    truth = [
        model.name_at(LAST) for model in sorted(world.visible(LAST), key=lambda m: m.downloads_at(LAST), reverse=True)
    ]
    assert [model.id for model in api.list_models(sort="downloads", limit=1500)] == truth[:1500]
    assert [model.id for model in api.list_models(sort="downloads", limit=7)] == truth[:7]


def test_filters(api: HfApi, world: World) -> None:
    rows = [row for row in world.listing(LAST) if {"bert", "license:mit"} <= set(row["tags"])]
    found = api.list_models(filter=["bert", "license:mit"], sort="createdAt")
    assert [model.id for model in found] == [row["id"] for row in reversed(rows)]
    gated = {model.id for model in api.list_models(gated=True)}
    assert gated == {model.name_at(LAST) for model in world.visible(LAST) if gate_of(model)}
    owner = rows[0]["id"].partition("/")[0]
    assert {model.id for model in api.list_models(author=owner)} == {
        row["id"] for row in world.listing(LAST) if row["id"].startswith(f"{owner}/")
    }


def test_expand_in_a_listing(api: HfApi, world: World) -> None:
    fields = ["sha", "lastModified", "gated", "siblings", "createdAt"]
    found = {model.id: model for model in api.list_models(expand=fields, sort="createdAt", limit=1200)}  # type: ignore[arg-type]
    truth = list(world.visible(LAST))[-1200:]
    assert len(found) == len(truth)
    for model in truth:
        info = found[model.name_at(LAST)]
        assert (info.sha, info.last_modified) == (commits_at(model, LAST)[0].sha, last_modified_at(model, LAST))
        assert (info.gated, info.created_at, info.downloads) == (gate_of(model), model.created_at, None)
        assert info.siblings is not None
        assert [sibling.rfilename for sibling in info.siblings] == [file.path for file in files_at(model, LAST)]
    with pytest.raises(BadRequestError):
        list(api.list_models(expand=["nonsense"]))  # type: ignore[list-item]


def test_model_info(api: HfApi, visible: list[Model]) -> None:
    for model in visible[5:500:60]:
        info = api.model_info(model.name_at(LAST), files_metadata=True, securityStatus=True)
        assert (info.id, info.sha) == (model.name_at(LAST), commits_at(model, LAST)[0].sha)
        assert (info.last_modified, info.gated) == (last_modified_at(model, LAST), gate_of(model))
        assert info.siblings is not None and info.security_repo_status is not None
        truth = {file.path: file for file in files_at(model, LAST)}
        assert {sibling.rfilename for sibling in info.siblings} == set(truth)
        for sibling in info.siblings:
            file = truth[sibling.rfilename]
            assert (sibling.size, sibling.blob_id) == (file.size, file.oid)
            assert (sibling.lfs.sha256 if sibling.lfs else None) == file.lfs_sha256
        if card_at(model, LAST) and front_matter(model) and info.card_data is not None:
            assert info.card_data.license == front_matter(model).get("license")
    named = api.model_info(visible[0].name_at(LAST), expand=["downloadsAllTime", "gated"])
    assert (named.downloads_all_time, named.sha) == (visible[0].downloads_at(LAST) * 7, None)


def test_a_renamed_repository_answers_under_its_old_name(api: HfApi, world: World, visible: list[Model]) -> None:
    taken = {model.name_at(LAST) for model in world.visible(LAST)}
    renamed = [model for model in visible if model.name_at(LAST) != model.name and model.name not in taken]
    assert any("/" not in model.name for model in renamed)
    for model in renamed[:20]:
        if model.name.isascii():
            assert api.model_info(model.name).id == model.new_name
            assert api.list_repo_commits(model.name)[-1].created_at == model.born_at


def test_missing_repositories_and_revisions(api: HfApi, address: str, visible: list[Model]) -> None:
    with pytest.raises(HfHubHTTPError) as raised:  # the client knows this 401 only on https
        api.model_info("nobody/nothing")
    assert raised.value.response is not None and raised.value.response.status_code == 401
    with pytest.raises(RepositoryNotFoundError):
        HfApi(endpoint=address, token="hf_good").model_info("nobody/nothing")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        HfApi(endpoint=address, token="hf_bad").model_info(visible[0].name_at(LAST))
    with pytest.raises(RevisionNotFoundError):
        api.model_info(visible[0].name_at(LAST), revision="badrev")
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_commits(visible[0].name_at(LAST), revision="refs/pr/4711")


def test_commits_over_several_pages(api: HfApi, visible: list[Model]) -> None:
    model = next(model for model in visible if len(commits_at(model, LAST)) > 110)
    truth = commits_at(model, LAST)
    found = api.list_repo_commits(model.name_at(LAST), formatted=True)
    assert [(c.commit_id, c.created_at, c.title, c.message, tuple(c.authors)) for c in found] == [
        (c.sha, c.at, c.title, c.message, c.authors) for c in truth
    ]
    old = api.model_info(model.name_at(LAST), revision=truth[-1].sha)
    assert old.siblings is not None and [s.rfilename for s in old.siblings] == [".gitattributes"]


def test_discussions_over_several_pages(api: HfApi, visible: list[Model]) -> None:
    model = next(model for model in visible if len(discussions_at(model, LAST)) > 50)
    name, truth = model.name_at(LAST), discussions_at(model, LAST)
    found = list(api.get_repo_discussions(name))
    assert [(d.num, d.title, d.author, d.status, d.is_pull_request, d.created_at) for d in found] == [
        (d.num, d.title, d.author or "deleted", d.status, d.is_pull_request, d.at) for d in truth
    ]
    assert {"deleted"} < {d.author for d in found} and {d.status for d in found} == {
        "draft",
        "open",
        "closed",
        "merged",
    }
    closed = list(api.get_repo_discussions(name, discussion_type="discussion", discussion_status="closed"))
    assert [d.num for d in closed] == [d.num for d in truth if not d.is_pull_request and d.status == "closed"]
    hidden = 0
    for talk in truth[:25]:
        detail = api.get_discussion_details(name, talk.num)
        assert (detail.status, detail.is_pull_request) == (talk.status, talk.is_pull_request)
        assert [(e.type, e.created_at, e.author) for e in detail.events] == [
            (e.kind, e.at, e.author or "deleted") for e in talk.events
        ]
        comments = [event for event in detail.events if isinstance(event, DiscussionComment)]
        assert [c.content for c in comments] == [e.text for e in talk.events if e.kind == "comment"]
        hidden += sum(comment.hidden for comment in comments)
    assert hidden == sum(event.is_hidden for talk in truth[:25] for event in talk.events) > 0


def test_download_of_a_card(api: HfApi, visible: list[Model], tmp_path: Path) -> None:
    model = next(m for m in visible if not gate_of(m) and len([c for c in commits_at(m, LAST) if c.card]) > 2)
    name = model.name_at(LAST)
    path = Path(api.hf_hub_download(name, "README.md", cache_dir=tmp_path))
    text = card_at(model, LAST)
    assert text is not None and path.read_bytes() == text.encode()
    assert path.parent.name == commits_at(model, LAST)[0].sha
    assert path.resolve().name == git_hash(text.encode())
    first = next(commit for commit in reversed(commits_at(model, LAST)) if commit.card)
    old = Path(api.hf_hub_download(name, "README.md", revision=first.sha, cache_dir=tmp_path))
    assert old.read_text() == card_at(model, first.at) != text
    with pytest.raises(RemoteEntryNotFoundError):
        api.hf_hub_download(name, "no.txt", cache_dir=tmp_path)
    gated = next(m for m in visible if gate_of(m) and card_at(m, LAST))
    with pytest.raises(GatedRepoError):
        api.hf_hub_download(gated.name_at(LAST), "README.md", cache_dir=tmp_path)


def test_refs_and_tree(api: HfApi, visible: list[Model]) -> None:
    model = next(m for m in visible if any("/" in f.path for f in files_at(m, LAST)) and discussions_at(m, LAST))
    name = model.name_at(LAST)
    refs = api.list_repo_refs(name, include_pull_requests=True)
    assert [(ref.name, ref.target_commit) for ref in refs.branches] == [("main", commits_at(model, LAST)[0].sha)]
    pulls = [f"refs/pr/{talk.num}" for talk in discussions_at(model, LAST) if talk.is_pull_request]
    assert [ref.ref for ref in refs.pull_requests or []] == pulls
    entries = list(api.list_repo_tree(name, recursive=True, expand=True))
    truth = files_at(model, LAST)
    files = [entry for entry in entries if isinstance(entry, RepoFile)]
    assert [(f.path, f.size, f.blob_id) for f in files] == [(f.path, f.size, f.oid) for f in truth]
    assert [f.last_commit.oid if f.last_commit else None for f in files] == [f.commit.sha for f in truth]
    assert [entry.path for entry in entries if isinstance(entry, RepoFolder)] == ["onnx", "onnx/decoder"]
    assert {entry.path for entry in api.list_repo_tree(name)} >= {"onnx", ".gitattributes"}
