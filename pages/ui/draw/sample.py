"""A sample: an image on the Draw page, its source and its prediction. No Streamlit."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from model.inference.classifier import Classifier, Prediction
from model.inference.digit_reader import DigitPredictions, DigitReader
from model.ink.render import InkSteps, Strokes, render_steps
from model.runs.run import FinishedRun
from pages.ui.draw.corners import Paper
from pages.ui.translation import ngettext


@dataclass(frozen=True)
class Network:
    """A finished run and its classifier."""

    run: FinishedRun
    classifier: Classifier

    @property
    def reader(self) -> DigitReader:
        """The reader of drawings. Raises InkError if the network doesn't read digits."""
        return DigitReader(self.classifier)


@dataclass(frozen=True, eq=False)
class Sample:
    """One image and its prediction."""

    network: Network
    image: np.ndarray  # (h, w, c) uint8, as the network gets it
    prediction: Prediction
    alt: str  # describes the image, for screen readers
    may_reject: bool = True  # False for a test image, which always gets one of its classes
    strokes: Strokes | None = None  # if it was drawn on the canvas
    pen: float = 0.0  # canvas pixels, with strokes
    steps: InkSteps | None = None  # how a photo became the image
    paper: Paper | None = None  # where the paper is in a photo
    true: int | None = None  # the class of a test image

    @classmethod
    def of_image(
        cls,
        network: Network,
        image: np.ndarray,
        alt: str,
        may_reject: bool,
        steps: InkSteps | None = None,
        true: int | None = None,
        paper: Paper | None = None,
    ) -> Self:
        """Predict an image `(h, w, c)` uint8 of the network's size."""
        (prediction,) = network.classifier.predict(image[None], may_reject)
        return cls(network, image, prediction, alt, may_reject, steps=steps, true=true, paper=paper)

    @classmethod
    def of_drawing(cls, network: Network, strokes: Strokes, pen: float) -> Self | None:
        """Read a drawing as one digit, as `predict` does; None without ink."""
        digits = network.reader.read_strokes(strokes, dot=pen / 2).digits
        if not digits:
            return None
        (digit,) = digits
        n = len(strokes)
        alt = ngettext("{n} stroke as 28×28 grey pixels", "{n} strokes as 28×28 grey pixels", n).format(n=n)
        return cls(network, digit.image[..., None], digit.prediction, alt, strokes=strokes, pen=pen)

    @cached_property
    def looks_like_several_digits(self) -> bool:
        """Whether a drawing is more likely to be two or more digits than one."""
        return self.strokes is not None and self.network.reader.looks_like_several_digits(self.strokes)

    def predict(self, images: np.ndarray) -> list[Prediction]:
        """Return the same network's predictions for other images, with the same rule for rejection."""
        return self.network.classifier.predict(images, self.may_reject)


@dataclass(frozen=True)
class MultiDigitSample:
    """Several digits, row by row from left to right, on one canvas or photo."""

    predictions: DigitPredictions
    sheet: np.ndarray  # (h, w) or (h, w, 3) uint8
    zoom: float = 1.0  # pixels of the boxes per pixel of the sheet
    margin: float = 3.0  # pixels of the sheet between ink and box

    @classmethod
    def of_drawing(cls, network: Network, strokes: Strokes, size: tuple[int, int], pen: float) -> Self | None:
        """Read a drawing of `size` (width, height) as several digits; None without ink."""
        predictions = network.reader.read_strokes(strokes, numbers=True, dot=pen / 2)
        steps = render_steps(strokes, *size, pen)
        return cls(predictions, 255 - steps.drawn, margin=pen / 2 + 3) if steps else None
