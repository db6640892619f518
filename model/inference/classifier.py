"""Classifies images of the size that a network was trained on: digits, clothing, photos.

Drawings, photos, test images and the command line all use it, so one place decides what is rejected as "?".
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
    class_index: int  # the most probable class; always a digit if the network reads digits
    accepted: bool = True  # False: it doesn't look like a digit
    rejection_score: float = 0.0  # in [0, 1]; the higher, the less it looks like a digit

    @property
    def label(self) -> str:
        """The name of the most probable class."""
        return self.class_names[self.class_index]

    @property
    def text(self) -> str:
        """The label, or "?" if the image is rejected."""
        return self.label if self.accepted else "?"

    @property
    def probability(self) -> float:
        """The probability of the most probable class."""
        return float(self.probabilities[self.class_index])

    @property
    def runner_up(self) -> int:
        """The second most probable class; never "no digit"."""
        order = [int(i) for i in np.argsort(self.probabilities)[::-1] if self.class_names[i] != NO_DIGIT]
        return next(i for i in order if i != self.class_index)


class Classifier:
    """A network with the names of its classes; classifies images `(n, height, width, channels)` uint8."""

    def __init__(self, run: FinishedRun, recognizer: Recognizer | None = None):
        """Use the network of a finished run; pass it as `recognizer` if it is already open.

        Raises RunError if the network can't be read or doesn't have as many classes as the run.
        """
        recognizer = recognizer or Recognizer(run.network)
        if len(run.output_names) != recognizer.n_classes:
            raise RunError(
                "The network of run {run} has {n} classes, but its run.json has {expected}. Train it again or choose "
                "another run.",
                run=run.id,
                n=recognizer.n_classes,
                expected=len(run.output_names),
            )
        self._set_up(recognizer, run.output_names, run.calibration.rejection_threshold)

    @classmethod
    def from_network(
        cls,
        recognizer: Recognizer,
        class_names: Sequence[str],
        rejection_threshold: float = UNCALIBRATED.rejection_threshold,
    ) -> Self:
        """Return a classifier for a network without a run; `class_names` are the names of its outputs."""
        self = cls.__new__(cls)
        self._set_up(recognizer, tuple(class_names), rejection_threshold)
        return self

    def _set_up(self, recognizer: Recognizer, output_names: tuple[str, ...], rejection_threshold: float) -> None:
        self.recognizer = recognizer
        self.output_names = output_names
        self.class_names = tuple(name for name in output_names if name != NO_DIGIT)
        self.input_shape = recognizer.input_shape
        self.rejection_threshold = rejection_threshold
        self.reads_digits = self.input_shape == _INK_SHAPE and self.class_names == DIGITS

    @property
    def knows_non_digits(self) -> bool:
        """Whether "no digit" is one of its classes."""
        return len(self.output_names) > len(self.class_names)

    def predict(self, images: Array, allow_rejection: bool = True) -> list[Prediction]:
        """Return a prediction for each image, `(n, height, width, channels)` in [0, 255].

        A network for digits may reject an image as not a digit. Without `allow_rejection` it always predicts one of
        the other classes; test images are scored this way.
        """
        probabilities = self.recognizer.probabilities(images)
        if not (self.reads_digits and allow_rejection):
            restricted = restrict_to_digits(np.zeros(len(images), np.int64), probabilities, len(self.class_names))
            rows = zip(restricted.probabilities, restricted.predicted, strict=True)
            return [Prediction(self.class_names, row, int(best)) for row, best in rows]
        scores = rejection_scores(probabilities)
        accepted = is_accepted(probabilities, self.rejection_threshold)
        best = probabilities[:, :N_DIGITS].argmax(axis=1)
        return [
            Prediction(self.output_names, probabilities[i], int(best[i]), bool(accepted[i]), float(scores[i]))
            for i in range(len(images))
        ]
