"""Work for the engine side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Answer = TypeVar("Answer")

#: one query at a time leaves cores idle where it plans, commits, or gathers rows in one place; more than two of them
#: bring nothing on two cores, and each has its hash tables in memory
_LANES = 2


def side_by_side(*calls: Callable[[], Answer]) -> list[Answer]:
    """The answers of calls that do not depend on each other, two of them at a time, in the order of the calls.

    The first of them that fails, in that order, fails this: after those that have begun have ended, and without
    beginning others.
    """
    with ThreadPoolExecutor(_LANES, thread_name_prefix="lane") as pool:
        # each in a copy of our context, so that its log lines tell of which run they are
        futures = [pool.submit(copy_context().run, call) for call in calls]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
