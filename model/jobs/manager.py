"""The app's side of training: starts, queues and controls trainings on this machine or on a cluster.

Imports neither Keras nor Streamlit, and Dask only if a scheduler is configured. Everything that a worker reports is in
its run folder.
"""

import os
import sys
import time
from collections.abc import Callable

from model.config import TrainingConfig
from model.errors import ConfigError, DigitLabError, RunError
from model.jobs import memory, usage
from model.jobs.executor import Executor, Training
from model.jobs.local import LocalExecutor
from model.jobs.wait_estimate import estimate_wait, seconds_to_hold
from model.jobs.warm_worker import MakeTimer, daemon_timer
from model.jobs.worker_process import Launcher
from model.limits import DEFAULT_LIMITS, Limits
from model.messages import Term
from model.runs import retention
from model.runs.events import InterruptedEvent, RunState
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.run import Run
from model.runs.store import RunStore
from model.training import estimates
from model.training.commands import Command

SCHEDULER = "DIGIT_LAB_SCHEDULER"  # the environment variable with the address of a Dask scheduler


class JobManager:
    """Runs trainings, as many at a time as there are slots; others wait in the order they were started.

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
        cluster: Executor | None = None,
    ):
        """Start nothing yet. `estimate` returns the seconds of a whole training, or None if they are unknown.

        Trainings run on `cluster` if there is one, else on this machine. `clock` returns seconds, and doesn't jump when
        somebody sets the time. Tests replace the clock, the launcher and the timer.
        """
        self.store, self.limits, self._estimate = store, limits, estimate
        self._local = LocalExecutor(store, limits, clock, launcher or Launcher(), make_timer)
        self._cluster = cluster
        self._executors: list[Executor] = [self._local] if cluster is None else [cluster, self._local]

    @classmethod
    def from_environment(cls, store: RunStore, limits: Limits = DEFAULT_LIMITS) -> "JobManager":
        """Return a manager that uses the Dask scheduler in DIGIT_LAB_SCHEDULER, if it is set.

        Reports a variable that can't be used on stderr, and trains on this machine then.
        """
        address = os.environ.get(SCHEDULER, "").strip()
        try:
            return cls(store, limits, cluster=_cluster(address, store, limits) if address else None)
        except ConfigError as error:
            print(f"{error} Trainings run on this machine.", file=sys.stderr)
            return cls(store, limits)

    @property
    def has_cluster(self) -> bool:
        """Whether trainings run on a cluster."""
        return self._cluster is not None

    def start(
        self, config: TrainingConfig, metadata: RunMetadata = NO_METADATA, drawings: str = "", here: bool = False
    ) -> Run:
        """Create a run and train it, at once or when a slot is free; `drawings` are lines of JSON to fine-tune on.

        With `here`, it trains on this machine even if there is a cluster. Raises SchedulerError if the cluster doesn't
        answer, RunError if the config has too many epochs, the queue is full, or the store is full of runs in use.
        """
        self._check_epochs(config.epochs)
        return self._create(lambda: self.store.create(config, metadata, drawings), here=here)

    def extend(self, run_id: str, epochs: int, metadata: RunMetadata = NO_METADATA, here: bool = False) -> Run:
        """Create a run that continues a complete one for `epochs` more epochs, and train it like `start`."""
        run = self.store.open(run_id)
        self._check_epochs(epochs)
        return self._create(lambda: self.store.extend(run, epochs, metadata), needed=(run_id,), here=here)

    def resume(self, run_id: str, here: bool = False) -> None:
        """Resume an interrupted run like `start`. Raises RunError if it is complete, running or queued, too."""
        run, executor = self.store.open(run_id), self._executor(here)
        executor.refresh(run_id)
        state = self.state(run)
        if state is not RunState.INTERRUPTED:
            raise RunError(
                "Only an interrupted run can be resumed, but {run} is {state}. Start a new training instead.",
                run=run_id,
                state=Term(state),
            )
        with executor.room() as add:  # or this very run might be deleted to make room
            add(run_id)

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to a running worker; `stop` also removes a queued run. Does nothing if the run has ended.

        Raises SchedulerError if the cluster doesn't answer.
        """
        for executor in self._executors:
            if any(training.run_id == run_id for training in executor.trainings()):
                executor.send(run_id, command)

    def state(self, run: Run) -> RunState:
        """Return the state of a run, which can also be queued."""
        ended = {executor.ended_at(run.id) for executor in self._executors}
        training = next((training for training in self._trainings() if training.run_id == run.id), None)
        if training and training.is_queued:
            return RunState.QUEUED
        if training:
            # A run is interrupted once the reason is saved: a page that shows it doesn't look for the reason again.
            has_reason = isinstance(run.history().last, InterruptedEvent)
            return run.state(alive=training.is_alive or not has_reason)
        # A new heartbeat means that another process has resumed it since.
        return run.state(alive=False if run.last_heartbeat() in ended else None)

    def queue_position(self, run_id: str) -> int:
        """Return the place of a run in its queue, counted from 1; 0 if it isn't waiting."""
        return len(self._queue_until(run_id)[1])

    def check_answers(self) -> None:
        """Raise SchedulerError if there is a cluster that doesn't answer."""
        self._executor().refresh("")

    def slots(self, here: bool = False) -> int:
        """Return how many trainings can run at the same time, on the cluster if there is one, or `here`."""
        return self._executor(here).slots()

    def free_slots(self, here: bool = False) -> int:
        """Return how many trainings could start right now; 0 if the next one has to wait."""
        executor = self._executor(here)
        return max(executor.slots() - len(executor.trainings()), 0)

    def processes(self) -> dict[str, int]:
        """Return the process ids of the workers on this machine, by the run that they train.

        "" is the one that waits for a run.
        """
        return self._local.processes()

    def free_memory(self) -> int | None:
        """Return the bytes of memory that the next training can use: those that are free or will be freed for it.

        None on a cluster, whose machines differ.
        """
        if self._cluster:
            return None
        processes = self.processes()
        warm = usage.own_memory(processes.pop("")) if "" in processes else 0  # it will train that run, or end
        ends_before = 0 if self.free_slots() else min(map(usage.own_memory, processes.values()), default=0)
        return memory.read().available + warm + ends_before

    def active(self) -> tuple[str, ...]:
        """Return the ids of the running and queued runs, oldest first."""
        return tuple(training.run_id for training in self._trainings())

    def estimated_wait(self, run_id: str) -> float | None:
        """Estimate the seconds until a queued run starts: 0 if it isn't waiting, None if that is unknown."""
        running, queue, executor = self._queue_until(run_id)
        if not queue:
            return 0.0
        in_training = [self._seconds_left(training, executor) for training in running]
        queued_before = [self._seconds_left(training, executor) for training in queue[:-1]]
        slots = executor.slots()
        return estimate_wait(in_training, queued_before, slots) if len(running) <= slots > 0 else None

    def warm_up(self) -> None:
        """Prepare a worker, so that the next training shows its first point at once."""
        self._executor().warm_up()

    def check_limits(self) -> None:
        """Send `stop` once to every training, paused or not, that has used up its time or disk space."""
        for executor in self._executors:
            executor.check_limits()

    def close(self, timeout_s: float = 10.0) -> None:
        """End all trainings started here; each saves a checkpoint and can be resumed. Can be called twice."""
        for executor in self._executors:
            executor.close(timeout_s)

    def _executor(self, here: bool = False) -> Executor:
        return self._local if here else self._executors[0]

    def _trainings(self) -> tuple[Training, ...]:
        return tuple(training for executor in self._executors for training in executor.trainings())

    def _queue_until(self, run_id: str) -> tuple[list[Training], list[Training], Executor]:
        """Return the running trainings and the queue up to this run; an empty queue if it isn't waiting."""
        for executor in self._executors:
            trainings = executor.trainings()
            queue = [training for training in trainings if training.is_queued]
            for place, training in enumerate(queue, start=1):
                if training.run_id == run_id:
                    return [each for each in trainings if not each.is_queued], queue[:place], executor
        return [], [], self._local

    def _create(self, create: Callable[[], Run], needed: tuple[str, ...] = (), here: bool = False) -> Run:
        """Create a run if the limits leave room for it, and add it to the end of the queue."""
        with self._executor(here).room() as add:
            retention.make_room(self.store, self.limits, (*self.active(), *needed))
            run = create()
            add(run.id)
        return run

    def _check_epochs(self, epochs: int) -> None:
        if epochs > self.limits.epochs:
            raise RunError(
                "This server trains for at most {most} epochs, got {value}. Choose fewer, or raise "
                "DIGIT_LAB_MAX_EPOCHS.",
                most=self.limits.epochs,
                value=epochs,
            )

    def _seconds_left(self, training: Training, executor: Executor) -> float | None:
        """Estimate for how many more seconds a run will hold a slot."""
        try:
            run = self.store.open(training.run_id)
            history = run.history()
            seconds = estimates.seconds_left(history, run.config.epochs)
            if seconds is None:
                seconds = self._estimate(run.config)
        except DigitLabError:  # it has been deleted or damaged, and will end at once
            return 0.0
        paused = history.paused and not training.is_queued
        return seconds_to_hold(seconds, executor.seconds_held(training.run_id), 60 * self.limits.minutes, paused)


def _cluster(address: str, store: RunStore, limits: Limits) -> Executor:
    """Return the executor of a Dask scheduler. Raises ConfigError if Dask isn't installed or the address isn't one."""
    try:
        from model.jobs.cluster import ClusterExecutor
    except ModuleNotFoundError as error:
        raise ConfigError(
            "{name} is set, but {package} isn't installed. Run: pip install -r requirements-cluster.txt",
            name=SCHEDULER,
            package=error.name,
        ) from error
    return ClusterExecutor(address, store, limits)
