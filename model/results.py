"""Inspections, metrics, predictions and calibration as frozen dataclasses, which all other packages share.

NumPy arrays and plain values only: no files, no Keras, no Streamlit.
"""

import reprlib
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from model.messages import Message
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
class Inspection:
    """One look at a dataset: the facts that decide whether training on it makes sense. Counts are per class."""

    image_shape: tuple[int, int, int]  # height, width, channels
    class_names: tuple[str, ...]
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    n_validation: int = 0  # images of a validation part of its own
    lowest: float = 0.0  # pixel value in the file
    highest: float = 255.0
    black: float = 0.0  # the values that became 0 and 255
    white: float = 255.0
    first_label: int = 0
    is_dark_on_light: bool = False  # dark ink on a light ground, unlike MNIST and the Draw page; grey images only
    n_shared: int = 0  # test images that are also training images
    is_split: bool = False  # a fifth of the images became the test set

    @property
    def empty_classes(self) -> tuple[str, ...]:
        """The names of the classes without training images."""
        return tuple(name for name, n in zip(self.class_names, self.train_counts, strict=True) if not n)

    @property
    def warnings(self) -> tuple[Message, ...]:
        """A sentence on everything that makes a training or its figures worse."""
        found = []
        if self.is_dark_on_light:
            found.append(
                Message(
                    "The ink is dark on a light ground. On the Draw page it is light on black, as in MNIST: invert the "
                    "images, or the network will misread drawings."
                )
            )
        if self.first_label:
            found.append(
                Message(
                    "The labels start at {first}, so there is no class 0: the classes are {names}.",
                    {"first": self.first_label, "names": _listed(self.class_names)},
                )
            )
        if self.first_label == 1 and self.class_names == tuple(map(str, range(1, 11))):
            found.append(Message("If label 10 stands for the digit 0, change it to 0 to use the network for digits."))
        if self.empty_classes:
            found.append(
                Message(
                    "There are no training images of {names}. The network can't learn these classes.",
                    {"names": _listed(self.empty_classes)},
                )
            )
        if self.n_shared:
            found.append(
                Message(
                    "{n:,} of {total:,} test images are also among the training images, so the test accuracy will be "
                    "too high.",
                    {"n": self.n_shared, "total": sum(self.test_counts)},
                )
            )
        return tuple(found)

    @property
    def notes(self) -> tuple[Message, ...]:
        """A sentence on everything that was changed or chosen for this dataset."""
        made = []
        if (self.black, self.white) != (0, 255):
            values = {"black": self.black, "white": self.white}
            made.append(Message("Pixel values from {black:g} to {white:g} are scaled to 0 to 255.", values))
        if self.is_split:
            made.append(
                Message(
                    "There is no test part, so a fifth of the images ({n:,}) is the test set: the same ones every "
                    "time, with all classes.",
                    {"n": sum(self.test_counts)},
                )
            )
        if self.n_validation:
            made.append(Message("Its own {n:,} validation images are used for validation.", {"n": self.n_validation}))
        return tuple(made)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the result of `to_dict`. Raises ValueError for anything else."""
        try:
            given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
            found = cls(**given)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"the inspection has a missing or unknown field ({error})") from error
        n_classes = len(found.class_names) if isinstance(found.class_names, tuple) else 0
        counts = (found.train_counts, found.test_counts)
        if not 0 < n_classes <= MAX_CLASSES or not all(isinstance(c, tuple) and len(c) == n_classes for c in counts):
            raise ValueError("the inspection must have one count for each class")
        for name in found.class_names:
            class_name(name)
        whole = (*found.image_shape, *found.train_counts, *found.test_counts, found.n_validation)
        if len(found.image_shape) != 3 or not all(map(_is_count, (*whole, found.first_label, found.n_shared))):
            raise ValueError("a count of the inspection must be a whole number of at least 0")
        if not all(_is_number(value) for value in (found.lowest, found.highest, found.black, found.white)):
            raise ValueError("the range of the inspection must be numbers")
        if not isinstance(found.is_dark_on_light, bool) or not isinstance(found.is_split, bool):
            raise ValueError("a flag of the inspection must be true or false")
        return found


_MAX_LISTED = 12  # names in a sentence


def _listed(names: tuple[str, ...]) -> str:
    if len(names) <= _MAX_LISTED:
        return ", ".join(names)
    return ", ".join((*names[: _MAX_LISTED - 1], "…", names[-1]))


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
