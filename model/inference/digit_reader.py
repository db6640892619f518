"""Reads digits from strokes and photos: turns ink into 28x28 images, which a classifier predicts.

The Draw page and `predict` use the same reader.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from model.errors import InkError
from model.inference.classifier import Classifier, Prediction
from model.inference.rejection import N_DIGITS
from model.ink import grouping, image_file, photo
from model.ink.render import DOT, SIDE, UNNAMED, Strokes, box_of, is_dot, parse_strokes, render
from model.ink.stroke_file import check_layout, is_stroke_file, numbered_lines
from model.messages import Message
from model.results import Array, ArrayRepr

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the canvas or the photo

_SURE = 0.9  # least confidence of each digit in a drawing of two


@dataclass(frozen=True, eq=False, repr=False)
class DigitPrediction(ArrayRepr):
    """The prediction for one drawn digit, with the network's input `image` `(28, 28)` uint8 and the digit's box."""

    prediction: Prediction
    image: Array
    box: Box
    row: int = 0  # from top to bottom
    is_sign: bool = False  # too small beside the others to be a digit: a point, a comma, a dash

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
    def text(self) -> str:
        """The most probable digit, even if it is rejected; "?" for a sign."""
        return "?" if self.is_sign else str(self.digit)

    @property
    def rejection_score(self) -> float:
        """The rejection score in [0, 1]; the higher, the less it looks like a digit."""
        return self.prediction.rejection_score


@dataclass(frozen=True)
class DigitPredictions:
    """The predictions for one drawing: one per digit, row by row from left to right; empty for an empty drawing."""

    digits: tuple[DigitPrediction, ...]

    @property
    def text(self) -> str:
        """The most probable digits, with "?" for signs; "" for an empty drawing."""
        return "".join(digit.text for digit in self.digits)

    @property
    def rows(self) -> tuple[tuple[DigitPrediction, ...], ...]:
        """The predictions of each row, from top to bottom."""
        return tuple(tuple(row) for _, row in groupby(self.digits, key=lambda digit: digit.row))

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
            {
                "digit": digit.digit,
                "probability": round(digit.probability, 6),
                "box": [round(v, 2) for v in digit.box],
                "accepted": digit.accepted,
                "row": digit.row,
            }
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
        confidence = " / ".join(" ".join(f"{digit.probability:.1%}" for digit in row) for row in self.rows)
        notes = [f"{len(self.rows)} rows"] if len(self.rows) > 1 else []
        rejected = [number for number, digit in enumerate(self.digits, 1) if not digit.accepted]
        if rejected:
            where = f" at {', '.join(map(str, rejected))}" if len(self.digits) > 1 else ""
            notes.append(f"rejected: not a digit{where}")
        return f"{self.text}  {confidence}" + (f"  ({'; '.join(notes)})" if notes else "")


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

    def read_strokes(
        self, strokes: Any, numbers: bool = False, source: str | Message = UNNAMED, dot: float = DOT
    ) -> DigitPredictions:
        """Read strokes in canvas pixels: one digit, or with `numbers` several. Ink of at most `dot` pixels is a dot.

        Raises InkError if they aren't strokes; its message starts with `source`.
        """
        lines = parse_strokes(strokes, source)
        if not lines:
            return DigitPredictions(())
        if not numbers:
            return DigitPredictions((self._predict(render(lines, dot=dot), box_of(lines), is_sign=is_dot(lines, dot)),))
        return DigitPredictions(tuple(self._read_group(lines, group, dot) for group in self._groups_of(lines)))

    def looks_like_several_digits(self, strokes: Strokes) -> bool:
        """Return whether strokes that were drawn as one digit are more likely to be two or more.

        Each must be read with a high confidence, and all of them together either be rejected or be too wide for one.
        """
        if len(strokes) < 2:
            return False
        groups = self._groups_of(strokes)
        if len(groups) < 2 or any(group.is_sign for group in groups):
            return False
        digits = [self._read_group(strokes, group, DOT) for group in groups]
        if not all(digit.accepted and digit.probability >= _SURE for digit in digits):
            return False
        together = self._predict(render(strokes), box_of(strokes))
        return not together.accepted or _stand_apart([digit.box for digit in digits])

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
        return DigitPredictions(
            tuple(self._predict(digit.image, digit.box, digit.row, digit.is_sign) for digit in digits)
        )

    def _groups_of(self, lines: Strokes) -> list[grouping.Group]:
        boxes = [box_of([line]) for line in lines]
        return self._group(boxes, lambda members: render(lines.select(members)), grouping.clearance_of(lines))

    def _group(
        self, boxes: Any, image_of: grouping.Images, clearance: grouping.Clearance | None = None
    ) -> list[grouping.Group]:
        """Group parts into digits; a network with the class "no digit" decides which belong together."""
        classifier = self._classifier
        probabilities = classifier.recognizer.probabilities if classifier.knows_non_digits else None
        return grouping.find_digits(boxes, image_of, probabilities, clearance, N_DIGITS)

    def _read_group(self, lines: Strokes, group: grouping.Group, dot: float) -> DigitPrediction:
        chosen = lines.select(group.members)
        is_sign = group.is_sign or is_dot(chosen, dot)
        image = render(chosen, dot=dot, line=group.line if is_sign else 0.0)
        return self._predict(image, box_of(chosen), group.row, is_sign)

    def _predict(self, image: Array, box: Box, row: int = 0, is_sign: bool = False) -> DigitPrediction:
        """Predict one image; a sign is rejected, whatever the network predicts."""
        (prediction,) = self._classifier.predict(image[None, :, :, None])
        if is_sign:
            prediction = replace(prediction, accepted=False)
        return DigitPrediction(prediction, image, box, row, is_sign)


def _stand_apart(boxes: list[Box]) -> bool:
    """Return whether digits stand side by side, or one above the other, with a gap between any two neighbours."""
    by_x, by_y = sorted(boxes), sorted(boxes, key=lambda box: box[1])
    return all(one[2] < other[0] for one, other in pairwise(by_x)) or all(
        one[3] < other[1] for one, other in pairwise(by_y)
    )


def predict_file(reader: DigitReader, path: Path, numbers: bool = False) -> Iterator[DigitPredictions]:
    """Read a .jsonl or .jsonl.gz file with one drawing per line, or an image file; yield the predictions for each.

    Raises InkError, with the file and the line, for anything else.
    """
    if path.suffix.lower() in image_file.SUFFIXES:
        yield reader.read_photo(path, numbers)
    elif is_stroke_file(path):
        yield from _predict_lines(reader, path, numbers)
    else:
        raise InkError(
            "{file} must be a .jsonl file of strokes or an image file ({suffixes}).",
            file=path.name,
            suffixes=", ".join(image_file.SUFFIXES),
        )


def _predict_lines(reader: DigitReader, path: Path, numbers: bool) -> Iterator[DigitPredictions]:
    try:
        for number, line in numbered_lines(path):
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
    check_layout(drawing["strokes"], source)
    return drawing["strokes"]
