"""A worker that has already imported TensorFlow and waits for a run, whose first point then appears at once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from model.jobs.worker_process import Launcher, WorkerProcess

IDLE_S = 600.0  # after which it ends, to free its memory


class Timer(Protocol):
    """The part of `threading.Timer` that is used here."""

    def start(self) -> None:
        """Start the countdown."""

    def cancel(self) -> None:
        """Never call the function."""


MakeTimer = Callable[[float, Callable[[], None]], Timer]


def daemon_timer(seconds: float, function: Callable[[], None]) -> Timer:
    """Return a timer that doesn't keep the server from exiting."""
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    return timer


class WarmWorker:
    """At most one warm worker. Thread-safe."""

    def __init__(self, launcher: Launcher, make_timer: MakeTimer = daemon_timer):
        """Start nothing yet."""
        self._launcher, self._make_timer = launcher, make_timer
        self._worker: WorkerProcess | None = None
        self._timer: Timer | None = None
        self._lock = threading.Lock()

    @property
    def worker(self) -> WorkerProcess | None:
        """The warm worker, if there is one."""
        with self._lock:
            return self._worker

    def warm_up(self) -> None:
        """Start one unless there is one, and let it wait for `IDLE_S` seconds from now.

        Does nothing if the machine is short of memory or DIGIT_LAB_WARM is 0.
        """
        if not self._launcher.may_spawn_warm():
            return
        with self._lock:
            if not self._worker or not self._worker.is_alive():
                with suppress(OSError):  # the next training starts cold, and reports the error
                    self._worker = self._launcher.spawn_warm()
            if self._timer:
                self._timer.cancel()
            self._timer = self._make_timer(IDLE_S, self._cool_down)
            self._timer.start()

    def take(self, folder: Path) -> WorkerProcess | None:
        """Assign the run in `folder` to the warm worker and return it; None if there is none."""
        worker = self.release()
        return worker if worker and worker.assign(folder) else None

    def release(self) -> WorkerProcess | None:
        """Return the warm worker and forget it; None if there is none."""
        with self._lock:
            worker, self._worker = self._worker, None
        return worker

    def _cool_down(self) -> None:
        if worker := self.release():
            worker.close_stdin()
            worker.wait()
