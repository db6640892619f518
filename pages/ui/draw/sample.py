"""What lies on the Draw page: an image with what the network says about it, and where it came from.

Knows arrays, strokes and answers; knows no Streamlit.
"""

from dataclasses import dataclass, field

import numpy as np

from model.inference.classifier import Classifier, Prediction
from model.inference.digit_reader import DigitPredictions
from model.ink.render import InkSteps, render_steps
from pages.ui.components.fabric_strokes import Stroke


@dataclass(frozen=True)
class Sample:
    """One image that a network was asked about."""

    classifier: Classifier
    image: np.ndarray  # (h, w, c) uint8, as the network gets it
    answer: Prediction
    alt: str  # what the image is, for screen readers
    drawn: bool = True  # judged as ink, not as a test image
    strokes: list[Stroke] = field(default_factory=list)  # where it was drawn here
    pen: float = 0.0  # canvas pixels, with strokes
    seen: InkSteps | None = None  # how a picture of ink became the image
    true: int | None = None  # the class of a test image

    def predict(self, images: np.ndarray) -> list[Prediction]:
        """Ask the same network about other images in the same way."""
        return self.classifier.predict(images, self.drawn)


def of_drawing(classifier: Classifier, strokes: list[Stroke], pen: float) -> Sample | None:
    """Read a drawing as one digit, as `predict` does; None without ink. Raises InkError for what are no strokes."""
    readings = classifier.reader.read_strokes(strokes)
    if not readings.digits:
        return None
    reading = readings.digits[0]
    n = len(strokes)
    alt = f"the drawing of {n} stroke{'s' * (n != 1)} as 28 by 28 grey pixels"
    return Sample(classifier, reading.image[..., None], classifier.of_reading(reading), alt, strokes=strokes, pen=pen)


def of_image(classifier: Classifier, image: np.ndarray, alt: str, drawn: bool, **where: object) -> Sample:
    """Ask about an image `(h, w, c)` uint8 of the network's size."""
    return Sample(classifier, image, classifier.predict(image[None], drawn)[0], alt, drawn, **where)


@dataclass(frozen=True)
class MultiDigitSample:
    """Several digits, from left to right, over the sheet that they are on."""

    classifier: Classifier
    readings: DigitPredictions
    sheet: np.ndarray  # (h, w) or (h, w, 3) uint8
    zoom: float = 1.0  # pixels of the boxes in one of the sheet
    margin: float = 3.0  # pixels of the sheet between ink and box


def of_number(
    classifier: Classifier, strokes: list[Stroke], size: tuple[int, int], pen: float
) -> MultiDigitSample | None:
    """Read a drawing of `size` (width, height) as several digits; None without ink. Raises InkError as `of_drawing`."""
    readings = classifier.reader.read_strokes(strokes, numbers=True)
    if not readings.digits:
        return None
    sheet = 255 - render_steps(strokes, *size, pen).drawn
    return MultiDigitSample(classifier, readings, sheet, margin=pen / 2 + 3)
