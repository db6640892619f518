"""The one bridge to `model/`: what is shared by all visitors of this server, built once, and one visitor's drawings.

Knows Streamlit's caches, who is here, and the model package; draws nothing.
"""

import atexit
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from model.data import catalog
from model.drawings.collection import DrawingCollection
from model.errors import DataError
from model.inference.classifier import Classifier
from model.inference.litert import Recognizer
from model.jobs.manager import JobManager
from model.jobs.robustness_job import RobustnessJobs
from model.limits import Limits
from model.runs.run import FinishedRun
from model.runs.store import DEFAULT_RUN, DamagedRun, RunStore
from pages.ui.shell import session

BY_PATH: dict[str | type, Callable[[Any], Any]] = {FinishedRun: lambda run: str(run.path)}  # how caches tell runs apart


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    """Return the run store."""
    return RunStore()


@st.cache_resource(show_spinner=False)
def limits() -> Limits:
    """Return how much this server lends to trainings; what its environment says wrongly is told in its log."""
    from_environment, wrong = Limits.from_environment()
    for message in wrong:
        print(message, file=sys.stderr)
    return from_environment


@st.cache_resource(show_spinner=False)
def jobs() -> JobManager:
    """Return the manager of the worker processes; it ends them when the server ends."""
    manager = JobManager(store(), limits())
    atexit.register(manager.close)
    return manager


@st.cache_resource(show_spinner=False)
def robustness_jobs() -> RobustnessJobs:
    """Return the measurements of robustness that run in the background."""
    return RobustnessJobs()


def my_drawings() -> DrawingCollection:
    """Return the labelled drawings of whoever is here: the same in all tabs of a browser."""
    return DrawingCollection(store().home, session.visitor().browser)


def usable_runs() -> tuple[list[FinishedRun], list[DamagedRun]]:
    """Return the runs that have a network, newest first and shipped ones last, and the damaged folders."""
    runs, damaged = store().list()
    finished = [run for run in runs if isinstance(run, FinishedRun)]
    without = [run for run in finished if not (run.path / "model.tflite").is_file()]
    damaged += [
        DamagedRun(run.id, "its model.tflite is gone; expected the network that a training leaves.") for run in without
    ]
    return [run for run in finished if run not in without], damaged


def default_run(runs: list[FinishedRun]) -> FinishedRun:
    """Return the run that is used where none was chosen: the shipped one, else the first. `runs` is not empty."""
    return next((run for run in runs if run.id == DEFAULT_RUN), runs[0])


def recognizer(run: FinishedRun) -> Recognizer:
    """Return the network of a run, loaded once for all visitors."""
    return network(run.network)


def classifier(run: FinishedRun) -> Classifier:
    """Return the classifier of a run, built once for all visitors. Raises RunError where its network can't be read."""
    return _classifier(run, modified_at(run.network))


@st.cache_resource(max_entries=20, show_spinner=False, hash_funcs=BY_PATH)
def _classifier(run: FinishedRun, modified: int) -> Classifier:
    return Classifier(run, recognizer(run))


def network(path: Path) -> Recognizer:
    """Return the network of a .tflite file, loaded once for all visitors."""
    return _recognizer(path, modified_at(path))


def modified_at(path: Path) -> int:
    """Return when a file was last changed, in ns; 0 for a missing one, which whoever reads it then reports."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=40, show_spinner=False)
def _recognizer(path: Path, modified: int) -> Recognizer:
    return Recognizer(path)


def test_images(run: FinishedRun) -> np.ndarray:
    """Return the test images that a run was scored on, `(n, h, w, c)` uint8.

    A dataset that is not here is not fetched. Raises DataError where it is not, or is another than was scored on.
    """
    name = run.config.dataset
    status = catalog.status(name)
    if not status.here:
        raise DataError(
            f"The pictures are missing because {status.title} is not on this machine; to see them, train on it once, "
            f"which downloads it, or put {name}.npz into the folder named by DIGIT_LAB_DATA."
        )
    return _test_images(name, run.dataset.fingerprint)


@st.cache_resource(max_entries=3, show_spinner="Reading the test images…")
def _test_images(name: str, fingerprint: str) -> np.ndarray:
    dataset = catalog.load(name)
    if dataset.fingerprint != fingerprint:
        raise DataError(
            f"The pictures are missing because the {name} on this machine is not the one this run was scored on; "
            "expected the same file, so put it back or train again."
        )
    # A copy, so that the training images, six times as many, can leave the memory.
    return dataset.x_test.copy()


@dataclass(frozen=True)
class Sample:
    """A few training images of each class, and how many there are."""

    class_names: tuple[str, ...]
    counts: np.ndarray  # (classes,) of the training images
    images: np.ndarray  # (n, h, w, c) uint8, some of each class in turn
    labels: np.ndarray  # (n,)


# For ten minutes: a person's own file may be replaced.
@st.cache_resource(max_entries=4, ttl=600, show_spinner="Reading the training images…")
def training_sample(name: str, n_per_class: int = 6) -> Sample:
    """Return `n_per_class` training images of every class. Raises DataError where the dataset can't be had."""
    dataset = catalog.load(name)
    n_classes = len(dataset.class_names)
    chosen = [np.flatnonzero(dataset.y_train == label)[:n_per_class] for label in range(n_classes)]
    order = [index for row in zip_longest(*chosen) for index in row if index is not None]
    # Copies, so that all the other images can leave the memory.
    counts = np.bincount(dataset.y_train, minlength=n_classes)
    return Sample(dataset.class_names, counts, dataset.x_train[order].copy(), dataset.y_train[order].copy())


@st.cache_data(ttl=600, show_spinner=False)
def reachable(name: str) -> bool:
    """Tell whether a dataset could be downloaded; asked every ten minutes, as the answer may take two seconds."""
    return catalog.reachable(name)


def default_dataset() -> str:
    """Return mnist where it can be had, else the digits that come with scikit-learn."""
    return "mnist" if catalog.status("mnist").here or reachable("mnist") else "uci-digits"
