"""Trainings as processes of this machine: a queue, the workers, and a warm one in reserve."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from model.errors import RunError
from model.jobs.executor import Training
from model.jobs.job_queue import Job, JobQueue
from model.jobs.supervision import Supervision
from model.jobs.warm_worker import MakeTimer, WarmWorker
from model.jobs.worker_process import Launcher, WorkerProcess
from model.limits import Limits
from model.runs.run import Run, not_writable
from model.runs.store import RunStore
from model.training.commands import Command, CommandName


class LocalExecutor:
    """Runs at most `limits.trainings` workers at a time: see `Executor`."""

    def __init__(
        self,
        store: RunStore,
        limits: Limits,
        clock: Callable[[], float],
        launcher: Launcher,
        make_timer: MakeTimer,
    ):
        """Start nothing yet."""
        self._store, self._limits, self._clock, self._launcher = store, limits, clock, launcher
        self._queue = JobQueue(limits)
        self._warm = WarmWorker(launcher, make_timer)
        self._warm_wanted = False  # requested while a training was running
        self._ended: dict[str, float] = {}  # run id -> its last heartbeat, which may look fresh for a while
        self._lock = threading.Lock()
        self._creating = threading.Lock()  # held from the check of the limits until the run exists
        self._closed = False

    def slots(self) -> int:
        """Return how many trainings can run at the same time."""
        return self._limits.trainings

    def trainings(self) -> tuple[Training, ...]:
        """Return all trainings, oldest first."""
        with self._lock:
            return tuple(
                Training(job.run_id, job.is_queued, is_alive=bool(job.worker and job.worker.is_alive()))
                for job in self._queue.jobs
            )

    @contextmanager
    def room(self) -> Iterator[Callable[[str], None]]:
        """Hold a place for a run, and return the function that adds it: nobody else can until then."""
        with self._creating:
            with self._lock:
                self._queue.check_room()
            yield self._add

    def refresh(self, run_id: str) -> None:
        """Do nothing: this process always knows."""

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to a running worker; `stop` also removes a queued run."""
        with self._lock:
            job = self._queue.find(run_id)
            if job and job.supervision:
                job.supervision.worker.send(command)
            elif job and command.do == CommandName.STOP:
                self._queue.remove(job)
                self._ended[run_id] = Run(self._store.home / run_id).last_heartbeat()

    def seconds_held(self, run_id: str) -> float:
        """Return for how many seconds a run has trained in its slot; 0 before it trains."""
        with self._lock:
            job = self._queue.find(run_id)
        return job.supervision.seconds_held() if job and job.supervision else 0.0

    def ended_at(self, run_id: str) -> float | None:
        """Return the heartbeat with which a run ended here; None if it didn't."""
        with self._lock:
            return self._ended.get(run_id)

    def processes(self) -> dict[str, int]:
        """Return the process ids of the workers, by the run that they train; "" is the one that waits for a run."""
        with self._lock:
            workers = [(job.run_id, job.worker) for job in self._queue.jobs] + [("", self._warm.worker)]
        return {run_id: worker.pid for run_id, worker in workers if worker and worker.is_alive()}

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
            supervisions = [job.supervision for job in self._queue.jobs if job.supervision]
        for supervision in supervisions:
            supervision.check_limits()

    def close(self, timeout_s: float) -> None:
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

    def _add(self, run_id: str) -> None:
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
            try:
                job.supervision = self._supervise(Run(self._store.home / job.run_id))
            except OSError as error:  # its folder was deleted or the system is full; start the next one
                self._queue.remove(job)
                failed[job.run_id] = error
                continue
            name = f"await-{job.run_id}"
            threading.Thread(target=self._await_end, args=(job, job.supervision), name=name, daemon=True).start()
        return failed

    def _supervise(self, run: Run) -> Supervision:
        (run.path / "worker.log").open("ab").close()  # a warm worker can't report that its folder isn't writable

        def start() -> WorkerProcess:
            return self._warm.take(run.path) or self._launcher.spawn(run.path)

        return Supervision(run, start, self._limits, self._clock)

    def _await_end(self, job: Job, supervision: Supervision) -> None:
        supervision.follow()
        with self._lock:
            self._queue.remove(job)
            self._ended[job.run_id] = supervision.run.last_heartbeat()
            if not self._closed:
                self._start_queued()
            warm_up = self._warm_wanted and not self._queue
        if warm_up:
            self.warm_up()
