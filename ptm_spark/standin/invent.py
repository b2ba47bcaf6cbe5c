"""Invention of life histories. Random numbers come from one seeded ``random.Random``, drawn in order of birth."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ptm_spark.standin.families import (
    FAMILIES,
    LANGUAGES,
    LICENCES,
    ODD_NAME_ENDS,
    ODD_TAGS,
    WORDS,
    Family,
    month_at,
    owner_name,
)
from ptm_spark.standin.life import FLOOR_AT, FLOOR_ENDS_AT, Model

MONTHS = 48  # 2021-01 … 2024-12
MONTHLY_GROWTH = 1.07

_LEGACY_RENAMED_AT = datetime(2023, 6, 1, tzinfo=UTC)  # from here on over nine months
_RELATIONS_SINCE = datetime(2024, 8, 1, tzinfo=UTC)  # base models before that have one tag, later ones its twin too


class _Birth(NamedTuple):
    at: int  # seconds since 1970
    owner: str  # a bulk uploader; empty for any other
    family: int


def invent_models(seed: int, models: int) -> Iterator[Model]:
    """Yield ``models`` models in order of birth."""
    # A seed of text is hashed by SHA-512 inside random, never by the process's own hash.
    rng = random.Random(f"ptm_spark world {seed} {models}")
    inventor = _Inventor(rng, owner_count=max(5, models // 4))
    for birth in sorted(_births(models, rng)):
        yield inventor.invent(birth)


def _births(models: int, rng: random.Random) -> Iterator[_Birth]:
    bulk = _bulk_uploads(models, rng)
    for owner, month, count in [*_other_uploads(models - sum(count for _, _, count in bulk)), *bulk]:
        start, end = _seconds(month), _seconds(month + 1)
        weights = [family.weight(month) for family in FAMILIES]
        for family in rng.choices(range(len(FAMILIES)), weights, k=count):
            yield _Birth(_settled(rng.randrange(start, end)), owner, family)


def _other_uploads(models: int) -> Iterator[tuple[str, int, int]]:
    scale = models / sum(MONTHLY_GROWTH**month for month in range(MONTHS))
    done, due = 0, 0.0
    for month in range(MONTHS):
        due += scale * MONTHLY_GROWTH**month
        yield "", month, round(due) - done
        done = round(due)


def _bulk_uploads(models: int, rng: random.Random) -> list[tuple[str, int, int]]:
    """(owner, months since 2021-01, uploads) at the edges of the rules about bulk uploads.

    Exactly 50 and exactly 49 in a month; 100 in all after 25 months of 4; 100 under the floor and one more later.
    """
    if models < 600:
        return []
    uploads = [("fiftyfold", 29, 50), ("nearly-fifty", 29, 49)]
    uploads += [("slow-and-steady", month, 4) for month in range(17, 47)]
    if models >= 2000:
        uploads += [("old-archive", month, 20) for month in range(5, 10)] + [("old-archive", 20, 1)]
        uploads += [(f"pressing{n}", rng.randrange(16, 47), rng.randrange(60, 200)) for n in range(models // 5000)]
    return uploads


def _seconds(month: int) -> int:
    day = month_at(month)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


_FLOOR_ENDS = int(FLOOR_ENDS_AT.timestamp())
_AFTER_FLOOR = int(datetime(2022, 3, 3, tzinfo=UTC).timestamp())


def _settled(at: int) -> int:
    """Nothing is born in the half hour after the floor.

    So rules that draw the floor's line at its second and rules that draw it at the end of its day are both right here.
    """
    return _AFTER_FLOOR if _FLOOR_ENDS <= at < _AFTER_FLOOR else at


class _Inventor:
    """Gives births a life. Remembers names in use, names set free by removal, and each family's first model."""

    def __init__(self, rng: random.Random, owner_count: int) -> None:
        self._rng = rng
        self._owner_count = owner_count
        self._number = 0
        self._names: set[str] = set()
        self._returns: list[tuple[datetime, int, str, int]] = []  # heap of (when, number, name, family)
        self._bases: dict[str, str] = {}
        # 36 of the 40 bits of an ObjectId's middle part; what begins otherwise is left to dirt.py.
        self._machines = [f"{rng.getrandbits(36):010x}" for _ in range(200)]

    def invent(self, birth: _Birth) -> Model:
        rng = self._rng
        self._number += 1
        born_at = datetime.fromtimestamp(birth.at, UTC)
        is_floor = born_at < FLOOR_ENDS_AT
        number, name = birth.family, ""
        if not birth.owner and self._returns and self._returns[0][0] <= born_at:
            _, _, name, number = heapq.heappop(self._returns)
        family = FAMILIES[number]
        is_legacy = is_floor and not (birth.owner or name) and rng.random() < 0.01
        owner = birth.owner or owner_name(int(self._owner_count * rng.random() ** 2.5))
        name = name or self._name("" if is_legacy else f"{owner}/", family)

        # As in the real listing, 61 % name a library and 53 % a pipeline tag, mostly the same ones.
        library_name = family.library_name if rng.random() < 0.61 else None
        pipeline_tag = rng.choice(family.pipeline_tags) if rng.random() < (0.82 if library_name else 0.12) else None
        card_created_at = None
        if rng.random() < 0.68:
            card_created_at = born_at + timedelta(days=0 if rng.random() < 0.75 else rng.randrange(1, 300))
        tags = self._tags(family, name, born_at, library_name, pipeline_tag, card_created_at == born_at)

        created_at, machine = born_at, rng.choice(self._machines)
        if is_floor:  # one machine, so that the order of _id is the order of birth there; the first quarter at :04
            created_at = FLOOR_AT + timedelta(seconds=born_at >= datetime(2021, 6, 1, tzinfo=UTC))
            machine = self._machines[0]
        model = Model(
            repo_oid=f"{int(created_at.timestamp()):08x}{machine}{self._number:06x}",
            name=name,
            born_at=born_at,
            created_at=created_at,
            family=family.name or None,
            pipeline_tag=pipeline_tag,
            library_name=library_name,
            tags=tags,
            # Half have no downloads at all; a handful of the others have most of them.
            peak_downloads=0 if rng.random() < 0.5 else min(700_000_000, int(3 / (1 - rng.random()) ** 1.5)),
            likes_limit=0 if rng.random() < 0.7 else int(2 / (1 - rng.random()) ** 0.8),
            card_created_at=card_created_at,
        )
        if not birth.owner:
            model = self._with_changes(model, family, owner, is_legacy=is_legacy)
        if model.removed_at is not None and rng.random() < 0.2:
            back_at = model.removed_at + timedelta(days=rng.randrange(1, 60))
            heapq.heappush(self._returns, (back_at, self._number, model.last_name, number))
        return model

    def _with_changes(self, model: Model, family: Family, owner: str, *, is_legacy: bool) -> Model:
        """The model with what befalls it later: removal, a new name before that, a while of being private."""
        rng = self._rng
        if is_legacy:
            renamed_at = _LEGACY_RENAMED_AT + timedelta(days=rng.randrange(270), minutes=5)
            return replace(model, renamed_at=renamed_at, new_name=self._name(f"{owner}/", family))
        days = rng.randrange(2, 700)
        if rng.random() < 0.05:
            model = replace(model, removed_at=model.born_at + timedelta(days=days, hours=3))
        if rng.random() < 0.025:
            to_owner = owner if rng.random() < 0.6 else owner_name(rng.randrange(self._owner_count))
            renamed_at = model.born_at + timedelta(days=rng.randrange(1, days), hours=7)
            model = replace(model, renamed_at=renamed_at, new_name=self._name(f"{to_owner}/", family))
        if rng.random() < 0.01:
            hidden_at = model.born_at + timedelta(days=rng.randrange(1, 400), hours=11)
            model = replace(model, hidden_at=hidden_at, shown_at=hidden_at + timedelta(days=rng.randrange(20, 200)))
        return model

    def _name(self, prefix: str, family: Family) -> str:
        """A name that nothing has or ever had; every 397th model has one that is not ASCII."""
        rng = self._rng
        parts = [family.name or rng.choice(WORDS), rng.choice(family.sizes), rng.choice(WORDS)]
        if rng.random() < 0.4:
            parts.append(rng.choice(("finetuned", "v2", "merged", "GGUF", "lora", "demo", "4bit")))
        name = prefix + "-".join(parts)
        if self._number % 397 == 5:
            name += ODD_NAME_ENDS[self._number // 397 % len(ODD_NAME_ENDS)]
        while name in self._names:
            name += f"-{self._number}"
        self._names.add(name)
        return name

    def _tags(
        self,
        family: Family,
        name: str,
        born_at: datetime,
        library_name: str | None,
        pipeline_tag: str | None,
        has_front_matter: bool,
    ) -> tuple[str, ...]:
        """Tags in the Hub's order: library, formats, family, task, then what the card's front matter says, the rest."""
        rng = self._rng
        tags: list[str] = []
        if library_name is not None:
            tags += [library_name, "safetensors" if rng.random() < 0.6 else "pytorch"]
            tags += [family.name] if family.name else []
        tags += [pipeline_tag] if pipeline_tag is not None else []
        base = self._bases.setdefault(family.name, name)
        if has_front_matter:
            tags += rng.sample(LANGUAGES, rng.choice((0, 0, 1, 1, 1, 2, 3)))
            if rng.random() < 0.3:
                tags += [f"dataset:{rng.choice(WORDS)}/{rng.choice(WORDS)}_{rng.randrange(1, 9)}k"]
            if family.arxiv and rng.random() < 0.3:
                tags += [f"arxiv:{family.arxiv}"]
            if family.name and base != name and rng.random() < 0.6:
                tags += [f"base_model:{base}"]
                if born_at >= _RELATIONS_SINCE:
                    tags += [f"base_model:{rng.choice(('finetune', 'quantized', 'adapter'))}:{base}"]
            if rng.random() < 0.6:
                tags += [f"license:{licence}" for licence in self._licences(family)]
        if library_name is not None and rng.random() < 0.7:
            tags += ["endpoints_compatible"]
        tags += ["region:us"]
        if self._number % 389 == 7:
            tags += [ODD_TAGS[self._number // 389 % len(ODD_TAGS)]]
        if self._number % 401 == 11:  # the same tag twice, as some real models list it
            tags += [tags[0]]
        return tuple(tags)

    def _licences(self, family: Family) -> list[str]:
        rng = self._rng
        if rng.random() < 0.04:
            return rng.sample(LICENCES, rng.choice((2, 2, 3)))
        return [family.licence if rng.random() < 0.6 else rng.choice(LICENCES)]
