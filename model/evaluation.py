"""Scores a run on test images: freshly where the images are here, from the run's own store where they are not.

Knows runs, datasets and the recognizer; knows nothing of pages.
"""

from dataclasses import dataclass
from typing import Any

from model import data
from model.errors import DataError, RunError
from model.metrics import measure
from model.recognizer import Recognizer
from model.records import NO_DIGIT, Evaluation, Metrics
from model.runs import Run

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
    class_names = (*dataset.class_names, NO_DIGIT) if run.config.drawings else dataset.class_names
    if probabilities.shape[1] != len(class_names):
        raise RunError(
            f"{wanted} has {len(class_names)} classes and run {run.id} answers {probabilities.shape[1]}; "
            "expected as many, so choose another dataset."
        )
    return Scored(wanted, COMPUTED, measure(Evaluation(dataset.y_test, probabilities), class_names))
