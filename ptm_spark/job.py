"""What every job has in common: its view of a lake, its steps, and the rules for holding and publishing."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from ptm_spark import __version__
from ptm_spark.config import Settings
from ptm_spark.errors import GateError, PtmError
from ptm_spark.folder import Folder
from ptm_spark.intake import NORMALISER, Intake, fingerprint, plan_intake
from ptm_spark.landing import Landing
from ptm_spark.publishing import Publishing, State
from ptm_spark.session import EngineName, engine_of, open_session

if TYPE_CHECKING:
    from ptm_spark.quality.gate import Verdict
    from ptm_spark.store import Store

Measures = dict[str, float | None]
Stages = Callable[["Job", Intake], None]
#: a failing gate names so many of its rules in its message; all of them stand in ops/dq_results
_NAMED_RULES = 3


@dataclass
class Step:
    """One job of a run, as ops/runs will tell it."""

    name: str
    started_at: datetime
    status: str = "failed"
    inputs: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    detail: str = ""


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
        self._ops: dict[str, list[dict[str, object]]] = {"runs": [], "dq_metrics": [], "dq_results": []}

    # ---- engine and tables

    @cached_property
    def store(self) -> "Store":
        """Tables as this run sees them; opens the engine when first asked for."""
        from ptm_spark.store import Store

        begun = time.perf_counter()
        store = Store(open_session(self.settings.engine), self.engine, self.lake, self.run_id)
        self.log.info("engine ready", engine=self.engine, seconds=round(time.perf_counter() - begun, 2))
        return store

    def published_store(self) -> "Store":
        """The store at the published versions; PtmError where nothing was published yet."""
        return self.beside(self.lake)

    def beside(self, lake: Folder) -> "Store":
        """Published tables of any lake, read by this job's engine."""
        published = Publishing(lake).published()
        if published is None:
            raise PtmError(f"nothing is published in {lake.url} yet; run ptm-spark run --lake {lake.url}")
        store = self.store.of_lake(lake)
        store.versions = dict(published.tables)
        return store

    def published_facts(self) -> dict[str, Any]:
        """What is public, in plain values: run, moment, crawls taken in, tables, and crawls that wait for a decision."""
        state = self.publishing.published() or State(run_id="")
        crawls = [crawl for path in state.crawls if (crawl := self.landing.find(path)) is not None]
        held = [(name, decision) for name, decision in self.publishing.decisions().items() if decision.state == "held"]
        tables = [{"path": path, "version": version, "rows": state.rows.get(path)} for path, version in state.tables.items()]
        return {
            "run_id": state.run_id,
            "published_at": state.published_at,
            "as_of": state.as_of,
            "engine": state.engine,
            "tool_version": state.tool_version,
            "crawls": [vars(crawl) | {"path": crawl.path} for crawl in sorted(crawls, key=lambda crawl: crawl.observed_at)],
            "tables": tables,
            "held": [{"crawl": name, "reason": decision.reason} for name, decision in held],
        }

    def warn(self, text: str) -> None:
        """Something the user must know that does not stop the run; the exit code will be 1."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.log.warning(text)

    # ---- what to take in

    def plan(self, *, rebuild: bool = False, only: frozenset[str] | None = None) -> Intake:
        """Which crawls this run takes in; says which places it cannot read and which crawls are held."""
        published = self.publishing.published()
        decisions = self.publishing.decisions()
        intake = plan_intake(
            self.landing, "hub", "models", published=published, decisions=decisions, rebuild=rebuild, only=only
        )
        for note in intake.unreadable:
            self.warn(note)
        for note in intake.notes:
            self.log.info(note)
        for crawl in intake.held:
            self.log.warning("left out, held", crawl=crawl, why=decisions[crawl].reason, todo="ptm-spark accept | reject")
        if intake.rebuild:
            self.log.info("rebuilding all tables from landing", why=intake.rebuild, crawls=len(intake.crawls))
        return intake

    def begin(self, intake: Intake) -> dict[str, str]:
        """Take back what an unpublished run has left, and read the fingerprints of the crawls to take in."""
        self.rollback()
        marks = {crawl.path: fingerprint(self.landing, crawl) for crawl in intake.crawls}
        for path, mark in marks.items():
            if "!" in mark:
                self.warn(f"{path}: {mark.partition('!')[2]} is not what the manifest says; set aside, land the crawl again")
        self.store.fingerprint = ",".join(f"{path}={mark}" for path, mark in marks.items()) + f";n{NORMALISER}"
        return marks

    def rollback(self) -> None:
        """Make every table what was published, so that no reader sees an unpublished run and no rerun adds to one."""
        from ptm_spark.tables import GOLD, SILVER

        published = self.publishing.published()
        versions = published.tables if published else {}
        self.store.clear_staging()
        self.publishing.discard_staged()
        for table in (*SILVER, *GOLD):
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
        crawls = (published.crawls if published and intake.earlier else {}) | dict(marks)
        everything = (*intake.earlier, *intake.crawls)
        state = State(
            run_id=self.run_id,
            as_of=max(crawl.observed_at for crawl in everything),
            engine=self.engine,
            tool_version=__version__,
            normaliser=NORMALISER,
            crawls=crawls,
            tables=self._public_versions(),
            rows={written.table: written.rows for written in self.store.written},
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
        """Keep the verdicts; GateError where a rule stops the run, after its crawls are held and its tables taken back."""
        from ptm_spark.quality import gate, metrics

        now = datetime.now(UTC)
        self._ops["dq_metrics"] += metrics.flatten(self.run_id, now, measures)
        self._ops["dq_results"] += gate.flatten(self.run_id, now, verdicts)
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
        raise GateFailedError(reason, tuple(sorted(blamed or set(state.new_crawls))), tuple(stopping))

    def accepted_rules(self, state: State) -> frozenset[str]:
        """Rules that a person waived together with a crawl that this run takes in for the first time."""
        decisions = self.publishing.decisions()
        return frozenset(
            rule
            for crawl in state.new_crawls
            if (decision := decisions.get(crawl)) is not None and decision.state == "accepted"
            for rule in decision.rules
        )

    def hold(self, error: "GateFailedError") -> None:
        """Leave the blamed crawls out of later runs until somebody decides."""
        rules = tuple(f"{verdict.subject}|{verdict.rule.name}" for verdict in error.verdicts)
        self.publishing.hold(error.crawls, reason=str(error), rules=rules, run_id=self.run_id)

    def try_stages(self, stages: "Stages", intake: Intake) -> list["GateFailedError"]:
        """Run the stages on all new crawls; where the gate fails, on one at a time, so that only bad ones are held.

        Returns the failures, each with its crawls held.
        """
        new = [crawl.path for crawl in intake.crawls if crawl.path in intake.new]
        try:
            stages(self, intake)
            return []
        except GateFailedError as error:
            if len(new) <= 1:
                self.hold(error)
                return [error]
            self.log.warning("the gate failed, taking the new crawls in one by one", crawls=len(new), why=str(error))
        failures = []
        for number, path in enumerate(new, start=1):
            self.run_id = f"{self.first_run_id}.{number}"
            try:
                stages(self, self.plan(only=frozenset({path})))
            except GateFailedError as error:
                self.hold(error)
                failures.append(error)
        return failures

    def publish(self, state: State) -> State:
        """Move the pointer to the tables of this run."""
        rows = {written.table: written.rows for written in self.store.written}
        published = self.publishing.publish(replace(state, tables=self._public_versions(), rows=state.rows | rows))
        self.store.clear_staging()
        self.log.info("published", as_of=published.as_of, tables=len(published.tables), crawls=len(published.crawls))
        return published

    # ---- steps and what is kept about them

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One job: timed, logged, and kept in ops/runs whatever its end."""
        step = Step(name, datetime.now(UTC))
        begun, first = time.perf_counter(), len(self.store.written)
        try:
            yield step
            step.status = "done"
        except GateFailedError as error:
            step.status, step.detail, step.held = "held", str(error), list(error.crawls)
            raise
        except PtmError as error:
            step.detail = str(error)
            raise
        finally:
            written = self.store.written[first:]
            seconds = time.perf_counter() - begun
            for table in written:
                self.log.info("wrote", table=table.table, rows=table.rows, version=table.version, seconds=round(table.seconds, 2))
            self.log.info(name, status=step.status, seconds=round(seconds, 2))
            self.summary.setdefault("seconds", {})[name] = round(seconds, 3)
            self._ops["runs"].append(
                {
                    "run_id": self.run_id,
                    "job": step.name,
                    "status": step.status,
                    "started_at": step.started_at,
                    "finished_at": datetime.now(UTC),
                    "seconds": seconds,
                    "engine": self.engine,
                    "tool_version": __version__,
                    "inputs": step.inputs,
                    "held": step.held,
                    "outputs": [(table.table, table.version, table.rows) for table in written],
                    "detail": step.detail or None,
                }
            )

    def flush_ops(self) -> None:
        """Append what was kept about this run to the ops tables."""
        from ptm_spark.tables import BY_PATH

        for name, rows in self._ops.items():
            if rows:
                table = BY_PATH[f"ops/{name}"]
                self.store.append(table, self.store.rows_of(rows, table))
                rows.clear()


class GateFailedError(GateError):
    """The gate stopped a run; ``crawls`` are those to blame, ``verdicts`` the rules that failed."""

    def __init__(self, reason: str, crawls: tuple[str, ...], verdicts: tuple["Verdict", ...]) -> None:
        super().__init__(f"quality gate: {reason}")
        self.crawls, self.verdicts = crawls, verdicts
