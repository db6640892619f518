"""Characters drawn by real writers, as strokes, split by writer into training, validation and test drawings.

Knows .jsonl files of drawings in the folder that DIGIT_LAB_DATA names; knows nothing of images or networks. A line is
`{"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}` in canvas pixels. Downloads from "My drawings" can
be added as they are: each drawing counts as a writer of its own.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import DataError, InkError
from model.ink.render import Strokes, box_of, parse_strokes
from model.ink.stroke_file import SUFFIXES, check_layout, numbered_lines
from model.messages import Message
from model.results import NO_DIGIT, ArrayRepr

DIGITS, LETTERS, CHARACTERS = "drawn-digits", "drawn-letters", "drawn-characters"
DOWNLOADED = "my-drawings"  # the beginning of the name of downloaded files: browsers add " (1)"
# Letters and symbols that nobody can tell from a digit if they stand alone, and those that look like one in some hands.
LIKE_DIGITS = frozenset("OoQDlI|/()'`,.-_!iZzSsbGB>qg")
SOMETIMES_LIKE_DIGITS = frozenset("aCcdjJuUyY]};:<$^")
TRAIN, VALIDATION, TEST = "train", "validation", "test"
_DIGIT_NAMES = tuple("0123456789")
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
    """Return the drawings in the files of this name, all or those of one part; [] without a file.

    Raises DataError, with the number of the line, for a line that isn't a drawing.
    """
    drawings = (drawing for path in files_of(name) for drawing in _read(path, name))
    return [drawing for drawing in drawings if part in (None, split_of_writer(drawing.writer))]


def files_of(name: str) -> list[Path]:
    """Return the files with drawings of this name: `<name>.jsonl.gz` or `<name>.jsonl`, and downloaded drawings.

    Downloaded drawings are digits and, for LETTERS, drawings labelled "not a digit". The endings may be in capitals.
    """
    folder = os.environ.get("DIGIT_LAB_DATA")
    try:
        files = sorted(path for path in Path(folder).expanduser().iterdir() if path.is_file()) if folder else []
    except OSError:
        return []
    own = [path for suffix in reversed(SUFFIXES) for path in files if _is_called(path, name, suffix)][:1]
    downloaded = [path for path in files if path.name.startswith(DOWNLOADED) and path.name.lower().endswith(SUFFIXES)]
    return own + (downloaded if name in (DIGITS, LETTERS) else [])


def file_of(name: str) -> Path | None:
    """Return the first file with drawings of this name; None if there is none."""
    return next(iter(files_of(name)), None)


def _is_called(path: Path, name: str, suffix: str) -> bool:
    return path.name.startswith(name) and path.name[len(name) :].lower() == suffix


def _read(path: Path, name: str) -> Iterator[Drawing]:
    """Yield the drawings of a file that belong to `name`."""
    holds_digits = name == DIGITS or path.name.startswith(DOWNLOADED)
    try:
        for number, line in numbered_lines(path):
            source = Message("{file}, line {line},", {"file": path.name, "line": number})
            drawing = _drawing(line, source, holds_digits)
            if not holds_digits or (drawing.label != NO_DIGIT) == (name == DIGITS):
                yield drawing
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(
            "{file} can't be read as text: {reason}. It must contain one JSON object per line.",
            file=path.name,
            reason=str(error),
        ) from error


def _drawing(line: str, source: Message, is_digit: bool) -> Drawing:
    try:
        values: Any = json.loads(line)
        check_layout(values["strokes"], source)
        # Without a writer, as in downloaded drawings, each drawing is in a part by itself.
        writer = str(values["writer"] if "writer" in values else values["id"])
        label = _digit_label(values["label"]) if is_digit else values["label"]
        drawing = Drawing(label, writer, parse_strokes(values["strokes"], source))
        split_of_writer(drawing.writer)  # fails for a string that can't be encoded
    except InkError as error:
        raise DataError("{error}", error=error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            '{source} must be {{"label": …, "writer": …, "strokes": [[[x, y], …], …]}}.', source=source
        ) from error
    if is_digit and label != NO_DIGIT and (type(label) is not int or not 0 <= label <= 9):
        raise DataError(
            "{source} must have a label from 0 to 9 or {other}, got {value}.",
            source=source,
            other=repr(NO_DIGIT),
            value=repr(str(label)[:20]),
        )
    if not drawing.strokes or max(map(abs, box_of(drawing.strokes))) > _MAX_COORDINATE:
        raise DataError(
            "{source} must have at least one stroke, and no coordinate beyond {most:,} canvas pixels.",
            source=source,
            most=_MAX_COORDINATE,
        )
    return drawing


def _digit_label(label: Any) -> Any:
    """Return a digit in quotes, as spreadsheets and converters write it, as a number, and any other label unchanged."""
    return int(label) if isinstance(label, str) and label.strip() in _DIGIT_NAMES else label
