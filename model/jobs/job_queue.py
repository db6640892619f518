"""The queue of trainings: their order, free slots and limits. Pure logic: starts no processes and takes no locks."""

from dataclasses import dataclass

from model.errors import RunError
from model.jobs.supervision import Supervision
from model.jobs.worker_process import WorkerProcess
from model.limits import Limits


@dataclass(eq=False)
class Job:
    """One training; it is queued until it has a worker."""

    run_id: str
    supervision: Supervision | None = None

    @property
    def worker(self) -> WorkerProcess | None:
        """The worker process, if it has one."""
        return self.supervision.worker if self.supervision else None

    @property
    def is_queued(self) -> bool:
        """Whether it is waiting for a slot."""
        return self.supervision is None


class JobQueue:
    """Running and queued trainings, oldest first."""

    def __init__(self, limits: Limits):
        """Start empty; at most `limits.trainings` run and at most `limits.waiting` wait."""
        self.limits = limits
        self.jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self.jobs)

    @property
    def queued(self) -> list[Job]:
        """The waiting trainings."""
        return [job for job in self.jobs if job.is_queued]

    def find(self, run_id: str) -> Job | None:
        """Return the job of a run, or None."""
        return next((job for job in self.jobs if job.run_id == run_id), None)

    def add(self, run_id: str) -> bool:
        """Add a run at the end and return True, or return False if it is already in the queue."""
        if self.find(run_id):
            return False
        self.jobs.append(Job(run_id))
        return True

    def remove(self, job: Job) -> None:
        """Remove a job that has ended or left the queue."""
        self.jobs.remove(job)

    def drop_queued(self) -> None:
        """Remove all waiting jobs."""
        self.jobs = [job for job in self.jobs if not job.is_queued]

    def next_to_start(self) -> Job | None:
        """Return the job that has waited longest, or None if no job waits or no slot is free."""
        running = len(self.jobs) - len(self.queued)
        return next(iter(self.queued), None) if running < self.limits.trainings else None

    def check_room(self) -> None:
        """Raise RunError if the queue is full."""
        waiting = len(self.queued)
        if waiting >= self.limits.waiting:
            raise RunError("The queue is full ({n} waiting). Try again later.", n=waiting)
