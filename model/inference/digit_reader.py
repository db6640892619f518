"""Drawings in, readings out: ink and recognizer joined, for the Draw page and `predict` alike.

Knows strokes, pictures and one recognizer; knows nothing of pages or of how a network was trained.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import InkError
from model.inference.litert import Recognizer
from model.inference.rejection import N_DIGITS, rejection_scores
from model.ink import grouping, photo
from model.ink.render import SIDE, Strokes, box_of, parse_strokes, render
from model.results import DigitPrediction

# The doubt above which a drawing is refused, for networks that were trained without drawings and so bring no threshold
# of their own. Chosen with dense-128-dropout so that 98 % of the drawn digits of one half of the writers are accepted.
DEFAULT_REJECTION_THRESHOLD = 0.38
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class DigitPredictions:
    """What one drawing says: one reading a digit, from left to right; none when nothing is drawn."""

    digits: tuple[DigitPrediction, ...]

    @property
    def text(self) -> str:
        """Return the best reading of every digit, "" when nothing is drawn."""
        return "".join(str(each.digit) for each in self.digits)

    @property
    def accepted(self) -> bool:
        """Tell whether something is drawn and each part of it looks like a digit."""
        return bool(self.digits) and all(each.accepted for each in self.digits)

    @property
    def rejection_score(self) -> float:
        """Return the largest doubt, in [0, 1]; 1 when nothing is drawn."""
        return max((each.rejection_score for each in self.digits), default=1.0)

    def to_dict(self) -> dict[str, Any]:
        """Return what `predict --json` prints."""
        digits = [
            {"digit": each.digit, "probability": round(each.probability, 6), "box": [round(v, 2) for v in each.box]}
            for each in self.digits
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
        sure = " ".join(f"{each.probability:.1%}" for each in self.digits)
        return f"{self.text}  {sure}" + ("" if self.accepted else "  (this does not look like a digit)")


class DigitReader:
    """Reads drawings with one network for grey images of 28x28."""

    def __init__(self, recognizer: Recognizer, rejection_threshold: float | None = None):
        """Take the network and the doubt above which it refuses, if the run has one.

        Raises InkError for a network that was taught with other images, such as CIFAR-10's.
        """
        if recognizer.input_shape != (SIDE, SIDE, 1):
            raise InkError(
                f"This network was taught with images of {recognizer.input_shape}; expected (28, 28, 1) for drawings, "
                "so choose a run that was trained on digits."
            )
        if recognizer.n_classes > N_DIGITS + 1:
            raise InkError(
                f"This network tells {recognizer.n_classes} classes apart; expected the ten digits, with or without "
                "one for what is none, so choose a run that was trained on digits."
            )
        self._recognizer = recognizer
        self._rejection_threshold = DEFAULT_REJECTION_THRESHOLD if rejection_threshold is None else rejection_threshold

    def read_strokes(self, strokes: Any, numbers: bool = False, source: str = "The drawing") -> DigitPredictions:
        """Read strokes in canvas pixels, as one digit or with `numbers` as several.

        Raises InkError for what are no strokes.
        """
        lines = parse_strokes(strokes, source)
        if not lines:
            return DigitPredictions(())
        groups = self._grouped_strokes(lines) if numbers else [lines]
        return DigitPredictions(tuple(self._read(render(each), box_of(each)) for each in groups))

    def read_picture(self, picture: Path | bytes, numbers: bool = False) -> DigitPredictions:
        """Read a picture of a digit, or with `numbers` of several. Raises InkError for what is no picture."""
        if numbers:
            found = photo.read_photo_digits(picture, grouped=self._grouped, cut=self._knows_no_digit)
        else:
            seen = photo.read_photo(picture)
            found = [seen] if seen else []
        return DigitPredictions(tuple(self._read(seen.image, seen.box) for seen in found))

    @property
    def _knows_no_digit(self) -> bool:
        return self._recognizer.n_classes > N_DIGITS

    def _grouped_strokes(self, lines: Strokes) -> list[Strokes]:
        boxes = [box_of([each]) for each in lines]
        groups = self._grouped(boxes, lambda members: render(lines.select(members)))
        return [lines.select(members) for members in groups]

    def _grouped(self, boxes: Any, image_of: grouping.Images) -> list[list[int]]:
        """Let the network say what belongs together, if it was taught what is no digit."""
        if not self._knows_no_digit:
            return grouping.by_shape(boxes)
        return grouping.by_reading(boxes, image_of, self._recognizer.probabilities, N_DIGITS)

    def _read(self, image: np.ndarray, box: tuple[float, float, float, float]) -> DigitPrediction:
        probabilities = self._recognizer.probabilities(image[None, :, :, None])[0]
        digits = probabilities[:N_DIGITS]  # an eleventh says "no digit": doubt, and never the answer
        digit = int(digits.argmax())
        probability = float(digits[digit])
        doubt = float(rejection_scores(probabilities[None], N_DIGITS)[0])
        return DigitPrediction(digit, probability, probabilities, doubt, doubt <= self._rejection_threshold, image, box)


def predict_file(reader: DigitReader, path: Path, numbers: bool = False) -> Iterator[DigitPredictions]:
    """Read a .jsonl (or .jsonl.gz) of drawings, one a line, or one picture; yield a reading for each.

    Raises InkError that names file and line for anything else.
    """
    if path.suffix.lower() in _IMAGE_SUFFIXES:
        yield reader.read_picture(path, numbers)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _read_lines(reader, path, numbers)
    else:
        raise InkError(f"{path.name} came; expected a .jsonl of strokes or a picture ({', '.join(_IMAGE_SUFFIXES)}).")


def _read_lines(reader: DigitReader, path: Path, numbers: bool) -> Iterator[DigitPredictions]:
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
