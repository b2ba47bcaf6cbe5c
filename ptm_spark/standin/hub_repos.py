"""One repository of the stand-in Hub at one moment: files, card and revisions, told from the model's life alone."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ptm_spark.standin.hub_cards import card_text
from ptm_spark.standin.hub_discussions import Discussion, discussions_at
from ptm_spark.standin.hub_history import Commit, commits_at, history
from ptm_spark.standin.life import Model

Gate = Literal[False, "auto", "manual"]
_GITATTRIBUTES = b"*.bin filter=lfs diff=lfs merge=lfs -text\n*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


@dataclass(frozen=True)
class File:
    """A file of a revision. ``content`` is what git holds; ``lfs_sha256`` and ``lfs_size`` are of the file itself where
    that content is only a pointer. ``commit`` is the last one that wrote it.
    """

    path: str
    content: bytes
    commit: Commit
    lfs_sha256: str | None = None
    lfs_size: int = 0

    @property
    def size(self) -> int:
        """Bytes of the file itself."""
        return len(self.content) if self.lfs_sha256 is None else self.lfs_size

    @cached_property
    def oid(self) -> str:
        """Git's blob id of the content."""
        return git_blob_id(self.content)


@dataclass(frozen=True)
class Repo:
    """A repository as served. ``row`` is its default row of the listing, ``commits`` those on main, newest first.

    Nothing but that is known of one that ``is_bare``.
    """

    model: Model
    at: datetime
    row: dict[str, Any]
    commits: Sequence[Commit]
    gated: Gate = False
    is_bare: bool = False

    @property
    def name(self) -> str:
        """``namespace/name`` at that moment."""
        return str(self.row["id"])

    @property
    def head(self) -> Commit:
        """The newest commit on main."""
        return self.commits[0]

    @cached_property
    def discussions(self) -> Sequence[Discussion]:
        """Discussions and pull requests, newest first."""
        return () if self.is_bare else discussions_at(self.model, self.at)

    def since(self, revision: str) -> Sequence[Commit] | None:
        """The commits up to a revision, newest first; None if there is none such.

        A revision is ``main``, a sha or its first seven or more digits, or ``refs/pr/N`` of a pull request, which
        shows main.
        """
        if revision in {"main", "refs/heads/main", "HEAD"}:
            return self.commits
        if revision.startswith("refs/pr/"):
            numbers = {f"refs/pr/{talk.num}" for talk in self.discussions if talk.is_pull_request}
            return self.commits if revision in numbers else None
        if len(revision) >= 7:
            for place, commit in enumerate(self.commits):
                if commit.sha.startswith(revision):
                    return self.commits[place:]
        return None


def repo_at(model: Model, at: datetime) -> Repo:
    """The repository of a model of the world at a moment at which it is visible."""
    return Repo(model, at, model.row(at), commits_at(model, at), gate_of(model))


def gate_of(model: Model) -> Gate:
    """Whether files need a grant: never, by an automatic one (2 %) or by one of the owner's (1.5 %)."""
    chance = random.Random(f"gate {model.repo_oid}").random()
    if chance < 0.02:
        return "auto"
    return "manual" if chance < 0.035 else False


def card_at(model: Model, at: datetime) -> str | None:
    """Text of README.md at that moment; None before there is one."""
    revision = next((commit.card for commit in commits_at(model, at) if commit.card is not None), None)
    return None if revision is None else card_text(model, revision)


def files_at(model: Model, at: datetime) -> list[File]:
    """Files on main at that moment, in order of their paths."""
    return files_of(model, commits_at(model, at))


def files_of(model: Model, commits: Sequence[Commit]) -> list[File]:
    """Files after those commits (newest first), in order of their paths."""
    files = [File(".gitattributes", _GITATTRIBUTES, history(model)[0])]
    card = next((commit for commit in commits if commit.card is not None), None)
    if card is not None and card.card is not None:
        files.append(File("README.md", card_text(model, card.card).encode(), card))
    upload = next((commit for commit in commits if commit.uploads), None)
    if upload is not None:
        files += [File(path, _text_file(model, path), upload) for path in _text_paths(model)]
        files += [_pointer(model, path, upload) for path in _weight_paths(model)]
    return sorted(files, key=lambda file: file.path)


def paths_of(model: Model, commits: Sequence[Commit]) -> list[str]:
    """Paths of ``files_of``, without making the files: a listing asks for a thousand of them."""
    paths = [".gitattributes"]
    if any(commit.card is not None for commit in commits):
        paths.append("README.md")
    if any(commit.uploads for commit in commits):
        paths += [*_text_paths(model), *_weight_paths(model)]
    return sorted(paths)


def git_blob_id(content: bytes) -> str:
    """SHA-1 by which git names a file of that content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _text_paths(model: Model) -> list[str]:
    if model.library_name == "transformers":
        return ["config.json", "tokenizer_config.json"]
    return ["config.json"] if model.family is not None else []


def _weight_paths(model: Model) -> list[str]:
    if model.library_name == "gguf":
        return ["model-q4_0.gguf", "model-q8_0.gguf"]
    paths = ["model.safetensors" if "safetensors" in model.tags else "pytorch_model.bin"]
    if int(model.repo_oid[-2:], 16) % 16 == 0:
        paths += ["onnx/decoder/model.onnx", "onnx/model.onnx"]
    return paths


def _text_file(model: Model, path: str) -> bytes:
    if path == "config.json":
        return f'{{\n  "model_type": "{model.family or "custom"}",\n  "seed": "{model.repo_oid[:8]}"\n}}\n'.encode()
    return b'{\n  "model_max_length": 512\n}\n'


def _pointer(model: Model, path: str, commit: Commit) -> File:
    sha256 = hashlib.sha256(f"{model.repo_oid} {path}".encode()).hexdigest()
    size = 1_000_000 + int(sha256[:8], 16)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return File(path, pointer.encode(), commit, sha256, size)
