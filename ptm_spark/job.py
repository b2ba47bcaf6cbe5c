"""What every job has in common: its view of a lake, its steps, and the rules for holding and publishing."""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from ptm_spark import __version__
from ptm_spark.config import Settings
from ptm_spark.errors import GateError, PtmError
from ptm_spark.folder import Folder
from ptm_spark.intake import NORMALISER, Intake, fingerprint, plan_intake
from ptm_spark.landing import Landing, Manifest
from ptm_spark.publishing import Publishing, State
from ptm_spark.run_log import RunLog, Step
from ptm_spark.session import EngineName, engine_of, open_session

if TYPE_CHECKING:
    from ptm_spark.quality.gate import Verdict
    from ptm_spark.store import Store

Measures = dict[str, float | None]
Stages = Callable[["Job", Intake], None]
#: a failing gate names so many of its rules in its message; all of them stand in ops/dq_results
_NAMED_RULES = 3


class Job:
    """One run over one lake. Jobs are lists of arrows; this is what they draw them on."""

    def __init__(self, settings: Settings, lake: Folder) -> None:
        self.settings, self.lake = settings, lake
        self.landing, self.publishing = Landing(lake), Publishing(lake)
        self.engine: EngineName = engine_of(settings.engine)
        #: one-by-one attempts of a run add a number to it
        self.run_id = self.first_run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        self.log = structlog.get_logger()
        #: facts for --json; a job adds what its reader would want
        self.summary: dict[str, Any] = {"run_id": self.run_id}
        self.warnings: list[str] = []
        self._run_log = RunLog(self.engine)
        self.summary["seconds"] = self._run_log.seconds

    # ---- engine and tables

    @cached_property
    def store(self) -> "Store":
        """Tables as this run sees them; opens the engine when first asked for."""
        from ptm_spark.store import Store

        begun = time.perf_counter()
        store = Store(open_session(self.settings.engine), self.engine, self.lake, self.run_id)
        self.log.info("engine ready", engine=self.engine, seconds=round(time.perf_counter() - begun, 2))
        return store

    @property
    def user_key(self) -> str:
        """The secret by which users are hashed: of the settings, else the lake's own."""
        return self.settings.privacy.user_key or self.landing.user_key()

    def published_store(self) -> "Store":
        """The store at the published versions; PtmError where nothing was published yet."""
        return self.beside(self.lake)

    def beside(self, lake: Folder) -> "Store":
        """Published tables of any lake."""
        published = Publishing(lake).published()
        if published is None:
            raise PtmError(
                f"nothing is published in {lake.url}; look at the path, or run ptm-spark run --lake {lake.url}"
            )
        store = self.store.of_lake(lake)
        store.versions, store.is_strict = dict(published.tables), True
        return store

    def crawls_of(self, state: State | None) -> list[Manifest]:
        """The crawls that went into a state, as far as they are in landing still."""
        return [crawl for path in (state.crawls if state else ()) if (crawl := self.landing.find(path)) is not None]

    def warn(self, text: str) -> None:
        """Something the user must know that does not stop the run; the exit code will be 1."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.log.warning(text)

    # ---- what has landed

    def tell_landed(self, crawls: Iterable[tuple[Manifest, bool]]) -> None:
        """Log what each crawl (manifest, whether it is new) has landed, keep it for the summary, warn of the rest."""
        for crawl, is_new in crawls:
            facts = {"crawl": crawl.path} | {name: getattr(crawl, name) for name in ("records", "invalid", "coverage")}
            facts |= crawl.counts
            self.summary.setdefault("landed", []).append(facts | {"new": is_new})
            self.log.info("landed" if is_new else "already landed, nothing to do", **facts)
            for what in crawl.failed if is_new else ():
                self.warn(f"{crawl.path}: gave nothing: {what}")

    # ---- what to take in

    def plan(self, *, rebuild: bool = False, only: frozenset[str] | None = None) -> Intake:
        """Which crawls this run takes in; says which places it cannot read and which crawls are held."""
        published = self.publishing.published()
        decisions = self.publishing.decisions()
        intake = plan_intake(self.landing, published=published, decisions=decisions, rebuild=rebuild, only=only)
        for note in intake.unreadable:
            self.warn(note)
        for note in intake.notes:
            self.log.info(note)
        for crawl in intake.held:
            self.log.warning(
                "left out, held", crawl=crawl, why=decisions[crawl].reason, todo="ptm-spark accept | reject"
            )
        for plan in intake.families.values():
            if plan.rebuild and plan.crawls:
                facts = {"tables": plan.name, "why": plan.rebuild, "crawls": len(plan.crawls)}
                self.log.info("rebuilding from landing", **facts)
        return intake

    def begin(self, intake: Intake) -> dict[str, str]:
        """Take back what an unpublished run has left, and read the fingerprints of the crawls to take in."""
        self.rollback()
        marks = {crawl.path: fingerprint(self.landing, crawl) for crawl in intake.crawls}
        for path, mark in marks.items():
            if "!" in mark:
                self.warn(
                    f"{path}: {mark.partition('!')[2]} is not what the manifest says; set aside, land the crawl again"
                )
        self.store.fingerprint = ",".join(f"{path}={mark}" for path, mark in marks.items()) + f";n{NORMALISER}"
        return marks

    def published_gold_settings(self) -> dict[str, int]:
        """Those of the gold that readers see; this run's where these are not known."""
        return (self.publishing.published() or State("")).gold_settings or self.settings.gold.model_dump()

    def stage_published(self) -> None:
        """Note what is published for gold alone to be built again, where its settings have changed."""
        self.log.info("nothing new to take in, gold is built again for its settings have changed")
        self.rollback()
        published = self.publishing.published() or State(run_id="")
        state = replace(published, run_id=self.run_id, engine=self.engine, tool_version=__version__)
        self.publishing.stage(replace(state, status="checked", new_crawls=()))

    def leave_as_is(self) -> None:
        """Where nothing is new: take back what a killed run may have left, if it left anything, and say so."""
        if self.publishing.staged() is not None or self.lake.exists("_staging"):
            self.rollback()
        self.log.info("nothing new to take in, the tables stay as they are")

    def rollback(self) -> None:
        """Make every table what was published, so that no reader sees an unpublished run and no rerun adds to one."""
        from ptm_spark.tables import APART, GOLD, SILVER

        published = self.publishing.published()
        versions = published.tables if published else {}
        self.store.clear_staging()
        self.publishing.discard_staged()
        for table in (*SILVER, *GOLD, *APART):
            if self.store.exists(table) and self.store.restore(table, versions.get(table.path, 0)):
                self.log.info("took back an unpublished version", table=table.path, version=versions.get(table.path, 0))
        self.store.versions = dict(versions)

    def staged(self, status: str) -> State:
        """What the jobs before this one have prepared; PtmError where they have not run."""
        state = self.publishing.staged()
        if state is None or state.status != status:
            before = "build-silver" if status == "built" else "check-silver"
            raise PtmError(f"no tables wait in {self.lake.url} for this job; run ptm-spark {before} first")
        self.store.versions = dict(state.tables)
        return state

    def stage_silver(self, intake: Intake, marks: Mapping[str, str], measures: Mapping[str, Measures]) -> State:
        """Note the silver versions of this run for the jobs that follow."""
        published = self.publishing.published()
        before = self.publishing.known_marks()
        crawls = {path: mark for path, mark in before.items() if not intake.begins_anew(path)} | dict(marks)
        # trends speak of models: a later crawl of something else saw none
        taken = (*intake.earlier, *intake.crawls)
        moments = [crawl.observed_at for crawl in taken if crawl.entity in ("models", "model_info")]
        if published and "silver/models" in published.tables and not intake.families["models"].begins_anew:
            moments.append(published.as_of)
        state = State(
            run_id=self.run_id,
            as_of=max(moments or [crawl.observed_at for crawl in intake.crawls]),
            engine=self.engine,
            tool_version=__version__,
            normaliser=NORMALISER,
            crawls=crawls,
            tables=self._public_versions(),
            is_rebuild=intake.families["models"].begins_anew,
            new_crawls=tuple(path for path in marks if path in intake.new),
            measures=dict(measures),
        )
        self.publishing.stage(state)
        return state

    def _public_versions(self) -> dict[str, int]:
        """Versions of what is published; ops tables are read at their newest, they tell of failed runs too."""
        return {path: version for path, version in self.store.versions.items() if not path.startswith("ops/")}

    # ---- the gate

    def judge(self, state: State, measures: Mapping[str, Measures], verdicts: Sequence["Verdict"]) -> None:
        """Keep the verdicts; GateError where a rule stops the run, after its tables are taken back."""
        from ptm_spark.quality import gate, metrics

        now = datetime.now(UTC)
        self._run_log.keep_verdicts(
            metrics.flatten(self.run_id, now, measures), gate.flatten(self.run_id, now, verdicts)
        )
        for verdict in verdicts:
            if verdict.verdict != "passed" and not verdict.stops:
                self.log.warning("gate", verdict=verdict.verdict, rule=str(verdict))
        stopping = [verdict for verdict in verdicts if verdict.stops]
        if not stopping:
            return
        self.rollback()
        blamed = {verdict.subject for verdict in stopping} & set(state.new_crawls)
        reason = "; ".join(str(verdict) for verdict in stopping[:_NAMED_RULES])
        if len(stopping) > _NAMED_RULES:
            reason += f"; and {len(stopping) - _NAMED_RULES} more in ops/dq_results"
        raise GateError(
            f"quality gate: {reason}",
            crawls=tuple(sorted(blamed or set(state.new_crawls))),
            rules=tuple(f"{verdict.subject}|{verdict.rule.name}" for verdict in stopping),
        )

    def accepted_rules(self, state: State) -> frozenset[str]:
        """Rules that a person waived together with a crawl that this run takes in for the first time."""
        decisions = self.publishing.decisions()
        return frozenset(
            rule
            for crawl in state.new_crawls
            if (decision := decisions.get(crawl)) is not None and decision.state == "accepted"
            for rule in decision.rules
        )

    def hold(self, error: GateError) -> GateError:
        """Leave the blamed crawls out of later runs until somebody decides; the error that says so."""
        self.publishing.hold(error.crawls, reason=str(error), rules=error.rules, run_id=self.run_id)
        if not error.crawls:
            return GateError(f"{error}; no new crawl is to blame: look at ops/dq_results, and at settings under [gate]")
        held = ", ".join(error.crawls)
        return GateError(
            f"{error}; held: {held}; look at it, then ptm-spark accept or ptm-spark reject it with a --reason"
        )

    def try_stages(self, stages: Stages, intake: Intake) -> list[GateError]:
        """Run the stages on all new crawls; where the gate fails, on one at a time, so that only bad ones are held.

        Returns the failures, each with its crawls held.
        """
        new = [crawl.path for crawl in intake.crawls if crawl.path in intake.new]
        try:
            stages(self, intake)
            return []
        except GateError as error:
            if len(new) <= 1:
                return [self.hold(error)]
            self.log.warning("the gate failed, taking the new crawls in one by one", crawls=len(new), why=str(error))
        failures: list[GateError] = []
        for number, path in enumerate(new, start=1):
            self.run_id = f"{self.first_run_id}.{number}"
            try:
                stages(
                    self,
                    self.plan(only=frozenset({path}), rebuild=bool(intake.rebuild) and len(failures) + 1 == number),
                )
            except GateError as error:
                failures.append(self.hold(error))
        return failures

    def publish(self, state: State, measures: Mapping[str, Measures], gold_settings: Mapping[str, int]) -> State:
        """Move the pointer to the tables of this run, whose row counts are among the measures."""
        before = self.publishing.published()
        measured = {path: int(found.get("row_count") or 0) for path, found in measures.items() if "row_count" in found}
        rows = (before.rows if before else {}) | measured
        state = replace(state, tables=self._public_versions(), rows=rows, gold_settings=dict(gold_settings))
        published = self.publishing.publish(state)
        self.store.clear_staging()
        self.log.info("published", as_of=published.as_of, tables=len(published.tables), crawls=len(published.crawls))
        return published

    # ---- steps and what is kept about them

    def step(self, name: str) -> AbstractContextManager[Step]:
        """One job of this run: timed, logged, and kept in ops/runs whatever its end."""
        return self._run_log.step(name, self.run_id, self.store)

    def flush_ops(self) -> None:
        """Append what was kept about this run to the ops tables."""
        if not self._run_log.is_empty:
            self._run_log.flush(self.store)
