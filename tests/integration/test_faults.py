"""Faults in the middle of real trainings: nothing is lost, and one sentence explains what happened.

DIGIT_LAB_KILLS sets how many workers are killed (default 6), DIGIT_LAB_KILL_SEED when. By default, only the final
network is exported, which takes half of a tiny training.
"""

import io
import json
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import h5py
import numpy as np
import pytest

from model.cli import main
from model.config import TrainingConfig
from model.errors import RunError, TrainingError
from model.runs.events import RunState
from model.runs.run import FinishedRun, Run
from model.runs.store import RunStore
from model.training import worker as worker_module
from model.training.commands import CommandName
from model.training.train import train
from tests.support import PROJECT, wait_for

pytestmark = pytest.mark.slow

CONFIG = TrainingConfig(
    dataset="uci-digits", preset="dense-64", epochs=2, batch_size=64, train_images=640, precision="float32", seed=4
)  # 10 batches an epoch
QUICK = "DIGIT_LAB_KILLS" not in os.environ
KILLS = int(os.environ.get("DIGIT_LAB_KILLS", "6"))
SEED = int(os.environ.get("DIGIT_LAB_KILL_SEED", "1"))
MOMENTS = [round((n + random.Random(SEED + n).random()) / KILLS, 3) for n in range(KILLS)]  # one in each part


def trained(folder):
    """Train a run like the app's worker; for a process of its own."""
    from model.training import pipeline

    sys.stderr = io.StringIO()
    if QUICK:
        pipeline.epochs_to_export = lambda epochs, kept: []
    worker_module.run(Path(folder))


@pytest.fixture(scope="module")
def processes():
    """Processes that have already imported TensorFlow, each forked from the same one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["model.training.pipeline", "sklearn.datasets", "PIL.Image"])
    return context


@pytest.fixture
def start(processes):
    started = []

    def starter(run):
        started.append(processes.Process(target=trained, args=(str(run.path),)))
        started[-1].start()
        return started[-1]

    yield starter
    for process in started:
        process.kill()
        process.join()


@pytest.fixture(scope="module")
def undisturbed(processes, tmp_path_factory):
    """A finished run, and the seconds that its training took."""
    run = RunStore(tmp_path_factory.mktemp("undisturbed")).create(CONFIG)
    ready = processes.Process(target=print)
    ready.start()
    ready.join()
    begin = time.monotonic()
    process = processes.Process(target=trained, args=(str(run.path),))
    process.start()
    process.join()
    return RunStore(run.path.parent).open_finished(run.id), time.monotonic() - begin


def weights(run):
    """Return all arrays in the saved network, in order."""
    found = []
    with ZipFile(run.path / "model.keras") as archive, archive.open("model.weights.h5") as member:
        stored = h5py.File(io.BytesIO(member.read()))
        stored.visititems(lambda name, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


def check_same(run, expected):
    """Check that a run has finished exactly like an undisturbed one: weights, predictions, and every batch once."""
    run = RunStore().open_finished(run.id)
    assert run.state() is RunState.FINISHED
    assert all(np.array_equal(*pair) for pair in zip(weights(run), weights(expected), strict=True))
    assert np.array_equal(run.predictions().probabilities, expected.predictions().probabilities)
    assert run.history().step.tolist() == list(range(1, 21))
    assert run.history().loss.tolist() == expected.history().loss.tolist()
    assert run.outcome.network_bytes == run.network.stat().st_size


def interrupted_copy(of):
    """Return an own copy of a finished run, without anything that was written after its last epoch."""
    path = RunStore().home / of.id
    shutil.copytree(of.path, path)
    for name in ("run.json", "model.keras", "model.tflite", "evaluation.npz"):
        (path / name).unlink()
    events = (path / "events.jsonl").read_bytes().splitlines(keepends=True)
    (path / "events.jsonl").write_bytes(b"".join(events[:-1]))
    return Run(path)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_training_ends_with_the_same_weights(start, undisturbed, moment):
    expected, seconds = undisturbed
    print(f"seed {SEED}, killed after {moment:.1%} of {seconds:.2f} s")
    run = RunStore().create(CONFIG)
    process = start(run)
    process.join(moment * seconds)
    process.kill()
    process.join()
    (listed,) = (each for each in RunStore().list()[0] if not each.shipped)
    assert isinstance(listed, FinishedRun) == (run.path / "run.json").exists()
    if not isinstance(listed, FinishedRun):
        assert listed.state(alive=False) is RunState.INTERRUPTED
        start(run).join()
    check_same(run, expected)


@pytest.mark.parametrize("rotten", [(2,), (0, 1, 2)])
def test_a_rotten_checkpoint_is_replaced_by_an_older_one(undisturbed, rotten, capfd, monkeypatch):
    monkeypatch.setattr("model.training.pipeline.epochs_to_export", lambda epochs, kept: [])
    expected, _ = undisturbed
    run = interrupted_copy(expected)
    for epoch in rotten:
        file = run.checkpoints / f"epoch-{epoch:03}.keras"
        content = bytearray(file.read_bytes())
        content[len(content) // 3 : len(content) // 3 + 2000] = bytes(2000)
        file.write_bytes(content)
    with (run.path / "events.jsonl").open("ab") as file:
        file.write(b'\xff\xfe\x00garbage\n{"event": "interrupted"}\n{"event": "epoch", "epoch": 3, "step"')
    assert run.state(alive=False) is RunState.INTERRUPTED
    assert main(["train", "--resume", run.id]) == 0
    assert f"epoch-{max(rotten):03}.keras" in capfd.readouterr().err
    check_same(run, expected)


def test_two_processes_never_train_the_same_run(start, undisturbed):
    expected, _ = undisturbed
    run = RunStore().create(CONFIG)
    both = [start(run), start(run)]
    for process in both:
        process.join()
    assert sorted(process.exitcode for process in both) == [0, 1]
    check_same(run, expected)


def test_the_owner_of_a_run_is_named(undisturbed):
    run = interrupted_copy(undisturbed[0])
    worker = worker_module.Worker(run, lambda event: None)
    with pytest.raises(RunError) as caught:
        worker_module.Worker(run, lambda event: None)
    worker.lock.release()
    assert caught.value.values["run"] == run.id
    assert str(os.getpid()) in caught.value.values["owner"]
    worker_module.Worker(run, lambda event: None).lock.release()


def test_a_cut_network_is_damaged_everywhere(undisturbed, capsys):
    run = RunStore().home / "cut"
    shutil.copytree(undisturbed[0].path, run)
    assert isinstance(RunStore().open("cut"), FinishedRun)
    content = (run / "model.tflite").read_bytes()
    (run / "model.tflite").write_bytes(content[:-100])
    (damaged,) = RunStore().list()[1]
    assert damaged.id == "cut"
    assert damaged.reason.values["file"] == "model.tflite"
    for command in (["evaluate", "cut"], ["predict", "cut", "pyproject.toml"]):
        assert main(command) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "model.tflite" in printed.err


def test_a_cut_keras_file_is_not_fine_tuned(undisturbed, tmp_path):
    file = tmp_path / "model.keras"
    file.write_bytes((undisturbed[0].path / "model.keras").read_bytes()[:5000])
    with pytest.raises(TrainingError) as caught:
        train(CONFIG, start_from=file)
    assert caught.value.values["run"] == tmp_path.name


@contextmanager
def full_disk(home):
    """Leave room for the first checkpoint only: a tiny tmpfs, or a limit on each file where mounting isn't allowed."""
    home.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1300k", "none", str(home)]
    if shutil.which("mount") and subprocess.run(["mount", *options], capture_output=True).returncode == 0:
        try:
            yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", str(home)], check=True)
        finally:
            subprocess.run(["umount", "-l", str(home)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_interrupts_a_training_until_it_is_freed(undisturbed, capsys, monkeypatch):
    monkeypatch.setattr("model.training.pipeline.epochs_to_export", lambda epochs, kept: [])
    store = RunStore()
    with full_disk(store.home) as free:
        run = store.create(CONFIG)
        assert main(["train", "--resume", run.id]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("train: ")
        assert line.endswith(f"--resume {run.id}")
        assert run.state(alive=False) is RunState.INTERRUPTED
        assert not [path for path in run.path.rglob(".*") if path.name != ".lock"], "no half-written files take space"
        free()
        assert main(["train", "--resume", run.id]) == 0
        check_same(run, undisturbed[0])


def test_a_deleted_folder_ends_the_command_line(capsys, monkeypatch):
    def delete(folder, control, on_event):
        return run(folder, control, lambda event: shutil.rmtree(folder) if event.name == "started" else None)

    run = worker_module.run
    monkeypatch.setattr(worker_module, "run", delete)
    assert main(["train", "--dataset", "uci-digits", "--preset", "dense-64", "--epochs", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train: ")
    assert list(RunStore().home.iterdir()) == []


def test_a_paused_worker_notices_that_its_folder_was_deleted():
    run = RunStore().create(replace(CONFIG, epochs=1000))
    command = [sys.executable, "-m", "model", "train", "--run", str(run.path), "--control"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdin.write(json.dumps({"do": CommandName.PAUSE}) + "\n")
        process.stdin.flush()
        wait_for(lambda: run.history().paused)
        shutil.rmtree(run.path)
        assert process.wait(10) == 2
        errors = process.stderr.read()
    assert run.id in errors
    assert "Traceback" not in errors


SERVER = """
import sys, time
from model.config import TrainingConfig
from model.jobs.manager import JobManager
from model.runs.store import RunStore
jobs = JobManager(RunStore())
run = jobs.start(TrainingConfig.from_dict(__import__("json").loads(sys.argv[1])))
print(jobs.processes()[run.id], run.id, flush=True)
time.sleep(600)
"""


def test_no_worker_survives_a_killed_server():
    config = json.dumps(replace(CONFIG, epochs=100).to_dict())
    server = subprocess.Popen([sys.executable, "-c", SERVER, config], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    with server:
        worker, run_id = server.stdout.readline().split()
        run = RunStore().open(run_id)
        wait_for(lambda: run.history().last)
        server.kill()
    wait_for(lambda: not _is_alive(int(worker)), seconds=5)
    assert RunStore().open(run_id).state() is RunState.INTERRUPTED


def _is_alive(pid):
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text()  # where nobody collects a dead child, it stays as a zombie
        return status.rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def read_only(folder):
    """Make a folder read-only for root too, or skip the test where that isn't allowed."""
    mounted = subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_home_ends_the_command_line_in_one_line(capsys):
    run = RunStore().create(CONFIG)
    with read_only(RunStore().home):
        for arguments in (["--resume", run.id], ["--dataset", "uci-digits"]):
            assert main(["train", *arguments]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith("train: ")
    assert Run(run.path).state() is RunState.INTERRUPTED
    assert [path.name for path in RunStore().home.iterdir()] == [run.id]


@pytest.mark.parametrize("file", [".lock", "events.jsonl"])
def test_a_file_that_cannot_be_written_ends_the_command_line(capsys, file):
    run = RunStore().create(CONFIG)
    (run.path / file).mkdir()
    assert main(["train", "--resume", run.id]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert run.id in line
