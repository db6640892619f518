"""The predictions of networks for test sets, computed once for all visitors of this server.

Knows Streamlit's caches and the model package; draws nothing but spinners. Large arrays are shared and read only: they
are not copied for each visitor.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from model.data import catalog
from model.data.splits import round_robin_by_class
from model.drawings import corpus
from model.drawings.collection import render_all
from model.evaluation import explain
from model.evaluation.evaluate import DrawnDigits, EvaluationResult, drawn_digits, evaluate_drawings, score
from model.inference.rejection import restrict_to_digits
from model.jobs.robustness_job import RobustnessJob
from model.results import NO_DIGIT, Predictions
from model.runs.run import FinishedRun
from pages.ui.shell import services
from pages.ui.translation import _

N_NEIGHBOURS = 6_000  # training images that are searched for the nearest
N_MAPPED = 2_000  # test images in the embedding


def stored(run: FinishedRun) -> EvaluationResult:
    """Return the stored predictions of the run's final network. Raises RunError if they can't be read."""
    modified = services.modified_at(run.path / "evaluation.npz")
    return EvaluationResult(run.config.dataset, run.metrics, _predictions(run, modified))


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs=services.BY_PATH)
def _predictions(run: FinishedRun, modified: int) -> Predictions:
    return run.predictions()


def after_epoch(run: FinishedRun, epoch: int) -> EvaluationResult:
    """Return the predictions of one epoch's network for the run's test images, computed once.

    Raises DataError if the images aren't available, RunError if the network can't be read.
    """
    path = explain.epoch_networks(run)[epoch]
    with st.spinner(_("Running the network of this epoch on the test images…")):
        return _after_epoch(run, path, services.modified_at(path))


@st.cache_resource(max_entries=60, show_spinner=False, hash_funcs=services.BY_PATH)
def _after_epoch(run: FinishedRun, path: Path, modified: int) -> EvaluationResult:
    probabilities = services.network(path).probabilities(services.test_images(run))
    labels = stored(run).predictions.labels
    return score(run.config.dataset, restrict_to_digits(labels, probabilities, len(run.class_names)), run.class_names)


@st.cache_resource(max_entries=2, show_spinner=False)
def _drawn(files: tuple[Path, ...], modified: int) -> DrawnDigits | None:
    return drawn_digits()


def on_drawings(run: FinishedRun) -> tuple[DrawnDigits, EvaluationResult] | None:
    """Return the test writers' drawn digits and a network's predictions for them.

    Return None if this server has no drawings, or the network doesn't read digits.
    """
    files = tuple(corpus.files_of(corpus.DIGITS))
    if not files:
        return None
    modified = max(map(services.modified_at, files))
    with st.spinner(_("Reading the drawings…")):
        drawn = _drawn(files, modified)
        result = _on_drawings(run, services.modified_at(run.network), files, modified)
    return (drawn, result) if drawn and result else None


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=services.BY_PATH)
def _on_drawings(run: FinishedRun, trained: int, files: tuple[Path, ...], modified: int) -> EvaluationResult | None:
    drawn = _drawn(files, modified)
    return evaluate_drawings(run, drawn, services.recognizer(run)) if drawn else None


def on_my_drawings(run: FinishedRun) -> tuple[DrawnDigits, EvaluationResult] | None:
    """Return the visitor's labelled digits with predictions, or None as `on_drawings` does. Never cached."""
    digits = [drawing for drawing in services.my_drawings().all() if drawing.label != NO_DIGIT]
    if not digits:
        return None
    images, labels = render_all(digits)
    drawn = DrawnDigits(images, labels, ("me",) * len(digits))
    result = evaluate_drawings(run, drawn, services.recognizer(run))
    return (drawn, result) if result else None


@dataclass(frozen=True)
class Neighbours:
    """Training images and their features, which are the outputs of the network's last hidden layer."""

    images: np.ndarray  # (n, h, w, c) uint8
    labels: np.ndarray  # (n,)
    features: np.ndarray  # (n, units) float32


def neighbours(run: FinishedRun) -> Neighbours:
    """Return up to 6,000 training images, classes in turn, with their features.

    Raises DataError if the dataset isn't available, RunError if the network file has no features.
    """
    with st.spinner(_("Reading the training images…")):
        return _neighbours(run, services.modified_at(run.network))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=services.BY_PATH)
def _neighbours(run: FinishedRun, modified: int) -> Neighbours:
    services.test_images(run)  # raises if the dataset isn't available, or is a different one of the same name
    images, labels = _training_images(run.config.dataset, run.dataset.fingerprint, run.config.invert)
    return Neighbours(images, labels, services.recognizer(run).features(images))


@st.cache_resource(max_entries=2, show_spinner=False)
def _training_images(name: str, fingerprint: str, invert: bool) -> tuple[np.ndarray, np.ndarray]:
    dataset = catalog.load(name)
    chosen = round_robin_by_class(dataset.y_train, N_NEIGHBOURS)
    images = dataset.x_train[chosen]
    return 255 - images if invert else images, dataset.y_train[
        chosen
    ]  # copies, so that the memory of the others can be freed


def test_features(run: FinishedRun) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices `(n,)` of the first test images, and their features `(n, units)`. Raises as `neighbours`."""
    return _test_features(run, services.modified_at(run.network))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=services.BY_PATH)
def _test_features(run: FinishedRun, modified: int) -> tuple[np.ndarray, np.ndarray]:
    images = services.test_images(run)[:N_MAPPED]
    return np.arange(len(images)), services.recognizer(run).features(images)


def robustness_of(run: FinishedRun) -> RobustnessJob:
    """Return the robustness of a network, or the progress of its measurement, which the first call starts.

    Raises DataError if it hasn't been measured and the test images aren't available, RunError for a network or stored
    predictions that can't be read.
    """
    return services.robustness_jobs().of(
        run, services.recognizer(run), lambda: (services.test_images(run), stored(run).predictions.labels)
    )
