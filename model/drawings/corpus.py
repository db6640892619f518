"""Characters drawn by real writers, as strokes, split by writer into training, validation and test.

Knows .jsonl files of drawings in the folder that DIGIT_LAB_DATA names; knows nothing of images or networks. A line is
`{"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}` in canvas pixels.
"""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import DataError, InkError
from model.ink.render import Strokes, box_of, parse_strokes
from model.results import ArrayRepr

DIGITS, LETTERS = "drawn-digits", "drawn-letters"
TRAIN, VALIDATION, TEST = "train", "validation", "test"
_FARTHEST = 10_000  # canvas pixels from the corner
_SHARES = ((VALIDATION, 0.12), (TEST, 0.30))  # cumulative; the rest trains


@dataclass(frozen=True, eq=False, repr=False)
class Drawing(ArrayRepr):
    """One character: `label` is a digit's number or a letter."""

    label: int | str
    writer: str
    strokes: Strokes


def split_of_writer(writer: str) -> str:
    """Return train, validation or test: fixed for each writer by the SHA-256 of the name.

    All drawings of a writer stay together: otherwise a network would be tested on writers that it was trained on.

    >>> split_of_writer("ann"), split_of_writer("bob"), split_of_writer("eva")
    ('test', 'train', 'validation')
    """
    place = int.from_bytes(hashlib.sha256(writer.encode()).digest()[:4], "big") / 2**32
    return next((name for name, below in _SHARES if place < below), TRAIN)


def load(name: str, part: str | None = None) -> list[Drawing]:
    """Return the drawings of `<name>.jsonl.gz` or `<name>.jsonl`, of one part or of all; none without the file.

    Raises DataError, which names the line, for anything but a drawing.
    """
    path = file_of(name)
    if path is None:
        return []
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            read = (_drawing(line, f"{path.name}, line {number},", name) for number, line in enumerate(file, 1))
            return [drawing for drawing in read if part in (None, split_of_writer(drawing.writer))]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} can't be read as text ({error}); expected one JSON object a line.") from error


def file_of(name: str) -> Path | None:
    """Return the file that holds the drawings of this name, or None where there is none."""
    folder = os.environ.get("DIGIT_LAB_DATA")
    paths = [Path(folder).expanduser() / f"{name}{suffix}" for suffix in (".jsonl.gz", ".jsonl")] if folder else []
    return next((path for path in paths if path.is_file()), None)


def _drawing(line: str, source: str, name: str) -> Drawing:
    try:
        values: Any = json.loads(line)
        drawing = Drawing(values["label"], str(values["writer"]), parse_strokes(values["strokes"], source))
        split_of_writer(drawing.writer)  # not every string has bytes to hash
    except InkError as error:
        raise DataError(str(error)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f'{source} is no drawing; expected {{"label": …, "writer": …, "strokes": [[[x, y], …], …]}}.'
        ) from error
    if name == DIGITS and (type(drawing.label) is not int or not 0 <= drawing.label <= 9):
        raise DataError(f"{source} has the label {str(drawing.label)[:20]!r}; expected a digit from 0 to 9.")
    if not drawing.strokes or max(map(abs, box_of(drawing.strokes))) > _FARTHEST:
        raise DataError(f"{source} has no ink or some far away; expected strokes within {_FARTHEST:,} canvas pixels.")
    return drawing
