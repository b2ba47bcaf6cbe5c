"""Work for the engine side by side."""

from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from threading import Event
from typing import TypeVar

Answer = TypeVar("Answer")

#: one query at a time leaves cores idle where it plans, commits, or gathers rows in one place; more than two of them
#: bring nothing on two cores, and each has its hash tables in memory
_LANES = 2


def side_by_side(*calls: Callable[[], Answer]) -> list[Answer]:
    """The answers of calls that do not depend on each other, two of them at a time, in the order of the calls.

    Where one fails no other begins, those that have begun end, and the first failure in the order of the calls is that
    of this.
    """
    has_failed = Event()

    def attempt(call: Callable[[], Answer]) -> Answer:
        if has_failed.is_set():
            raise CancelledError
        try:
            return call()
        except BaseException:
            has_failed.set()
            raise

    with ThreadPoolExecutor(_LANES, thread_name_prefix="lane") as pool:
        # each in a copy of our context, so that its log lines tell of which run they are
        futures = [pool.submit(copy_context().run, attempt, call) for call in calls]
        try:
            wait(futures)
        except BaseException:  # Ctrl-C
            has_failed.set()
            raise
    answers = []
    for future in futures:
        with suppress(CancelledError):  # not begun, so that another one has failed
            answers.append(future.result())
    return answers
