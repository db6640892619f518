"""The app's side of training, with real workers."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from model.config import TrainingConfig
from model.errors import RunError
from model.jobs.manager import JobManager
from model.jobs.worker_process import NICENESS, Launcher
from model.limits import Limits
from model.runs.events import RunState
from model.runs.store import RunStore
from model.training.commands import Command
from model.training.endings import SERVER_STOPPED
from tests.support import wait_for

pytestmark = pytest.mark.slow

ENDLESS = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=1000, batch_size=32, precision="float32")
WIDE = Limits(epochs=1000)


@pytest.fixture
def jobs():
    manager = JobManager(RunStore(), WIDE)
    yield manager
    manager.close()


def n_batches(run):
    return len(run.history().step)


def test_a_second_training_waits_and_starts_automatically(jobs):
    first, second, third = (jobs.start(replace(ENDLESS, seed=seed)) for seed in range(3))
    assert [jobs.queue_position(run.id) for run in (first, second, third)] == [0, 1, 2]
    assert jobs.state(second) == "queued"
    jobs.send(second.id, Command("stop"))
    assert jobs.active() == (first.id, third.id)
    assert jobs.queue_position(third.id) == 1
    wait_for(lambda: n_batches(first) > 3)
    jobs.send(first.id, Command("stop"))
    wait_for(lambda: jobs.state(jobs.store.open(first.id)) == "stopped")
    wait_for(lambda: n_batches(third) > 0)
    assert jobs.state(third) == "running"
    assert jobs.queue_position(third.id) == 0
    assert not second.history().last, "a run that left the queue never starts"


def test_closing_interrupts_workers_and_saves_checkpoints(jobs):
    run = jobs.start(ENDLESS)
    jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    jobs.close()
    assert jobs.state(run) == "interrupted"
    assert run.history().last.name == "interrupted"
    assert run.history().last.reason == SERVER_STOPPED
    assert run.latest_checkpoint().step == n_batches(run)
    with pytest.raises(RunError):
        jobs.start(ENDLESS)


def test_the_next_server_can_resume_an_interrupted_run(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    again = JobManager(jobs.store, WIDE)
    again.resume(run.id)
    statuses = []

    def is_running():
        statuses.append(again.state(run))
        return statuses[-1] == "running"

    wait_for(is_running)
    again.close()
    assert "interrupted" not in statuses, "it is active as soon as it is resumed"


def test_a_deleted_queued_run_does_not_block_the_queue(jobs):
    first, deleted, third = (jobs.start(ENDLESS) for _ in range(3))
    jobs.store.delete(deleted.id)
    wait_for(lambda: n_batches(first) > 0)
    jobs.send(first.id, Command("stop"))
    wait_for(lambda: n_batches(third) > 0)
    assert deleted.id not in jobs.active()


def test_only_an_interrupted_run_can_be_resumed(jobs):
    run = jobs.start(ENDLESS)
    with pytest.raises(RunError) as caught:
        jobs.resume(run.id)
    assert caught.value.values["run"] == run.id
    assert RunState(caught.value.values["state"]).is_active
    with pytest.raises(RunError):
        jobs.resume("no-such-run")


def test_a_command_to_a_run_that_has_ended_is_ignored(jobs):
    jobs.send("no-such-run", Command("pause"))


class CountingLauncher(Launcher):
    """Starts real workers and records them."""

    def __init__(self):
        self.started = []

    def spawn(self, folder):
        self.started.append(super().spawn(folder))
        return self.started[-1]

    def spawn_warm(self):
        self.started.append(super().spawn_warm())
        return self.started[-1]


@pytest.fixture
def warm(monkeypatch):
    """A manager with a warm worker, and the list of all workers started so far."""
    monkeypatch.delenv("DIGIT_LAB_WARM")
    launcher = CountingLauncher()
    manager = JobManager(RunStore(), WIDE, launcher=launcher)
    manager.warm_up()
    yield manager, launcher.started
    manager.close()


def test_a_warm_worker_takes_the_next_run_and_its_commands(warm):
    jobs, started = warm
    jobs.warm_up()  # a second visitor opens the page
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    assert [job.worker for job in jobs._local._queue.jobs] == started
    threads = [int(path.name) for path in Path(f"/proc/{started[0].pid}/task").iterdir()]
    assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {min(os.nice(0) + NICENESS, 19)}
    group = Path(f"/proc/{started[0].pid}/autogroup")
    if group.exists():  # /autogroup-1328 nice 5
        assert int(group.read_text().split()[-1]) == NICENESS, "its session, too"
    jobs.warm_up()  # none during a training, but one as soon as it has ended
    assert len(started) == 1
    jobs.send(run.id, Command("stop"))
    wait_for(lambda: jobs.state(jobs.store.open(run.id)) == "stopped")
    assert (run.path / "worker.log").exists()
    wait_for(lambda: len(started) == 2)


def test_a_dead_warm_worker_is_replaced_by_a_cold_one(warm):
    jobs, started = warm
    started[0].kill()
    started[0].wait()
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    assert len(started) == 2


def test_closing_ends_a_warm_worker(warm):
    jobs, started = warm
    jobs.close()
    assert started[0].wait(30)


def test_a_command_to_a_closed_worker_is_ignored(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    jobs._local._queue.jobs[0].worker.close_stdin()
    jobs.send(run.id, Command("stop"))
