"""Telling how a crawl goes: a bar where a person watches, a log line every few seconds elsewhere."""

import logging
import sys
import time
from typing import Any

import structlog

from ptm_spark.crawl.limits import Budget

_SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Requests, records, budget left and time to go of one crawl. ``total`` is of requests, None where unknown."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.total: int | None = None
        self.budget: Budget | None = None
        self._begun = self._shown = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._log = structlog.get_logger()

    def show(self, requests: int, records: int) -> None:
        """Tell where the crawl stands; quick where nothing is due."""
        if sys.stderr.isatty() and self._log.is_enabled_for(logging.INFO):
            self._show_bar(requests, records)
        elif time.monotonic() - self._shown >= _SECONDS_BETWEEN_LINES:
            self._shown = time.monotonic()
            self._log.info("crawling", what=self.what, requests=requests, records=records, **self._facts(requests))

    def _facts(self, requests: int) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self.budget is not None and self.budget.left is not None:
            facts["budget_left"] = f"{self.budget.left} of {self.budget.quota}"
        seconds = time.monotonic() - self._begun
        if self.total and requests:
            facts["seconds_to_go"] = round(seconds / requests * max(0, self.total - requests))
        return facts

    def _show_bar(self, requests: int, records: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bars

            self._bar = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.completed} requests, {task.fields[records]:,} records {task.fields[budget]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self.what, total=self.total, records=0, budget="")
        left = self._facts(requests).get("budget_left", "")
        budget = f"budget {left}" if left else ""
        self._bar.update(self._task, completed=requests, total=self.total, records=records, budget=budget)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
