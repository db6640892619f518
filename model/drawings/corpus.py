"""Characters drawn by real writers, as strokes, split by writer into training, validation and test drawings.

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
from model.messages import Message
from model.results import ArrayRepr

DIGITS, LETTERS, CHARACTERS = "drawn-digits", "drawn-letters", "drawn-characters"
# Letters and symbols that nobody can tell from a digit if they stand alone, and those that look like one in some hands.
LIKE_DIGITS = frozenset("OoQDlI|/()'`,.-_!iZzSsbGB>qg")
SOMETIMES_LIKE_DIGITS = frozenset("aCcdjJuUyY]};:<$^")
TRAIN, VALIDATION, TEST = "train", "validation", "test"
_MAX_COORDINATE = 10_000  # canvas pixels from the corner
_SHARES = ((VALIDATION, 0.12), (TEST, 0.30))  # cumulative; the rest is for training


@dataclass(frozen=True, eq=False, repr=False)
class Drawing(ArrayRepr):
    """One character: `label` is a digit's number or a letter."""

    label: int | str
    writer: str
    strokes: Strokes


def split_of_writer(writer: str) -> str:
    """Return "train", "validation" or "test"; the SHA-256 of the writer's name decides, so it never changes.

    All drawings of a writer stay together; otherwise a network would be tested on writers that it was trained on.

    >>> split_of_writer("ann"), split_of_writer("bob"), split_of_writer("eva")
    ('test', 'train', 'validation')
    """
    position = int.from_bytes(hashlib.sha256(writer.encode()).digest()[:4], "big") / 2**32
    return next((name for name, below in _SHARES if position < below), TRAIN)


def load(name: str, part: str | None = None) -> list[Drawing]:
    """Return the drawings in `<name>.jsonl.gz` or `<name>.jsonl`, all or those of one part; [] without a file.

    Raises DataError, with the number of the line, for a line that isn't a drawing.
    """
    path = file_of(name)
    if path is None:
        return []
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            read = (
                _drawing(line, Message("{file}, line {line},", {"file": path.name, "line": number}), name)
                for number, line in enumerate(file, 1)
            )
            return [drawing for drawing in read if part in (None, split_of_writer(drawing.writer))]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(
            "{file} can't be read as text: {reason}. It must contain one JSON object per line.",
            file=path.name,
            reason=str(error),
        ) from error


def file_of(name: str) -> Path | None:
    """Return the file with the drawings of this name; None if there is none."""
    folder = os.environ.get("DIGIT_LAB_DATA")
    paths = [Path(folder).expanduser() / f"{name}{suffix}" for suffix in (".jsonl.gz", ".jsonl")] if folder else []
    return next((path for path in paths if path.is_file()), None)


def _drawing(line: str, source: Message, name: str) -> Drawing:
    try:
        values: Any = json.loads(line)
        drawing = Drawing(values["label"], str(values["writer"]), parse_strokes(values["strokes"], source))
        split_of_writer(drawing.writer)  # fails for a string that can't be encoded
    except InkError as error:
        raise DataError("{error}", error=error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            '{source} must be {{"label": …, "writer": …, "strokes": [[[x, y], …], …]}}.', source=source
        ) from error
    if name == DIGITS and (type(drawing.label) is not int or not 0 <= drawing.label <= 9):
        raise DataError(
            "{source} must have a label from 0 to 9, got {value}.", source=source, value=repr(str(drawing.label)[:20])
        )
    if not drawing.strokes or max(map(abs, box_of(drawing.strokes))) > _MAX_COORDINATE:
        raise DataError(
            "{source} must have at least one stroke, and no coordinate beyond {most} canvas pixels.",
            source=source,
            most=f"{_MAX_COORDINATE:,}",
        )
    return drawing
