"""The app's side of training, with real workers."""

import time
from dataclasses import replace

import pytest

from model.control import Command
from model.errors import RunError
from model.history import EventLog
from model.jobs import JobManager
from model.records import TrainingConfig
from model.runs import RunStore

ENDLESS = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=1000, batch_size=32, precision="float32")


@pytest.fixture
def jobs():
    manager = JobManager(RunStore())
    yield manager
    manager.close()


def wait_for(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not in {seconds} s"
        time.sleep(0.05)


def n_batches(run):
    return len(run.follower.read().step)


def test_a_second_training_waits_and_starts_by_itself(jobs):
    first, second, third = (jobs.start(replace(ENDLESS, seed=seed)) for seed in range(3))
    assert [jobs.place(run.id) for run in (first, second, third)] == [0, 1, 2]
    assert jobs.status(second) == "queued"
    jobs.tell(second.id, Command("stop"))
    assert jobs.active() == (first.id, third.id)
    assert jobs.place(third.id) == 1
    wait_for(lambda: n_batches(first) > 3)
    jobs.tell(first.id, Command("stop"))
    wait_for(lambda: jobs.status(jobs.store.open(first.id)) == "stopped")
    wait_for(lambda: n_batches(third) > 0)
    assert jobs.status(third) == "running"
    assert jobs.place(third.id) == 0
    assert not second.follower.read().last, "what was withdrawn never began"


def test_a_killed_worker_is_told_within_three_seconds_and_can_be_resumed(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: run.follower.read().epochs)
    jobs._jobs[0].process.kill()
    wait_for(lambda: jobs.status(run) == "interrupted", seconds=3)
    wait_for(lambda: not jobs.active(), seconds=3)
    jobs.resume(run.id)
    wait_for(lambda: run.follower.read().last.get("event") == "batch" and jobs.status(run) == "running")


def test_closing_interrupts_every_worker_with_a_checkpoint(jobs):
    run = jobs.start(ENDLESS)
    jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    jobs.close()
    assert jobs.status(run) == "interrupted"
    assert run.follower.read().last["event"] == "interrupted"
    assert run.resumption().step == n_batches(run)
    with pytest.raises(RunError, match="shutting down"):
        jobs.start(ENDLESS)


def test_a_run_that_a_closed_server_left_is_resumed_by_the_next(jobs):
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    jobs.close()
    again = JobManager(jobs.store)
    again.resume(run.id)
    seen = set()
    wait_for(lambda: seen.add(again.status(run)) or again.status(run) == "running")
    assert "interrupted" not in seen, "from the click on it is told as under way"
    again.close()


def test_a_queued_run_whose_folder_is_gone_does_not_hold_up_the_others(jobs):
    first, gone, third = (jobs.start(ENDLESS) for _ in range(3))
    jobs.store.delete(gone.id)
    wait_for(lambda: n_batches(first) > 0)
    jobs.tell(first.id, Command("stop"))
    wait_for(lambda: n_batches(third) > 0)
    assert gone.id not in jobs.active()


def test_a_queue_that_is_full_says_so(tmp_path):
    jobs = JobManager(RunStore(), max_waiting=1)
    try:
        jobs.start(ENDLESS)
        jobs.start(ENDLESS)
        with pytest.raises(RunError, match="1 trainings are waiting; expected fewer"):
            jobs.start(ENDLESS)
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
    jobs.tell("no-such-run", Command("pause"))


@pytest.fixture
def warm(jobs, monkeypatch):
    """A manager with a worker that waits for its run, its process, and how many were ever started."""
    from model import jobs as module

    started = []
    for name in ("_spawn", "_spawn_warm"):
        spawn = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, spawn=spawn: started.append(spawn(*given)) or started[-1])
    monkeypatch.delenv("DIGIT_LAB_WARM")
    jobs.warm_up()
    return jobs, started


def test_a_warm_worker_takes_the_next_run_and_obeys_like_any_other(warm):
    jobs, started = warm
    jobs.warm_up()  # a second visitor of the page
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 3)
    assert [job.process for job in jobs._jobs] == started
    jobs.warm_up()  # none beside a training
    assert len(started) == 1
    jobs.tell(run.id, Command("stop"))
    wait_for(lambda: jobs.status(jobs.store.open(run.id)) == "stopped")
    assert (run.path / "worker.log").exists()


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
    monkeypatch.setattr("model.jobs.IDLE_S", 0.2)
    jobs.warm_up()
    process = jobs._warm
    assert process.wait(30) == 0
    run = jobs.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)


def test_none_is_warmed_where_memory_is_short(jobs, monkeypatch, tmp_path):
    from model import jobs as module

    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 1000000 kB\nMemAvailable:  400000 kB\n")
    assert not module._has_room(meminfo)
    meminfo.write_text("MemAvailable: 4000000 kB\n")
    assert module._has_room(meminfo)
    assert module._has_room(tmp_path / "missing")
    monkeypatch.delenv("DIGIT_LAB_WARM")
    monkeypatch.setattr(module, "_has_room", lambda: False)
    jobs.warm_up()
    assert jobs._warm is None
