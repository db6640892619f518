"""The app's side of training, with real workers."""

import json
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from model.config import TrainingConfig
from model.errors import RunError
from model.jobs.manager import JobManager
from model.limits import Limits
from model.runs.events import EventLog
from model.runs.metadata import RunMetadata
from model.runs.store import RunStore
from model.training.commands import Command

ENDLESS = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=1000, batch_size=32, precision="float32")
WIDE = Limits(epochs=1000)


@pytest.fixture
def jobs():
    manager = JobManager(RunStore(), WIDE)
    yield manager
    manager.close()


def wait_for(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not in {seconds} s"
        time.sleep(0.05)


def n_batches(run):
    return len(run.event_reader.read().step)


def test_a_second_training_waits_and_starts_by_itself(jobs):
    first, second, third = (jobs.start(replace(ENDLESS, seed=seed)) for seed in range(3))
    assert [jobs.queue_position(run.id) for run in (first, second, third)] == [0, 1, 2]
    assert jobs.status(second) == "queued"
    jobs.send(second.id, Command("stop"))
    assert jobs.active() == (first.id, third.id)
    assert jobs.queue_position(third.id) == 1
    wait_for(lambda: n_batches(first) > 3)
    jobs.send(first.id, Command("stop"))
    wait_for(lambda: jobs.status(jobs.store.open(first.id)) == "stopped")
    wait_for(lambda: n_batches(third) > 0)
    assert jobs.status(third) == "running"
    assert jobs.queue_position(third.id) == 0
    assert not second.event_reader.read().last, "what was withdrawn never began"


def test_a_killed_worker_is_told_within_three_seconds_and_can_be_resumed(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: run.event_reader.read().epochs)
    jobs._jobs[0].process.kill()
    wait_for(lambda: jobs.status(run) == "interrupted", seconds=3)
    wait_for(lambda: not jobs.active(), seconds=3)
    jobs.resume(run.id)
    wait_for(lambda: run.event_reader.read().last.get("event") == "batch" and jobs.status(run) == "running")


def test_closing_interrupts_every_worker_with_a_checkpoint(jobs):
    run = jobs.start(ENDLESS)
    jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    jobs.close()
    assert jobs.status(run) == "interrupted"
    assert run.event_reader.read().last["event"] == "interrupted"
    assert run.latest_checkpoint().step == n_batches(run)
    with pytest.raises(RunError, match="shutting down"):
        jobs.start(ENDLESS)


def test_a_run_that_a_closed_server_left_is_resumed_by_the_next(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    again = JobManager(jobs.store, WIDE)
    again.resume(run.id)
    seen = set()
    wait_for(lambda: seen.add(again.status(run)) or again.status(run) == "running")
    assert "interrupted" not in seen, "from the click on it is told as under way"
    again.close()


def test_a_queued_run_whose_folder_is_gone_does_not_hold_up_the_others(jobs):
    first, gone, third = (jobs.start(ENDLESS) for _ in range(3))
    jobs.store.delete(gone.id)
    wait_for(lambda: n_batches(first) > 0)
    jobs.send(first.id, Command("stop"))
    wait_for(lambda: n_batches(third) > 0)
    assert gone.id not in jobs.active()


def test_a_queue_that_is_full_says_so(tmp_path):
    jobs = JobManager(RunStore(), replace(WIDE, waiting=1))
    try:
        jobs.start(ENDLESS)
        jobs.start(ENDLESS)
        with pytest.raises(RunError, match="1 trainings are waiting; expected fewer"):
            jobs.start(ENDLESS)
        assert len(list(jobs.store.home.iterdir())) == 2, "nothing is made for the refused one"
    finally:
        jobs.close()


def test_a_run_that_was_gone_on_with_elsewhere_is_seen_again(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    jobs._jobs[0].process.kill()
    wait_for(lambda: not jobs.active())
    assert jobs.status(run) == "interrupted"
    time.sleep(0.05)
    EventLog(run.path / "events.jsonl").write("resumed", step=0)
    assert jobs.status(run) == "running"


def test_only_an_interrupted_run_can_be_resumed(jobs):
    run = jobs.start(ENDLESS)
    with pytest.raises(RunError, match="expected an interrupted one"):
        jobs.resume(run.id)
    with pytest.raises(RunError, match="does not exist"):
        jobs.resume("no-such-run")


def test_a_word_to_a_run_that_has_ended_is_no_error(jobs):
    jobs.send("no-such-run", Command("pause"))


@pytest.fixture
def warm(jobs, monkeypatch):
    """A manager with a worker that waits for its run, its process, and how many were ever started."""
    from model.jobs import manager

    started = []
    for name in ("_spawn", "_spawn_warm"):
        spawn = getattr(manager, name)
        monkeypatch.setattr(manager, name, lambda *given, spawn=spawn: started.append(spawn(*given)) or started[-1])
    monkeypatch.delenv("DIGIT_LAB_WARM")
    jobs.warm_up()
    return jobs, started


def test_a_warm_worker_takes_the_next_run_and_obeys_like_any_other(warm):
    jobs, started = warm
    jobs.warm_up()  # a second visitor of the page
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    assert [job.process for job in jobs._jobs] == started
    jobs.warm_up()  # none beside a training, but as soon as it has ended
    assert len(started) == 1
    jobs.send(run.id, Command("stop"))
    wait_for(lambda: jobs.status(jobs.store.open(run.id)) == "stopped")
    assert (run.path / "worker.log").exists()
    wait_for(lambda: jobs._warm is not None)
    assert jobs._warm is started[1]


def test_a_warm_worker_that_died_is_replaced_by_a_cold_one(warm):
    jobs, started = warm
    started[0].kill()
    started[0].wait()
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    assert len(started) == 2


def test_closing_ends_a_warm_worker_that_was_never_asked(warm):
    jobs, started = warm
    jobs.close()
    assert started[0].wait(30) == 0


def test_a_warm_worker_gives_its_memory_back_after_a_while(jobs, monkeypatch):
    monkeypatch.delenv("DIGIT_LAB_WARM")
    monkeypatch.setattr("model.jobs.manager.IDLE_S", 0.2)
    jobs.warm_up()
    process = jobs._warm
    assert process.wait(30) == 0
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)


def test_none_is_warmed_where_memory_is_short(jobs, monkeypatch, tmp_path):
    from model.jobs import manager, worker_process

    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 1000000 kB\nMemAvailable:  400000 kB\n")
    assert not worker_process._has_room(meminfo)
    meminfo.write_text("MemAvailable: 4000000 kB\n")
    assert worker_process._has_room(meminfo)
    assert worker_process._has_room(tmp_path / "missing")
    monkeypatch.delenv("DIGIT_LAB_WARM")
    monkeypatch.setattr(manager, "_has_room", lambda: False)
    jobs.warm_up()
    assert jobs._warm is None


class Asleep:
    """A worker that neither speaks nor ends until it is told."""

    def __init__(self):
        self.ended, self.heard, self.stdin = threading.Event(), [], self

    def poll(self):
        return 0 if self.ended.is_set() else None

    def wait(self, timeout=None):
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired("asleep", timeout)
        return 0

    def write(self, line):
        self.heard.append(json.loads(line))

    def flush(self):
        pass

    def close(self):
        self.ended.set()


@pytest.fixture
def asleep(monkeypatch):
    """Make managers whose workers sleep; `asleep.workers` are those that were started."""
    from model.jobs import manager as module

    made = []

    def manager(limits=WIDE, estimate=lambda config: 100.0 * config.epochs):
        made.append(JobManager(RunStore(), limits, estimate))
        return made[-1]

    manager.workers, manager.made = [], made
    monkeypatch.setattr(module, "_spawn", lambda folder: manager.workers.append(Asleep()) or manager.workers[-1])
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    yield manager
    for each in made:
        each.close()


def tell(run, event, seconds_ago=0.0, **fields):
    """Write an event as a worker would have, some time ago."""
    stamp = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat(timespec="milliseconds")
    log = EventLog(run.path / "events.jsonl")
    log.write(event, **fields | {"time": stamp})
    log.close()


def test_too_many_epochs_are_refused_before_anything_is_made(asleep):
    jobs = asleep(Limits(epochs=3))
    with pytest.raises(RunError, match="was to take 4 epochs; expected at most 3 here, so ask for fewer"):
        jobs.start(replace(ENDLESS, epochs=4))
    with pytest.raises(RunError, match="was to take 4 epochs"):
        jobs.extend("deep", 4)
    assert not jobs.store.home.exists()
    jobs.start(replace(ENDLESS, epochs=3))


def test_a_run_is_started_with_its_label(asleep):
    assert asleep().start(ENDLESS, RunMetadata("Ann's")).label == RunMetadata("Ann's")


def test_an_old_run_makes_room_for_a_new_one_but_not_the_one_that_is_trained(asleep, monkeypatch):
    monkeypatch.setattr("model.runs.retention.QUIET_S", 0.0)
    jobs = asleep(replace(WIDE, runs=2))
    first = jobs.start(ENDLESS)
    old = jobs.store.create(replace(ENDLESS, preset="deep"))
    second = jobs.start(ENDLESS)
    assert not old.path.exists()
    with pytest.raises(RunError, match="2 runs .* are kept"):
        jobs.start(ENDLESS)
    assert jobs.active() == (first.id, second.id)


def test_open_places_tell_whether_the_next_training_waits(asleep):
    jobs = asleep(replace(WIDE, trainings=2))
    assert jobs.free_slots() == 2
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    assert (jobs.free_slots(), [jobs.queue_position(run.id) for run in runs]) == (0, [0, 0, 1])


def test_a_training_is_told_to_stop_once_when_its_time_is_up(asleep):
    run = asleep(replace(WIDE, minutes=15)).start(ENDLESS)
    worker = asleep.workers[0]
    time.sleep(0.1)
    assert not worker.heard, "it has not begun"
    with_began_long_ago(run, asleep, 16 * 60)
    tell(run, "paused", step=0)
    wait_for(lambda: worker.heard, seconds=5)
    time.sleep(0.1)
    reason = "It was stopped after 15 minutes, the most that one training may take here."
    assert worker.heard == [{"do": "stop", "reason": reason}]


def test_a_training_that_fills_a_quarter_of_the_disks_share_is_told_to_stop(asleep):
    run = asleep(replace(WIDE, disk_mb=40)).start(ENDLESS)
    worker = asleep.workers[0]
    time.sleep(0.1)
    assert not worker.heard, "it has filled nothing yet"
    (run.checkpoints / "epoch-001.keras").write_bytes(bytes(11_000_000))
    wait_for(lambda: worker.heard, seconds=5)
    reason = "It was stopped because it fills 10 MB, the most that one training may here."
    assert worker.heard == [{"do": "stop", "reason": reason}]


def with_began_long_ago(run, asleep, seconds):
    """Let the worker of a run have got it long ago, and have told so."""
    (job,) = (job for manager in asleep.made for job in manager._jobs if job.run_id == run.id)
    job.began -= seconds + 1
    tell(run, "started", seconds_ago=seconds, epochs=1000, batches_per_epoch=10)


def test_a_resumed_training_has_its_time_from_its_resumption_on(asleep):
    jobs = asleep(replace(WIDE, minutes=15))
    run = jobs.store.create(ENDLESS)
    tell(run, "started", seconds_ago=3600, epochs=1000, batches_per_epoch=10)
    tell(run, "interrupted", seconds_ago=3000, step=0)
    jobs.resume(run.id)
    time.sleep(0.1)
    tell(run, "resumed", step=0, epochs=1000, batches_per_epoch=10)
    time.sleep(0.1)
    assert not asleep.workers[0].heard


@pytest.mark.parametrize("stamp", [None, 3, "yesterday", "9999-12-31T23:59:59+00:00"])
def test_a_time_that_is_none_stops_nothing_and_breaks_nothing(asleep, stamp):
    jobs = asleep(replace(WIDE, minutes=1e-6))
    run = jobs.start(ENDLESS)
    (run.path / "events.jsonl").write_text(json.dumps({"event": "started", "time": stamp}) + "\n")
    time.sleep(0.1)
    assert not asleep.workers[0].heard
    asleep.workers[0].close()
    wait_for(lambda: not jobs.active(), seconds=5)


def test_a_word_to_a_worker_that_was_hung_up_on_is_no_error(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    jobs._jobs[0].process.stdin.close()
    jobs.send(run.id, Command("stop"))


def test_a_training_whose_time_is_up_keeps_what_it_learnt_and_the_next_one_starts():
    jobs = JobManager(RunStore(), replace(WIDE, minutes=1 / 60))
    try:
        first, second = jobs.start(ENDLESS), jobs.start(ENDLESS)
        wait_for(lambda: jobs.status(jobs.store.open(first.id)) == "stopped")
        assert first.event_reader.read().seconds < 30
        assert jobs.store.open(first.id).metrics
        wait_for(lambda: n_batches(second) > 0)
    finally:
        jobs.close()


def test_a_queued_run_is_told_how_long_it_will_wait(asleep):
    jobs = asleep()
    runs = [jobs.start(replace(ENDLESS, epochs=epochs)) for epochs in (1, 2, 3)]
    assert [jobs.estimated_wait(run.id) for run in runs] == [0, 100, 300]
    assert jobs.estimated_wait("no-such-run") == 0
    tell(runs[0], "started", epochs=1, batches_per_epoch=10)
    tell(runs[0], "batch", step=4, loss=1, accuracy=0, learning_rate=1, seconds=2)
    assert jobs.estimated_wait(runs[2].id) == pytest.approx(3 + 200)


def test_with_two_places_the_one_that_is_free_first_is_taken(asleep):
    jobs = asleep(replace(WIDE, trainings=2))
    runs = [jobs.start(replace(ENDLESS, epochs=epochs)) for epochs in (1, 5, 2, 1)]
    assert [jobs.estimated_wait(run.id) for run in runs] == [0, 0, 100, 300]


def test_nobody_is_waited_for_longer_than_one_training_may_take(asleep):
    jobs = asleep(replace(WIDE, minutes=10))
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    assert jobs.estimated_wait(runs[2].id) == 1200
    with_began_long_ago(runs[0], asleep, 60)
    tell(runs[0], "paused", step=0)
    assert jobs.estimated_wait(runs[1].id) == pytest.approx(540, abs=5), "a paused one may go on pausing"


def test_where_nothing_is_known_no_wait_is_told(asleep):
    jobs = asleep(estimate=lambda config: None)
    runs = [jobs.start(ENDLESS) for _ in range(2)]
    assert jobs.estimated_wait(runs[1].id) is None


def test_a_deleted_run_is_not_waited_for(asleep):
    jobs = asleep()
    runs = [jobs.start(ENDLESS) for _ in range(3)]
    jobs.store.delete(runs[1].id)
    assert jobs.estimated_wait(runs[2].id) == 60 * WIDE.minutes
