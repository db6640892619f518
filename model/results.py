"""Metrics, predictions and calibration as frozen dataclasses, which evaluations, networks and run folders share.

NumPy arrays and plain values only: no files, no Keras, no Streamlit.
"""

import reprlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from model.plain_text import is_readable

Array = np.ndarray[Any, np.dtype[Any]]
NO_DIGIT = "no digit"  # the eleventh class, "not a digit", as it is called on disk
_LARGEST = 1e300
MAX_CLASSES = 101  # 100 of a dataset, and "not a digit"
MAX_CLASS_NAME = 40  # characters


class ArrayRepr:
    """Adds a one-line repr to a dataclass with arrays: each array as its dtype and shape."""

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{name}={_short_repr(value)}' for name, value in values)})"


def _short_repr(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return reprlib.repr(value)


@dataclass(frozen=True)
class Checkpoint:
    """The state from which an interrupted training run continues."""

    step: int  # batches completed
    checkpoint: Path  # a .keras file with optimizer state
    seconds: float = 0.0  # training time so far
    rate_factor: float = 1.0  # of the scheduled learning rate, after changes during training
    validation_losses: dict[int, float] = field(default_factory=dict)  # of the completed epochs


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
        """The class with the highest probability for each image, `(n,)` int64."""
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
        """Return the indices `(m,)` int64 of the images in a cell of the confusion matrix, highest confidence first.

        With both classes, that cell (on the diagonal: correct predictions). With one class, the misclassified images
        of that row or column. With no class, all misclassified images.
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
    """The metrics of one class: precision, recall and F1 in [0, 1]; support is the number of images."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistake:
    """A misclassified image; `index` is its position in the test set."""

    index: int
    true: int
    predicted: int
    probability: float  # of the wrong prediction


@dataclass(frozen=True, eq=False, repr=False)
class Metrics(ArrayRepr):
    """The metrics of one evaluation. Shares are in [0, 1]; loss is the mean cross-entropy in nats."""

    n: int
    accuracy: float
    loss: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    classes: tuple[ClassMetrics, ...]
    confusion: Array  # (classes, classes) int64: row = true class, column = predicted class
    mistakes: tuple[Mistake, ...]  # highest confidence first

    @property
    def n_correct(self) -> int:
        """The number of correctly classified images."""
        return self.n - len(self.mistakes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in order."""
        return tuple(row.name for row in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"confusion": self.confusion.tolist()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the result of `to_dict`. Raises ValueError for anything else."""
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
            raise ValueError(f"the metrics have a missing or unknown field ({error})") from error
        metrics._check()
        return metrics

    def _check(self) -> None:
        """Raise ValueError for values that no evaluation could return."""
        k = len(self.classes)
        shares = [self.accuracy, self.macro_precision, self.macro_recall, self.macro_f1]
        shares += [share for row in self.classes for share in (row.precision, row.recall, row.f1)]
        shares += [mistake.probability for mistake in self.mistakes]
        counts = [self.n, *(row.support for row in self.classes), *(mistake.index for mistake in self.mistakes)]
        classes = [label for mistake in self.mistakes for label in (mistake.true, mistake.predicted)]
        if not all(_is_number(share) and 0 <= share <= 1 for share in shares):
            raise ValueError("a share must be a number in [0, 1]")
        if not _is_number(self.loss) or self.loss < 0:
            raise ValueError("loss must be a number of at least 0")
        if not all(_is_count(count) for count in counts) or len(self.mistakes) > self.n:
            raise ValueError("a count must be a whole number of at least 0, and mistakes at most n")
        if not all(_is_count(label) and label < k for label in classes):
            raise ValueError("a misclassified image has an unknown class")
        if not 1 <= k <= MAX_CLASSES:
            raise ValueError(f"there must be 1 to {MAX_CLASSES} classes")
        for row in self.classes:
            class_name(row.name)
        if self.confusion.shape != (k, k) or (self.confusion < 0).any():
            raise ValueError(f"the confusion matrix must have {k} rows and columns of counts")


def class_name(value: Any) -> str:
    """Return a value that can name a class, unchanged. Raises ValueError for anything else."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CLASS_NAME or not is_readable(value):
        raise ValueError(f"the name of a class must be one line of 1 to {MAX_CLASS_NAME} characters")
    return value


def _is_number(value: Any) -> bool:
    # NaN fails the comparison, and math.isfinite would raise an error for an integer of 400 digits.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


# Names of the fields of a calibration in run folders, where they differ.
_ON_DISK = {"rejection_threshold": "reject_above", "rejected": "refused"}
_IN_PYTHON = {on_disk: name for name, on_disk in _ON_DISK.items()}


@dataclass(frozen=True)
class Calibration:
    """The calibration of a network on characters held out from training; shares are in [0, 1]."""

    temperature: float  # divisor of the last layer's outputs
    bias: float  # added to the output for "not a digit" before the division
    rejection_threshold: float  # characters with a higher rejection score are rejected
    n_digits: int
    n_others: int  # letters, scribbles
    ece_before: float  # expected calibration error, digits only
    ece_after: float
    accepted: float  # share of the digits
    rejected: float  # share of the others

    @property
    def is_fitted(self) -> bool:
        """Whether it was fitted; if not, it is the default for networks trained without drawings."""
        return self.n_digits > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with the field names that run folders use."""
        return {_ON_DISK.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the result of `to_dict`. Raises ValueError for anything else."""
        try:
            calibration = cls(**{_IN_PYTHON.get(name, name): value for name, value in values.items()})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"the calibration has a missing or unknown field ({error})") from error
        if not all(_is_number(value) for value in asdict(calibration).values()):
            raise ValueError("every value of the calibration must be a number")
        return calibration


# The threshold was chosen with dense-128-dropout to accept 98% of the digits drawn by one half of the writers.
UNCALIBRATED = Calibration(
    temperature=1.0,
    bias=0.0,
    rejection_threshold=0.38,
    n_digits=0,
    n_others=0,
    ece_before=0.0,
    ece_after=0.0,
    accepted=0.98,
    rejected=0.0,
)
