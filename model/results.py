"""Figures and predictions, as frozen dataclasses: what evaluations, recognizers and run folders hold.

Knows NumPy arrays and plain values; knows nothing of files, Keras or Streamlit.
"""

import reprlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

NO_DIGIT = "no digit"  # the name of an eleventh class


class ArrayRepr:
    """Gives a dataclass that holds arrays a repr of one line: each array as its dtype and shape."""

    def __repr__(self) -> str:
        values = ((each.name, getattr(self, each.name)) for each in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{name}={_short_repr(value)}' for name, value in values)})"


def _short_repr(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return reprlib.repr(value)


@dataclass(frozen=True)
class Checkpoint:
    """Where an earlier training of the same config was left."""

    step: int  # finished batches
    checkpoint: Path  # a .keras file with optimizer state
    seconds: float = 0.0  # trained so far
    rate_factor: float = 1.0  # what a person made of the scheduled learning rate
    validation_losses: dict[int, float] = field(default_factory=dict)  # of the finished epochs


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(ArrayRepr):
    """A network's predictions on labelled images: `labels` `(n,)` int64, `probabilities` `(n, classes)` float32.

    >>> predictions = Predictions(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], np.float32))
    >>> predictions.predicted.tolist(), predictions.correct.tolist()
    ([0, 0, 1], [True, False, True])
    >>> predictions.indices_in_cell(true=1, predicted=0).tolist()
    [1]
    """

    labels: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image, `(n,)` int64."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def correct(self) -> np.ndarray:
        """Whether each image is classified correctly, `(n,)` bool."""
        return self.predicted == self.labels

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of each predicted class, `(n,)` in [0, 1]."""
        return self.probabilities.max(axis=1)

    def indices_in_cell(self, true: int | None = None, predicted: int | None = None) -> np.ndarray:
        """Return the images `(m,)` int64 in one cell of the confusion matrix, the most confident predictions first.

        With both classes it is that cell; on the diagonal these are correct predictions. With one class it is the
        misclassified images of that row or column; with none, all misclassified images.
        """
        chosen = np.ones(len(self), bool) if true is None else self.labels == true
        if predicted is not None:
            chosen = chosen & (self.predicted == predicted)
        if true is None or predicted is None:
            chosen = chosen & ~self.correct
        indices = np.flatnonzero(chosen)
        return indices[np.argsort(-self.confidence[indices], kind="stable")]


@dataclass(frozen=True)
class ClassMetrics:
    """How one class fared: precision, recall and F1 in [0, 1], support as a count of images."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistake:
    """One image that the network got wrong; `index` counts in the test set."""

    index: int
    true: int
    predicted: int
    probability: float  # that the network gave to its wrong answer


@dataclass(frozen=True)
class Metrics:
    """The figures of one evaluation. Shares are in [0, 1]; loss is the mean cross-entropy in nats."""

    n: int
    accuracy: float
    loss: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    classes: tuple[ClassMetrics, ...]
    confusion: np.ndarray  # (classes, classes) int64: row = true class, column = predicted class
    mistakes: tuple[Mistake, ...]  # most confident first

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"confusion": self.confusion.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build the record from what `to_dict` gave."""
        return cls(
            **{
                **values,
                "classes": tuple(ClassMetrics(**each) for each in values["classes"]),
                "confusion": np.array(values["confusion"], dtype=np.int64),
                "mistakes": tuple(Mistake(**each) for each in values["mistakes"]),
            }
        )


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities were made believable on characters that were held back; shares are in [0, 1]."""

    temperature: float  # the last layer was divided by it
    bias: float  # and before that raised by this for "no digit"
    rejection_threshold: float  # the doubt above which a character is refused
    n_digits: int
    n_others: int  # letters, scribbles
    ece_before: float  # expected calibration error of the digits
    ece_after: float
    accepted: float  # of the digits
    refused: float  # of the others

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the threshold has the name that run folders use."""
        values = asdict(self)
        values["reject_above"] = values.pop("rejection_threshold")
        return values


@dataclass(frozen=True)
class DigitPrediction:
    """A network's answer to one drawn character.

    `probabilities` is `(classes,)` float32; `image` `(28, 28)` uint8 as the network saw it; `box` the
    ink's left, top, right and bottom in canvas pixels.
    """

    digit: int
    probability: float
    probabilities: np.ndarray
    rejection_score: float  # in [0, 1], grows with doubt that this is a digit
    accepted: bool
    image: np.ndarray
    box: tuple[float, float, float, float]
