"""How much memory and processor time the server and its workers use, measured once for all who look.

Knows processes by their ids; nothing of pages.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from model.jobs import memory
from model.jobs.memory import Memory

_FRESH_S = 1.0  # a measurement is used again for so long: over a shorter time, processor use is noise


@dataclass(frozen=True)
class ProcessUsage:
    """What one process uses."""

    resident: int  # bytes of memory, with the libraries that it shares
    cores: float | None  # processor cores since the measurement before; None in the first one


@dataclass(frozen=True)
class Usage:
    """One measurement."""

    memory: Memory
    n_cores: int  # that this process may use
    server: ProcessUsage
    workers: Mapping[str, ProcessUsage]  # by the run that they train; "" for the one that waits

    @property
    def cores(self) -> float | None:
        """The cores that the server and its workers use together; None in the first measurement."""
        used = [process.cores for process in (self.server, *self.workers.values()) if process.cores is not None]
        return sum(used) if self.server.cores is not None else None


class UsageMonitor:
    """Measures this process and its workers. Thread-safe."""

    def __init__(self, workers: Callable[[], Mapping[str, int]], clock: Callable[[], float] = time.monotonic):
        """Measure nothing yet. `workers` returns the process ids of the workers; `clock` returns seconds."""
        self._workers, self._clock = workers, clock
        self._lock = threading.Lock()
        self._last: Usage | None = None
        self._time = 0.0
        self._seconds: dict[int, float] = {}  # process id -> processor time at the last measurement

    def measure(self) -> Usage:
        """Return what is used now; the last measurement if it is less than a second old."""
        with self._lock:
            now = self._clock()
            if self._last is None or now - self._time >= _FRESH_S:
                self._last = self._measure(now - self._time)
                self._time = now
            return self._last

    def _measure(self, elapsed: float) -> Usage:
        seconds: dict[int, float] = {}

        def use(pid: int) -> ProcessUsage:
            try:
                process = psutil.Process(pid)
                times, resident = process.cpu_times(), process.memory_info().rss
            except psutil.Error:  # it has just ended
                return ProcessUsage(0, None)
            seconds[pid] = times.user + times.system
            before = self._seconds.get(pid)
            return ProcessUsage(resident, None if before is None else max(seconds[pid] - before, 0.0) / elapsed)

        server = use(os.getpid())
        workers = {run_id: use(pid) for run_id, pid in self._workers().items()}
        self._seconds = seconds
        return Usage(memory.read(), n_cores(), server, workers)


def n_cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def own_memory(pid: int) -> int:
    """Return the bytes that are freed when a process ends, without the libraries it shares; 0 once it has ended."""
    with suppress(psutil.Error):
        taken = psutil.Process(pid).memory_info()
        return int(taken.rss - getattr(taken, "shared", 0))  # only some systems say what is shared
    return 0
