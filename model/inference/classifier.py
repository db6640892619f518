"""What one network says about single images of the size it was taught with: digits, clothing, photos.

Knows runs, recognizers and the reading of ink; knows nothing of pages.
"""

from dataclasses import dataclass

import numpy as np

from model.errors import RunError
from model.inference.digit_reader import DEFAULT_REJECTION_THRESHOLD, DigitReader
from model.inference.litert import Recognizer
from model.inference.rejection import N_DIGITS, rejection_scores, restrict_to_digits
from model.ink.render import SIDE
from model.results import NO_DIGIT, DigitPrediction
from model.runs.run import Run

DIGITS = tuple(str(digit) for digit in range(N_DIGITS))


@dataclass(frozen=True)
class Prediction:
    """What a network says about one image: `probabilities` `(classes,)` float32 of the classes in `names`."""

    names: tuple[str, ...]
    probabilities: np.ndarray
    best: int  # the likeliest class; of a network for digits always a digit
    accepted: bool  # False: this does not look like a digit

    @property
    def name(self) -> str:
        """Return the best guess."""
        return self.names[self.best]

    @property
    def told(self) -> str:
        """Return the answer: the best guess, or "?" where it is not accepted."""
        return self.name if self.accepted else "?"

    @property
    def probability(self) -> float:
        """Return the probability of the best guess."""
        return float(self.probabilities[self.best])

    @property
    def second(self) -> int:
        """Return the class that comes after the best; "no digit" is no guess."""
        order = [int(i) for i in np.argsort(self.probabilities)[::-1] if self.names[i] != NO_DIGIT]
        return next(i for i in order if i != self.best)


class Classifier:
    """One run's network, asked about images `(n, height, width, channels)` uint8."""

    def __init__(self, run: Run, recognizer: Recognizer):
        """Take a finished run and its network. Raises RunError where the two do not fit."""
        self.run = run
        self.recognizer = recognizer
        self.class_names = tuple(each.name for each in run.metrics.classes)
        self.names = output_names(run)
        self.shape = recognizer.input_shape
        if len(self.names) != recognizer.n_classes:
            raise RunError(
                f"The network of run {run.id} tells {recognizer.n_classes} classes apart and its figures speak of "
                f"{len(self.names)}; expected as many, so train it again or choose another run."
            )
        self._rejection_threshold = (
            DEFAULT_REJECTION_THRESHOLD if run.rejection_threshold is None else run.rejection_threshold
        )

    @property
    def reader(self) -> DigitReader:
        """Return the reader of drawings. Raises InkError where the network was not taught digits."""
        return DigitReader(self.recognizer, self.run.rejection_threshold)

    def predict(self, images: np.ndarray, drawn: bool) -> list[Prediction]:
        """Answer each image: as drawn ink, of which a network for digits may doubt whether it is one, or as test images
        are judged on the Evaluate page, where it is asked which class each is.
        """
        said = self.recognizer.probabilities(images)
        if not drawn or not reads_ink(self.run):
            said = restrict_to_digits(np.zeros(len(images), np.int64), said, len(self.class_names)).probabilities
            return [Prediction(self.class_names, each, int(each.argmax()), True) for each in said]
        doubts = rejection_scores(said, N_DIGITS)
        best = said[:, :N_DIGITS].argmax(axis=1)
        return [
            Prediction(self.names, each, int(digit), bool(doubt <= self._rejection_threshold))
            for each, digit, doubt in zip(said, best, doubts, strict=True)
        ]

    def of_reading(self, reading: DigitPrediction) -> Prediction:
        """Return a reading of ink as an answer."""
        return Prediction(self.names, reading.probabilities, reading.digit, reading.accepted)


def output_names(run: Run) -> tuple[str, ...]:
    """Return what a network can answer; "no digit" is no class of the test set and so not among its figures."""
    return tuple(each.name for each in run.metrics.classes) + (NO_DIGIT,) * run.config.drawings


def reads_ink(run: Run) -> bool:
    """Tell whether a run reads drawings: grey 28x28 images in classes named 0 to 9, and maybe "no digit"."""
    shape = run.description.get("dataset", {}).get("image_shape")
    return shape == [SIDE, SIDE, 1] and output_names(run) in (DIGITS, (*DIGITS, NO_DIGIT))
