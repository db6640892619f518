"""The app's side of training: starts workers, queues the trainings that must wait, sends commands, enforces limits.

Imports neither Keras nor Streamlit. Everything that a worker reports is in its run folder.
"""

import threading
import time
from collections.abc import Callable

from model.config import TrainingConfig
from model.errors import DigitLabError, RunError
from model.jobs import memory, usage
from model.jobs.job_queue import Job, JobQueue
from model.jobs.wait_estimate import estimate_wait, seconds_to_hold
from model.jobs.warm_worker import MakeTimer, WarmWorker, daemon_timer
from model.jobs.worker_process import Launcher, WorkerProcess, last_output
from model.limits import DEFAULT_LIMITS, Limits
from model.runs import retention
from model.runs.events import InterruptedEvent, RunState
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.run import Run, not_writable
from model.runs.store import RunStore
from model.training import endings, estimates
from model.training.commands import Command, CommandName

_CHECK_S = 1.0  # between two checks of a training's limits


class JobManager:
    """Runs at most `limits.trainings` workers at a time; other trainings wait in the order they were started.

    Thread-safe.
    """

    def __init__(
        self,
        store: RunStore,
        limits: Limits = DEFAULT_LIMITS,
        estimate: Callable[[TrainingConfig], float | None] = estimates.estimate_seconds,
        clock: Callable[[], float] = time.monotonic,
        launcher: Launcher | None = None,
        make_timer: MakeTimer = daemon_timer,
    ):
        """Start nothing yet. `estimate` returns the seconds of a whole training, or None if they are unknown.

        `clock` returns seconds, and doesn't jump when somebody sets the time. Tests replace the clock, the launcher
        and the timer.
        """
        self.store, self.limits = store, limits
        self._estimate, self._clock = estimate, clock
        self._launcher = launcher or Launcher()
        self._queue = JobQueue(limits)
        self._warm = WarmWorker(self._launcher, make_timer)
        self._warm_wanted = False  # requested while a training was running
        self._ended: dict[str, float] = {}  # run id -> its last heartbeat, which may look fresh for a while
        self._lock = threading.Lock()
        self._creating = threading.Lock()  # held from the check of the limits until the run exists
        self._closed = False

    def start(self, config: TrainingConfig, metadata: RunMetadata = NO_METADATA, drawings: str = "") -> Run:
        """Create a run and train it, at once or when a slot is free; `drawings` are lines of JSON to fine-tune on.

        Raises RunError if the config has too many epochs, the queue is full, or the store is full of runs in use.
        """
        self._check_epochs(config.epochs)
        return self._create(lambda: self.store.create(config, metadata, drawings))

    def extend(self, run_id: str, epochs: int, metadata: RunMetadata = NO_METADATA) -> Run:
        """Create a run that continues a complete one for `epochs` more epochs, and train it like `start`."""
        run = self.store.open(run_id)
        self._check_epochs(epochs)
        return self._create(lambda: self.store.extend(run, epochs, metadata), needed=(run_id,))

    def resume(self, run_id: str) -> None:
        """Resume an interrupted run. Raises RunError if it is complete, running or queued, or if the queue is full."""
        state = self.state(self.store.open(run_id))
        if state is not RunState.INTERRUPTED:
            raise RunError(
                "Only an interrupted run can be resumed, but {run} is {state}. Start a new training instead.",
                run=run_id,
                state=state,
            )
        with self._creating:  # or this very run might be deleted to make room
            with self._lock:
                self._queue.check_room()
            self._enqueue(run_id)

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to a running worker; `stop` also removes a queued run. Does nothing if the run has ended."""
        with self._lock:
            job = self._queue.find(run_id)
            if job and job.worker:
                job.worker.send(command)
            elif job and command.do == CommandName.STOP:
                self._queue.remove(job)
                self._ended[run_id] = Run(self.store.home / run_id).last_heartbeat()

    def state(self, run: Run) -> RunState:
        """Return the state of a run, which can also be queued here."""
        with self._lock:
            job = self._queue.find(run.id)
            worker = job.worker if job else None
            ended = self._ended.get(run.id)
        if worker:
            # A run is interrupted once the reason is saved: a page that shows it doesn't look for the reason again.
            has_reason = isinstance(run.history().last, InterruptedEvent)
            return run.state(alive=worker.is_alive() or not has_reason)
        if job:
            return RunState.QUEUED
        # A new heartbeat means that another process has resumed it since.
        return run.state(alive=False if run.last_heartbeat() == ended else None)

    def queue_position(self, run_id: str) -> int:
        """Return the place of a run in the queue, counted from 1; 0 if it isn't waiting."""
        with self._lock:
            return self._queue.position(run_id)

    def free_slots(self) -> int:
        """Return how many trainings could start right now; 0 if the next one has to wait."""
        with self._lock:
            return self._queue.free_slots

    def processes(self) -> dict[str, int]:
        """Return the process ids of the workers, by the run that they train; "" is the one that waits for a run."""
        with self._lock:
            workers = [(job.run_id, job.worker) for job in self._queue.jobs] + [("", self._warm.worker)]
        return {run_id: worker.pid for run_id, worker in workers if worker and worker.is_alive()}

    def free_memory(self) -> int:
        """Return the bytes of memory that the next training can use: those that are free or will be freed for it."""
        processes = self.processes()
        warm = usage.own_memory(processes.pop("")) if "" in processes else 0  # it will train that run, or end
        ends_before = 0 if self.free_slots() else min(map(usage.own_memory, processes.values()), default=0)
        return memory.read().available + warm + ends_before

    def active(self) -> tuple[str, ...]:
        """Return the ids of the running and queued runs, oldest first."""
        with self._lock:
            return self._queue.ids

    def estimated_wait(self, run_id: str) -> float | None:
        """Estimate the seconds until a queued run starts: 0 if it isn't waiting, None if that is unknown."""
        with self._lock:
            jobs = list(self._queue.jobs)
            position = self._queue.position(run_id)
        if not position:
            return 0.0
        running = [self._seconds_left(job) for job in jobs if not job.is_queued]
        queued = [self._seconds_left(job) for job in jobs if job.is_queued]
        return estimate_wait(running, queued[: position - 1], self.limits.trainings)

    def warm_up(self) -> None:
        """Prepare a worker, so that the next training shows its first point at once.

        It waits for a run, and ends after a while to free its memory. If trainings are running, it starts after them.
        """
        with self._lock:
            self._warm_wanted = len(self._queue) > 0
            if not self._closed and not self._warm_wanted:
                self._warm.warm_up()

    def check_limits(self) -> None:
        """Send `stop` once to every training, paused or not, that has used up its time or disk space."""
        with self._lock:
            jobs = list(self._queue.jobs)
        for job in jobs:
            self._check_limits(job)

    def close(self, timeout_s: float = 10.0) -> None:
        """End all workers; each saves a checkpoint and can be resumed. Can be called twice."""
        with self._lock:
            self._closed = True
            self._queue.drop_queued()
            workers = [job.worker for job in self._queue.jobs] + [self._warm.release()]
        for worker in workers:
            if worker:
                worker.close_stdin()
        for worker in workers:
            if worker and not worker.wait(timeout_s):
                worker.kill()

    def _create(self, create: Callable[[], Run], needed: tuple[str, ...] = ()) -> Run:
        """Create a run if the limits leave room for it, and add it to the end of the queue."""
        with self._creating:
            with self._lock:
                self._queue.check_room()
            retention.make_room(self.store, self.limits, (*self.active(), *needed))
            run = create()
            self._enqueue(run.id)
        return run

    def _check_epochs(self, epochs: int) -> None:
        if epochs > self.limits.epochs:
            raise RunError(
                "This server trains for at most {most} epochs, got {value}. Choose fewer, or raise "
                "DIGIT_LAB_MAX_EPOCHS.",
                most=self.limits.epochs,
                value=epochs,
            )

    def _enqueue(self, run_id: str) -> None:
        with self._lock:
            if self._closed:
                raise RunError("The server is shutting down. Start the training again later.")
            if self._queue.add(run_id):
                self._ended.pop(run_id, None)
            failed = self._start_queued()
        if run_id in failed:
            raise not_writable(run_id, failed[run_id]) from failed[run_id]

    def _start_queued(self) -> dict[str, OSError]:
        """Give free slots to the trainings that have waited longest; the caller holds the lock.

        Returns the runs that can't be started, with the errors. They have left the queue and can be resumed.
        """
        failed: dict[str, OSError] = {}
        while job := self._queue.next_to_start():
            folder = self.store.home / job.run_id
            try:
                (folder / "worker.log").open("ab").close()  # a warm worker can't report that its folder isn't writable
                job.earlier = Run(folder).history().worker_started
                job.worker = worker = self._warm.take(folder) or self._launcher.spawn(folder)
            except OSError as error:  # its folder was deleted or the system is full; start the next one
                self._queue.remove(job)
                failed[job.run_id] = error
                continue
            name = f"await-{job.run_id}"
            threading.Thread(target=self._await_end, args=(job, worker), name=name, daemon=True).start()
        return failed

    def _await_end(self, job: Job, worker: WorkerProcess) -> None:
        run = Run(self.store.home / job.run_id)
        before = run.history().last
        while not worker.wait(_CHECK_S):
            if _is_deleted(run):
                worker.kill()  # there is nothing it could save
            else:
                self._check_limits(job)
        reason = endings.explain(worker.exit_code or 0, worker.is_killed_for_memory(), last_output(run.path))
        endings.save_reason(run, reason, before)
        with self._lock:
            self._queue.remove(job)
            self._ended[job.run_id] = run.last_heartbeat()
            if not self._closed:
                self._start_queued()
            warm_up = self._warm_wanted and not self._queue
        if warm_up:
            self.warm_up()

    def _check_limits(self, job: Job) -> None:
        if job.is_queued or job.stop_sent or not (reason := self._reason_to_stop(job)):
            return
        with self._lock:
            if job.worker and not job.stop_sent:
                job.stop_sent = True
                job.worker.send(Command(CommandName.STOP, reason=reason))

    def _reason_to_stop(self, job: Job) -> str | None:
        """Return a sentence on the limit that a training has reached, or None."""
        folder, limits = self.store.home / job.run_id, self.limits
        if self._seconds_held(job) >= 60 * limits.minutes:
            return f"Stopped after {limits.minutes:g} minutes, the time limit for a training on this server."
        if retention.megabytes(folder) > limits.run_mb:
            return f"Stopped at {limits.run_mb:,.0f} MB, the disk limit for a training on this server."
        return None

    def _seconds_held(self, job: Job) -> float:
        """Return for how many seconds a job has trained, including pauses; 0 while its worker prepares it."""
        if job.training_since is None and not job.is_queued:
            # The event of an earlier worker doesn't count. The clock of the events can be wrong, so only a change does.
            if Run(self.store.home / job.run_id).history().worker_started in (0.0, job.earlier):
                return 0.0
            job.training_since = self._clock()
        return self._clock() - job.training_since if job.training_since is not None else 0.0

    def _seconds_left(self, job: Job) -> float | None:
        """Estimate for how many more seconds a run will hold a slot."""
        try:
            run = self.store.open(job.run_id)
            history = run.history()
            seconds = estimates.seconds_left(history, run.config.epochs)
            if seconds is None:
                seconds = self._estimate(run.config)
        except DigitLabError:  # it has been deleted or damaged, and will end at once
            return 0.0
        paused = history.paused and not job.is_queued
        return seconds_to_hold(seconds, self._seconds_held(job), 60 * self.limits.minutes, paused)


def _is_deleted(run: Run) -> bool:
    try:
        run.path.stat()
    except OSError as error:  # other errors can pass: a network drive may be away for a moment
        return isinstance(error, FileNotFoundError)
    return False
