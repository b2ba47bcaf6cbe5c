"""Calls side by side: answers in order, failures, and what they cancel."""

import threading
import time

import pytest

from ptm_spark.lanes import side_by_side


def test_answers_come_in_the_order_of_the_calls() -> None:
    def answer(number: int) -> int:
        time.sleep(0.02 * (number % 2))
        return number

    assert side_by_side(*(lambda number=number: answer(number) for number in range(5))) == [0, 1, 2, 3, 4]
    assert side_by_side() == []


def test_two_run_at_a_time() -> None:
    both = threading.Barrier(2, timeout=10)
    assert side_by_side(both.wait, both.wait) in ([0, 1], [1, 0])


def test_after_a_failure_no_other_begins() -> None:
    """Though one that is still running comes before it in order."""
    begun, has_failed = [], threading.Event()

    def slow() -> None:
        begun.append("slow")
        has_failed.wait(10)
        time.sleep(0.05)

    def fail() -> None:
        has_failed.set()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        side_by_side(slow, fail, *(lambda: begun.append("other") for _ in range(5)))
    assert begun == ["slow"]
