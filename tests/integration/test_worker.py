"""Real worker processes: started, controlled through stdin, disconnected, killed, resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from model.config import Augmentation, TrainingConfig
from model.inference.litert import Recognizer
from model.runs.atomic_files import write_json
from model.runs.curves import EventReader
from model.runs.run import Run
from model.runs.store import RunStore
from model.training import training_data
from model.training import worker as worker_module
from model.training.pipeline import MAX_EXPORTED_EPOCHS, epochs_to_export
from tests.support import PROJECT, wait_for

pytestmark = pytest.mark.slow

QUICK = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=2, batch_size=32, precision="float32")
ENDLESS = replace(QUICK, epochs=1000)


class Worker:
    """A worker process, and a reader of its event file."""

    def __init__(self, run: Run):
        self.run, self.event_reader = run, EventReader(run.path / "events.jsonl")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "model", "train", "--run", str(run.path), "--control"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, do, **fields):
        self.process.stdin.write(json.dumps({"do": do} | fields) + "\n")
        self.process.stdin.flush()

    def wait_for(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            history = self.event_reader.read()
            if condition(history):
                return history
            time.sleep(0.02)
        raise AssertionError(f"not in {seconds} s; last event {self.event_reader.read().last}")

    def wait_for_batches(self, n):
        return self.wait_for(lambda history: len(history.step) >= n)

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture
def start():
    workers = []

    def starter(config=ENDLESS, run=None):
        workers.append(Worker(run or RunStore().create(config)))
        return workers[-1]

    yield starter
    for worker in workers:
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.process.stdin, worker.process.stdout, worker.process.stderr):
            with suppress(OSError):
                pipe.close()


def events(run):
    return [json.loads(line)["event"] for line in (run.path / "events.jsonl").read_text().splitlines()]


def test_the_first_last_and_best_epoch_are_exported():
    assert epochs_to_export(range(25), kept=7) == list(range(25))
    exported = epochs_to_export(range(101), kept=62)
    assert {0, 62, 100} <= set(exported)
    assert len(exported) == MAX_EXPORTED_EPOCHS + 1
    assert max(np.diff(exported)) <= 5


def test_a_preloaded_dataset_is_not_loaded_again(monkeypatch):
    def load_again(name, on_progress=None):
        raise AssertionError(f"{name} was loaded again")

    monkeypatch.setattr(training_data, "_DEFAULT_DATASET", "uci-digits")
    training_data.preload()
    monkeypatch.setattr(training_data.catalog, "load", load_again)
    run = RunStore().create(replace(QUICK, epochs=1))
    assert worker_module.run(run.path) == "finished"
    assert training_data._preloaded == {}


@pytest.mark.parametrize("config", [replace(QUICK, epochs=1), replace(QUICK, dataset="no-such-thing")])
def test_a_worker_in_this_process_restores_signal_handlers(config):
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(name) for name in names]
    during = []
    run = RunStore().create(config)
    status = worker_module.run(run.path, on_event=lambda *_: during.append(signal.getsignal(signal.SIGINT)))
    assert status == ("finished" if config.dataset == "uci-digits" else "failed")
    assert signal.default_int_handler not in during
    assert [signal.getsignal(name) for name in names] == before


def test_a_training_produces_a_complete_run(start):
    worker = start(QUICK)
    assert worker.process.wait(120) == 0
    run = RunStore().open(worker.run.id)
    assert run.state() == "finished"
    assert run.kept_epoch in (1, 2)
    assert run.metrics.accuracy > 0.8
    assert run.metrics.n == len(run.predictions().labels) == 360
    assert run.dataset.name == "uci-digits"
    assert run.dataset.fingerprint
    assert "tensorflow" in run.description.versions
    names = sorted(path.name for path in run.checkpoints.iterdir())
    networks = [f"epoch-00{i}.{kind}" for i in range(3) for kind in ("keras", "tflite")]
    assert names == sorted([*networks, "glimpsed.npz"])
    assert events(run)[-1] == "finished"
    assert [path.name for path in run.path.glob(".*")] == [".lock"], "no temporary files are left"


def test_pause_step_resume_and_stop_take_effect_at_once(start):
    worker = start()
    worker.wait_for_batches(3)
    worker.send("pause")
    paused_at = worker.wait_for(lambda history: history.paused).step[-1]
    worker.send("step")
    assert worker.wait_for(lambda history: history.step[-1] > paused_at).step[-1] == paused_at + 1
    worker.send("set", learning_rate=0.0003)
    worker.wait_for(lambda history: history.last.name == "set")
    worker.send("resume")
    history = worker.wait_for(lambda history: history.step[-1] >= paused_at + 4)
    assert history.step.tolist() == list(range(1, len(history.step) + 1)), "no batch is skipped or repeated"
    assert history.learning_rate[-1] == pytest.approx(0.0003)
    worker.send("stop")
    assert worker.process.wait(60) == 0
    run = RunStore().open(worker.run.id)
    assert run.state() == "stopped"
    assert Recognizer(run.network).input_shape == (28, 28, 1)
    assert run.metrics is not None


def test_a_line_that_is_not_a_command_is_ignored(start):
    worker = start()
    worker.wait_for_batches(1)
    worker.process.stdin.write('nonsense\n{"do": "dance"}\n{"do": "set", "learning_rate": "fast"}\n')
    worker.send("stop")
    assert worker.process.wait(60) == 0


def test_a_worker_without_the_app_saves_and_can_be_resumed(start):
    worker = start(replace(QUICK, epochs=60))
    worker.wait_for_batches(50)
    begin = time.monotonic()
    worker.process.stdin.close()
    worker.process.wait(30)
    assert time.monotonic() - begin < 15
    run = RunStore().open(worker.run.id)
    assert run.state() == "interrupted"
    assert events(run)[-1] == "interrupted"
    last_step = worker.event_reader.read().step[-1]
    assert run.latest_checkpoint().step == last_step
    again = start(run=run)
    history = again.wait_for(lambda history: len(history.step) and history.step[-1] > last_step)
    assert history.step.tolist() == list(range(1, len(history.step) + 1))
    again.send("stop")
    assert again.process.wait(60) == 0
    assert RunStore().open(run.id).state() == "stopped"
    assert not list(run.checkpoints.glob("step-*")), "a complete run has no checkpoints in mid-epoch"


def test_a_killed_worker_resumes_from_its_last_epoch(start):
    worker = start()
    worker.wait_for(lambda history: len(history.epochs) >= 2)
    worker.process.kill()
    worker.process.wait(10)
    run = RunStore().open(worker.run.id)
    assert run.state(alive=False) == "interrupted"
    epochs = worker.event_reader.read().epochs
    checkpoint = run.latest_checkpoint()
    assert checkpoint.step == epochs[-1].step
    again = start(run=run)
    history = again.wait_for(lambda history: len(history.step) and history.step[-1] > checkpoint.step)
    assert history.step.tolist() == list(range(1, len(history.step) + 1))
    again.end()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_interrupts_a_training(start, name):
    worker = start()
    worker.wait_for_batches(5)
    os.kill(worker.process.pid, getattr(signal, name))
    assert worker.process.wait(30) == 130
    last = worker.run.history().last
    assert last.name == "interrupted"
    assert last.checkpoint
    assert name in last.reason


def test_a_paused_worker_has_a_heartbeat(start):
    worker = start()
    worker.wait_for_batches(1)
    worker.send("pause")
    worker.wait_for(lambda history: history.paused)
    path = worker.run.path / "events.jsonl"
    before = path.stat().st_mtime
    wait_for(lambda: path.stat().st_mtime > before, seconds=10)
    assert worker.run.state() == "paused"


def test_a_missing_dataset_fails_the_run_without_a_traceback(start):
    worker = start(replace(QUICK, dataset="no-such-thing"))
    assert worker.process.wait(60) == 1
    run = RunStore().open(worker.run.id)
    assert run.state() == "failed"
    assert "no-such-thing" in run.reason
    assert "Traceback" not in worker.process.stderr.read()


def test_a_second_worker_on_the_same_run_is_rejected(start):
    worker = start()
    worker.wait_for_batches(1)
    second = start(run=worker.run)
    assert second.process.wait(60) == 2
    stderr = second.process.stderr.read()
    assert worker.run.id in stderr
    assert f"process {worker.process.pid} " in stderr
    assert "Traceback" not in stderr
    worker.wait_for_batches(len(worker.event_reader.read().step) + 5)


def test_a_run_does_not_resume_on_a_changed_dataset(start, tmp_path, monkeypatch, rng):
    def save_dataset(n):
        x, y = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8), np.arange(n) % 10
        np.savez(tmp_path / "custom.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])

    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    save_dataset(600)
    worker = start(replace(ENDLESS, dataset="custom"))
    worker.wait_for(lambda history: history.epochs)
    worker.end()
    n_batches = len(worker.event_reader.read().step)
    save_dataset(300)
    again = start(run=worker.run)
    assert again.process.wait(60) == 130
    assert worker.run.state() == "interrupted"
    history = worker.event_reader.read()
    assert len(history.step) == n_batches
    assert "custom" in history.last.reason
    assert not (worker.run.path / "run.json").exists(), "it can be resumed once the images are restored"


def test_digits_are_not_flipped(start):
    worker = start(replace(QUICK, augmentation=Augmentation(flip=True)))
    assert worker.process.wait(60) == 1
    assert "flip" in worker.event_reader.read().last.reason


def test_bytes_that_are_not_text_are_ignored(start):
    worker = start()
    worker.wait_for_batches(1)
    worker.process.stdin.buffer.write(b"\xff\xfe\n" + b'{"do": "set", "learning_rate": 1' + 400 * b"0" + b"}\n")
    worker.process.stdin.close()
    assert worker.process.wait(30) == 130


def test_a_complete_run_is_not_trained_again(start):
    run = RunStore().create(QUICK)
    write_json(run.path / "run.json", {"status": "failed", "reason": "a test"})
    worker = start(run=run)
    assert worker.process.wait(60) == 2
    stderr = worker.process.stderr.read()
    assert run.id in stderr
    assert "failed" in stderr
    assert "Traceback" not in stderr
