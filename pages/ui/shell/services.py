"""The bridge to `model/`: objects that all visitors of this server share, and the drawings of one visitor.

Knows Streamlit's caches, the session and the model package; draws nothing but spinners.
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
from streamlit.runtime.stats import ACTIVE_SESSIONS_FAMILY, GaugeStat

from model.data import catalog
from model.data.catalog import DatasetStatus
from model.data.dataset import Origin
from model.data.inspection import inspect
from model.data.uploads import Uploads
from model.drawings.collection import DrawingCollection
from model.errors import DataError, DigitLabError
from model.inference.classifier import Classifier
from model.inference.litert import Recognizer
from model.jobs.manager import JobManager
from model.jobs.robustness_job import RobustnessJobs
from model.jobs.usage import UsageMonitor
from model.limits import Limits
from model.messages import N_
from model.results import Inspection
from model.runs import retention
from model.runs.retention import StoredSize
from model.runs.run import FinishedRun
from model.runs.store import DEFAULT_RUN, DamagedRun, RunStore
from model.tuning.manager import SearchManager
from pages.ui.shell import session
from pages.ui.translation import _

BY_PATH: dict[str | type, Callable[[Any], Any]] = {
    FinishedRun: lambda run: str(run.path)
}  # how caches distinguish runs


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    """Return the run store."""
    return RunStore()


@st.cache_resource(show_spinner=False)
def limits() -> Limits:
    """Return the limits of this server; invalid environment variables are reported in its log."""
    from_environment, wrong = Limits.from_environment()
    for message in wrong:
        print(message, file=sys.stderr)
    return from_environment


@st.cache_resource(show_spinner=False)
def jobs() -> JobManager:
    """Return the manager of the trainings; it ends those of this server when the server exits."""
    manager = JobManager.from_environment(store(), limits())
    atexit.register(manager.close)
    return manager


def n_slots() -> int:
    """Return how many trainings can run at the same time, for estimates: at least 1, also while no worker is there."""
    return max(jobs().slots(), 1)


@st.cache_resource(show_spinner=False)
def searches() -> SearchManager:
    """Return the manager of the searches, after it has resumed those that an earlier server left."""
    manager = SearchManager(jobs())
    atexit.register(manager.close)  # before the job manager is closed, as it was registered later
    manager.resume_interrupted()
    return manager


@st.cache_resource(show_spinner=False)
def usage() -> UsageMonitor:
    """Return the measurement of what the server and its workers use."""
    return UsageMonitor(jobs().processes)


def n_visitors() -> int | None:
    """Return how many browser tabs are connected, as Streamlit counts them; None without a server, as in tests."""
    if not st.runtime.exists():
        return None
    stats = st.runtime.get_instance().stats_mgr.get_stats([ACTIVE_SESSIONS_FAMILY])
    return sum(stat.value for stat in stats.get(ACTIVE_SESSIONS_FAMILY, ()) if isinstance(stat, GaugeStat))


@st.cache_data(ttl=10, show_spinner=False)
def stored_size() -> StoredSize:
    """Return the number and size of the saved runs; looked up every ten seconds, as it visits every file."""
    return retention.stored_size(store())


def forget_stored_size() -> None:
    """Look the saved runs up again when they are needed next."""
    stored_size.clear()


@st.cache_resource(show_spinner=False)
def robustness_jobs() -> RobustnessJobs:
    """Return the robustness measurements that run in the background."""
    return RobustnessJobs()


def my_drawings() -> DrawingCollection:
    """Return the labelled drawings of this visitor: the same in all tabs of a browser."""
    return DrawingCollection(store().home, session.visitor().browser)


def my_uploads() -> Uploads:
    """Return the datasets that this visitor has uploaded."""
    return Uploads(store().home, session.visitor().browser)


def datasets() -> list[DatasetStatus]:
    """Return the status of every dataset that this visitor can choose: the server's, and the visitor's uploads."""
    found = list(catalog.available())
    for name in my_uploads().names():
        try:
            found.append(catalog.status(name))
        except DigitLabError:  # deleted just now
            continue
    return found


def usable_runs() -> tuple[list[FinishedRun], list[DamagedRun]]:
    """Return the runs that have a network, newest first and shipped ones last, and the damaged folders."""
    runs, damaged = store().list()
    finished = [run for run in runs if isinstance(run, FinishedRun)]
    without = [run for run in finished if not (run.path / "model.tflite").is_file()]
    damaged += [
        DamagedRun(run.id, N_("Its model.tflite is missing. Put the file back, or delete the run's folder."))
        for run in without
    ]
    return [run for run in finished if run not in without], damaged


def default_run(runs: list[FinishedRun]) -> FinishedRun:
    """Return the run that is used by default: the one that comes with Digit Lab, else the first of at least one."""
    return next((run for run in runs if run.id == DEFAULT_RUN), runs[0])


def recognizer(run: FinishedRun) -> Recognizer:
    """Return the network of a run, loaded once for all visitors."""
    return network(run.network)


def classifier(run: FinishedRun) -> Classifier:
    """Return the classifier of a run, built once for all visitors. Raises RunError if its network can't be read."""
    return _classifier(run, modified_at(run.network))


@st.cache_resource(max_entries=20, show_spinner=False, hash_funcs=BY_PATH)
def _classifier(run: FinishedRun, modified: int) -> Classifier:
    return Classifier(run, recognizer(run))


def network(path: Path) -> Recognizer:
    """Return the network of a .tflite file, loaded once for all visitors."""
    return _recognizer(path, modified_at(path))


def modified_at(path: Path) -> int:
    """Return when a file was last changed, in ns; 0 for a missing file, which is reported when it is opened."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=40, show_spinner=False)
def _recognizer(path: Path, modified: int) -> Recognizer:
    return Recognizer(path)


def test_images(run: FinishedRun) -> np.ndarray:
    """Return the test images that a run was scored on, `(n, h, w, c)` uint8.

    Never downloads a dataset. Raises DataError if it isn't available, or isn't the one that the run was scored on.
    """
    name = run.config.dataset
    status = catalog.status(name)
    if not status.here and not status.damaged:
        raise DataError(
            "The images can't be shown because {dataset} isn't on this server. Train on it once to download it, or put "
            "{file} in the folder named by DIGIT_LAB_DATA.",
            dataset=status.title,
            file=f"{name}.npz",
        )
    with st.spinner(_("Reading the test images…")):
        return _test_images(name, run.dataset.fingerprint, run.config.invert)


@st.cache_resource(max_entries=3, show_spinner=False)
def _test_images(name: str, fingerprint: str, invert: bool) -> np.ndarray:
    dataset = catalog.load(name)
    if invert:
        dataset = dataset.inverted()
    if dataset.fingerprint != fingerprint:
        raise DataError(
            "The images can't be shown because {dataset} has changed on this server since the run was scored. Put the "
            "original file back, or train again.",
            dataset=name,
        )
    # A copy, so that the memory of the training images, six times as many, can be freed.
    return dataset.x_test.copy()


@dataclass(frozen=True)
class Sample:
    """A few training images of each class, and the number of images per class."""

    class_names: tuple[str, ...]
    counts: np.ndarray  # (classes,) of the training images
    images: np.ndarray  # (n, h, w, c) uint8, some of each class in turn
    labels: np.ndarray  # (n,)
    inspection: Inspection
    origin: Origin


def training_sample(name: str, n_per_class: int = 6) -> Sample:
    """Return `n_per_class` training images of every class, and one look at the whole dataset.

    Computed once for each version of its files. Raises DataError if the dataset isn't available or can't be used.
    """
    version = catalog.version(name)
    with st.spinner(_("Reading the training images…")):
        return _training_sample(name, n_per_class, version)


@st.cache_resource(max_entries=8, show_spinner=False)
def _training_sample(name: str, n_per_class: int, version: tuple[tuple[str, int, int], ...]) -> Sample:
    dataset = catalog.load(name)
    n_classes = len(dataset.class_names)
    chosen = [np.flatnonzero(dataset.y_train == label)[:n_per_class] for label in range(n_classes)]
    order = [index for row in zip_longest(*chosen) for index in row if index is not None]
    # Copies, so that the memory of all other images can be freed.
    counts = np.bincount(dataset.y_train, minlength=n_classes)
    images, labels = dataset.x_train[order].copy(), dataset.y_train[order].copy()
    return Sample(dataset.class_names, counts, images, labels, inspect(dataset), dataset.origin)


def inspection(name: str) -> Inspection | None:
    """Return what a look at one of your own datasets found; None for a built-in one, or one that can't be read."""
    if name in catalog.BUILTINS:
        return None
    try:
        return training_sample(name).inspection
    except DigitLabError:
        return None


@st.cache_data(ttl=600, show_spinner=False)
def reachable(name: str) -> bool:
    """Return whether a dataset could be downloaded; checked every ten minutes, as it can take two seconds."""
    return catalog.reachable(name)


def default_dataset() -> str:
    """Return mnist if it is available, else the digits that come with scikit-learn."""
    mnist = catalog.status("mnist")
    return "mnist" if mnist.here or (not mnist.damaged and reachable("mnist")) else "uci-digits"
