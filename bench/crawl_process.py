"""One crawl as a whole process, with its resident memory from beginning to end."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from measure import ROOT

_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class CrawlRun:
    """A process that has ended. ``begun`` and the moments of ``resident`` (MB) are on the clock of ``monotonic``."""

    begun: float
    seconds: float
    cpu_seconds: float
    resident: tuple[tuple[float, float], ...]
    output: str

    @property
    def peak_mb(self) -> float:
        return max(mb for _, mb in self.resident)

    def resident_at(self, moment: float) -> float:
        """MB at the sample nearest to a moment."""
        return min(self.resident, key=lambda sample: abs(sample[0] - moment))[1]


def run_crawl(command: Sequence[str | Path], environment: Mapping[str, str]) -> CrawlRun:
    """Run ``python <command>`` to its end; CalledProcessError where it fails."""
    arguments = [sys.executable, *map(str, command)]
    resident: list[tuple[float, float]] = []
    ended = threading.Event()

    def watch(watched: psutil.Process) -> None:
        with suppress(psutil.Error):  # it may have ended just now
            while True:
                resident.append((time.monotonic(), round(watched.memory_info().rss / 1e6, 1)))
                if ended.wait(_SAMPLE_SECONDS):
                    return

    os.sync()  # what the contender before has left to write is not this one's to wait for
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.monotonic()
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=output, stderr=errors)
        watcher = threading.Thread(target=watch, args=(psutil.Process(process.pid),), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)  # the processor time of this child alone
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.stderr.write(errors.read())
            raise subprocess.CalledProcessError(process.returncode, arguments)
        cpu_seconds = round(usage.ru_utime + usage.ru_stime, 2)
        return CrawlRun(begun, round(seconds, 3), cpu_seconds, tuple(resident), output.read())
