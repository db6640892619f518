"""Figures and predictions, as frozen dataclasses: what evaluations, recognizers and run folders hold.

Knows NumPy arrays and plain values; knows nothing of files, Keras or Streamlit.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

NO_DIGIT = "no digit"  # the name of an eleventh class


@dataclass(frozen=True)
class Resumption:
    """Where an earlier training of the same config was left."""

    step: int  # finished batches
    checkpoint: Path  # a .keras file with optimizer state
    seconds: float = 0.0  # trained so far
    rate_factor: float = 1.0  # what a person made of the scheduled learning rate
    validation_losses: dict[int, float] = field(default_factory=dict)  # of the finished epochs


@dataclass(frozen=True)
class Evaluation:
    """What a network said about a test set: `labels` (n,) int64, `probabilities` (n, classes) float32."""

    labels: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class ClassFigures:
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
    classes: tuple[ClassFigures, ...]
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
                "classes": tuple(ClassFigures(**each) for each in values["classes"]),
                "confusion": np.array(values["confusion"], dtype=np.int64),
                "mistakes": tuple(Mistake(**each) for each in values["mistakes"]),
            }
        )


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities were made believable on characters that were held back; shares are in [0, 1]."""

    temperature: float  # the last layer was divided by it
    bias: float  # and before that raised by this for "no digit"
    reject_above: float  # the doubt above which a character is refused
    n_digits: int
    n_others: int  # letters, scribbles
    ece_before: float  # expected calibration error of the digits
    ece_after: float
    accepted: float  # of the digits
    refused: float  # of the others


@dataclass(frozen=True)
class Reading:
    """A network's answer to one drawn character.

    `probabilities` is `(classes,)` float32; `image` `(28, 28)` uint8 as the network saw it; `box` the
    ink's left, top, right and bottom in canvas pixels.
    """

    digit: int
    probability: float
    probabilities: np.ndarray
    reject_score: float  # in [0, 1], grows with doubt that this is a digit
    accepted: bool
    image: np.ndarray
    box: tuple[float, float, float, float]
