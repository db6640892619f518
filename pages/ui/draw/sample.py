"""What lies on the Draw page: an image with what the network says about it, and where it came from.

Knows arrays, strokes and answers; knows no Streamlit.
"""

from dataclasses import dataclass, field

import numpy as np

from model.inference.classifier import Answer, Answerer
from model.inference.digit_reader import Readings
from model.ink.render import Seen, steps
from pages.ui.components.fabric_strokes import Stroke


@dataclass(frozen=True)
class Subject:
    """One image that a network was asked about."""

    answerer: Answerer
    image: np.ndarray  # (h, w, c) uint8, as the network gets it
    answer: Answer
    alt: str  # what the image is, for screen readers
    drawn: bool = True  # judged as ink, not as a test image
    strokes: list[Stroke] = field(default_factory=list)  # where it was drawn here
    pen: float = 0.0  # canvas pixels, with strokes
    seen: Seen | None = None  # how a picture of ink became the image
    true: int | None = None  # the class of a test image

    def ask(self, images: np.ndarray) -> list[Answer]:
        """Ask the same network about other images in the same way."""
        return self.answerer.ask(images, self.drawn)


def of_drawing(answerer: Answerer, strokes: list[Stroke], pen: float) -> Subject | None:
    """Read a drawing as one digit, as `predict` does; None without ink. Raises InkError for what are no strokes."""
    readings = answerer.reader.read_strokes(strokes)
    if not readings.digits:
        return None
    reading = readings.digits[0]
    n = len(strokes)
    alt = f"the drawing of {n} stroke{'s' * (n != 1)} as 28 by 28 grey pixels"
    return Subject(answerer, reading.image[..., None], answerer.of_reading(reading), alt, strokes=strokes, pen=pen)


def of_image(answerer: Answerer, image: np.ndarray, alt: str, drawn: bool, **where: object) -> Subject:
    """Ask about an image `(h, w, c)` uint8 of the network's size."""
    return Subject(answerer, image, answerer.ask(image[None], drawn)[0], alt, drawn, **where)


@dataclass(frozen=True)
class Number:
    """Several digits, from left to right, over the sheet that they are on."""

    answerer: Answerer
    readings: Readings
    sheet: np.ndarray  # (h, w) or (h, w, 3) uint8
    zoom: float = 1.0  # pixels of the boxes in one of the sheet
    margin: float = 3.0  # pixels of the sheet between ink and box


def of_number(answerer: Answerer, strokes: list[Stroke], size: tuple[int, int], pen: float) -> Number | None:
    """Read a drawing of `size` (width, height) as several digits; None without ink. Raises InkError as `of_drawing`."""
    readings = answerer.reader.read_strokes(strokes, numbers=True)
    if not readings.digits:
        return None
    sheet = 255 - steps(strokes, *size, pen).drawn
    return Number(answerer, readings, sheet, margin=pen / 2 + 3)
