"""A worker that has imported TensorFlow and waits for its run, so that a training shows its first point at once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from model.jobs.worker_process import Launcher, WorkerProcess

IDLE_S = 600.0  # after which it gives its memory back


class Timer(Protocol):
    """What of `threading.Timer` is used here."""

    def start(self) -> None:
        """Begin to count."""

    def cancel(self) -> None:
        """Never call the function."""


MakeTimer = Callable[[float, Callable[[], None]], Timer]


def daemon_timer(seconds: float, function: Callable[[], None]) -> Timer:
    """Return a timer that doesn't keep the server from ending."""
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    return timer


class WarmWorker:
    """At most one warm worker. Safe between threads."""

    def __init__(self, launcher: Launcher, make_timer: MakeTimer = daemon_timer):
        """Start nothing yet."""
        self._launcher, self._make_timer = launcher, make_timer
        self._worker: WorkerProcess | None = None
        self._timer: Timer | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Start one unless there is one, and let it wait for `IDLE_S` seconds from now on.

        Does nothing where the machine is short of memory, or where DIGIT_LAB_WARM is 0.
        """
        if not self._launcher.may_warm():
            return
        with self._lock:
            if not self._worker or not self._worker.is_alive():
                with suppress(OSError):  # the next training will start cold, and report it
                    self._worker = self._launcher.spawn_warm()
            if self._timer:
                self._timer.cancel()
            self._timer = self._make_timer(IDLE_S, self._cool_down)
            self._timer.start()

    def take(self, folder: Path) -> WorkerProcess | None:
        """Give it the run of a folder and return it; None where there is none that could take it."""
        worker = self.give_up()
        return worker if worker and worker.assign(folder) else None

    def give_up(self) -> WorkerProcess | None:
        """Return it and forget it; None where there is none."""
        with self._lock:
            worker, self._worker = self._worker, None
        return worker

    def _cool_down(self) -> None:
        if worker := self.give_up():
            worker.close_stdin()
            worker.wait()
