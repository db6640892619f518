"""What a Dask cluster costs and gains: one training after the other, and a search on one worker and on two.

    python -m tests.benchmarks.cluster [--trainings 5] [--trials 12] [--epochs 5]

Starts a scheduler and workers on this machine, and prints two tables:

* *one training*: the seconds from the call that starts it until its process exists, until its first batch, until its
  run is complete, and from then until its slot is free, as a process of this machine and as a task of a Dask worker, in
  turn. The first and the last are what Dask adds; the others show how much the machine varies meanwhile. Below it, the
  processor time that scheduler, Dask worker and this process take for each task.
* *a search*: trials a minute of a random search of the learning rate, on one Dask worker and on two.

Every training has one thread for TensorFlow, so two of them share nothing but the machine.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import psutil

from model.config import TrainingConfig
from model.jobs.manager import JobManager
from model.jobs.usage import n_cores
from model.limits import Limits
from model.runs.run import Run
from model.runs.store import RunStore
from model.tuning.record import SearchStore
from model.tuning.search import Search
from model.tuning.settings import TuningSettings
from model.tuning.space import parse
from model.tuning.study import COMPLETE, read_trials
from tests.integration.dask_cluster import DaskCluster, trainer_of
from tests.support import wait_for

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
LIMITS = Limits(runs=100_000, disk_mb=1_000_000)


@contextmanager
def on_cluster(n_workers: int, store: RunStore) -> Iterator[tuple[JobManager, DaskCluster]]:
    """Run a scheduler with workers, and a job manager that uses them."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = DaskCluster(Path(folder), n_workers)
        os.environ["DIGIT_LAB_SCHEDULER"] = cluster.address
        jobs = JobManager.from_environment(store, LIMITS)
        try:
            wait_for(lambda: jobs.slots() == n_workers)
            yield jobs, cluster
        finally:
            jobs.close()
            cluster.close()
            del os.environ["DIGIT_LAB_SCHEDULER"]


def train_once(jobs: JobManager, config: TrainingConfig, here: bool) -> tuple[float, ...]:
    """Train, and return the seconds of the four columns."""
    begin = time.time()
    run = jobs.start(config, here=here)
    exists = psutil.Process(trainer_of(run)).create_time() - begin
    wait_for(lambda: len(run.history().step), seconds=300)
    first = time.time() - begin
    wait_for((run.path / "run.json").exists, seconds=300)
    complete = time.time() - begin
    wait_for(lambda: run.id not in jobs.active())
    return exists, first, complete, time.time() - begin - complete


def processor_seconds(cluster: DaskCluster) -> list[float]:
    """Return the processor time so far of scheduler, first worker and this process, without their children."""
    times = [psutil.Process(pid).cpu_times() for pid in (cluster.scheduler.pid, cluster.workers[0].pid, os.getpid())]
    return [each.user + each.system for each in times]


def compare(store: RunStore, config: TrainingConfig, n: int) -> None:
    """Print the seconds of trainings on this machine and on a worker, in turn."""
    times: dict[bool, list[tuple[float, ...]]] = {True: [], False: []}
    used = [0.0, 0.0, 0.0]
    with on_cluster(1, store) as (jobs, cluster):
        train_once(jobs, config, here=True)  # files of the libraries are then in memory
        for _ in range(n):
            times[True].append(train_once(jobs, config, here=True))
            before = processor_seconds(cluster)
            times[False].append(train_once(jobs, config, here=False))
            used = [sum(each) for each in zip(used, processor_seconds(cluster), (-s for s in before), strict=True)]
    print(f"\n| one training, median (min to max), n = {n} | process exists | first batch | complete | slot free |")
    print("|---|---|---|---|---|")
    for here, name in ((True, "local process"), (False, "Dask task")):
        print(f"| {name} | {' | '.join(_summary(seconds) for seconds in zip(*times[here], strict=True))} |")
    scheduler, worker, own = (f"{seconds / n:.2f} s" for seconds in used)
    print(
        f"\nProcessor time for each task: scheduler {scheduler}, Dask worker {worker}, this process {own}.", flush=True
    )


def _summary(seconds: tuple[float, ...]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def search(store: RunStore, config: TrainingConfig, n_trials: int, n_workers: int) -> None:
    """Print how long a search takes on so many workers."""
    settings = TuningSettings(
        config, (parse("learning_rate"),), sampler="random", pruner="none", trials=n_trials, seed=config.seed
    )
    with on_cluster(n_workers, store) as (jobs, _cluster):
        begin = time.perf_counter()
        record = Search(SearchStore(store).create(settings), jobs).run()
        seconds = time.perf_counter() - begin
    trials = read_trials(record)
    complete = [trial for trial in trials if trial.state == COMPLETE]
    training = sum(Run(store.home / trial.run).history().seconds for trial in complete)
    row = f"| {n_workers} | {len(complete)} of {n_trials} | {seconds:.0f} s | {60 * len(complete) / seconds:.1f} |"
    print(f"{row} {training:.0f} s |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=5, help="of each kind")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args()
    os.environ |= ONE_THREAD | {"DIGIT_LAB_WARM": "0"}
    config = TrainingConfig(
        dataset="uci-digits", preset="dense-64", epochs=chosen.epochs, batch_size=32, precision="float32"
    )
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    print(f"{time.strftime('%d %B %Y, %H:%M')}, {n_cores()} cores ({platform.machine()}), {load}, ", end="")
    print(f"Python {platform.python_version()}, Dask {distributed.__version__}; {chosen.epochs} epochs of uci-digits")
    with tempfile.TemporaryDirectory() as home:
        store = RunStore(Path(home))
        compare(store, config, chosen.trainings)
        print(f"\n| Dask workers | complete | {chosen.trials} trials | trials a minute | spent in batches |")
        print("|---|---|---|---|---|", flush=True)
        for n_workers in (1, 2):
            search(store, config, chosen.trials, n_workers)


if __name__ == "__main__":
    main()
