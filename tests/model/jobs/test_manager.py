"""The job manager with fake workers, clock and timer: no test starts a process or sleeps."""

import errno
import json
import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from model.config import TrainingConfig
from model.errors import RunError
from model.jobs import memory, usage
from model.jobs.manager import JobManager
from model.jobs.memory import Memory
from model.jobs.warm_worker import IDLE_S
from model.jobs.worker_process import MIN_FREE, Launcher
from model.limits import Limits
from model.runs.events import InterruptedEvent
from model.runs.metadata import RunMetadata
from model.runs.store import RunStore
from model.training.commands import Command, CommandName
from tests.support import wait_for

ENDLESS = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=1000, batch_size=32, precision="float32")
WIDE = Limits(epochs=1000)


class IdleWorker:
    """A worker that writes no events and ends when its stdin is closed."""

    exit_code, pid = 0, os.getpid()

    def __init__(self):
        self.ended, self.commands, self.folder = threading.Event(), [], None

    def is_alive(self):
        return not self.ended.is_set()

    def wait(self, timeout_s=None):
        return self.ended.wait(timeout_s)

    def is_killed_for_memory(self):
        return False

    def send(self, command):
        self.commands.append(command)

    def assign(self, folder):
        self.folder = folder
        return self.is_alive()

    def close_stdin(self):
        self.ended.set()

    kill = close_stdin


class IdleLauncher:
    def __init__(self):
        self.cold, self.warm, self.has_memory = [], [], True

    def spawn(self, folder):
        if not folder.is_dir():
            raise FileNotFoundError(folder)
        self.cold.append(IdleWorker())
        return self.cold[-1]

    def spawn_warm(self):
        self.warm.append(IdleWorker())
        return self.warm[-1]

    def may_spawn_warm(self):
        return self.has_memory


class Clock:
    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


class Timers:
    """Timers that end only when the test calls their function."""

    def __init__(self):
        self.running = []

    def __call__(self, seconds, function):
        return ManualTimer(self, seconds, function)


class ManualTimer:
    def __init__(self, timers, seconds, function):
        self.timers, self.seconds, self.function = timers, seconds, function

    def start(self):
        self.timers.running.append(self)

    def cancel(self):
        self.timers.running.remove(self)


@pytest.fixture
def launcher():
    return IdleLauncher()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timers():
    return Timers()


@pytest.fixture
def make(launcher, clock, timers):
    """Create managers whose workers are idle."""
    managers = []

    def manager(limits=WIDE, estimate=lambda config: 100.0 * config.epochs):
        managers.append(JobManager(RunStore(), limits, estimate, clock, launcher, timers))
        return managers[-1]

    yield manager
    for each in managers:
        each.close()


def write_event(run, event, time_s, **fields):
    """Append an event like a worker's, at a time in seconds since 1970."""
    stamp = datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds")
    with (run.path / "events.jsonl").open("a") as file:
        file.write(json.dumps({"event": event, "time": stamp} | fields) + "\n")


def test_too_many_epochs_are_rejected_before_a_run_exists(make):
    jobs = make(Limits(epochs=3))
    for start in (lambda: jobs.start(replace(ENDLESS, epochs=4)), lambda: jobs.extend("deep", 4)):
        with pytest.raises(RunError) as caught:
            start()
        assert caught.value.values == {"most": 3, "value": 4}
    assert not jobs.store.home.exists()
    jobs.start(replace(ENDLESS, epochs=3))


@pytest.mark.parametrize("waiting", [1, 2])
def test_a_full_queue_rejects_a_training_and_creates_no_run(make, waiting):
    jobs = make(replace(WIDE, waiting=waiting))
    for _ in range(1 + waiting):
        jobs.start(ENDLESS)
    with pytest.raises(RunError) as caught:
        jobs.start(ENDLESS)
    assert caught.value.values == {"n": waiting}
    assert len(list(jobs.store.home.iterdir())) == 1 + waiting


def test_a_run_is_started_with_its_label(make):
    assert make().start(ENDLESS, RunMetadata("Ann's")).metadata == RunMetadata("Ann's")


def test_old_runs_are_deleted_but_not_those_in_training(make, monkeypatch):
    monkeypatch.setattr("model.runs.retention.ABANDONED_S", 0.0)
    jobs = make(replace(WIDE, runs=2))
    first = jobs.start(ENDLESS)
    old = jobs.store.create(replace(ENDLESS, preset="deep"))
    second = jobs.start(ENDLESS)
    assert not old.path.exists()
    assert WIDE.waiting > 1, "the queue has room, the store has none"
    with pytest.raises(RunError):
        jobs.start(ENDLESS)
    assert jobs.active() == (first.id, second.id)


def test_without_free_slots_a_run_gets_a_queue_position(make):
    jobs = make(replace(WIDE, trainings=2))
    assert jobs.free_slots() == 2
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    assert (jobs.free_slots(), [jobs.queue_position(run.id) for run in runs]) == (0, [0, 0, 1])


def test_the_next_run_starts_when_one_ends(make, launcher):
    jobs = make()
    first, second = jobs.start(ENDLESS), jobs.start(ENDLESS)
    launcher.cold[0].close_stdin()
    wait_for(lambda: jobs.active() == (second.id,))
    assert len(launcher.cold) == 2
    assert jobs.state(first) == "interrupted"


def test_a_run_that_leaves_the_queue_never_starts(make, launcher):
    jobs = make()
    first, second, third = (jobs.start(ENDLESS) for _ in range(3))
    jobs.send(second.id, Command(CommandName.STOP))
    assert jobs.active() == (first.id, third.id)
    assert jobs.queue_position(third.id) == 1
    assert launcher.cold[0].commands == []


def test_a_run_with_a_new_heartbeat_is_running_again(make, launcher, clock):
    """Somebody has resumed it on the command line."""
    jobs = make()
    run = jobs.start(ENDLESS)
    write_event(run, "started", clock.now, epochs=1, batches_per_epoch=10)
    launcher.cold[0].close_stdin()
    clock.now += 1
    wait_for(lambda: not jobs.active())
    assert jobs.state(run) == "interrupted"
    write_event(run, "resumed", clock.now, step=0)
    os.utime(run.path / "events.jsonl", (clock.now + 1, clock.now + 1))
    assert jobs.state(run) == "running"


def test_a_training_out_of_time_is_stopped_once(make, launcher, clock):
    jobs = make(replace(WIDE, minutes=15))
    run = jobs.start(ENDLESS)
    clock.now += 3600
    jobs.check_limits()
    assert launcher.cold[0].commands == [], "it hasn't started to train"
    write_event(run, "started", clock.now, epochs=1000, batches_per_epoch=10)
    write_event(run, "paused", clock.now, step=0)
    jobs.check_limits()
    clock.now += 15 * 60 - 1
    jobs.check_limits()
    assert launcher.cold[0].commands == []
    clock.now += 1
    jobs.check_limits()
    jobs.check_limits()
    (command,) = launcher.cold[0].commands
    assert command.do is CommandName.STOP
    assert "15 minutes" in command.reason
    assert Command.from_json(command.to_json()) == command, "the protocol accepts the reason"


def test_a_training_that_fills_its_disk_share_is_stopped(make, launcher):
    jobs = make(replace(WIDE, disk_mb=40))
    run = jobs.start(ENDLESS)
    jobs.check_limits()
    assert launcher.cold[0].commands == []
    (run.checkpoints / "epoch-001.keras").write_bytes(bytes(11_000_000))
    jobs.check_limits()
    (command,) = launcher.cold[0].commands
    assert command.do is CommandName.STOP
    assert "10 MB" in command.reason


def test_the_time_of_a_resumed_training_starts_from_zero(make, launcher, clock):
    jobs = make(replace(WIDE, minutes=15))
    run = jobs.store.create(ENDLESS)
    write_event(run, "started", clock.now - 3600, epochs=1000, batches_per_epoch=10)
    write_event(run, "interrupted", clock.now - 3000, step=0)
    jobs.resume(run.id)
    jobs.check_limits()
    write_event(run, "resumed", clock.now, step=0, epochs=1000, batches_per_epoch=10)
    jobs.check_limits()
    assert launcher.cold[0].commands == []
    clock.now += 15 * 60
    jobs.check_limits()
    assert len(launcher.cold[0].commands) == 1


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_changed_clock_neither_stops_nor_extends_a_training(make, launcher, clock, hours):
    jobs = make(replace(WIDE, minutes=15))
    run = jobs.start(ENDLESS)
    write_event(run, "started", clock.now + 3600 * hours, epochs=1000, batches_per_epoch=10)
    jobs.check_limits()
    clock.now += 15 * 60 - 1
    jobs.check_limits()
    assert launcher.cold[0].commands == []
    clock.now += 1
    jobs.check_limits()
    assert len(launcher.cold[0].commands) == 1


def test_a_training_whose_folder_was_deleted_frees_its_place(make, launcher):
    jobs = make()
    first, second = jobs.start(ENDLESS), jobs.start(ENDLESS)
    shutil.rmtree(first.path)
    wait_for(lambda: jobs.active() == (second.id,), seconds=5)
    assert not launcher.cold[0].is_alive()
    assert not first.path.exists()


def test_a_run_that_cannot_be_written_is_not_resumed(make, launcher):
    jobs = make()
    run = jobs.store.create(ENDLESS)
    (run.path / "worker.log").mkdir()
    with pytest.raises(RunError) as caught:
        jobs.resume(run.id)
    assert caught.value.values == {"run": run.id, "reason": os.strerror(errno.EISDIR)}
    assert (jobs.active(), launcher.cold) == ((), [])
    (run.path / "worker.log").rmdir()
    jobs.resume(run.id)
    assert jobs.active() == (run.id,)


@pytest.mark.parametrize("stamp", [None, 3, "yesterday", "9999-12-31T23:59:59+00:00"])
def test_an_invalid_time_stops_no_training(make, launcher, stamp):
    jobs = make(replace(WIDE, minutes=1e-6))
    run = jobs.start(ENDLESS)
    (run.path / "events.jsonl").write_text(json.dumps({"event": "started", "time": stamp}) + "\n")
    jobs.check_limits()
    assert launcher.cold[0].commands == []


def test_the_wait_of_a_queued_run_is_estimated(make, clock):
    jobs = make()
    runs = [jobs.start(replace(ENDLESS, epochs=epochs)) for epochs in (1, 2, 3)]
    assert [jobs.estimated_wait(run.id) for run in runs] == [0, 100, 300]
    assert jobs.estimated_wait("no-such-run") == 0
    write_event(runs[0], "started", clock.now, epochs=1, batches_per_epoch=10)
    write_event(runs[0], "batch", clock.now, step=4, loss=1, accuracy=0, learning_rate=1, seconds=2)
    assert jobs.estimated_wait(runs[2].id) == pytest.approx(3 + 200)


def test_a_paused_training_may_use_up_its_time(make, clock):
    jobs = make(replace(WIDE, minutes=10))
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    assert jobs.estimated_wait(runs[2].id) == 1200
    write_event(runs[0], "started", clock.now + 1, epochs=1000, batches_per_epoch=10)
    write_event(runs[0], "paused", clock.now + 1, step=0)
    jobs.check_limits()
    clock.now += 60
    assert jobs.estimated_wait(runs[1].id) == pytest.approx(540, abs=0.01)


def test_the_wait_is_unknown_without_an_estimate(make):
    jobs = make(estimate=lambda config: None)
    runs = [jobs.start(ENDLESS) for _ in range(2)]
    assert jobs.estimated_wait(runs[1].id) is None


def test_nobody_waits_for_a_deleted_run(make):
    jobs = make()
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    jobs.store.delete(runs[1].id)
    assert jobs.estimated_wait(runs[2].id) == 60 * WIDE.minutes


def test_a_warm_worker_is_started_once_and_gets_the_run(make, launcher):
    jobs = make()
    jobs.warm_up()
    jobs.warm_up()
    run = jobs.start(ENDLESS)
    assert (len(launcher.warm), launcher.cold) == (1, [])
    assert launcher.warm[0].folder == run.path


def test_a_warm_worker_ends_when_its_time_is_up(make, launcher, timers):
    jobs = make()
    jobs.warm_up()
    jobs.warm_up()
    (timer,) = timers.running
    assert timer.seconds == IDLE_S
    timer.function()
    assert not launcher.warm[0].is_alive()
    jobs.start(ENDLESS)
    assert len(launcher.cold) == 1


def test_a_warm_worker_starts_after_a_running_training(make, launcher):
    jobs = make()
    jobs.start(ENDLESS)
    jobs.warm_up()
    assert launcher.warm == []
    launcher.cold[0].close_stdin()
    wait_for(lambda: launcher.warm)


def test_no_warm_worker_starts_without_enough_memory(make, launcher):
    launcher.has_memory = False
    make().warm_up()
    assert launcher.warm == []


def test_a_warm_worker_needs_free_memory(monkeypatch):
    monkeypatch.delenv("DIGIT_LAB_WARM")
    for free, may in ((MIN_FREE - 1, False), (MIN_FREE, True)):
        monkeypatch.setattr(memory, "read", lambda free=free: Memory(10 * MIN_FREE, free))
        assert Launcher().may_spawn_warm() is may
    monkeypatch.setenv("DIGIT_LAB_WARM", "0")
    assert not Launcher().may_spawn_warm()


def test_memory_that_is_freed_before_the_next_training_counts(make, launcher, monkeypatch):
    monkeypatch.setattr(memory, "read", lambda: Memory(10_000, 1_000))
    monkeypatch.setattr(usage, "own_memory", lambda pid: pid)
    jobs = make(replace(WIDE, trainings=2))
    assert jobs.free_memory() == 1_000
    jobs.warm_up()
    launcher.warm[0].pid = 700
    assert jobs.processes() == {"": 700}
    assert jobs.free_memory() == 1_700, "it will train the next run"
    first, second, third = (jobs.start(ENDLESS) for _ in range(3))
    launcher.cold[0].pid = 300
    assert jobs.processes() == {first.id: 700, second.id: 300}, "a queued run has no process"
    assert jobs.free_memory() == 1_300, "the one that ends first may be the small one"


def test_a_lost_worker_leaves_a_reason_that_others_can_read(make, launcher):
    jobs = make()
    run = jobs.start(ENDLESS)
    launcher.cold[0].exit_code = -signal.SIGSEGV
    launcher.cold[0].close_stdin()
    wait_for(lambda: jobs.state(run) == "interrupted")
    last = RunStore().open(run.id).history().last
    assert isinstance(last, InterruptedEvent)
    assert "SIGSEGV" in last.reason


def test_closing_ends_all_workers_and_rejects_new_runs(make, launcher):
    jobs = make()
    jobs.warm_up()
    jobs.start(ENDLESS)
    waiting = jobs.start(ENDLESS)
    jobs.close()
    assert not launcher.warm[0].is_alive()
    assert WIDE.waiting > 1
    with pytest.raises(RunError):
        jobs.start(ENDLESS)
    assert waiting.id not in jobs.active()
