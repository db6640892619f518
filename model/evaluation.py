"""Scores a run on test images: freshly where the images are here, from the run's own store where they are not.

Knows runs, datasets and the recognizer; knows nothing of pages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from model import data
from model.errors import DataError, RunError
from model.metrics import measure
from model.recognizer import Recognizer
from model.records import Evaluation, Metrics
from model.runs import Run

_SMALLEST = np.float32(1e-30)
COMPUTED, STORED = "computed now", "stored with the run"


@dataclass(frozen=True)
class Scored:
    """The figures of one run on one dataset's test images, and where they come from."""

    dataset: str
    how: str  # COMPUTED or STORED
    metrics: Metrics

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"dataset": self.dataset, "how": self.how} | self.metrics.to_dict()


def evaluate(run: Run, dataset_name: str | None = None) -> Scored:
    """Score `run` on the test images of `dataset_name`, by default those of its own dataset.

    Where its own dataset can't be had, the stored figures are returned. Raises DataError where another dataset
    was asked for and can't be had, RunError where its images or classes do not fit the network.
    """
    wanted = dataset_name or run.config.dataset
    try:
        dataset = data.load(wanted)
    except DataError:
        if wanted == run.config.dataset and run.metrics:
            return Scored(wanted, STORED, run.metrics)
        raise
    probabilities = Recognizer(run.network).probabilities(dataset.x_test)
    n_classes = probabilities.shape[1] - run.config.drawings
    if n_classes != len(dataset.class_names):
        raise RunError(
            f"{wanted} has {len(dataset.class_names)} classes and run {run.id} tells {n_classes} apart; "
            "expected as many, so choose another dataset."
        )
    return Scored(wanted, COMPUTED, measure(judged(dataset.y_test, probabilities, n_classes), dataset.class_names))


def judged(labels: np.ndarray, probabilities: np.ndarray, n_classes: int) -> Evaluation:
    """Return what is judged on a test set of `n_classes` classes, from all that a network says, `(n, answers)`.

    A network that knows "no digit" is asked which digit each image is, if it is one: that answer is left out and the
    others are brought to a sum of 1. How many images it would refuse is told apart, by their reject scores.
    """
    if probabilities.shape[1] == n_classes:
        return Evaluation(labels, probabilities)
    classes = probabilities[:, :n_classes]
    return Evaluation(labels, classes / np.maximum(classes.sum(axis=1, keepdims=True), _SMALLEST))
