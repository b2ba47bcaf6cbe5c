"""Commits of an invented repository: the same for the same model, whatever moment one looks at it."""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ptm_spark.standin.families import owner_name
from ptm_spark.standin.life import Model

_CARD_TITLES = ("Create README.md", "Add a model card", "End of training", "Upload README.md with huggingface_hub")
_EDIT_TITLES = (
    "Update README.md",
    "Fix typos in the card",
    "更新 README.md",
    "Mise à jour de la carte 🤗",
    "Add results",
)
_OTHER_TITLES = ("Update config.json", "Training in progress, step 500", "Add tokenizer", "Upload checkpoint")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit on main. ``message`` is what follows the title line; ``authors`` are Hub users, the main one first.

    ``card`` is the revision of README.md that it writes (1 is the first), None where it leaves the card alone;
    ``uploads`` is True where it brings the model's own files.
    """

    sha: str
    title: str
    message: str
    authors: tuple[str, ...]
    at: datetime
    card: int | None = None
    uploads: bool = False


class _Step(NamedTuple):
    at: datetime
    kind: str  # card, upload, other


def initial_commit(model: Model) -> Commit:
    """The commit that ``system`` makes when a repository is born; it brings .gitattributes only."""
    return Commit(commit_sha(model.repo_oid, 0), "initial commit", "", ("system",), model.born_at)


@lru_cache(maxsize=200_000)
def history(model: Model) -> tuple[Commit, ...]:
    """All commits that the model ever gets, oldest first; dates never go back, and may be equal."""
    rng = random.Random(f"commits {model.repo_oid}")
    owner = owner_of(model)
    steps = [_Step(model.born_at + timedelta(seconds=rng.randrange(30, 7200)), "upload")]
    if model.card_created_at is not None:
        steps.append(_Step(model.card_created_at, "card"))
    if rng.random() < 0.015:
        count = rng.randrange(60, 180)
    else:
        count = 0 if rng.random() < 0.35 else min(12, int(rng.expovariate(0.35)))
    for _ in range(count):
        at = model.born_at + timedelta(days=int(600 * rng.random() ** 2), seconds=rng.randrange(7200, 86_400))
        has_card = model.card_created_at is not None and model.card_created_at < at
        steps.append(_Step(at, "card" if has_card and rng.random() < 0.5 else "other"))
    oid, commits = model.repo_oid, [initial_commit(model)]
    revision = 0
    for number, step in enumerate(sorted(steps, key=lambda step: step.at), start=1):
        titles: tuple[str, ...] = _OTHER_TITLES
        if step.kind == "card":
            titles = _EDIT_TITLES if revision else _CARD_TITLES
            revision += 1
        title, message = rng.choice(titles), ""
        authors: tuple[str, ...] = (owner,)
        if step.kind == "upload":
            title = "Upload folder using huggingface_hub"
        elif number > 3 and rng.random() < 0.15:
            guest = owner_name(rng.randrange(400))
            merged = f"\n\n\n- {title} ({commit_sha(oid, 1000 + number)})\n"
            message = f"{merged}\n\nCo-authored-by: {guest} <{guest}@example.org>\n"
            title, authors = f"{title} (#{number})", (owner, guest)
        card = revision if step.kind == "card" else None
        is_upload = step.kind == "upload"
        commits.append(Commit(commit_sha(oid, number), title, message, authors, step.at, card, is_upload))
    return tuple(commits)


def commits_at(model: Model, at: datetime) -> list[Commit]:
    """Commits on main at that moment, newest first."""
    return [commit for commit in reversed(history(model)) if commit.at <= at]


def head_at(model: Model, at: datetime) -> Commit:
    """The newest commit at that moment; the initial one if the model is not born yet."""
    return next((commit for commit in reversed(history(model)) if commit.at <= at), history(model)[0])


def last_modified_at(model: Model, at: datetime) -> datetime:
    """Date of the newest commit; older than ``created_at`` for models of the floor that nobody touched later."""
    return head_at(model, at).at


def owner_of(model: Model) -> str:
    """Namespace of its first name; legacy names without one belong to ``legacy-models``."""
    owner, slash, _ = model.name.partition("/")
    return owner if slash else "legacy-models"


def commit_sha(repo_oid: str, number: int) -> str:
    """Sha of a repository's commit with that number; the initial one is 0."""
    return hashlib.sha1(f"{repo_oid} {number}".encode(), usedforsecurity=False).hexdigest()
