"""Looks after one training and its worker process, on whichever machine they are: commands, limits, and the end.

Knows the run folder and the process; knows nothing of queues and clusters.
"""

import threading
import time
from collections.abc import Callable

from model.jobs.worker_process import WorkerProcess, last_output
from model.limits import Limits
from model.runs import retention
from model.runs.run import Run
from model.training import endings
from model.training.commands import Command, CommandName

CHECK_S = 1.0  # between two checks of a training's limits
_LEAVE_S = 20.0  # in which a worker whose app has gone saves a checkpoint


class Supervision:
    """One training from its start to its end."""

    def __init__(
        self,
        run: Run,
        start: Callable[[], WorkerProcess],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Call `start`, which starts the worker process or raises OSError."""
        self.run, self._limits, self._clock = run, limits, clock
        history = run.history()
        self._before, self._earlier = history.last, history.worker_started  # of the workers before this one
        self._training_since: float | None = None  # when it was first seen to train
        self._stop_sent = False  # because it has used up its time or disk space
        self._lock = threading.Lock()
        self.worker = start()

    def follow(self, is_wanted: Callable[[], bool] = lambda: True, check_s: float = CHECK_S) -> None:
        """Wait until the worker ends, and save the reason if it couldn't.

        If its folder is deleted, it is ended. Once it isn't wanted any more, it saves a checkpoint and ends.
        """
        while not self.worker.wait(check_s):
            if self._is_deleted():
                self.worker.kill()  # there is nothing it could save
            elif is_wanted():
                self.check_limits()
            else:
                self.worker.close_stdin()
                if not self.worker.wait(_LEAVE_S):
                    self.worker.kill()
        killed_for_memory = self.worker.is_killed_for_memory()
        reason = endings.explain(self.worker.exit_code or 0, killed_for_memory, last_output(self.run.path))
        endings.save_reason(self.run, reason, self._before)

    def check_limits(self) -> None:
        """Send `stop` once if the training, paused or not, has used up its time or disk space."""
        if self._stop_sent or not (reason := self._reason_to_stop()):
            return
        with self._lock:
            if not self._stop_sent:
                self._stop_sent = True
                self.worker.send(Command(CommandName.STOP, reason=reason))

    def seconds_held(self) -> float:
        """Return for how many seconds it has trained, including pauses; 0 while its worker prepares it."""
        if self._training_since is None:
            # The event of an earlier worker doesn't count. The clock of the events can be wrong, so only a change does.
            if self.run.history().worker_started in (0.0, self._earlier):
                return 0.0
            self._training_since = self._clock()
        return self._clock() - self._training_since

    def _reason_to_stop(self) -> str | None:
        """Return a sentence on the limit that the training has reached, or None."""
        limits = self._limits
        if self.seconds_held() >= 60 * limits.minutes:
            return f"Stopped after {limits.minutes:g} minutes, the time limit for a training on this server."
        if retention.megabytes(self.run.path) > limits.run_mb:
            return f"Stopped at {limits.run_mb:,.0f} MB, the disk limit for a training on this server."
        return None

    def _is_deleted(self) -> bool:
        try:
            self.run.path.stat()
        except OSError as error:  # other errors can pass: a network drive may be away for a moment
            return isinstance(error, FileNotFoundError)
        return False
