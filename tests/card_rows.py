"""Row factories of cards: one valid version, section or absence, a test overrides what it is about."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from rows import model_row

from ptm_spark.gold.card_content import current_cards
from ptm_spark.gold.card_states import build_card_states, match_cards
from ptm_spark.gold.documentation import build_cards_per_cohort_monthly
from ptm_spark.gold.uploads import count_owner_months, label_owner_months
from ptm_spark.store import Store
from ptm_spark.tables import Table
from ptm_spark.tables.cards import CARD_SECTIONS, MODEL_CARDS
from ptm_spark.tables.hub import MODEL_VERSIONS, MODELS

BULK = {"bulk_month_uploads": 50, "bulk_total_uploads": 100}
#: moments of tests are days after this one
START = datetime(2023, 5, 1, tzinfo=UTC)
_COUNTS = (
    *("section_count", "fenced_code_block_count", "indented_code_block_count", "table_count", "image_count"),
    *("bibtex_count", "arxiv_link_count", "eval_result_count"),
)


def day(number: float) -> datetime:
    """A moment of the tests' calendar."""
    return START + timedelta(days=number)


def oid(name: str) -> str:
    """A repo's ObjectId, told by the name of the model."""
    return name.encode().hex().ljust(24, "0")[:24]


def model(name: str, **changes: Any) -> dict[str, Any]:
    """A row of silver/models: created on day 0, and seen since then."""
    return model_row(
        repo_oid=oid(name), model_id=f"owner-{name}/{name}", owner=f"owner-{name}", created_at=START,
        first_observed_at=START,
    ) | changes  # fmt: skip


def gone(name: str, since: float, until: float | None = None) -> dict[str, Any]:
    """A row of silver/model_versions that says that a model is gone."""
    row = {"valid_from": day(since), "valid_to": None if until is None else day(until), "removal": "gone_or_private"}
    return model(name) | row | {"is_current": until is None}


def card(name: str, since: float, until: float | None = None, **changes: Any) -> dict[str, Any]:
    """A row of silver/model_cards: a README of 40 words that holds from a day to another."""
    row: dict[str, Any] = {
        "model_id": f"owner-{name}/{name}",
        "repo_oid": oid(name),
        "valid_from": day(since),
        "valid_to": None if until is None else day(until),
        "is_current": until is None,
        "status": "present",
        "crawl_id": "c1",
        "card_sha256": f"sha of {name}",
        "front_matter_status": "ok",
        "front_matter_keys": ["license"],
        "metadata_completeness": 0.1,
        "has_model_index": False,
        "word_count": 40,
        **dict.fromkeys(_COUNTS, 0),
        "arxiv_ids": [],
        "text_language": "en",
        "flaws": [],
    }
    return row | changes


def no_card(
    name: str, since: float, until: float | None = None, status: str = "none", **changes: Any
) -> dict[str, Any]:
    """A row of silver/model_cards without a README."""
    whole = card(name, since, until, status=status, **changes)
    return {key: whole[key] for key in MODEL_CARDS.names[: MODEL_CARDS.names.index("card_sha256")] if key in whole}


def section(sha: str, position: int, name: str | None, words: int, **changes: Any) -> dict[str, Any]:
    """A row of silver/card_sections."""
    return {
        "card_sha256": sha, "position": position, "level": 2, "heading": name, "canonical_section": name,
        "word_count": words, "is_placeholder": False,
    } | changes  # fmt: skip


def sections_frame(store: Store, *rows: dict[str, Any]) -> Any:
    """silver/card_sections."""
    return store.rows_of(list(rows), CARD_SECTIONS)


class Lake:
    """Frames of silver, and what gold makes of them, each staged as in a run."""

    def __init__(self, store: Store, models: list[Any], absences: list[Any], cards: list[Any]) -> None:
        self.store = store
        self.models, self.versions = store.rows_of(models, MODELS), store.rows_of(absences, MODEL_VERSIONS)
        self.cards = store.stage("cards", match_cards(store.rows_of(cards, MODEL_CARDS), self.models))

    def states(self, as_ofs: list[datetime], whole: tuple[datetime, ...] = ()) -> Any:
        built = build_card_states(self.models, self.versions, self.cards, as_ofs=as_ofs, whole=whole)
        return self.store.stage("states", built)

    def labels(self, as_ofs: list[datetime], **bulk: int) -> Any:
        return label_owner_months(count_owner_months(self.models, as_of=max(as_ofs)), **(BULK | bulk))

    def cohorts(self, as_ofs: list[datetime], whole: tuple[datetime, ...] = (), **bulk: int) -> Any:
        states = self.states(as_ofs, whole)
        labels = self.labels(as_ofs, **bulk)
        return build_cards_per_cohort_monthly(states, labels, as_ofs=as_ofs, whole=whole or None)

    def current(self, as_ofs: list[datetime], states: Any) -> Any:
        return self.store.stage("current", current_cards(self.cards, states, as_ofs=as_ofs))


def rows(frame: Any, *names: str) -> list[tuple[Any, ...]]:
    """The columns of a frame, NULL first, in the order of its rows' values."""
    found = [tuple(row) for row in frame.select(*names).collect()]
    return sorted(found, key=lambda row: [(value is not None, value) for value in row])


def is_of_contract(frame: Any, table: Table) -> bool:
    """Whether a frame has the columns of a contract, in its order and of its types."""
    found = [(field.name, field.dataType.simpleString().upper()) for field in frame.schema.fields]
    return found == [(field.name, field.type) for field in table.fields]


def invented(rng: random.Random, count: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Models, absences and cards without any sense."""
    models, absences, cards = [], [], []
    for number in range(count):
        name, since = f"m{number}", rng.uniform(0, 60)
        created = None if rng.random() < 0.1 else day(rng.uniform(-300, since))
        owner = None if rng.random() < 0.1 else f"o{rng.randrange(9)}"
        models.append(model(name, created_at=created, first_observed_at=day(since), owner=owner, downloads=number))
        if rng.random() < 0.3:
            begin = rng.uniform(since, 80)
            absences.append(gone(name, begin, rng.choice([None, begin + 20])))
        moments = sorted(rng.uniform(since, 90) for _ in range(rng.randrange(4)))
        for begin, end in pairwise([*moments, None]):
            status = rng.choice(["present", "present", "none", "empty", "refused"])
            make = card if status == "present" else no_card
            cards.append(make(name, begin, end, status=status))
    return models, absences, cards
