"""Life history of one invented model, and what a census at some moment sees of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

# The Hub began to keep creation times in the night of this migration; whatever was there before carries one of its two
# seconds.
FLOOR_AT = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
FLOOR_ENDS_AT = datetime(2022, 3, 2, 23, 29, 6, tzinfo=UTC)

Basis = Literal["hub", "floor", "unknown"]


@dataclass(frozen=True)
class Sighting:
    """What one census truly tells about one model, after bad values are nulled. Times are UTC, downloads of 30 days."""

    repo_oid: str
    model_id: str
    created_at: datetime | None
    created_at_basis: Basis
    pipeline_tag: str | None
    library_name: str | None
    tags: tuple[str, ...]
    downloads: int | None
    likes: int | None

    @property
    def owner(self) -> str | None:
        """Text before the first slash of ``model_id``; None for legacy ids without one."""
        owner, slash, _ = self.model_id.partition("/")
        return owner if slash else None

    @cached_property
    def licences(self) -> tuple[str, ...]:
        """Distinct licences of the tags, sorted."""
        return tuple(sorted({tag.removeprefix("license:") for tag in self.tags if tag.startswith("license:")}))

    @property
    def licence(self) -> str | None:
        """The one licence; ``multiple`` where there are several; None where there is none."""
        if len(self.licences) > 1:
            return "multiple"
        return self.licences[0] if self.licences else None


@dataclass(frozen=True, slots=True)
class Model:
    """A model from upload to removal. All times UTC in whole seconds.

    ``created_at`` is what the Hub says: ``born_at``, or a floor second for models older than the floor.
    ``new_name`` holds from ``renamed_at`` on. The model cannot be seen from ``hidden_at`` (made private) until
    ``shown_at``, nor from ``removed_at`` on. A re-created model is another Model with the name of the removed one.
    """

    repo_oid: str
    name: str
    born_at: datetime
    created_at: datetime
    family: str | None
    pipeline_tag: str | None
    library_name: str | None
    tags: tuple[str, ...]
    peak_downloads: int
    likes_limit: int
    card_created_at: datetime | None
    renamed_at: datetime | None = None
    new_name: str | None = None
    hidden_at: datetime | None = None
    shown_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def is_floor(self) -> bool:
        """True where the Hub's creation time only means "on or before"."""
        return self.born_at < FLOOR_ENDS_AT

    @property
    def has_card(self) -> bool:
        """True if the model ever gets a card (at ``card_created_at``)."""
        return self.card_created_at is not None

    @property
    def last_name(self) -> str:
        """Name at the end of its life."""
        return self.new_name or self.name

    def name_at(self, at: datetime) -> str:
        """``namespace/name`` at that moment (a few legacy names of the floor have no namespace)."""
        if self.new_name is not None and self.renamed_at is not None and self.renamed_at <= at:
            return self.new_name
        return self.name

    def is_visible(self, at: datetime) -> bool:
        """True if an anonymous listing at that moment holds the model."""
        if at < self.born_at or (self.removed_at is not None and self.removed_at <= at):
            return False
        return self.hidden_at is None or self.shown_at is None or not self.hidden_at <= at < self.shown_at

    def downloads_at(self, at: datetime) -> int:
        """Downloads of the 30 days before that moment: rise for 45 days, then fade, with a monthly wobble of ±10 %."""
        days = (at - self.born_at).days
        level = self.peak_downloads * min(days + 1, 45) * 400 // (45 * (400 + days))
        return level * (90 + (self.peak_downloads + 7 * (days // 30)) % 21) // 100

    def likes_at(self, at: datetime) -> int:
        """Likes at that moment; they only grow, towards ``likes_limit``."""
        days = (at - self.born_at).days
        return self.likes_limit * days // (days + 120)

    def row(self, at: datetime) -> dict[str, Any]:
        """The model as a default row of ``GET /api/models``: absent tags are absent keys, never null."""
        name = self.name_at(at)
        row: dict[str, Any] = {
            "_id": self.repo_oid,
            "id": name,
            "likes": self.likes_at(at),
            "private": False,
            "downloads": self.downloads_at(at),
            "tags": list(self.tags),
        }
        if self.pipeline_tag is not None:
            row["pipeline_tag"] = self.pipeline_tag
        if self.library_name is not None:
            row["library_name"] = self.library_name
        row["createdAt"] = self.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        row["modelId"] = name
        return row

    def sighting(self, at: datetime) -> Sighting:
        """The truth about the model at that moment."""
        return Sighting(
            repo_oid=self.repo_oid,
            model_id=self.name_at(at),
            created_at=None if self.is_floor else self.created_at,
            created_at_basis="floor" if self.is_floor else "hub",
            pipeline_tag=self.pipeline_tag,
            library_name=self.library_name,
            tags=self.tags,
            downloads=self.downloads_at(at),
            likes=self.likes_at(at),
        )
