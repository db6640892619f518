"""Continuing complete runs, with real trainings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from model.config import TrainingConfig
from model.errors import RunError
from model.evaluation.metrics import compute_metrics
from model.jobs.manager import JobManager
from model.limits import Limits
from model.runs import continuation
from model.runs.atomic_files import write_json
from model.runs.events import EpochEvent, RunState
from model.runs.manifest import DatasetInfo, Manifest, TrainingOutcome
from model.runs.metadata import RunMetadata, fingerprint
from model.runs.store import RunStore
from model.training.commands import Command
from tests.support import wait_for

pytestmark = pytest.mark.slow

QUICK = TrainingConfig(
    dataset="uci-digits", preset="dense-64", epochs=2, batch_size=32, precision="float32", patience=9
)  # 42 batches an epoch


@pytest.fixture
def jobs():
    manager = JobManager(RunStore(), Limits(epochs=1000))
    yield manager
    manager.close()


def complete(jobs, run):
    wait_for(lambda: not jobs.active())
    return jobs.store.open(run.id)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_extension_leaves_the_finished_run_unchanged(jobs):
    old = complete(jobs, jobs.start(QUICK))
    before, old_curve = contents(old.path), old.history()
    run = jobs.extend(old.id, 2, RunMetadata("More epochs", tab=fingerprint("a tab")))
    assert (run.id != old.id, run.metadata.name, run.config) == (
        True,
        "More epochs",
        replace(QUICK, epochs=4, patience=0),
    )
    assert not run.manifest
    assert jobs.state(run) in ("starting", "running"), "its curve looks complete, but it isn't finishing"
    run = complete(jobs, run)
    assert (run.state(), run.outcome.epochs, run.outcome.steps) == ("finished", 4, 4 * 42)
    curve = run.history()
    assert curve.step.tolist() == list(range(1, 4 * 42 + 1)), "no batch is lost or repeated"
    assert np.array_equal(curve.loss[: 2 * 42], old_curve.loss)
    assert [epoch.epoch for epoch in curve.epochs] == [1, 2, 3, 4]
    assert curve.seconds > old_curve.seconds
    assert {f"epoch-{epoch:03}.tflite" for epoch in range(5)} <= set(contents(run.checkpoints))
    assert run.description.extends == old.id
    assert run.description.dataset == old.description.dataset
    assert run.description.created >= old.description.created
    assert run.metrics.accuracy > 0.9
    assert contents(old.path) == before


def test_a_run_stopped_in_mid_epoch_finishes_it_first(jobs):
    old = jobs.start(replace(QUICK, epochs=1000))
    wait_for(lambda: len(old.history().step) > 42 + 3)
    jobs.send(old.id, Command("pause"))
    wait_for(lambda: old.history().paused)
    jobs.send(old.id, Command("stop"))
    old = complete(jobs, old)
    before, stopped_at = contents(old.path), len(old.history().step)
    done = -(-stopped_at // 42)
    assert (old.state(), old.outcome.epochs, stopped_at % 42 > 0) == ("stopped", done, True)
    run = complete(jobs, jobs.extend(old.id, 1))
    curve = run.history()
    assert (run.state(), run.outcome.epochs) == ("finished", done + 1)
    assert curve.step.tolist() == list(range(1, (done + 1) * 42 + 1))
    assert [epoch.step for epoch in curve.epochs] == [42 * epoch for epoch in range(1, done + 2)]
    assert np.array_equal(curve.loss[:stopped_at], old.history().loss)
    assert contents(old.path) == before


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "home", shipped=tmp_path / "shipped")


def ended(store, run, state=RunState.FINISHED, epochs=0):
    """Write the files of a run that has ended, like a worker."""
    if state is RunState.FAILED:
        manifest = Manifest(state, "The loss is no longer a number.")
    else:
        metrics = compute_metrics(np.array([0, 1]), np.eye(2, dtype=np.float32), "ab")
        manifest = Manifest(state, outcome=TrainingOutcome(metrics, parameters=5, kept_epoch=0, epochs=epochs))
    dataset = DatasetInfo("own", "a test", "0" * 16, 2, 2, (28, 28, 1), ("a", "b"))
    write_json(run.path / "config.json", replace(run.description, dataset=dataset).to_dict())
    write_json(run.path / "run.json", manifest.to_dict())
    return store.open(run.id)


def test_a_run_stopped_before_its_first_batch_starts_again(store):
    old = ended(store, store.create(QUICK), RunState.STOPPED)
    run = store.extend(old, 3)
    assert run.config.epochs == 3
    assert run.latest_checkpoint() is None
    assert run.state() == "interrupted"
    assert run.state(alive=True) == "starting"


def test_events_after_the_last_epoch_are_not_copied(store):
    run = store.create(QUICK)
    epoch = json.dumps(EpochEvent(epoch=1, step=42, val_loss=0.5, val_accuracy=0.9).to_dict())
    events = ['{"event": "started"}', epoch, '{"event": "stopped"}', '["epoch"]', "{half"]
    (run.path / "events.jsonl").write_text("\n".join(events))
    (run.checkpoints / ".epoch-002.keras").write_text("half-written")
    (run.checkpoints / "epoch-001.tflite").write_text("network")
    (store.home / "new" / "checkpoints").mkdir(parents=True)
    continuation.copy_history(run, store.home / "new")
    lines = (store.home / "new" / "events.jsonl").read_text().splitlines()
    assert lines[:2] == events[:2]
    assert [json.loads(line)["event"] for line in lines[2:]] == ["interrupted"]
    assert run.id in lines[2]
    assert list(contents(store.home / "new" / "checkpoints")) == ["epoch-001.tflite"]


def test_files_are_copied_where_links_are_impossible(store, monkeypatch):
    run = store.create(QUICK)
    (run.checkpoints / "epoch-000.keras").write_text("weights")
    monkeypatch.setattr("os.link", lambda path, to: (_ for _ in ()).throw(OSError))
    new = store.extend(ended(store, run), 1)
    assert contents(new.checkpoints) == contents(run.checkpoints)


def test_only_complete_runs_with_checkpoints_are_extended(store):
    run = store.create(QUICK)
    with pytest.raises(RunError) as caught:
        store.extend(run, 1)
    assert caught.value.values == {"run": run.id, "state": RunState.INTERRUPTED}
    ended(store, run, RunState.FAILED)
    with pytest.raises(RunError) as caught:
        store.extend(run, 1)
    assert caught.value.values == {"run": run.id, "state": RunState.FAILED}
    ended(store, run, epochs=2)
    with pytest.raises(RunError) as caught:
        store.extend(run, 1)
    assert caught.value.values == {"run": run.id}
    assert [path.name for path in store.home.iterdir()] == [run.id], "no incomplete folder is left"


def test_a_shipped_run_without_checkpoints_is_not_continued():
    with pytest.raises(RunError) as caught:
        RunStore().extend(RunStore().open("deep"), 1)
    assert caught.value.values == {"run": "deep"}


@pytest.mark.parametrize("epochs", [1001, 10**400])
def test_more_than_a_thousand_epochs_raise_an_error(store, epochs):
    old = ended(store, store.create(QUICK))
    with pytest.raises(RunError) as caught:
        store.extend(old, epochs)
    assert caught.value.values == {"run": old.id, "done": 0, "epochs": epochs}


@pytest.mark.parametrize("epochs", [0, -1, True, 1.0, None])
def test_epochs_to_add_must_be_a_positive_whole_number(store, epochs):
    old = ended(store, store.create(QUICK))
    with pytest.raises(RunError) as caught:
        store.extend(old, epochs)
    assert caught.value.values == {"value": epochs}


def test_a_copy_that_fails_leaves_nothing_behind(store, monkeypatch):
    old = ended(store, store.create(QUICK))

    def full(run, folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(continuation, "copy_history", full)
    with pytest.raises(RunError) as caught:
        store.extend(old, 1)
    assert caught.value.values == {"folder": store.home, "reason": "No space left on device"}
    assert [path.name for path in store.home.iterdir()] == [old.id]
