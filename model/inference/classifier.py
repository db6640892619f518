"""One network predicts images of the size it was trained on: digits, clothing, photos.

Canvas, photo, test image and command line all end here, so what is rejected as "?" is decided in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from model.errors import RunError
from model.inference.litert import Recognizer
from model.inference.rejection import N_DIGITS, is_accepted, rejection_scores, restrict_to_digits
from model.results import NO_DIGIT, UNCALIBRATED, Array, ArrayRepr
from model.runs.run import FinishedRun

DIGITS = tuple(str(digit) for digit in range(N_DIGITS))
_INK_SHAPE = (28, 28, 1)


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(ArrayRepr):
    """A network's prediction for one image: `probabilities` `(classes,)` float32 of the classes in `class_names`."""

    class_names: tuple[str, ...]
    probabilities: Array
    class_index: int  # the most probable class; of a network for digits always a digit
    accepted: bool = True  # False: this doesn't look like a digit
    rejection_score: float = 0.0  # in [0, 1]; grows the less this looks like a digit

    @property
    def label(self) -> str:
        """The name of the most probable class."""
        return self.class_names[self.class_index]

    @property
    def text(self) -> str:
        """The label, or "?" where it is rejected."""
        return self.label if self.accepted else "?"

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return float(self.probabilities[self.class_index])

    @property
    def runner_up(self) -> int:
        """The second most probable class; never "not a digit"."""
        order = [int(i) for i in np.argsort(self.probabilities)[::-1] if self.class_names[i] != NO_DIGIT]
        return next(i for i in order if i != self.class_index)


class Classifier:
    """A network with the names of its classes: predicts images `(n, height, width, channels)` uint8."""

    def __init__(self, run: FinishedRun, recognizer: Recognizer | None = None):
        """Take a finished run; `recognizer` is its kept network, where it is open already.

        Raises RunError where the network can't be read or has another number of classes than the run.
        """
        recognizer = recognizer or Recognizer(run.network)
        if len(run.output_names) != recognizer.n_classes:
            raise RunError(
                f"The network of run {run.id} tells {recognizer.n_classes} classes apart and its figures speak of "
                f"{len(run.output_names)}; expected as many, so train it again or choose another run."
            )
        self._take(recognizer, run.output_names, run.calibration.rejection_threshold)

    @classmethod
    def from_network(
        cls,
        recognizer: Recognizer,
        class_names: Sequence[str],
        rejection_threshold: float = UNCALIBRATED.rejection_threshold,
    ) -> Self:
        """Return a classifier for a network without a run; `class_names` are those of its output."""
        self = cls.__new__(cls)
        self._take(recognizer, tuple(class_names), rejection_threshold)
        return self

    def _take(self, recognizer: Recognizer, output_names: tuple[str, ...], rejection_threshold: float) -> None:
        self.recognizer = recognizer
        self.output_names = output_names
        self.class_names = tuple(name for name in output_names if name != NO_DIGIT)
        self.input_shape = recognizer.input_shape
        self.rejection_threshold = rejection_threshold
        self.reads_digits = self.input_shape == _INK_SHAPE and self.class_names == DIGITS

    @property
    def knows_non_digits(self) -> bool:
        """Whether "not a digit" is one of its classes."""
        return len(self.output_names) > len(self.class_names)

    def predict(self, images: Array, allow_rejection: bool = True) -> list[Prediction]:
        """Return a prediction for each image, `(n, height, width, channels)` in [0, 255].

        A network for digits may reject an image as not a digit. Without `allow_rejection` it predicts one of its
        classes, as test images are scored.
        """
        probabilities = self.recognizer.probabilities(images)
        if not (self.reads_digits and allow_rejection):
            restricted = restrict_to_digits(np.zeros(len(images), np.int64), probabilities, len(self.class_names))
            rows = zip(restricted.probabilities, restricted.predicted, strict=True)
            return [Prediction(self.class_names, row, int(best)) for row, best in rows]
        scores = rejection_scores(probabilities)
        accepted = is_accepted(scores, self.rejection_threshold)
        best = probabilities[:, :N_DIGITS].argmax(axis=1)
        return [
            Prediction(self.output_names, probabilities[i], int(best[i]), bool(accepted[i]), float(scores[i]))
            for i in range(len(images))
        ]
