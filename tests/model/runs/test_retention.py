"""Which runs are deleted to make room for new ones, and which never are."""

import os
import time
from collections import namedtuple
from dataclasses import replace

import pytest

from model.config import TrainingConfig
from model.errors import RunError
from model.limits import Limits
from model.runs import retention
from model.runs.events import EventLog, StartedEvent
from model.runs.metadata import RunMetadata
from model.runs.store import RunStore

HOUR = 3600


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "home", shipped=tmp_path / "shipped")


def aged(run, seconds):
    for path in (run.path / "events.jsonl", run.path):
        if path.exists():
            os.utime(path, (time.time() - seconds,) * 2)
    return run


def add(store, age=HOUR, label=None, megabytes=0):
    run = store.create(TrainingConfig(), label or RunMetadata())
    (run.path / "model.keras").write_bytes(bytes(megabytes * 1_000_000))
    return aged(run, age)


def ids(store):
    return {path.name for path in store.home.iterdir()}


def test_nothing_is_deleted_while_there_is_room(store):
    runs = [add(store) for _ in range(3)]
    retention.make_room(store, Limits(runs=4), ())
    assert ids(store) == {run.id for run in runs}


def test_pruning_deletes_the_oldest_until_the_limits_are_kept(store):
    old, older, new = add(store, 2 * HOUR), add(store, 3 * HOUR), add(store, HOUR)
    named = add(store, 9 * HOUR, RunMetadata(name="important"))
    limits = Limits(runs=2)
    assert [run.id for run in retention.runs_to_prune(store, limits, ())] == [older.id, old.id]
    assert ids(store) == {old.id, older.id, new.id, named.id}, "nothing is deleted yet"
    assert [run.id for run in retention.prune(store, limits, ())] == [older.id, old.id]
    assert ids(store) == {new.id, named.id}
    assert retention.prune(store, limits, ()) == []


def test_pruning_keeps_the_limit_on_megabytes(store):
    old, new = add(store, 2 * HOUR, megabytes=6), add(store, HOUR, megabytes=6)
    assert retention.stored_size(store).runs == 2
    assert retention.stored_size(store).megabytes == pytest.approx(12, abs=0.1)
    (pruned,) = retention.prune(store, Limits(disk_mb=10), ())
    assert pruned.id == old.id
    assert pruned.megabytes == pytest.approx(6, abs=0.1)
    assert ids(store) == {new.id}


@pytest.mark.parametrize("age", [60, retention.QUIET_S - 5])
def test_pruning_leaves_what_is_in_use(store, age):
    busy, recent = add(store, 9 * HOUR), add(store, age)
    assert retention.prune(store, Limits(runs=1), busy=[busy.id]) == []
    assert ids(store) == {busy.id, recent.id}


def test_a_run_that_may_be_queued_is_pruned_only_by_those_who_know(store):
    limits = Limits(runs=1, minutes=10, waiting=5)
    run, longer = add(store, HOUR - 60), add(store, HOUR + 60)
    waiting = [each.id for each in retention.runs_to_prune(store, replace(limits, runs=1), busy=())]
    assert waiting == [longer.id]
    add(store, HOUR - 70)
    assert [each.id for each in retention.runs_to_prune(store, limits)] == [longer.id], "six trainings of ten minutes"
    assert [each.id for each in retention.runs_to_prune(store, limits, busy=())] == [longer.id, run.id]


def test_a_store_without_a_folder_has_room(store):
    retention.make_room(store, Limits(runs=1), ())
    assert not store.home.exists()


def test_the_oldest_are_deleted_until_one_more_fits(store):
    middle, oldest, youngest = add(store, 2 * HOUR), add(store, 3 * HOUR), add(store, HOUR)
    retention.make_room(store, Limits(runs=3), ())
    assert ids(store) == {middle.id, youngest.id}
    retention.make_room(store, Limits(runs=2), ())
    assert ids(store) == {youngest.id}
    assert oldest.id not in ids(store)


def test_the_oldest_are_deleted_until_the_size_fits(store):
    add(store, 3 * HOUR, megabytes=2)
    kept = add(store, 2 * HOUR, megabytes=2)
    retention.make_room(store, Limits(disk_mb=3), ())
    assert ids(store) == {kept.id}


def test_named_busy_young_and_shipped_runs_stay(store):
    (store.shipped / "champion").mkdir(parents=True)
    named, busy, young = add(store, label=RunMetadata("Ann's")), add(store), add(store, age=500)
    noted = add(store, label=RunMetadata(note="no name"))
    retention.make_room(store, Limits(runs=4), (busy.id,))
    assert ids(store) == {named.id, busy.id, young.id}
    assert noted.id not in ids(store)
    with pytest.raises(RunError) as caught:
        retention.make_room(store, Limits(runs=3), (busy.id,))
    assert {**caught.value.values, "size": 0} == {"n": 3, "most": 3, "size": 0, "most_mb": 4000}
    assert ids(store) == {named.id, busy.id, young.id}
    assert (store.shipped / "champion").is_dir()


def test_a_run_with_a_live_worker_stays(store):
    run = store.create(TrainingConfig())
    log = EventLog(run.path / "events.jsonl")
    log.write(StartedEvent(epochs=1, batches_per_epoch=2))
    os.utime(run.path, (time.time() - HOUR,) * 2)
    assert run.state() == "running"
    with pytest.raises(RunError):
        retention.make_room(store, Limits(runs=1), ())
    assert ids(store) == {run.id}
    log.close()
    aged(run, HOUR)
    retention.make_room(store, Limits(runs=1), ())
    assert ids(store) == set()


def test_damaged_folders_count_and_are_deleted(store):
    run = add(store)
    (run.path / "config.json").write_text("{")
    aged(run, HOUR)
    retention.make_room(store, Limits(runs=1), ())
    assert ids(store) == set()


def test_a_folder_that_can_not_be_deleted_raises_an_error(store):
    add(store)
    odd = store.home / "not a run id"
    odd.mkdir()
    os.utime(odd, (time.time() - 2 * HOUR,) * 2)
    with pytest.raises(RunError) as caught:
        retention.make_room(store, Limits(runs=1), ())
    assert caught.value.values["n"] == 1
    assert ids(store) == {odd.name}


def test_hidden_folders_are_left_alone(store):
    add(store)
    (store.home / ".incomplete").mkdir()
    retention.make_room(store, Limits(runs=2), ())
    assert ".incomplete" in ids(store)


def test_a_full_disk_raises_an_error_before_a_run_exists(store, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**9, 8 * 10**8, 2 * 10**8))
    with pytest.raises(RunError) as caught:
        retention.make_room(store, Limits(), ())
    assert caught.value.values == {"least": 300, "free": 200}


def test_a_run_that_is_deleted_meanwhile_causes_no_error(store, monkeypatch):
    gone, kept = add(store, 2 * HOUR), add(store)
    delete = store.delete
    monkeypatch.setattr(store, "delete", lambda run_id: [delete(run_id), delete(run_id)])
    retention.make_room(store, Limits(runs=2), ())
    assert ids(store) == {kept.id}
    assert gone.id not in ids(store)
