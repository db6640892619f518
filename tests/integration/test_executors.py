"""Trainings as local processes and on a real Dask cluster: what holds for both, and the faults of a cluster."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from model.config import TrainingConfig
from model.errors import RunError, SchedulerError
from model.jobs.cluster import ClusterExecutor
from model.jobs.manager import JobManager
from model.limits import Limits
from model.runs.store import RunStore
from model.training.commands import Command
from tests.integration.dask_cluster import DaskCluster, trainer_of
from tests.support import PROJECT, check_message, wait_for

pytestmark = pytest.mark.slow

ENDLESS = TrainingConfig(
    dataset="uci-digits", preset="dense-64", epochs=1000, batch_size=16, precision="float32"
)  # 81 batches an epoch: few epochs to export when it is stopped
WIDE = Limits(epochs=1000)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A cluster that no test damages."""
    cluster = DaskCluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


@pytest.fixture
def serve():
    """Create job managers, each as another app server has it."""
    managers = []

    def manager(address="", limits=WIDE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DIGIT_LAB_SCHEDULER", address)
            managers.append(JobManager.from_environment(RunStore(), limits))
        if address:
            wait_for(lambda: managers[-1].slots() > 0, seconds=20)
        return managers[-1]

    yield manager
    for each in managers:
        each.close()


@pytest.fixture(params=["local", "dask"])
def address(request):
    """Where trainings run: "" is this machine."""
    return request.getfixturevalue("shared").address if request.param == "dask" else ""


def n_batches(run):
    return len(run.history().step)


def reopened(jobs, run):
    return jobs.state(jobs.store.open(run.id))


def test_a_training_obeys_every_command(serve, address):
    jobs = serve(address)
    run = jobs.start(ENDLESS)
    assert jobs.state(run) == "starting"
    wait_for(lambda: n_batches(run) > 3)
    assert jobs.state(run) == "running"
    jobs.send(run.id, Command("pause"))
    wait_for(lambda: run.history().paused)
    paused_at = n_batches(run)
    jobs.send(run.id, Command("step"))
    wait_for(lambda: n_batches(run) > paused_at)
    jobs.send(run.id, Command("set", learning_rate=0.0003))
    wait_for(lambda: run.history().rate_changes)
    assert n_batches(run) == paused_at + 1, "one batch a step"
    jobs.send(run.id, Command("resume"))
    wait_for(lambda: n_batches(run) > paused_at + 3)
    jobs.send(run.id, Command("stop", reason="Enough."))
    wait_for(lambda: reopened(jobs, run) == "stopped")
    stopped = jobs.store.open_finished(run.id)
    assert stopped.reason == "Enough."
    assert stopped.metrics.n == 360
    assert run.history().step.tolist() == list(range(1, n_batches(run) + 1))
    wait_for(lambda: jobs.active() == (), seconds=5)


def test_a_training_out_of_time_is_stopped_and_kept(serve, address):
    jobs = serve(address, replace(WIDE, minutes=1 / 120))
    run = jobs.start(ENDLESS)
    wait_for(lambda: reopened(jobs, run) == "stopped")
    assert run.history().seconds < 30
    assert "minutes" in jobs.store.open_finished(run.id).reason


def test_a_killed_worker_is_explained(serve, address):
    jobs = serve(address)
    run = jobs.start(ENDLESS)
    wait_for(lambda: run.history().epochs)
    os.kill(trainer_of(run), signal.SIGKILL)
    wait_for(lambda: jobs.state(run) == "interrupted", seconds=5)
    assert "SIGKILL" in run.history().last.reason
    assert run.latest_checkpoint().step == run.history().epochs[-1].step
    assert jobs.store.open(run.id).history().last.reason == run.history().last.reason


SERVER = """
import json, sys, time
from model.config import TrainingConfig
from model.jobs.manager import JobManager
from model.runs.store import RunStore
jobs = JobManager.from_environment(RunStore())
run = jobs.start(TrainingConfig.from_dict(json.loads(sys.argv[1])))
print(run.id, flush=True)
time.sleep(600)
"""


def test_a_killed_server_leaves_a_run_that_another_resumes(serve, address):
    config = json.dumps(replace(ENDLESS, epochs=100).to_dict())
    other = serve(address)
    environment = os.environ | {"DIGIT_LAB_SCHEDULER": address}
    command = [sys.executable, "-c", SERVER, config]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        run = RunStore().open(server.stdout.readline().strip())
        wait_for(lambda: n_batches(run) > 3)
        assert other.state(run) == "running"
        server.kill()
    wait_for(lambda: other.state(run) == "interrupted", seconds=12)
    trained = run.history().steps_done
    assert run.latest_checkpoint().step == trained
    other.resume(run.id)
    assert other.state(run) == "starting"
    wait_for(lambda: run.history().steps_done > trained)
    assert other.state(run) == "running"
    assert other.active() == (run.id,)


def test_two_servers_on_one_home_never_train_a_run_twice(serve):
    """On this machine; on a cluster, the next test says so."""
    first, second = serve(), serve()
    run = first.start(ENDLESS)
    wait_for(lambda: n_batches(run) > 0)
    assert second.state(second.store.open(run.id)) == "running"
    with pytest.raises(RunError):
        second.resume(run.id)


def test_app_servers_share_one_queue_and_its_limits(serve, shared):
    narrow = replace(WIDE, waiting=1)
    first, second = serve(shared.address, narrow), serve(shared.address, narrow)
    runs = [first.start(ENDLESS), second.start(ENDLESS), first.start(ENDLESS)]
    for jobs in (first, second):
        wait_for(lambda jobs=jobs: jobs.active() == tuple(run.id for run in runs), seconds=6)
        assert [jobs.queue_position(run.id) for run in runs] == [0, 0, 1]
        assert (jobs.slots(), jobs.free_slots()) == (2, 0)
        with pytest.raises(RunError) as caught:
            jobs.start(ENDLESS)
        check_message(caught.value, n=1)
        assert len(list(jobs.store.home.iterdir())) == 3
    second.send(runs[2].id, Command("stop"))
    wait_for(lambda: first.active() == (runs[0].id, runs[1].id), seconds=6)
    assert first.state(runs[2]) == "interrupted"
    wait_for(lambda: n_batches(runs[0]) > 0)
    with pytest.raises(RunError):
        second.resume(runs[0].id)
    second.send(runs[0].id, Command("pause"))
    wait_for(lambda: first.state(runs[0]) == "paused")


def test_a_run_survives_its_worker_and_its_scheduler(serve, tmp_path):
    cluster = DaskCluster(tmp_path)
    try:
        jobs = serve(cluster.address)
        run = jobs.start(ENDLESS)
        wait_for(lambda: n_batches(run) > 3)
        cluster.worker_of(run).kill()
        wait_for(lambda: jobs.state(run) == "interrupted", seconds=12)
        trained = run.history().steps_done
        jobs.resume(run.id)
        waiting = jobs.start(ENDLESS)
        wait_for(lambda: run.history().steps_done > trained)
        assert jobs.state(waiting) == "queued", "one worker is left"
        cluster.scheduler.kill()
        wait_for(lambda: jobs.state(run) == "interrupted", seconds=12)
        assert run.latest_checkpoint().step == run.history().steps_done > trained
        assert jobs.state(waiting) == "queued"
        with pytest.raises(SchedulerError):
            jobs.resume(run.id)
        cluster.scheduler.wait()
        cluster.start_scheduler()
        cluster.add_worker()
        wait_for(lambda: n_batches(waiting) > 0)
        jobs.resume(run.id)
        wait_for(lambda: jobs.state(run) == "queued", seconds=6)
    finally:
        cluster.close()


def test_a_silent_scheduler_costs_five_seconds_and_nothing_else(serve, tmp_path):
    cluster = DaskCluster(tmp_path, workers=1)
    try:
        jobs = serve(cluster.address)
        cluster.pause_scheduler(True)
        never_connected = ClusterExecutor(cluster.address, jobs.store, WIDE)
        begin = time.monotonic()
        with ThreadPoolExecutor() as threads:
            second = threads.submit(never_connected.refresh, "")
            with pytest.raises(SchedulerError) as caught:
                jobs.start(ENDLESS)
            assert isinstance(second.exception(), SchedulerError)
        assert time.monotonic() - begin < 7
        never_connected.close(0)
        check_message(caught.value, address=cluster.address)
        assert not jobs.store.home.exists(), "no run is left behind"
        begin = time.monotonic()
        assert (jobs.active(), jobs.slots()) == ((), 1)
        assert time.monotonic() - begin < 0.1, "pages never wait for it"
        here = jobs.start(ENDLESS, here=True)
        assert jobs.state(here) == "starting"
        assert jobs.processes().keys() == {here.id}
        cluster.pause_scheduler(False)
        wait_for(lambda: not _is_silent(jobs), seconds=10)
    finally:
        cluster.close()


def _is_silent(jobs):
    try:
        jobs.check_answers()
    except SchedulerError:
        return True
    return False
