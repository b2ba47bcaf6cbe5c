"""Fields of a repository's answers: which there are, what each says, and the sets that answers show by default."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ptm_spark.standin.hub_cards import front_matter, has_broken_front_matter, model_index
from ptm_spark.standin.hub_history import owner_of
from ptm_spark.standin.hub_repos import File, Repo, files_of, paths_of
from ptm_spark.standin.life import Model

#: what ``expand`` may name, in the order in which a refusal lists it
EXPANDABLE = (
    "author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime",
    "evalResults", "gated", "inference", "inferenceProviderMapping", "lastModified", "library_name", "likes",
    "mask_token", "model-index", "pipeline_tag", "private", "safetensors", "sha", "siblings", "spaces", "tags",
    "transformersInfo", "trendingScore", "widgetData", "gguf", "resourceGroup", "xetEnabled", "childrenModelCount",
    "usedStorage",
)  # fmt: skip
ROW_FIELDS = frozenset({"createdAt", "downloads", "library_name", "likes", "pipeline_tag", "private", "tags"})
FULL_FIELDS = ("author", "gated", "lastModified", "sha", "siblings")
INFO_FIELDS = (
    "author", "cardData", "config", "disabled", "gated", "lastModified", "model-index", "safetensors", "sha",
    "siblings", "spaces", "transformersInfo", "usedStorage", "widgetData",
)  # fmt: skip

#: id of a repository -> (its ``_id``, its name now); None where no such one is visible
Lookup = Callable[[str], tuple[str, str] | None]
_ABSENT = object()
_RELATIONS = ("finetune", "quantized", "adapter", "merge")


def fields_of(repo: Repo, names: Iterable[str], lookup: Lookup, *, in_listing: bool) -> dict[str, Any]:
    """The named fields that the repository has; some differ in shape between a listing and a single answer."""
    found = {}
    for name in names:
        if name in ROW_FIELDS:
            value = repo.row.get(name, _ABSENT)
        elif name == "baseModels":
            value = _base_models(repo, lookup)
        elif name == "inferenceProviderMapping":
            value = _providers(repo, in_listing)
        else:
            value = _FIELDS[name](repo)
        if value is not _ABSENT:
            found[name] = value
    return found


def info_body(repo: Repo, *, blobs: bool, security: bool) -> dict[str, Any]:
    """The answer of a repository's own address without ``expand``."""
    body = dict(repo.row) | fields_of(repo, INFO_FIELDS, lambda _: None, in_listing=False)
    if blobs:
        body["siblings"] = [sibling(file) for file in files_of(repo.model, repo.commits)]
    if security:
        has_issue = int(repo.model.repo_oid[-3:], 16) % 50 == 0
        issues = [{"path": "pytorch_model.bin", "level": "unsafe"}] if has_issue else []
        body["securityRepoStatus"] = {"scansDone": int(repo.model.repo_oid[-1], 16) > 1, "filesWithIssues": issues}
    return body


def sibling(file: File) -> dict[str, Any]:
    """A file as ``siblings`` shows it with ``blobs=true``."""
    entry: dict[str, Any] = {"rfilename": file.path, "size": file.size, "blobId": file.oid}
    if file.lfs_sha256 is not None:
        entry["lfs"] = {"sha256": file.lfs_sha256, "size": file.lfs_size, "pointerSize": len(file.content)}
    return entry


def trending_score(model: Model, at: datetime) -> int:
    """Likes of the seven days before that moment."""
    before = at - timedelta(days=7)
    return model.likes_at(at) - (model.likes_at(before) if before >= model.born_at else 0)


def moment(at: datetime) -> str:
    """A time as the Hub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _has_card(repo: Repo) -> bool:
    return any(commit.card is not None for commit in repo.commits)


def _has_card_data(repo: Repo) -> bool:
    return _has_card(repo) and bool(front_matter(repo.model)) and not has_broken_front_matter(repo.model)


def _card_data(repo: Repo) -> Any:
    return front_matter(repo.model) if _has_card_data(repo) else _ABSENT


def _model_index(repo: Repo) -> Any:
    if not _has_card(repo):
        return _ABSENT
    return model_index(repo.model) if _has_card_data(repo) else None


def _config(repo: Repo) -> Any:
    family = repo.model.family
    if family is None:
        return {} if repo.model.library_name else _ABSENT
    return {"architectures": [f"{family.title().replace('-', '')}Model"], "model_type": family}


def _transformers_info(repo: Repo) -> Any:
    if repo.model.library_name != "transformers" or repo.model.pipeline_tag is None:
        return _ABSENT
    return {"auto_model": "AutoModel", "pipeline_tag": repo.model.pipeline_tag, "processor": "AutoTokenizer"}


def _safetensors(repo: Repo) -> Any:
    if "model.safetensors" not in paths_of(repo.model, repo.commits):
        return _ABSENT
    total = 1_000_000 + int(repo.model.repo_oid[-6:], 16) * 1_000
    return {"parameters": {"F32": total}, "total": total}


def _gguf(repo: Repo) -> Any:
    if repo.model.library_name != "gguf":
        return _ABSENT
    return {"total": 2_000_000_000, "architecture": repo.model.family, "context_length": 8192}


def _base_models(repo: Repo, lookup: Lookup) -> Any:
    relation, models = "finetune", []
    for tag in repo.row["tags"]:
        if tag.startswith("base_model:"):
            first, _, rest = tag.removeprefix("base_model:").partition(":")
            if first in _RELATIONS:
                relation = first
            found = None if rest else lookup(first)
            if found is not None:
                models.append({"_id": found[0], "id": found[1]})
    return {"relation": relation, "models": models} if models else _ABSENT


def _providers(repo: Repo, in_listing: bool) -> Any:
    if repo.row["downloads"] < 1000:
        return [] if in_listing else {}
    entry = {"providerId": repo.name, "status": "live", "task": repo.model.pipeline_tag or "text-generation"}
    return [{"provider": "invented"} | entry] if in_listing else {"invented": entry}


def _spaces(repo: Repo) -> list[str]:
    count = min(3, repo.row["likes"] // 5)
    return [f"{owner_of(repo.model)}/demo-{number}" for number in range(count)]


def _used_storage(repo: Repo) -> int:
    digest = hashlib.sha256(repo.model.repo_oid.encode()).hexdigest()
    return int(digest[:8], 16) if any(commit.uploads for commit in repo.commits) else 0


_FIELDS: dict[str, Callable[[Repo], Any]] = {
    "author": lambda repo: repo.name.partition("/")[0] if "/" in repo.name else _ABSENT,
    "cardData": _card_data,
    "config": _config,
    "disabled": lambda repo: False,
    "downloadsAllTime": lambda repo: repo.row["downloads"] * 7,
    "evalResults": lambda repo: _ABSENT,
    "gated": lambda repo: repo.gated,
    "inference": lambda repo: "warm" if repo.row["downloads"] >= 1000 else _ABSENT,
    "lastModified": lambda repo: moment(repo.head.at),
    "mask_token": lambda repo: "[MASK]" if repo.model.pipeline_tag == "fill-mask" else _ABSENT,
    "model-index": _model_index,
    "safetensors": _safetensors,
    "sha": lambda repo: repo.head.sha,
    "siblings": lambda repo: [{"rfilename": path} for path in paths_of(repo.model, repo.commits)],
    "spaces": _spaces,
    "transformersInfo": _transformers_info,
    "trendingScore": lambda repo: trending_score(repo.model, repo.at),
    "widgetData": lambda repo: [{"text": "Hello"}] if repo.model.pipeline_tag == "fill-mask" else _ABSENT,
    "gguf": _gguf,
    "resourceGroup": lambda repo: _ABSENT,
    "xetEnabled": lambda repo: True,
    "childrenModelCount": lambda repo: {relation: 0 for relation in _RELATIONS},
    "usedStorage": _used_storage,
}
