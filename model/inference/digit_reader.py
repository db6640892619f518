"""Reads digits from strokes and photos: turns ink into 28x28 images, which a classifier predicts.

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
from model.ink import grouping, image_file, photo
from model.ink.render import SIDE, UNNAMED, Strokes, box_of, parse_strokes, render
from model.messages import Message
from model.results import Array, ArrayRepr

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the canvas or the photo


@dataclass(frozen=True, eq=False, repr=False)
class DigitPrediction(ArrayRepr):
    """The prediction for one drawn digit, with the network's input `image` `(28, 28)` uint8 and the digit's box."""

    prediction: Prediction
    image: Array
    box: Box

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return self.prediction.class_index

    @property
    def probability(self) -> float:
        """The probability of the most probable digit."""
        return self.prediction.probability

    @property
    def accepted(self) -> bool:
        """Whether it looks like a digit."""
        return self.prediction.accepted

    @property
    def rejection_score(self) -> float:
        """The rejection score in [0, 1]; the higher, the less it looks like a digit."""
        return self.prediction.rejection_score


@dataclass(frozen=True)
class DigitPredictions:
    """The predictions for one drawing: one per digit, from left to right; empty for an empty drawing."""

    digits: tuple[DigitPrediction, ...]

    @property
    def text(self) -> str:
        """The most probable digits; "" for an empty drawing."""
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def accepted(self) -> bool:
        """Whether there is a drawing and every part of it looks like a digit."""
        return bool(self.digits) and all(digit.accepted for digit in self.digits)

    @property
    def rejection_score(self) -> float:
        """The largest rejection score, in [0, 1]; 1 for an empty drawing."""
        return max((digit.rejection_score for digit in self.digits), default=1.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as `predict --json` prints them."""
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
        """Return one line of text, as `predict` prints it."""
        if not self.digits:
            return "empty drawing"
        confidence = " ".join(f"{digit.probability:.1%}" for digit in self.digits)
        return f"{self.text}  {confidence}" + ("" if self.accepted else "  (rejected: not a digit)")


class DigitReader:
    """Reads drawings with a classifier for grey 28x28 images."""

    def __init__(self, classifier: Classifier):
        """Use the classifier. Raises InkError if it doesn't classify digits, such as a network for CIFAR-10."""
        if classifier.input_shape != (SIDE, SIDE, 1):
            raise InkError(
                "This network can't read drawings: it needs {shape} images, not (28, 28, 1). Choose a run that was "
                "trained on digits.",
                shape=tuple(classifier.input_shape),
            )
        if not classifier.reads_digits:
            raise InkError(
                "This network can't read drawings: its {n} classes ({first} to {last}) aren't the ten digits. Choose a "
                "run that was trained on digits.",
                n=len(classifier.output_names),
                first=classifier.class_names[0],
                last=classifier.class_names[-1],
            )
        self._classifier = classifier

    def read_strokes(self, strokes: Any, numbers: bool = False, source: str | Message = UNNAMED) -> DigitPredictions:
        """Read strokes in canvas pixels: one digit, or with `numbers` several.

        Raises InkError if they aren't strokes; its message starts with `source`.
        """
        lines = parse_strokes(strokes, source)
        if not lines:
            return DigitPredictions(())
        groups = self._group_strokes(lines) if numbers else [lines]
        return DigitPredictions(tuple(self._predict(render(group), box_of(group)) for group in groups))

    def read_photo(self, file: Path | bytes, numbers: bool = False, corners: Any = None) -> DigitPredictions:
        """Read a photo of a digit, or with `numbers` of several; `corners` are those of `photo.read_photo`.

        Raises InkError if it isn't an image file.
        """
        if numbers:
            cut = self._classifier.knows_non_digits
            digits = photo.read_photo_digits(file, corners=corners, grouped=self._group, cut=cut)
        else:
            digit = photo.read_photo(file, corners=corners)
            digits = [digit] if digit else []
        return DigitPredictions(tuple(self._predict(digit.image, digit.box) for digit in digits))

    def _group_strokes(self, lines: Strokes) -> list[Strokes]:
        boxes = [box_of([line]) for line in lines]
        groups = self._group(boxes, lambda members: render(lines.select(members)))
        return [lines.select(members) for members in groups]

    def _group(self, boxes: Any, image_of: grouping.Images) -> list[list[int]]:
        """Group parts into digits; a network with the class "no digit" decides which belong together."""
        if not self._classifier.knows_non_digits:
            return grouping.by_shape(boxes)
        return grouping.by_reading(boxes, image_of, self._classifier.recognizer.probabilities, N_DIGITS)

    def _predict(self, image: Array, box: Box) -> DigitPrediction:
        (prediction,) = self._classifier.predict(image[None, :, :, None])
        return DigitPrediction(prediction, image, box)


def predict_file(reader: DigitReader, path: Path, numbers: bool = False) -> Iterator[DigitPredictions]:
    """Read a .jsonl or .jsonl.gz file with one drawing per line, or an image file; yield the predictions for each.

    Raises InkError, with the file and the line, for anything else.
    """
    if path.suffix.lower() in image_file.SUFFIXES:
        yield reader.read_photo(path, numbers)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _predict_lines(reader, path, numbers)
    else:
        raise InkError(
            "{file} must be a .jsonl file of strokes or an image file ({suffixes}).",
            file=path.name,
            suffixes=", ".join(image_file.SUFFIXES),
        )


def _predict_lines(reader: DigitReader, path: Path, numbers: bool) -> Iterator[DigitPredictions]:
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    source = Message("{file}, line {line},", {"file": path.name, "line": number})
                    yield reader.read_strokes(_strokes(line, source), numbers, source)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InkError(
            "{file} can't be read as text: {reason}. It must contain one JSON object per line.",
            file=path.name,
            reason=str(error),
        ) from error


def _strokes(line: str, source: Message) -> Any:
    try:
        drawing = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InkError('{source} isn\'t JSON. It must be {{"strokes": [[[x, y], …], …]}}.', source=source) from error
    if not isinstance(drawing, dict) or "strokes" not in drawing:
        raise InkError('{source} has no strokes. It must be {{"strokes": [[[x, y], …], …]}}.', source=source)
    return drawing["strokes"]
