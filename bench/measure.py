"""One contender as a whole process: wall clock, processor time, and the peak memory of all its processes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
_SAMPLE_SECONDS = 0.05
#: walking all processes of the machine for new children is dearer than a sample, so it is done less often
_SAMPLES_PER_WALK = 10
#: how an EnvironmentUnfitError ends a command: the machine cannot run it
_UNFIT = 2


class UnfitError(Exception):
    """The machine lacks what a contender needs, such as Java."""


@dataclass(frozen=True)
class Sample:
    """One run of one contender; ``cpu_seconds`` and ``peak_mb`` are of the process and of what it started."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def run_measured(command: Sequence[str | Path]) -> Sample:
    """Run ``python <command>`` to its end. UnfitError where it says so, CalledProcessError where it fails otherwise."""
    arguments = [sys.executable, *map(str, command)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody starts a tool without its bytecode twice
    os.sync()  # what the contender before has left to write is not this one's to wait for
    begun = time.perf_counter()
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watch = _Watch(process.pid)
        output, errors = process.communicate()
        seconds = time.perf_counter() - begun
        peak, cpu = watch.stop()
    if process.returncode == _UNFIT:
        raise UnfitError(errors.strip().rpartition("\n")[2])
    if process.returncode:
        sys.stderr.write(errors)
        raise subprocess.CalledProcessError(process.returncode, arguments, output, errors)
    return Sample(round(seconds, 3), round(cpu, 2), round(peak / 1e6, 1), output)


class _Watch:
    """Samples a process tree until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peak = 0
        self._cpu: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[int, float]:
        """Peak of the sum of resident bytes, and processor seconds."""
        self._ended.set()
        self._thread.join()
        return self._peak, sum(self._cpu.values())

    def _watch(self) -> None:
        tree, number = [self._root], 0
        while not self._ended.wait(_SAMPLE_SECONDS):
            with suppress(psutil.Error):
                if number % _SAMPLES_PER_WALK == 0:
                    tree = [self._root, *self._root.children(recursive=True)]
            self._sample(tree)
            number += 1

    def _sample(self, tree: Sequence[psutil.Process]) -> None:
        resident = 0
        for process in tree:
            with suppress(psutil.Error), process.oneshot():  # it may have ended just now
                resident += process.memory_info().rss
                times = process.cpu_times()
                self._cpu[process.pid] = times.user + times.system
        self._peak = max(self._peak, resident)
