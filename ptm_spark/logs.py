"""Log lines for people and machines: ``event key=value …`` on standard error, secrets taken out."""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET = "***"


def configure(*, quiet: bool) -> None:
    """One line an event; colours only on a terminal; ``quiet`` leaves warnings and errors."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
            structlog.processors.add_log_level,
            _redact,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The Hub token must not stand in any line, wherever it came from."""
    tokens = {os.environ.get("HF_TOKEN"), os.environ.get("HUGGING_FACE_HUB_TOKEN")} - {None, ""}
    for token in tokens:
        for key, value in event.items():
            if isinstance(value, str) and str(token) in value:
                event[key] = value.replace(str(token), _SECRET)
    return event
