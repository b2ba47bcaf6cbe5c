"""What tables must say after a sequence of censuses, told by plain loops that know no engine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from ptm_spark.standin.life import Sighting

Dimension = Literal["pipeline_tag", "library_name", "licence"]
Month = date | None
#: whether it was there, its model_id, task, library, licence and its set of tags, sorted
Version = tuple[bool, str, str | None, str | None, str | None, tuple[str, ...]]


@dataclass
class ModelState:
    """A model ever seen, after the last census: ``newest`` is its newest sighting.

    ``changed_at`` is the census that first showed it as it is now, ``removed_at`` the one that missed it first; None
    while it is there (a return clears it).
    """

    newest: Sighting
    first_observed_at: datetime
    changed_at: datetime
    removed_at: datetime | None = None

    @property
    def is_removed(self) -> bool:
        """True if the last census did not list the model."""
        return self.removed_at is not None

    @property
    def month(self) -> Month:
        """First day of the month of creation; None where it is unknown (floor or unusable)."""
        created_at = self.newest.created_at
        return None if created_at is None else date(created_at.year, created_at.month, 1)


@dataclass
class Uploads:
    """Measures of one month and value, as the comments of ``tables/gold.py`` define them, as of the last census."""

    upload_count: int = 0
    ever_count: int = 0
    owner_count: int = 0
    owner_weighted_share: float | None = None
    without_bulk_count: int = 0
    download_total: int = 0


@dataclass
class Truth:
    """Expected results after some censuses.

    ``models``: repo_oid -> state, of all models that any census saw. ``snapshots``: (repo_oid, census) ->
    (downloads, likes), where a model was first seen or one of the two differs from what was last seen of it.
    ``versions``: (repo_oid, census) -> what it was from then on, where that differs from what was known before.
    """

    models: dict[str, ModelState] = field(default_factory=dict)
    snapshots: dict[tuple[str, datetime], tuple[int | None, int | None]] = field(default_factory=dict)
    versions: dict[tuple[str, datetime], Version] = field(default_factory=dict)

    @property
    def tag_row_count(self) -> int:
        """Rows of model_tags: tags as listed, of each model ever seen, at its newest sighting."""
        return sum(len(state.newest.tags) for state in self.models.values())

    def bulk_owner_months(self, *, month_limit: int = 50, total_limit: int = 100) -> set[tuple[str, Month]]:
        """Owner-months whose uploads are bulk: ``month_limit`` uploads or more in the month, or ``total_limit`` or more
        in all by its end.

        Uploads are models ever seen, removed ones included: a removal does not make an owner's past less of a bulk.
        Models of unknown month are one period before all months; only the total rule applies to it.
        """
        uploads: dict[str, dict[Month, int]] = defaultdict(lambda: defaultdict(int))
        for state in self.models.values():
            if state.newest.owner is not None:
                uploads[state.newest.owner][state.month] += 1
        bulk = set()
        for owner, counts in uploads.items():
            total = 0
            for month in sorted(counts, key=lambda month: month or date.min):
                total += counts[month]
                if total >= total_limit or (month is not None and counts[month] >= month_limit):
                    bulk.add((owner, month))
        return bulk

    def uploads_monthly(
        self, dimension: Dimension | Mapping[str, str | None], *, month_limit: int = 50, total_limit: int = 100
    ) -> dict[tuple[Month, str], Uploads]:
        """(month, value) -> measures, for each pair that any model ever seen falls into; month None is unknown.

        ``dimension`` is what a census tells of a model, or the value of each model by its repo_oid, such as its family.
        The value of models that have none is ``none``; several licences are ``multiple``. The tables also hold rows of
        zeros (months without a gap); those are not listed here. ``owner_weighted_share`` is None in a month none of
        whose models is alive. Legacy models without an owner have no vote and are never bulk.
        """
        bulk = self.bulk_owner_months(month_limit=month_limit, total_limit=total_limit)
        rows: dict[tuple[Month, str], Uploads] = defaultdict(Uploads)
        owned: dict[tuple[Month, str], list[str]] = defaultdict(list)  # values of an owner's living models of a month
        for oid, state in self.models.items():
            seen = state.newest
            value = (getattr(seen, dimension) if isinstance(dimension, str) else dimension[oid]) or "none"
            row = rows[state.month, value]
            row.ever_count += 1
            if state.is_removed:
                continue
            row.upload_count += 1
            row.download_total += seen.downloads or 0
            if (seen.owner, state.month) not in bulk:
                row.without_bulk_count += 1
            if seen.owner is not None:
                owned[state.month, seen.owner].append(value)

        voters: dict[Month, int] = defaultdict(int)
        votes: dict[tuple[Month, str], float] = defaultdict(float)
        for (month, _), values in owned.items():
            voters[month] += 1
            for value in sorted(set(values)):
                votes[month, value] += values.count(value) / len(values)
                rows[month, value].owner_count += 1
        for (month, value), row in rows.items():
            if voters[month]:
                row.owner_weighted_share = votes[month, value] / voters[month]
        return dict(rows)


def tell_truth(censuses: Iterable[tuple[datetime, Iterable[Sighting]]]) -> Truth:
    """The truth after complete censuses, given in order of time; ValueError if they are not.

    What lived and went between two censuses was never seen and is not part of it.
    """
    truth = Truth()
    last_at: datetime | None = None
    numbers: dict[str, tuple[int | None, int | None]] = {}
    newest_versions: dict[str, Version] = {}
    for at, sightings in censuses:
        if last_at is not None and at <= last_at:
            raise ValueError(f"censuses must be in order of time, but {at} follows {last_at}: sort the dates")
        last_at = at
        listed = set()
        for sighting in sightings:
            oid = sighting.repo_oid
            listed.add(oid)
            known = truth.models.get(oid)
            stays = known is not None and known.newest == sighting and not known.is_removed
            changed_at = known.changed_at if known and stays else at
            truth.models[oid] = ModelState(sighting, known.first_observed_at if known else at, changed_at)
            _note_version(truth, newest_versions, oid, at, is_there=True)
            if oid not in numbers or numbers[oid] != (sighting.downloads, sighting.likes):
                numbers[oid] = truth.snapshots[oid, at] = (sighting.downloads, sighting.likes)
        for oid, state in truth.models.items():
            if oid not in listed and state.removed_at is None:
                state.removed_at = state.changed_at = at
                _note_version(truth, newest_versions, oid, at, is_there=False)
    return truth


def _note_version(truth: Truth, newest: dict[str, Version], oid: str, at: datetime, *, is_there: bool) -> None:
    seen = truth.models[oid].newest
    tags = tuple(sorted(set(seen.tags)))
    version = (is_there, seen.model_id, seen.pipeline_tag, seen.library_name, seen.licence, tags)
    if newest.get(oid) != version:
        newest[oid] = truth.versions[oid, at] = version
