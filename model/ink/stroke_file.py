"""Open .jsonl files of drawings from any program, and refuse strokes in another layout.

Knows lines of JSON and raw strokes; knows nothing of labels or networks.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import InkError
from model.ink.render import FARTHEST
from model.messages import Message

SUFFIXES = (".jsonl", ".jsonl.gz")
_MANY = 200  # strokes; more aren't compared
_LEVEL = 0.1  # slope
_TOUCHING = 0.03  # of a drawing's size: strokes that end closer to each other were drawn in one go


def is_stroke_file(path: Path) -> bool:
    """Return whether a file's name ends in .jsonl or .jsonl.gz, in small or capital letters.

    >>> is_stroke_file(Path("MINE.JSONL")), is_stroke_file(Path("mine.json"))
    (True, False)
    """
    return path.name.lower().endswith(SUFFIXES)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that isn't empty, without the byte order mark of Windows editors.

    Raises OSError, EOFError or UnicodeDecodeError for a file that isn't text.
    """
    open_text = gzip.open if path.suffix.lower() == ".gz" else open
    with open_text(path, "rt", encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line


def check_layout(raw: Any, source: str | Message) -> None:
    """Raise InkError for strokes in the layout of Quick, Draw!: lists of all x and of all y instead of points.

    A stroke of two points fits both layouts. Then all strokes decide: more of their ends meet in the right layout.

    >>> check_layout([[[60, 60], [180, 60], [110, 220]]], "my.jsonl, line 1,")
    >>> check_layout([[[60, 180, 110], [60, 60, 220]]], "my.jsonl, line 1,")
    Traceback (most recent call last):
    model.errors.InkError: my.jsonl, line 1, must have strokes as lists of points, ...
    """
    if not isinstance(raw, list | tuple):
        return
    strokes = [stroke for stroke in raw if stroke]
    if (
        strokes
        and all(map(_may_be_coordinates, strokes))
        and len(set(map(len, strokes))) == 1  # all with times or all without
        and (any(map(_is_coordinates, strokes)) or _are_swapped(strokes))
    ):
        raise InkError(
            "{source} must have strokes as lists of points, [[x, y], [x, y], …], but its strokes are lists of "
            "coordinates, [[x, x, …], [y, y, …]], as in Quick, Draw!. Pair each x with its y.",
            source=source,
        )


def _may_be_coordinates(stroke: Any) -> bool:
    """Return whether a stroke is a list of x, a list of y, and perhaps one of times, all as long."""
    return (
        isinstance(stroke, list | tuple)
        and len(stroke) in (2, 3)
        and all(isinstance(values, list | tuple) and len(values) == len(stroke[0]) for values in stroke)
        and all(_is_number(value) for values in stroke for value in values)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FARTHEST


def _is_coordinates(stroke: Any) -> bool:
    return len(stroke[0]) != 2 and len(stroke[0]) > 0


def _are_swapped(strokes: list[Any]) -> bool:
    """Return whether strokes of two points look more like writing if they are read as lists of coordinates.

    More of their ends meet, and more ends meet or lines are level or upright: the bars of "=" start below each other.
    """
    ends = np.array([stroke[:2] for stroke in strokes[:_MANY]], dtype=np.float64)  # (strokes, ends, x and y)
    swapped = ends.transpose(0, 2, 1)
    if (swapped[:, 0] == swapped[:, 1]).all(axis=1).any():  # a stroke without length
        return False
    as_points, as_lists = _meetings(ends), _meetings(swapped)
    return as_lists > as_points and as_lists + _straight(swapped) > as_points + _straight(ends)


def _meetings(ends: np.ndarray) -> int:
    """Return how many pairs of strokes `(n, 2, 2)` have exactly one end in common; the same line twice has two."""
    size = max(float(np.ptp(ends[..., 0])), float(np.ptp(ends[..., 1])))
    between = np.linalg.norm(ends[:, None, :, None] - ends[None, :, None, :], axis=-1)  # (n, n, ends, ends)
    one, other = np.triu_indices(len(ends), 1)
    return int(((between[one, other] <= _TOUCHING * size).sum(axis=(1, 2)) == 1).sum())


def _straight(ends: np.ndarray) -> int:
    """Return how many lines `(n, 2, 2)` are level or upright."""
    step = np.abs(ends[:, 1] - ends[:, 0])
    return int((step.min(axis=1) <= _LEVEL * step.max(axis=1)).sum())
