"""Figures and predictions, as frozen dataclasses: what evaluations, recognizers and run folders hold.

Knows NumPy arrays and plain values; knows nothing of files, Keras or Streamlit.
"""

import math
import reprlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
NO_DIGIT = "no digit"  # the name of an eleventh class


class ArrayRepr:
    """Gives a dataclass that holds arrays a repr of one line: each array as its dtype and shape."""

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
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

    labels: Array
    probabilities: Array

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def predicted(self) -> Array:
        """The most probable class of each image, `(n,)` int64."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @cached_property
    def correct(self) -> Array:
        """Whether each image is classified correctly, `(n,)` bool."""
        return np.asarray(self.predicted == self.labels)

    @cached_property
    def confidence(self) -> Array:
        """The probability of each predicted class, `(n,)` in [0, 1]."""
        return np.asarray(self.probabilities.max(axis=1))

    def indices_in_cell(self, true: int | None = None, predicted: int | None = None) -> Array:
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


@dataclass(frozen=True, eq=False, repr=False)
class Metrics(ArrayRepr):
    """The figures of one evaluation. Shares are in [0, 1]; loss is the mean cross-entropy in nats."""

    n: int
    accuracy: float
    loss: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    classes: tuple[ClassMetrics, ...]
    confusion: Array  # (classes, classes) int64: row = true class, column = predicted class
    mistakes: tuple[Mistake, ...]  # most confident first

    @property
    def n_correct(self) -> int:
        """The number of images that are classified correctly."""
        return self.n - len(self.mistakes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        return tuple(row.name for row in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"confusion": self.confusion.tolist()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from what `to_dict` gave. Raises ValueError for anything else."""
        try:
            metrics = cls(
                **{
                    **values,
                    "classes": tuple(ClassMetrics(**item) for item in values["classes"]),
                    "confusion": np.array(values["confusion"], dtype=np.int64),
                    "mistakes": tuple(Mistake(**item) for item in values["mistakes"]),
                }
            )
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"the figures lack a field or have an unknown one ({error})") from error
        metrics._check()
        return metrics

    def _check(self) -> None:
        """Raise ValueError for figures that no evaluation gives."""
        k = len(self.classes)
        shares = [self.accuracy, self.macro_precision, self.macro_recall, self.macro_f1]
        shares += [share for row in self.classes for share in (row.precision, row.recall, row.f1)]
        shares += [mistake.probability for mistake in self.mistakes]
        counts = [self.n, *(row.support for row in self.classes), *(mistake.index for mistake in self.mistakes)]
        classes = [label for mistake in self.mistakes for label in (mistake.true, mistake.predicted)]
        if not all(_is_number(share) and 0 <= share <= 1 for share in shares):
            raise ValueError("a share is not a number in [0, 1]")
        if not _is_number(self.loss) or self.loss < 0:
            raise ValueError("loss is not a number from 0")
        if not all(_is_count(count) for count in counts) or len(self.mistakes) > self.n:
            raise ValueError("a count is not a whole number from 0")
        if not all(_is_count(label) and label < k for label in classes):
            raise ValueError("a misclassified image has an unknown class")
        if k < 1 or not all(isinstance(row.name, str) for row in self.classes):
            raise ValueError("a class has no name")
        if self.confusion.shape != (k, k) or (self.confusion < 0).any():
            raise ValueError(f"the confusion matrix does not have {k} rows and columns of counts")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


@dataclass(frozen=True)
class Calibration:
    """How a network was calibrated on characters held out from training; shares are in [0, 1]."""

    temperature: float  # the last layer was divided by it
    bias: float  # and before that raised by this for "not a digit"
    rejection_threshold: float  # the rejection score above which a character is rejected
    n_digits: int
    n_others: int  # letters, scribbles
    ece_before: float  # expected calibration error of the digits
    ece_after: float
    accepted: float  # of the digits
    refused: float  # of the others

    @property
    def is_fitted(self) -> bool:
        """Whether it was fitted, and is not the default of networks that were trained without drawings."""
        return self.n_digits > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the threshold has the name that run folders use."""
        values = asdict(self)
        values["reject_above"] = values.pop("rejection_threshold")
        return values

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from what `to_dict` gave. Raises ValueError for anything else."""
        try:
            calibration = cls(**{"rejection_threshold" if k == "reject_above" else k: v for k, v in values.items()})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"the calibration lacks a field or has an unknown one ({error})") from error
        if not all(_is_number(value) for value in asdict(calibration).values()):
            raise ValueError("the calibration holds something that is not a number")
        return calibration


# The threshold was chosen with dense-128-dropout so that 98 % of one half of the writers' drawn digits are accepted.
UNCALIBRATED = Calibration(
    temperature=1.0,
    bias=0.0,
    rejection_threshold=0.38,
    n_digits=0,
    n_others=0,
    ece_before=0.0,
    ece_after=0.0,
    accepted=0.98,
    refused=0.0,
)
