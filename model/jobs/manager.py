"""The app's side of training: starts worker processes, queues what must wait, passes commands on, keeps the limits.

Knows processes and the run store; knows no Keras and no Streamlit. The worker's whole answer is its run folder.
"""

import heapq
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.config import TrainingConfig
from model.errors import DigitLabError, RunError
from model.jobs.worker_process import _hang_up, _has_room, _send, _spawn, _spawn_warm
from model.limits import DEFAULT_LIMITS, Limits
from model.runs import retention
from model.runs.curves import History
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.run import Run
from model.runs.store import RunStore
from model.training import estimates
from model.training.commands import Command, CommandName

IDLE_S = 600.0  # a warm worker's patience
_ROUNDING_S = 0.01  # the times of events are whole milliseconds
_LOOK_S = 1.0  # between two looks at how long a training has held its place


@dataclass
class _Job:
    run_id: str
    process: subprocess.Popen | None = None  # None while it waits in the queue
    began: float = 0.0  # seconds since 1970 when the process got the run
    told_to_stop: bool = False  # because it had taken all that one may


class JobManager:
    """At most `limits.trainings` workers at a time; the others wait in the order they came. Safe between threads."""

    def __init__(
        self,
        store: RunStore,
        limits: Limits = DEFAULT_LIMITS,
        estimate: Callable[[TrainingConfig], float | None] = estimates.estimate_seconds,
    ):
        """Start nothing yet. `estimate` tells the seconds of a whole training, or None where it can't know."""
        self.store, self.limits, self._estimate = store, limits, estimate
        self._jobs: list[_Job] = []
        self._ended: dict[str, float] = {}  # run id -> when; its heartbeat may look fresh for a while
        self._warm: subprocess.Popen | None = None  # a worker that has imported TensorFlow and waits for its run
        self._warm_wanted = False  # by somebody who came while a training was going on
        self._cooling: threading.Timer | None = None
        self._lock = threading.Lock()
        self._making = threading.Lock()  # between the look at the limits and the run that needs their room
        self._closed = False

    def start(self, config: TrainingConfig, label: RunMetadata = NO_METADATA, lessons: str = "") -> Run:
        """Create a run and train it, at once or when its turn comes; with `lessons`, drawings that it is taught.

        Raises RunError where the config has too many epochs, the queue is full, or the store has no room to make.
        """
        self._check_epochs(config.epochs)
        return self._make(lambda: self.store.create(config, label, lessons))

    def extend(self, run_id: str, epochs: int, label: RunMetadata = NO_METADATA) -> Run:
        """Create a run that goes on where a complete one ended, for `epochs` more, and train it as `start` does."""
        run = self.store.open(run_id)
        self._check_epochs(epochs)
        return self._make(lambda: self.store.extend(run, epochs, label), needed=(run_id,))

    def warm_up(self) -> None:
        """Have a worker ready soon, so that a training that starts shows its first point at once.

        It waits `IDLE_S` seconds for a run and then gives its memory back. Beside a training it is started when that
        ends; not where the machine is short of memory, or where DIGIT_LAB_WARM is 0.
        """
        with self._lock:
            self._warm_wanted = bool(self._jobs)
            if self._closed or self._jobs or os.environ.get("DIGIT_LAB_WARM") == "0" or not _has_room():
                return
            if not self._warm or self._warm.poll() is not None:
                with suppress(OSError):  # the next training will start cold, and tell
                    self._warm = _spawn_warm()
            if self._cooling:
                self._cooling.cancel()
            self._cooling = threading.Timer(IDLE_S, self._cool_down)
            self._cooling.daemon = True
            self._cooling.start()

    def _cool_down(self) -> None:
        with self._lock:
            warm, self._warm = self._warm, None
        if warm:
            _hang_up(warm)
            warm.wait()

    def resume(self, run_id: str) -> None:
        """Go on with an interrupted run. Raises RunError for one that is complete or under way."""
        status = self.status(self.store.open(run_id))
        if status != "interrupted":
            raise RunError(f"Run {run_id} is {status}; expected an interrupted one, so start a new training instead.")
        with self._making:  # or room might be made of this very run
            self._enqueue(run_id)

    def send(self, run_id: str, command: Command) -> None:
        """Pass a command to a running worker, or withdraw a queued run with `stop`. Silent where it has ended."""
        with self._lock:
            job = self._find(run_id)
            if job and not job.process and command.do == CommandName.STOP:
                self._jobs.remove(job)
                self._ended[run_id] = time.time()
            elif job and job.process:
                _send(job.process, command)

    def status(self, run: Run) -> str:
        """Return the run's status as `Run.status` names it, or `queued`."""
        with self._lock:
            job = self._find(run.id)
            ended = self._ended.get(run.id, 0.0)
        if job and not job.process:
            return "queued"
        if job:
            return run.status(alive=job.process.poll() is None)
        return run.status(alive=None if run.last_heartbeat() > ended else False)

    def queue_position(self, run_id: str) -> int:
        """Return how many runs stand before a queued one, itself included; 0 when it does not wait."""
        with self._lock:
            waiting = [job.run_id for job in self._jobs if not job.process]
        return waiting.index(run_id) + 1 if run_id in waiting else 0

    def free_slots(self) -> int:
        """Return how many trainings could start at once; 0 where the next one will wait."""
        with self._lock:
            return max(self.limits.trainings - len(self._jobs), 0)

    def estimated_wait(self, run_id: str) -> float | None:
        """Estimate the seconds until a queued run starts: 0 for one that does not wait, None where nothing is known."""
        with self._lock:
            jobs = [(job.run_id, job.process is not None, job.began) for job in self._jobs]
        ids = [each for each, _, _ in jobs]
        if run_id not in ids or jobs[ids.index(run_id)][1]:
            return 0.0
        lefts = [self._seconds_left(*job) for job in jobs[: ids.index(run_id)]]
        if None in lefts:
            return None
        n_running = sum(runs for _, runs, _ in jobs)
        places = lefts[:n_running] + [0.0] * (self.limits.trainings - n_running)
        heapq.heapify(places)
        for seconds in lefts[n_running:]:  # each takes the place that is free first
            heapq.heappush(places, heapq.heappop(places) + seconds)
        return places[0]

    def _seconds_left(self, run_id: str, runs: bool, began: float) -> float | None:
        """Estimate how long a run will hold a place; a paused one may hold it until its time is up."""
        try:
            run = self.store.open(run_id)
            history = run.event_reader.read()
            seconds = estimates.seconds_left(history, run.config.epochs)
            if seconds is None:
                seconds = self._estimate(run.config)
        except DigitLabError:  # it was deleted or damaged meanwhile, and will end at once
            return 0.0
        longest = 60 * self.limits.minutes - (_held(history, began) if runs else 0.0)
        if runs and history.paused:
            seconds = longest
        return None if seconds is None else max(min(seconds, longest), 0.0)

    def active(self) -> tuple[str, ...]:
        """Return the ids of the running and the queued runs, oldest first."""
        with self._lock:
            return tuple(job.run_id for job in self._jobs)

    def close(self, timeout_s: float = 10.0) -> None:
        """End every worker; each saves a checkpoint and can be resumed. May be called twice."""
        with self._lock:
            self._closed = True
            running = [job.process for job in self._jobs if job.process] + ([self._warm] if self._warm else [])
            self._warm = None
            self._jobs = [job for job in self._jobs if job.process]
        for process in running:
            _hang_up(process)
        for process in running:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()

    def _make(self, create: Callable[[], Run], needed: tuple[str, ...] = ()) -> Run:
        """Create a run where the limits leave room for it, and put it at the end of the queue."""
        with self._making:
            self._check_queue()
            retention.make_room(self.store, self.limits, (*self.active(), *needed))
            run = create()
            self._enqueue(run.id)
        return run

    def _check_epochs(self, epochs: int) -> None:
        if epochs > self.limits.epochs:
            raise RunError(
                f"The training was to take {epochs} epochs; expected at most {self.limits.epochs} here, so ask for "
                "fewer, or let DIGIT_LAB_MAX_EPOCHS name more."
            )

    def _check_queue(self) -> None:
        with self._lock:
            waiting = sum(not job.process for job in self._jobs)
        if waiting >= self.limits.waiting:
            raise RunError(
                f"{waiting} trainings are waiting; expected fewer than {self.limits.waiting}, so try again later."
            )

    def _enqueue(self, run_id: str) -> None:
        with self._lock:
            if self._closed:
                raise RunError(
                    "The server is shutting down; expected a running one, so start the training again later."
                )
            if not self._find(run_id):
                self._jobs.append(_Job(run_id))
                self._ended.pop(run_id, None)
            self._start_waiting()

    def _find(self, run_id: str) -> _Job | None:
        return next((job for job in self._jobs if job.run_id == run_id), None)

    def _start_waiting(self) -> None:
        """Give free places to those who wait longest; the caller holds the lock."""
        while sum(job.process is not None for job in self._jobs) < self.limits.trainings:
            job = next((job for job in self._jobs if not job.process), None)
            if job is None:
                return
            try:
                job.began = time.time()
                job.process = self._worker_for(self.store.home / job.run_id)
            except OSError:  # its folder is gone, or the system has no room; the next one must not wait for it
                self._jobs.remove(job)
                continue
            threading.Thread(target=self._await_end, args=(job,), name=f"await-{job.run_id}", daemon=True).start()

    def _worker_for(self, folder: Path) -> subprocess.Popen:
        """Give a run to the warm worker, or to a new one."""
        warm, self._warm = self._warm, None
        if warm and warm.poll() is None and folder.is_dir():
            with suppress(OSError):
                warm.stdin.write(json.dumps({"run": str(folder.resolve())}).encode() + b"\n")
                warm.stdin.flush()
                return warm
        return _spawn(folder)

    def _await_end(self, job: _Job) -> None:
        while job.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                job.process.wait(_LOOK_S)
                break
            self._keep_time(job)
        with self._lock:
            self._jobs.remove(job)
            self._ended[job.run_id] = time.time()
            if not self._closed:
                self._start_waiting()
            warm_up = self._warm_wanted and not self._jobs
        if warm_up:
            self.warm_up()

    def _keep_time(self, job: _Job) -> None:
        """Ask a training to stop, once, when it has taken as much time or disk as one may, paused or not."""
        reason = None if job.told_to_stop else self._too_much(job)
        if reason is None:
            return
        job.told_to_stop = True
        with self._lock:
            _send(job.process, Command(CommandName.STOP, reason=reason))

    def _too_much(self, job: _Job) -> str | None:
        """Say of what a training has taken more than one may; None while it has not."""
        folder, limits = self.store.home / job.run_id, self.limits
        if _held(Run(folder).event_reader.read(), job.began) >= 60 * limits.minutes:
            return f"It was stopped after {limits.minutes:g} minutes, the most that one training may take here."
        if retention.megabytes(folder) > limits.run_mb:
            return f"It was stopped because it fills {limits.run_mb:,.0f} MB, the most that one training may here."
        return None


def _held(history: History, began: float) -> float:
    """Return the seconds since this worker told that its training starts; 0 before, as what stands there is older."""
    try:
        told = datetime.fromisoformat(history.facts["time"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return 0.0
    return max(time.time() - told, 0.0) if told >= began - _ROUNDING_S else 0.0
