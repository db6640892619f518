"""Scores a run on test images, or returns its stored scores if the images aren't available."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from model.data import catalog
from model.data.dataset import Dataset
from model.data.inspection import is_dark_on_light, n_shared
from model.drawings import corpus
from model.errors import DataError, RunError
from model.evaluation.analysis import wilson_interval
from model.evaluation.metrics import compute_metrics, expected_calibration_error
from model.inference.litert import Recognizer
from model.inference.rejection import N_DIGITS, restrict_to_digits
from model.ink.render import render
from model.messages import Message
from model.results import Array, ArrayRepr, Metrics, Predictions
from model.runs.run import FinishedRun

_DIGITS = tuple("0123456789")
COMPUTED, STORED = "computed now", "stored with the run"
_NO_PREDICTIONS = Predictions(np.zeros(0, np.int64), np.zeros((0, 1), np.float32))


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationResult(ArrayRepr):
    """The predictions of one network on one labelled set of images, and the metrics computed from them."""

    dataset: str
    metrics: Metrics
    predictions: Predictions  # empty if only the metrics are stored
    source: str = STORED  # or COMPUTED
    warnings: tuple[Message, ...] = ()  # on the images: see `Inspection`
    n_shared: int = 0  # test images that the network was trained on

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% Wilson interval of the accuracy on all images of this kind."""
        return wilson_interval(self.metrics.n_correct, self.metrics.n)

    @cached_property
    def calibration_error(self) -> float | None:
        """The expected calibration error in [0, 1]; None if the predictions aren't available."""
        if not len(self.predictions):
            return None
        return expected_calibration_error(self.predictions.correct, self.predictions.confidence)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        more = {"accuracy_interval_95": list(self.interval), "calibration_error": self.calibration_error}
        shared = {"test_images_trained_on": self.n_shared, "warnings": [str(warning) for warning in self.warnings]}
        return {"dataset": self.dataset, "how": self.source} | self.metrics.to_dict() | more | shared


@dataclass(frozen=True, eq=False, repr=False)
class DrawnDigits(ArrayRepr):
    """Digits drawn by test writers, whose drawings were used neither for training nor to choose settings."""

    images: Array  # (n, 28, 28, 1) uint8, from `ink.render`
    labels: Array  # (n,) int64 from 0 to 9
    writers: tuple[str, ...]  # (n,)

    @property
    def n_writers(self) -> int:
        """The number of different writers."""
        return len(set(self.writers))


def evaluate(run: FinishedRun, dataset_name: str | None = None, invert: bool | None = None) -> EvaluationResult:
    """Score `run` on the test images of `dataset_name`, by default the dataset it was trained on.

    `invert` exchanges light and dark; by default, the run's own dataset is inverted as in its training, and others
    aren't. If the run's dataset isn't available, the stored metrics are returned. Raises DataError if another dataset
    isn't available, and RunError if its images or classes don't match the network.
    """
    name = dataset_name or run.config.dataset
    is_own = name == run.config.dataset
    if invert is None:
        invert = is_own and run.config.invert
    try:
        dataset = catalog.load(name)
    except DataError:
        if not is_own:
            raise
        return stored_result(run)
    if invert:
        dataset = dataset.inverted()
    probabilities = Recognizer(run.network).probabilities(dataset.x_test)
    n_classes = probabilities.shape[1] - run.config.drawings
    if n_classes != len(dataset.class_names):
        raise RunError(
            "{dataset} has {n} classes, but the network of run {run} has {expected}. Choose another dataset.",
            dataset=name,
            n=len(dataset.class_names),
            run=run.id,
            expected=n_classes,
        )
    is_named = dataset.class_names != tuple(map(str, range(n_classes)))
    if is_named and dataset.class_names != run.class_names:
        raise RunError(
            "{dataset} has the classes {first} to {last}, but the network of run {run} has {own_first} to {own_last}. "
            "Choose a dataset with the same classes in the same order.",
            dataset=name,
            first=dataset.class_names[0],
            last=dataset.class_names[-1],
            run=run.id,
            own_first=run.class_names[0],
            own_last=run.class_names[-1],
        )
    predictions = restrict_to_digits(dataset.y_test, probabilities, n_classes)
    return replace(score(name, predictions, dataset.class_names), **_cautions(run, dataset, is_own))


def _cautions(run: FinishedRun, dataset: Dataset, is_own: bool) -> dict[str, Any]:
    """Return the number of test images that the network was trained on, and warnings about them and about the ink."""
    found = []
    n = n_shared(dataset.x_train, dataset.x_test) if is_own else 0
    if n:
        found.append(trained_on(n, len(dataset.x_test)))
    stored = run.dataset.inspection
    if is_dark_on_light(dataset.x_test) and not (stored and stored.is_dark_on_light):
        found.append(
            Message(
                "The ink of {dataset} is dark on a light ground, but the network was trained on light ink. Invert the "
                "images with --invert.",
                {"dataset": dataset.name},
            )
        )
    return {"n_shared": n, "warnings": tuple(found)}


def trained_on(n: int, total: int) -> Message:
    """Return the warning that `n` of `total` test images were used for training."""
    return Message(
        "{n:,} of these {total:,} test images were also used for training, so the figures are too good: a network is "
        "tested on images it has never seen.",
        {"n": n, "total": total},
    )


def score(dataset: str, predictions: Predictions, class_names: tuple[str, ...]) -> EvaluationResult:
    """Return predictions with the metrics computed from them."""
    metrics = compute_metrics(predictions.labels, predictions.probabilities, class_names)
    return EvaluationResult(dataset, metrics, predictions, COMPUTED)


def stored_result(run: FinishedRun) -> EvaluationResult:
    """Return the metrics and predictions stored with a run; the predictions are empty if they can't be read."""
    try:
        predictions = run.predictions()
    except RunError:
        predictions = _NO_PREDICTIONS
    stored = run.dataset.inspection
    n = stored.n_shared if stored else 0
    warnings = (trained_on(n, run.metrics.n),) if n else ()
    return EvaluationResult(run.config.dataset, run.metrics, predictions, warnings=warnings, n_shared=n)


def drawn_digits() -> DrawnDigits | None:
    """Return the test writers' drawn digits from DIGIT_LAB_DATA; None if there are none.

    Reading and rendering 2,107 drawings takes 1.0 s on 2 idle cores, so cache the result. Raises DataError if the file
    contains anything but drawings.
    """
    drawings = corpus.load(corpus.DIGITS, corpus.TEST)
    if not drawings:
        return None
    images = np.stack([render(drawing.strokes) for drawing in drawings])[..., None]
    labels = np.array([drawing.label for drawing in drawings], dtype=np.int64)
    return DrawnDigits(images, labels, tuple(drawing.writer for drawing in drawings))


def evaluate_drawings(
    run: FinishedRun, drawn: DrawnDigits, recognizer: Recognizer | None = None
) -> EvaluationResult | None:
    """Score `run` on drawn digits; return None if its network doesn't read digits.

    Pass the run's network as `recognizer` if it is already open. Apart from reading them, 2,107 drawings take 0.1 s
    with dense-128-dropout and 0.4 s with deep on 2 cores. Raises RunError if the network can't be read.
    """
    if not run.reads_digits:
        return None
    probabilities = (recognizer or Recognizer(run.network)).probabilities(drawn.images)
    return score(corpus.DIGITS, restrict_to_digits(drawn.labels, probabilities, N_DIGITS), _DIGITS)
