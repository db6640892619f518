"""The run store: what it lists, opens and deletes, and when it raises errors."""

import json
import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import TrainingConfig
from model.errors import RunError
from model.evaluation.metrics import compute_metrics
from model.results import Predictions
from model.runs.atomic_files import write_json, write_npz, written_aside
from model.runs.events import EpochEvent, EventLog, InterruptedEvent, PausedEvent, StartedEvent
from model.runs.manifest import DatasetInfo
from model.runs.run import FinishedRun
from model.runs.store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "home", shipped=tmp_path / "shipped")


def complete(run, status="finished"):
    evaluation = Predictions(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32))
    write_npz(run.path / "evaluation.npz", labels=evaluation.labels, probabilities=evaluation.probabilities)
    manifest = {"status": status, "parameters": 5, "kept_epoch": 1, "epochs": 1}
    dataset = DatasetInfo("own", "a folder", "0" * 16, 3, 3, (28, 28, 1), ("a", "b"))
    write_json(run.path / "config.json", replace(run.description, dataset=dataset).to_dict())
    write_json(
        run.path / "run.json",
        manifest | {"figures": compute_metrics(evaluation.labels, evaluation.probabilities, "ab").to_dict()},
    )


def test_a_new_run_has_its_settings(store):
    config = TrainingConfig(dataset="uci-digits", epochs=2)
    assert store.open(store.create(config).id).config == config


def test_runs_of_the_same_second_get_different_folders(store):
    assert len({store.create(TrainingConfig()).id for _ in range(5)}) == 5


def test_an_id_ends_with_the_preset(store):
    assert store.create(TrainingConfig(preset="dense-64")).id.endswith("-dense-64")


def test_own_runs_come_first_newest_first(store, tmp_path):
    old, new = store.create(TrainingConfig()), store.create(TrainingConfig())
    shipped = tmp_path / "shipped" / "champion"
    shipped.mkdir(parents=True)
    write_json(shipped / "config.json", {"config": TrainingConfig().to_dict()})
    runs, damaged = store.list()
    assert [run.id for run in runs] == [new.id, old.id, "champion"]
    assert [run.shipped for run in runs] == [False, False, True]
    assert damaged == []


def test_a_store_without_folders_is_empty(store):
    assert store.list() == ([], [])


def test_a_complete_run_has_metrics_and_predictions(store):
    run = store.create(TrainingConfig())
    assert not isinstance(store.open(run.id), FinishedRun)
    complete(run)
    opened = store.open_finished(run.id)
    assert opened.metrics.accuracy == pytest.approx(2 / 3)
    assert opened.predictions().labels.tolist() == [0, 1, 1]
    assert opened.state() == "finished"


@pytest.mark.parametrize(
    "file, content",
    [
        ("config.json", "{"),
        ("config.json", "[]"),
        ("config.json", '{"config": {"epochs": "many"}}'),
        ("run.json", "not json"),
        ("run.json", '{"status": "finished", "figures": {"accuracy": 1}}'),
        ("run.json", '{"a": 1}'),
        (
            "run.json",
            '{"status": "finished", "figures": {"accuracy": "abc"}, "parameters": 1, "kept_epoch": 1, "epochs": 1}',
        ),
        ("run.json", 2000 * "[" + 2000 * "]"),
        ("run.json", '{"status": "running"}'),
        ("run.json", '{"status": "finished"}'),
        ("run.json", '{"format": 2, "status": "failed"}'),
        ("config.json", '{"created": null, "config": {}}'),
        ("config.json", '{"dataset": "x", "config": {}}'),
        ("config.json", '{"config": {"validation_share": 1' + 400 * "0" + "}}"),
        ("run.json", "\udcff".encode("utf-8", "surrogateescape")),
    ],
)
def test_a_damaged_run_is_listed_with_its_reason(store, file, content):
    good, bad = store.create(TrainingConfig()), store.create(TrainingConfig())
    path = bad.path / file
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
    runs, damaged = store.list()
    assert [run.id for run in runs] == [good.id]
    assert [each.id for each in damaged] == [bad.id]
    assert damaged[0].reason.values["run"] == bad.id
    assert damaged[0].reason.values.get("file", "config.json") == file
    with pytest.raises(RunError) as caught:
        store.open(bad.id)
    assert str(caught.value) == str(damaged[0].reason)


def test_a_folder_without_a_config_is_damaged(store):
    (store.home / "empty").mkdir(parents=True)
    assert [each.id for each in store.list()[1]] == ["empty"]


@given(st.text(max_size=30) | st.sampled_from(["..", ".", "../home", "/etc", "a/../..", "~", "\0"]))
def test_no_id_leads_out_of_the_store(tmp_path_factory, name):
    home = tmp_path_factory.mktemp("store")
    (home / "secret").mkdir()
    store = RunStore(home / "home", shipped=home / "shipped")
    store.create(TrainingConfig())
    for call in (store.open, store.delete):
        with pytest.raises(RunError):
            call(name)
    assert (home / "secret").is_dir()


def test_an_error_repeats_only_possible_ids(store):
    for call in (store.open, store.delete):
        with pytest.raises(RunError) as caught:
            call("[Log in again](https://example.org)")
        assert "example.org" not in str(caught.value)
        with pytest.raises(RunError) as caught:
            call("no-such-run")
        assert caught.value.values == {"run": "no-such-run"}


def test_an_unwritable_home_is_named_in_the_error(tmp_path):
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "runs"
    with pytest.raises(RunError) as caught:
        RunStore(home).create(TrainingConfig())
    assert caught.value.values["folder"] == home


def test_a_run_completed_after_opening_is_not_interrupted(store):
    run = store.create(TrainingConfig())
    assert run.state(alive=False) == "interrupted"
    complete(run)
    assert run.state(alive=False) == "finished"


def test_a_resumed_run_is_starting_until_its_first_event(store):
    run = store.create(TrainingConfig())
    EventLog(run.path / "events.jsonl").write(InterruptedEvent(step=3))
    assert run.state() == "interrupted"
    assert run.state(alive=True) == "starting"


def test_own_runs_can_be_deleted_and_shipped_ones_can_not(store, tmp_path):
    run = store.create(TrainingConfig())
    (tmp_path / "shipped" / "champion").mkdir(parents=True)
    store.delete(run.id)
    assert not run.path.exists()
    with pytest.raises(RunError) as caught:
        store.delete("champion")
    assert caught.value.values == {"run": "champion"}
    assert (tmp_path / "shipped" / "champion").exists()


def test_a_folder_in_use_is_not_deleted(store, monkeypatch):
    run = store.create(TrainingConfig())

    def in_use(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("model.runs.store.shutil.rmtree", in_use)
    with pytest.raises(RunError) as caught:
        store.delete(run.id)
    assert caught.value.values == {"run": run.id, "reason": "Permission denied"}


def test_a_run_without_a_worker_is_interrupted(store):
    assert store.create(TrainingConfig()).state() == "interrupted"


def test_a_run_with_a_live_worker_is_running(store):
    run = store.create(TrainingConfig())
    log = EventLog(run.path / "events.jsonl")
    assert run.state() == "starting"
    log.write(StartedEvent(epochs=1, batches_per_epoch=2))
    assert run.state() == "running"
    log.write(PausedEvent(step=0))
    assert run.state() == "paused"
    assert run.state(alive=False) == "interrupted"


def test_a_missing_network_or_evaluation_raises_an_error(store):
    run = store.create(TrainingConfig())
    with pytest.raises(RunError) as caught:
        run.network  # noqa: B018
    assert caught.value.values == {"run": run.id}
    complete(run)
    (run.path / "evaluation.npz").unlink()
    with pytest.raises(RunError) as caught:
        store.open_finished(run.id).predictions()
    assert caught.value.values["run"] == run.id


def test_a_broken_evaluation_raises_an_error(store):
    run = store.create(TrainingConfig())
    complete(run)
    (run.path / "evaluation.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(RunError) as caught:
        store.open_finished(run.id).predictions()
    assert caught.value.values["run"] == run.id


def test_missing_and_cut_checkpoints_are_not_resumed_from(store):
    run = store.create(TrainingConfig())
    log = EventLog(run.path / "events.jsonl")
    log.write(StartedEvent(epochs=3, batches_per_epoch=2))
    for number in (1, 2):
        checkpoint = f"epoch-00{number}.keras"
        log.write(EpochEvent(epoch=number, step=2 * number, val_loss=1 / number, val_accuracy=0, checkpoint=checkpoint))
    assert run.latest_checkpoint() is None
    with ZipFile(run.checkpoints / "epoch-001.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    (run.checkpoints / "epoch-002.keras").write_bytes(b"PK cut in the middle")
    checkpoint = run.latest_checkpoint()
    assert (checkpoint.step, checkpoint.validation_losses) == (2, {1: 1.0})


def test_an_interruption_without_a_step_hides_no_checkpoint(store):
    run = store.create(TrainingConfig())
    log = EventLog(run.path / "events.jsonl")
    log.write(StartedEvent(epochs=3, batches_per_epoch=2))
    log.write(EpochEvent(epoch=1, step=2, val_loss=1, val_accuracy=0, checkpoint="epoch-001.keras"))
    with ZipFile(run.checkpoints / "epoch-001.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    log.write(InterruptedEvent(reason="the disk is full"))
    log.write(InterruptedEvent(checkpoint="step-000005.keras"))
    assert run.state() == "interrupted"
    assert [checkpoint.step for checkpoint in run.usable_checkpoints()] == [2]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_changed_clock_keeps_no_dead_run_alive(store, hours):
    run = store.create(TrainingConfig())
    EventLog(run.path / "events.jsonl").write(StartedEvent(epochs=1, batches_per_epoch=2))
    assert run.state() == "running"
    changed = time.time() + 3600 * hours
    os.utime(run.path / "events.jsonl", (changed, changed))
    assert run.state() == "interrupted"


@given(st.data())
def test_a_damaged_evaluation_is_read_correctly_or_raises_an_error(tmp_path_factory, data):
    store = RunStore(tmp_path_factory.mktemp("store"), shipped=Path("none"))
    run = store.create(TrainingConfig())
    complete(run)
    run = store.open_finished(run.id)
    file = run.path / "evaluation.npz"
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with suppress(RunError):
        assert run.predictions().labels.tolist() == [0, 1, 1]


def test_a_half_written_file_leaves_neither_itself_nor_a_change(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    with pytest.raises(OSError), written_aside(path) as aside:
        aside.write_text("half")
        raise OSError(28, "No space left on device")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert path.read_text() == "old"


def test_json_files_are_written_completely_or_not_at_all(tmp_path):
    path = tmp_path / "run.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]
