"""Scores a run on test images: freshly where the images are here, from the run's own store where they are not.

Knows runs, datasets, drawings and the recognizer; knows nothing of pages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from model.data import catalog
from model.drawings import corpus
from model.errors import DataError, RunError
from model.evaluation.analysis import wilson_interval
from model.evaluation.metrics import compute_metrics, expected_calibration_error
from model.inference.litert import Recognizer
from model.inference.rejection import N_DIGITS, rejection_scores, restrict_to_digits
from model.ink.render import SIDE, render
from model.results import Metrics, Predictions
from model.runs.run import Run

_DIGITS = tuple("0123456789")
COMPUTED, STORED = "computed now", "stored with the run"


@dataclass(frozen=True)
class Scored:
    """The figures of one run on one dataset's test images, and where they come from."""

    dataset: str
    how: str  # COMPUTED or STORED
    metrics: Metrics
    calibration_error: float | None  # expected, in [0, 1]; None where the answers to single images are not known

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the accuracy on all images of the kind, of which these are some (Wilson)."""
        return wilson_interval(self.metrics.n - len(self.metrics.mistakes), self.metrics.n)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        more = {"accuracy_interval_95": list(self.interval), "calibration_error": self.calibration_error}
        return {"dataset": self.dataset, "how": self.how} | self.metrics.to_dict() | more


@dataclass(frozen=True)
class DrawnDigits:
    """Digits drawn by test writers, who taught nothing and chose nothing, as a network sees them."""

    images: np.ndarray  # (n, 28, 28, 1) uint8, by `ink.render`
    labels: np.ndarray  # (n,) int64 from 0 to 9
    writers: tuple[str, ...]  # (n,) of each drawing


@dataclass(frozen=True)
class ScoredDrawings:
    """What one network says about them; indices in `metrics.mistakes` count in `drawn`."""

    drawn: DrawnDigits
    evaluation: Predictions  # judged as digits: probabilities (n, 10)
    metrics: Metrics
    doubt: np.ndarray  # (n,) float64 reject scores in [0, 1]

    @property
    def n_writers(self) -> int:
        """Return how many hands drew."""
        return len(set(self.drawn.writers))


def evaluate(run: Run, dataset_name: str | None = None) -> Scored:
    """Score `run` on the test images of `dataset_name`, by default those of its own dataset.

    Where its own dataset can't be had, the stored figures are returned. Raises DataError where another dataset
    was asked for and can't be had, RunError where its images or classes do not fit the network.
    """
    wanted = dataset_name or run.config.dataset
    try:
        dataset = catalog.load(wanted)
    except DataError:
        if wanted == run.config.dataset and run.metrics:
            return Scored(wanted, STORED, run.metrics, _stored_calibration_error(run))
        raise
    probabilities = Recognizer(run.network).probabilities(dataset.x_test)
    n_classes = probabilities.shape[1] - run.config.drawings
    if n_classes != len(dataset.class_names):
        raise RunError(
            f"{wanted} has {len(dataset.class_names)} classes and run {run.id} tells {n_classes} apart; "
            "expected as many, so choose another dataset."
        )
    evaluation = restrict_to_digits(dataset.y_test, probabilities, n_classes)
    return Scored(
        wanted,
        COMPUTED,
        compute_metrics(evaluation.labels, evaluation.probabilities, dataset.class_names),
        _calibration_error(evaluation),
    )


def _stored_calibration_error(run: Run) -> float | None:
    try:
        return _calibration_error(run.evaluation())
    except RunError:
        return None


def _calibration_error(evaluation: Predictions) -> float:
    said = evaluation.probabilities
    return expected_calibration_error(said.argmax(axis=1) == evaluation.labels, said.max(axis=1))


def drawn_digits() -> DrawnDigits | None:
    """Return the drawn digits of test writers that DIGIT_LAB_DATA has; None where it has none.

    2,107 drawings are read and rendered in 1.0 s on 2 idle cores, so whoever asks often keeps them. Raises DataError
    for a file that is none of drawings.
    """
    drawn = corpus.load(corpus.DIGITS, corpus.TEST)
    if not drawn:
        return None
    images = np.stack([render(each.strokes) for each in drawn])[..., None]
    labels = np.array([each.label for each in drawn], dtype=np.int64)
    return DrawnDigits(images, labels, tuple(each.writer for each in drawn))


def evaluate_drawings(
    run: Run, drawn: DrawnDigits | None = None, recognizer: Recognizer | None = None
) -> ScoredDrawings | None:
    """Score `run` on drawn digits, by default on `drawn_digits()`; None without any, or where it was not taught digits.

    `recognizer` is the run's own, where it is open already. 2,107 drawings take 0.1 s with dense-128-dropout and 0.4 s
    with deep on 2 cores, beside reading them. Raises RunError while the run has no network.
    """
    if not run.metrics or tuple(each.name for each in run.metrics.classes) != _DIGITS:
        return None
    recognizer = recognizer or Recognizer(run.network)
    if recognizer.input_shape != (SIDE, SIDE, 1):
        return None
    drawn = drawn or drawn_digits()
    if drawn is None:
        return None
    said = recognizer.probabilities(drawn.images)
    evaluation = restrict_to_digits(drawn.labels, said, N_DIGITS)
    return ScoredDrawings(
        drawn, evaluation, compute_metrics(evaluation.labels, evaluation.probabilities, _DIGITS), rejection_scores(said)
    )
