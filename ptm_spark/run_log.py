"""What a run tells of itself, for those who read it later: kept while it works, then appended to the ops tables."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from ptm_spark import __version__
from ptm_spark.errors import GateError, PtmError

if TYPE_CHECKING:
    from ptm_spark.store import Store

Records = Iterable[dict[str, Any]]


@dataclass
class Step:
    """One job of a run; whoever does it fills in what it took in and what a reader should know."""

    name: str
    started_at: datetime
    status: str = "failed"
    inputs: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    detail: str = ""


class RunLog:
    """Records for ops/runs, ops/dq_metrics and ops/dq_results."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._records: dict[str, list[dict[str, Any]]] = {"ops/runs": [], "ops/dq_metrics": [], "ops/dq_results": []}
        self._log = structlog.get_logger()
        #: step → seconds it took
        self.seconds: dict[str, float] = {}

    def keep_verdicts(self, metrics: Records, results: Records) -> None:
        """Keep what the gate measured and how it judged."""
        self._records["ops/dq_metrics"] += metrics
        self._records["ops/dq_results"] += results

    @contextmanager
    def step(self, name: str, run_id: str, store: "Store") -> Iterator[Step]:
        """Time and log one job, and keep it for ops/runs whatever its end; its outputs are what ``store`` wrote."""
        step = Step(name, datetime.now(UTC))
        begun, first = time.perf_counter(), len(store.written)
        try:
            yield step
            step.status = "done"
        except GateError as error:
            step.status, step.detail, step.held = "held", str(error), list(error.crawls)
            raise
        except PtmError as error:
            step.detail = str(error)
            raise
        finally:
            seconds = time.perf_counter() - begun
            written = store.written[first:]
            self._log.info(name, status=step.status, seconds=round(seconds, 2))
            self.seconds[name] = round(seconds, 3)
            self._records["ops/runs"].append(
                {
                    "run_id": run_id,
                    "job": step.name,
                    "status": step.status,
                    "started_at": step.started_at,
                    "finished_at": datetime.now(UTC),
                    "seconds": seconds,
                    "engine": self._engine,
                    "tool_version": __version__,
                    "inputs": step.inputs,
                    "held": step.held,
                    "outputs": [(table.table, table.version, table.rows) for table in written],
                    "detail": step.detail or None,
                }
            )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to append."""
        return not any(self._records.values())

    def flush(self, store: "Store") -> None:
        """Append what was kept to its tables, and forget it."""
        from ptm_spark.tables import BY_PATH

        for path, records in self._records.items():
            if records:
                store.append(BY_PATH[path], store.rows_of(records, BY_PATH[path]))
                records.clear()
