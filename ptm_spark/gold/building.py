"""Building the gold tables of a run: which are due, from which tables, in which order.

A part is built again where a table that it comes from has another version than readers see, or where gold is to speak
of other moments or by other settings; else its tables stay as they are. Parts whose silver tables are not there have no
tables either.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

from pyspark.sql import DataFrame

from ptm_spark.gold import downloads
from ptm_spark.gold.card_content import (
    build_card_content_by_stratum,
    build_card_content_monthly,
    build_card_sections_monthly,
    current_cards,
)
from ptm_spark.gold.card_revisions import build_card_histories, build_card_revisions_monthly, count_card_events
from ptm_spark.gold.card_states import build_card_states, match_cards
from ptm_spark.gold.card_survival import build_card_survival_monthly
from ptm_spark.gold.concentration import build_concentration_monthly, build_owner_concentration_monthly
from ptm_spark.gold.documentation import build_cards_per_cohort_monthly
from ptm_spark.gold.forum import build_forum_health_monthly, build_topics_per_category_monthly
from ptm_spark.gold.mentions import build_mentions_per_family_monthly
from ptm_spark.gold.moments import Moments
from ptm_spark.gold.uploads import (
    build_uploads_monthly,
    count_owner_months,
    count_uploads,
    label_owner_months,
    label_uploads,
    select_uploads_table,
)
from ptm_spark.lanes import side_by_side
from ptm_spark.store import Store
from ptm_spark.tables import Table, cards, families, forum, gold, gold_cards, gold_forum, gold_series, hub

Frames = dict[Table, DataFrame]
_DOWNLOADS = gold_series.DOWNLOADS_PER_FAMILY_DAILY
_SERIES = frozenset(gold_series.TABLES) - {_DOWNLOADS}
#: what the parts come from
_OF_UPLOADS = (hub.MODELS, families.MODEL_FAMILIES)
_OF_DOWNLOADS = (hub.MODEL_SNAPSHOTS, hub.MODELS, families.MODEL_FAMILIES)
_OF_CARDS = (cards.MODEL_CARDS, cards.CARD_SECTIONS, hub.MODELS, hub.MODEL_VERSIONS)
_OF_FORUM = (forum.FORUM_TOPICS, forum.FORUM_POSTS, forum.FORUM_CATEGORIES, families.TOPIC_MENTIONS)


@dataclass(frozen=True)
class Bulk:
    """From how many uploads on an owner's are bulk, of a month or in total by its end: the section gold of settings."""

    bulk_month_uploads: int
    bulk_total_uploads: int


@dataclass(frozen=True)
class Before:
    """What readers see: versions of tables by path, the moments that gold speaks of, and its settings."""

    versions: Mapping[str, int]
    moments: Moments
    bulk: Bulk


class GoldRun:
    """One building of gold: ``frames`` are the tables built so far, kept aside until the gate has passed them."""

    def __init__(
        self,
        store: Store,
        moments: Moments,
        bulk: Bulk,
        before: Before | None,
        wanted: Collection[Table] | None = None,
    ) -> None:
        """``before``: what readers see, None where nothing. ``wanted``: tables that are asked for, None for all."""
        self._store, self._moments, self._bulk, self._before = store, moments, bulk, before
        self._with_series = wanted is None or not _SERIES.isdisjoint(wanted)
        #: statistics come from all the others
        self._wanted = None if self._with_series else wanted
        self.frames: Frames = {}
        self._counted: DataFrame | None = None
        self._labels: DataFrame | None = None
        self._owners: DataFrame | None = None
        #: for what several lanes need, and one of them makes
        self._lock = RLock()

    def build(self) -> Frames:
        """All tables that are due."""
        self.build_tables()
        self.build_series()
        return dict(self.frames)

    def build_tables(self) -> Frames:
        """Those that are counted by the engine, with what the statistics need of owners."""
        parts = self._due_parts()
        side_by_side(*parts, *([self.owners] if parts and self._with_series else []))
        self.frames = dict(sorted(self.frames.items(), key=lambda built: built[0].path))  # lanes end as they like
        return dict(self.frames)

    def build_series(self) -> Frames:
        """Those that come from the others, where any of these was built."""
        before = set(self.frames)
        self._series()
        return {table: frame for table, frame in self.frames.items() if table not in before}

    def outdated(self) -> list[str]:
        """Published tables (paths) that other settings have made, and for which there are no crawls in landing now."""
        before, table = self._before, gold_cards.CARDS_PER_COHORT_MONTHLY
        if before is None or before.bulk == self._bulk or table.path not in before.versions or table in self.frames:
            return []
        return [table.path]

    def owners(self) -> DataFrame:
        """How unevenly uploads are spread over owners: a part of gold/concentration_monthly."""
        if self._owners is None:
            of_owners = build_owner_concentration_monthly(self._owner_months(), as_of=self._moments.models)
            self._owners = self._store.stage("owners", of_owners)
        return self._owners

    # ---- the parts

    def _due_parts(self) -> list[Callable[[], None]]:
        """Those to build, the longest first."""
        moments = self._moments
        due = {
            self._cards: bool(moments.cards) and self._is_due(gold_cards.TABLES, *_OF_CARDS, of="cards"),
            self._uploads: self._is_due(gold.TABLES, *_OF_UPLOADS, of="models"),
            self._downloads: self._is_due((_DOWNLOADS,), *_OF_DOWNLOADS, of="models"),
            self._forum: moments.forum is not None and self._is_due(gold_forum.TABLES, *_OF_FORUM, of="forum"),
        }
        return [part for part, is_due in due.items() if is_due]

    def _uploads(self) -> None:
        models, told = map(self._store.read, _OF_UPLOADS)
        with_family = models.join(told.select("repo_oid", "family"), on="repo_oid", how="left")
        labelled = label_uploads(with_family, self._owner_labels(), as_of=self._moments.models)
        counts = self._store.stage("uploads_counted", count_uploads(self._store.stage("uploads", labelled)))
        built = self._store.stage("uploads_monthly", build_uploads_monthly(counts, as_of=self._moments.models))
        self.frames |= {table: select_uploads_table(built, table) for table in gold.TABLES}

    def _downloads(self) -> None:
        sources = map(self._store.read, _OF_DOWNLOADS)
        self._keep(_DOWNLOADS, downloads.build_downloads_per_family_daily(*sources, as_of=self._moments.models))

    def _cards(self) -> None:
        as_ofs, read = self._moments.cards, self._store.read
        histories = self._moments.card_histories
        matched = self._store.stage("cards_matched", match_cards(read(cards.MODEL_CARDS), read(hub.MODELS)))
        states = build_card_states(
            read(hub.MODELS),
            read(hub.MODEL_VERSIONS),
            matched,
            as_ofs=as_ofs,
            whole=self._moments.whole_cards,
            scopes=self._moments.card_scopes,
            histories=histories,
        )
        states = self._store.stage("card_states", states)
        current = self._store.stage("cards_current", current_cards(matched, states, as_ofs=as_ofs))
        told = build_card_histories(matched, states, as_of=as_ofs[-1], histories=histories)
        of_events = [row.asDict() for row in count_card_events(states, as_of=as_ofs[-1]).collect()]
        sections = read(cards.CARD_SECTIONS)
        built = {
            gold_cards.CARDS_PER_COHORT_MONTHLY: build_cards_per_cohort_monthly(
                states, self._owner_labels(), as_ofs=as_ofs, whole=self._moments.whole_cards
            ),
            gold_cards.CARD_CONTENT_MONTHLY: build_card_content_monthly(current, states, as_ofs=as_ofs),
            gold_cards.CARD_CONTENT_BY_STRATUM: build_card_content_by_stratum(current, states, as_ofs=as_ofs),
            gold_cards.CARD_SECTIONS_MONTHLY: build_card_sections_monthly(current, sections, states, as_ofs=as_ofs),
            gold_cards.CARD_REVISIONS_MONTHLY: build_card_revisions_monthly(told, as_of=as_ofs[-1]),
        }
        for table, frame in built.items():
            self._keep(table, frame)
        self._keep_rows(gold_cards.CARD_SURVIVAL_MONTHLY, build_card_survival_monthly(of_events, as_of=as_ofs[-1]))

    def _forum(self) -> None:
        as_of = self._moments.forum
        assert as_of is not None, "a part that is due has its moment"
        topics, posts, categories, mentions = map(self._store.read, _OF_FORUM)
        built = {
            gold_forum.TOPICS_PER_CATEGORY_MONTHLY: build_topics_per_category_monthly(
                topics, posts, categories, as_of=as_of
            ),
            gold_forum.FORUM_HEALTH_MONTHLY: build_forum_health_monthly(topics, posts, as_of=as_of),
            gold_forum.MENTIONS_PER_FAMILY_MONTHLY: build_mentions_per_family_monthly(topics, mentions, as_of=as_of),
        }
        for table, frame in built.items():
            self._keep(table, frame)

    def _series(self) -> None:
        """Statistics of the monthly tables: a few thousand rows, computed here rather than by the engine."""
        if not self.frames or not self._with_series:
            return
        # to load what they need takes longer than to count a table: only where it is needed
        from ptm_spark.gold import agreement, events, trends

        uploads = self._rows(gold.UPLOADS_PER_FAMILY_MONTHLY)
        mentions = self._rows(gold_forum.MENTIONS_PER_FAMILY_MONTHLY)
        health = self._rows(gold_forum.FORUM_HEALTH_MONTHLY)
        categories = self._rows(gold_forum.TOPICS_PER_CATEGORY_MONTHLY)
        cohorts = self._rows(gold_cards.CARDS_PER_COHORT_MONTHLY)
        as_of = max(filter(None, (self._moments.models, self._moments.forum, *self._moments.cards)))
        concentrations = [
            *build_concentration_monthly(mentions, uploads, as_of=as_of),
            *(row.asDict() | {"as_of": as_of} for row in self.owners().collect()),
        ]
        dated = events.documentation_events()
        built = {
            gold_series.FORUM_HUB_AGREEMENT: agreement.build_forum_hub_agreement(mentions, uploads, as_of=as_of),
            gold_series.PAIN_PER_FAMILY: agreement.build_pain_per_family(mentions, uploads, health, as_of=as_of),
            gold_series.CONCENTRATION_MONTHLY: concentrations,
            gold_series.TREND_TESTS: trends.build_trend_tests(
                uploads=uploads,
                mentions=mentions,
                categories=categories,
                health=health,
                cards=cohorts,
                concentration=concentrations,
                as_of=as_of,
            ),
            gold_series.EVENTS_EFFECT: events.build_events_effect(cohorts, dated, as_of=as_of),
        }
        for table, rows in built.items():
            self._keep_rows(table, rows)

    # ---- inside

    def _is_due(self, tables: Iterable[Table], *sources: Table, of: str) -> bool:
        if self._wanted is not None and set(tables).isdisjoint(self._wanted):
            return False
        if not any(map(self._store.exists, sources)):
            return False
        before = self._before
        if before is None or any(one.path not in before.versions for one in tables):
            return True
        if before.bulk != self._bulk or before.moments.of(of) != self._moments.of(of):
            return True
        return any(before.versions.get(one.path) != self._store.versions.get(one.path) for one in sources)

    def _owner_months(self) -> DataFrame:
        with self._lock:
            if self._counted is None:
                counted = count_owner_months(self._store.read(hub.MODELS), as_of=self._moments.models)
                self._counted = self._store.stage("owner_months", counted)
            return self._counted

    def _owner_labels(self) -> DataFrame:
        with self._lock:
            if self._labels is None:
                labels = label_owner_months(self._owner_months(), **vars(self._bulk))
                self._labels = self._store.stage("owner_labels", labels)
            return self._labels

    def _keep(self, table: Table, frame: DataFrame) -> None:
        self.frames[table] = self._store.stage(table.name, frame)

    def _keep_rows(self, table: Table, rows: list[dict[str, Any]]) -> None:
        self._keep(table, self._store.rows_of(rows, table))

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        """A monthly table, as built now or as readers see it; empty where there is none."""
        frame = self.frames[table] if table in self.frames else self._store.read(table)
        return [row.asDict() for row in frame.collect()]
