"""Where trainings run: the interface of this machine's processes (`local`) and of a Dask cluster (`cluster`).

The job manager decides whether a training may start and what state it is in; an executor queues, starts and ends it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from model.training.commands import Command


@dataclass(frozen=True)
class Training:
    """One training that is running or queued."""

    run_id: str
    is_queued: bool = False  # it waits for a slot
    is_alive: bool = True  # its worker process is running, as far as is known


class Executor(Protocol):
    """Runs trainings, as many at a time as it has slots; others wait in the order they were added. Thread-safe."""

    def slots(self) -> int:
        """Return how many trainings can run at the same time."""

    def trainings(self) -> tuple[Training, ...]:
        """Return all trainings, oldest first; never waits for anything."""

    def room(self) -> AbstractContextManager[Callable[[str], None]]:
        """Hold a place, and return the function that gives it to a run, which then starts when a slot is free.

        Raises RunError if the queue is full; the function raises RunError if the run can't be started.
        """

    def refresh(self, run_id: str) -> None:
        """Find out whether a run has just ended; may take a second. Raises SchedulerError if nobody answers."""

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to a running worker; `stop` also removes a queued run. Does nothing if the run has ended."""

    def seconds_held(self, run_id: str) -> float:
        """Return for how many seconds a run has trained in its slot, including pauses; 0 before it trains."""

    def ended_at(self, run_id: str) -> float | None:
        """Return the heartbeat with which a run ended here: until there is a newer one, nobody trains it."""

    def check_limits(self) -> None:
        """Send `stop` once to every training that has used up its time or disk space."""

    def warm_up(self) -> None:
        """Prepare for the next training."""

    def processes(self) -> dict[str, int]:
        """Return the process ids of the workers on this machine; "" is the one that waits for a run."""

    def close(self, timeout_s: float) -> None:
        """End all trainings that were added here; each saves a checkpoint and can be resumed."""
