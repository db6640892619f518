"""The predictions of networks for test sets, computed once for all visitors of this server.

Knows Streamlit's caches and the model package; draws nothing. What is large is shared and read only: arrays are handed
out as they are, not as copies.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from model.data import catalog
from model.data.splits import round_robin_by_class
from model.drawings import corpus
from model.drawings.collection import render_all
from model.evaluation import explain, robustness
from model.evaluation.evaluate import DrawnDigits, EvaluationResult, drawn_digits, evaluate_drawings, score
from model.evaluation.robustness import Robustness
from model.inference.litert import Recognizer
from model.inference.rejection import restrict_to_digits
from model.results import NO_DIGIT, Predictions
from model.runs.run import FinishedRun
from pages.ui.shell import services

N_NEIGHBOURS = 6_000  # training images among which the nearest are looked for
N_MAPPED = 2_000  # test images on the map


_BY_PATH: dict[str | type, Callable[[Any], Any]] = {FinishedRun: lambda run: str(run.path)}


def stored(run: FinishedRun) -> EvaluationResult:
    """Return the stored predictions of the run's kept network. Raises RunError where they can't be read."""
    path = run.path / "evaluation.npz"
    modified = path.stat().st_mtime_ns if path.exists() else 0
    return EvaluationResult(run.config.dataset, run.metrics, _predictions(run, modified))


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=_BY_PATH)
def _predictions(run: FinishedRun, modified: int) -> Predictions:
    return run.predictions()


def after_epoch(run: FinishedRun, epoch: int) -> EvaluationResult:
    """Return the predictions of one epoch's network for the run's test images, computed once.

    Raises DataError where the images are not here, RunError where the network can't be read.
    """
    path = explain.epoch_networks(run)[epoch]
    return _after_epoch(run, path, path.stat().st_mtime_ns)


@st.cache_resource(max_entries=60, show_spinner="Asking the network of that epoch…", hash_funcs=_BY_PATH)
def _after_epoch(run: FinishedRun, path: Path, modified: int) -> EvaluationResult:
    probabilities = services.network(path).probabilities(services.test_images(run))
    labels = stored(run).predictions.labels
    return score(run.config.dataset, restrict_to_digits(labels, probabilities, len(run.class_names)), run.class_names)


@st.cache_resource(max_entries=2, show_spinner="Reading the drawings…")
def _drawn(file: Path, modified: int) -> DrawnDigits | None:
    return drawn_digits()


def on_drawings(run: FinishedRun) -> tuple[DrawnDigits, EvaluationResult] | None:
    """Return the test writers' drawn digits and a network's predictions for them.

    None where there are no drawings here, or the network doesn't read digits.
    """
    file = corpus.file_of(corpus.DIGITS)
    if file is None:
        return None
    modified = file.stat().st_mtime_ns
    drawn = _drawn(file, modified)
    result = _on_drawings(run, run.network.stat().st_mtime_ns, file, modified)
    return (drawn, result) if drawn and result else None


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_BY_PATH)
def _on_drawings(run: FinishedRun, trained: int, file: Path, modified: int) -> EvaluationResult | None:
    drawn = _drawn(file, modified)
    return evaluate_drawings(run, drawn, services.recognizer(run)) if drawn else None


def on_my_drawings(run: FinishedRun) -> tuple[DrawnDigits, EvaluationResult] | None:
    """Return the visitor's own labelled digits and the predictions for them; None as `on_drawings`. Never shared."""
    digits = [drawing for drawing in services.my_drawings().all() if drawing.label != NO_DIGIT]
    if not digits:
        return None
    images, labels = render_all(digits)
    drawn = DrawnDigits(images, labels, ("me",) * len(digits))
    result = evaluate_drawings(run, drawn, services.recognizer(run))
    return (drawn, result) if result else None


@dataclass(frozen=True)
class Neighbours:
    """Training images with what the network's last hidden layer makes of them."""

    images: np.ndarray  # (n, h, w, c) uint8
    labels: np.ndarray  # (n,)
    features: np.ndarray  # (n, units) float32


def neighbours(run: FinishedRun) -> Neighbours:
    """Return up to 6,000 training images, classes in turn, with their features.

    Raises DataError where the dataset is not here, RunError where the network tells no features.
    """
    return _neighbours(run, run.network.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Reading training images…", hash_funcs=_BY_PATH)
def _neighbours(run: FinishedRun, modified: int) -> Neighbours:
    services.test_images(run)  # tells what is wrong where the dataset is not here or is another one
    images, labels = _training_images(run.config.dataset, run.dataset.fingerprint)
    return Neighbours(images, labels, services.recognizer(run).features(images))


@st.cache_resource(max_entries=2, show_spinner=False)
def _training_images(name: str, fingerprint: str) -> tuple[np.ndarray, np.ndarray]:
    dataset = catalog.load(name)
    chosen = round_robin_by_class(dataset.y_train, N_NEIGHBOURS)
    return dataset.x_train[chosen], dataset.y_train[chosen]  # copies, so that the others can leave the memory


def test_features(run: FinishedRun) -> tuple[np.ndarray, np.ndarray]:
    """Return the first test images `(n,)` by their numbers, and their features `(n, units)`. Raises as `neighbours`."""
    return _test_features(run, run.network.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_PATH)
def _test_features(run: FinishedRun, modified: int) -> tuple[np.ndarray, np.ndarray]:
    images = services.test_images(run)[:N_MAPPED]
    return np.arange(len(images)), services.recognizer(run).features(images)


@dataclass
class RobustnessJob:
    """A measurement of robustness that runs in a thread of its own, and what came of it."""

    share: float = 0.0  # that is done
    found: Robustness | None = None
    failed: str = ""


@st.cache_resource(show_spinner=False)
def _measurements() -> dict[str, RobustnessJob]:
    return {}


_beginning = threading.Lock()
_measuring = threading.Lock()  # each takes both cores, from trainings and from people who draw


def robustness_of(run: FinishedRun) -> RobustnessJob:
    """Return how robust a network is, or how far its measurement has come; the first who asks begins it.

    One is measured at a time. Where nothing was measured yet it raises DataError while the test images are not here,
    and RunError for a network or a stored evaluation that can't be read.
    """
    if stored_robustness := robustness.load(run):
        return RobustnessJob(1.0, stored_robustness)
    with _beginning:
        running, key = _measurements(), str(run.path)
        if key not in running:
            measuring = RobustnessJob()
            arguments = (run, services.recognizer(run), services.test_images(run), stored(run), measuring)
            threading.Thread(target=_measure, args=arguments, name=f"robustness-{run.id}", daemon=True).start()
            running[key] = measuring
        return running[key]


def measure_again(run: FinishedRun) -> None:
    """Forget a measurement that failed; the next who asks begins another."""
    with _beginning:
        _measurements().pop(str(run.path), None)


def _measure(
    run: FinishedRun, recognizer: Recognizer, images: np.ndarray, result: EvaluationResult, measuring: RobustnessJob
) -> None:
    def tell(share: float) -> None:
        measuring.share = share

    labels, n_classes = result.predictions.labels, len(result.metrics.classes)
    try:
        with _measuring:
            measuring.found = robustness.measure_robustness(recognizer, images, labels, n_classes, tell)
    except Exception as error:
        # Whatever it is, who waits for it must not wait for ever.
        measuring.failed = f"The measurement ended with an error: {error}."
        raise
    robustness.save(run, measuring.found)
