"""Reads digits from strokes and photos: ink becomes 28x28 images, and a classifier predicts them.

The Draw page and `predict` use the same reader.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import InkError
from model.inference.classifier import Classifier, Prediction
from model.inference.rejection import N_DIGITS
from model.ink import grouping, photo
from model.ink.render import SIDE, Strokes, box_of, parse_strokes, render
from model.results import Array, ArrayRepr

Box = tuple[float, float, float, float]  # left, top, right, bottom in canvas or picture pixels

_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, eq=False, repr=False)
class DigitPrediction(ArrayRepr):
    """The prediction for one drawn digit, with the `image` `(28, 28)` uint8 that the network saw and where it was."""

    prediction: Prediction
    image: Array
    box: Box

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return self.prediction.class_index

    @property
    def probability(self) -> float:
        """The probability of that digit."""
        return self.prediction.probability

    @property
    def accepted(self) -> bool:
        """Whether it looks like a digit."""
        return self.prediction.accepted

    @property
    def rejection_score(self) -> float:
        """In [0, 1]; grows the less this looks like a digit."""
        return self.prediction.rejection_score


@dataclass(frozen=True)
class DigitPredictions:
    """The predictions for one drawing: one for each digit, from left to right; none when nothing is drawn."""

    digits: tuple[DigitPrediction, ...]

    @property
    def text(self) -> str:
        """The most probable digits, "" when nothing is drawn."""
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def accepted(self) -> bool:
        """Whether something is drawn and each part of it looks like a digit."""
        return bool(self.digits) and all(digit.accepted for digit in self.digits)

    @property
    def rejection_score(self) -> float:
        """The largest rejection score, in [0, 1]; 1 when nothing is drawn."""
        return max((digit.rejection_score for digit in self.digits), default=1.0)

    def to_dict(self) -> dict[str, Any]:
        """Return what `predict --json` prints."""
        digits = [
            {"digit": digit.digit, "probability": round(digit.probability, 6), "box": [round(v, 2) for v in digit.box]}
            for digit in self.digits
        ]
        return {
            "text": self.text,
            "accepted": self.accepted,
            "reject_score": round(self.rejection_score, 6),
            "digits": digits,
        }

    def describe(self) -> str:
        """Return one line for a person."""
        if not self.digits:
            return "nothing is drawn"
        confidence = " ".join(f"{digit.probability:.1%}" for digit in self.digits)
        return f"{self.text}  {confidence}" + ("" if self.accepted else "  (this does not look like a digit)")


class DigitReader:
    """Reads drawings with one classifier for grey images of 28x28."""

    def __init__(self, classifier: Classifier):
        """Take the classifier. Raises InkError for a network that doesn't read digits, such as one for CIFAR-10."""
        if classifier.input_shape != (SIDE, SIDE, 1):
            raise InkError(
                f"This network was taught with images of {classifier.input_shape}; expected (28, 28, 1) for drawings, "
                "so choose a run that was trained on digits."
            )
        if not classifier.reads_digits:
            raise InkError(
                f"This network tells {len(classifier.output_names)} classes apart ({classifier.class_names[0]} to "
                f"{classifier.class_names[-1]}); expected the ten digits, with or without one for what is none, so "
                "choose a run that was trained on digits."
            )
        self._classifier = classifier

    def read_strokes(self, strokes: Any, numbers: bool = False, source: str = "The drawing") -> DigitPredictions:
        """Read strokes in canvas pixels, as one digit or with `numbers` as several.

        Raises InkError, which `source` begins, for anything but strokes.
        """
        lines = parse_strokes(strokes, source)
        if not lines:
            return DigitPredictions(())
        groups = self._group_strokes(lines) if numbers else [lines]
        return DigitPredictions(tuple(self._predict(render(group), box_of(group)) for group in groups))

    def read_photo(self, picture: Path | bytes, numbers: bool = False) -> DigitPredictions:
        """Read a picture of a digit, or with `numbers` of several. Raises InkError for anything but a picture."""
        if numbers:
            digits = photo.read_photo_digits(picture, grouped=self._group, cut=self._classifier.knows_non_digits)
        else:
            digit = photo.read_photo(picture)
            digits = [digit] if digit else []
        return DigitPredictions(tuple(self._predict(digit.image, digit.box) for digit in digits))

    def _group_strokes(self, lines: Strokes) -> list[Strokes]:
        boxes = [box_of([line]) for line in lines]
        groups = self._group(boxes, lambda members: render(lines.select(members)))
        return [lines.select(members) for members in groups]

    def _group(self, boxes: Any, image_of: grouping.Images) -> list[list[int]]:
        """Let the network decide which parts make up a digit, if it was trained on parts that don't."""
        if not self._classifier.knows_non_digits:
            return grouping.by_shape(boxes)
        return grouping.by_reading(boxes, image_of, self._classifier.recognizer.probabilities, N_DIGITS)

    def _predict(self, image: Array, box: Box) -> DigitPrediction:
        (prediction,) = self._classifier.predict(image[None, :, :, None])
        return DigitPrediction(prediction, image, box)


def predict_file(reader: DigitReader, path: Path, numbers: bool = False) -> Iterator[DigitPredictions]:
    """Read a .jsonl (or .jsonl.gz) of drawings, one a line, or one picture; yield predictions for each.

    Raises InkError that names file and line for anything else.
    """
    if path.suffix.lower() in _IMAGE_SUFFIXES:
        yield reader.read_photo(path, numbers)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _predict_lines(reader, path, numbers)
    else:
        raise InkError(f"{path.name} came; expected a .jsonl of strokes or a picture ({', '.join(_IMAGE_SUFFIXES)}).")


def _predict_lines(reader: DigitReader, path: Path, numbers: bool) -> Iterator[DigitPredictions]:
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    source = f"{path.name}, line {number},"
                    yield reader.read_strokes(_strokes(line, source), numbers, source)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InkError(f"{path.name} can't be read as text ({error}); expected one JSON object a line.") from error


def _strokes(line: str, source: str) -> Any:
    try:
        drawing = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InkError(f'{source} is no JSON; expected {{"strokes": [[[x, y], …], …]}}.') from error
    if not isinstance(drawing, dict) or "strokes" not in drawing:
        raise InkError(f'{source} has no strokes; expected {{"strokes": [[[x, y], …], …]}}.')
    return drawing["strokes"]
