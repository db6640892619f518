"""Find the rows of a page of digits from the boxes of their strokes or connected parts.

Boxes only: no images, no networks. A box is left, top, right, bottom, with y pointing down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.ink.render import TINY, FloatArray

AreDigits = Callable[[Sequence[Sequence[int]]], bool]  # groups of boxes -> whether all of them look like digits

TALL = 0.35  # of the tallest box: a lower one is only part of a digit, or a sign

# Heights below are those of a tall box: this quantile, because some are halves of digits.
_TYPICAL = 0.9
_SPLIT = 0.5  # the widest gap between the centres of a row, measured across the row
_SPREAD = 0.7  # the widest spread of the centres of a row
_STEP = 0.9  # the largest step between neighbours of a row, so that they overlap vertically
_STEEPEST = 0.6  # 31 degrees
_SLOPES = np.array(sorted(np.linspace(-_STEEPEST, _STEEPEST, 25), key=abs))
_BESIDE = 0.5  # of its height: a part that is more than this beside another row belongs to it
_SLANT_COST = 0.5  # of a slope of 1, in heights of spread: between equals, the level rows win
_FAR = 0.5  # a low box farther than this from every row starts a row of its own
_LOWEST = 0.2  # the lowest row of its own; lower boxes are parts or signs, however far away
# A box at least twice as wide as high is more likely to be above its digit than below it: the bar of a 5.
_BAR, _ABOVE = 2.0, 0.5
# The gap between the upper and the lower half of a digit, such as the loops of an 8, as a share of the digit's height.
_TOUCHING = 0.02
_STACKED = 0.15  # if both together are at most SLENDER times as high as wide; two digits are more
SLENDER = 2.3
_OVERLAP = 0.3  # of the narrower width


@dataclass(frozen=True, eq=False)
class Row:
    """One row: the indices of its boxes, and the boxes `(n, 4)` float64 without the row's slope, in the same order."""

    members: tuple[int, ...]
    boxes: FloatArray

    @property
    def height(self) -> float:
        """The height of its tallest box."""
        return max(float((self.boxes[:, 3] - self.boxes[:, 1]).max()), TINY)


def find_rows(boxes: npt.ArrayLike, are_digits: AreDigits | None = None) -> list[Row]:
    """Return the rows from top to bottom; each box is in one row.

    The rows are parallel and may slant by up to 31 degrees: the fewest rows that explain the boxes win. Low boxes, such
    as the bar of a 5 or a decimal point, belong to the nearest row. A column is one row per digit, but the two loops of
    an 8 are one digit. Where that is in doubt, `are_digits` decides: it returns whether all these groups look like
    digits.

    >>> [row.members for row in find_rows([[0, 0, 40, 100], [60, 10, 100, 110], [0, 130, 40, 230]])]
    [(0, 1), (2,)]
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    rows = _members(boxes, np.arange(len(boxes)), are_digits) if len(boxes) else []
    return [_row(boxes, members) for members in rows]


def _members(
    boxes: FloatArray, indices: npt.NDArray[np.int64], are_digits: AreDigits | None
) -> list[npt.NDArray[np.int64]]:
    """Return the indices of each row, from top to bottom."""
    sizes = _sizes(boxes[indices])
    is_tall = sizes >= TALL * sizes.max()
    tall, low = indices[is_tall], indices[~is_tall]
    rows, slope = _parallel(boxes, tall)
    rows = _without_overlapping(boxes, rows, slope)
    rows = _with_halves_joined(boxes, rows, are_digits)
    distance = np.array([_distances(boxes, row, low, slope) for row in rows])  # (rows, low)
    nearest = distance.argmin(axis=0)
    height = np.median(sizes[is_tall])
    is_far = distance.min(axis=0) > _FAR * height
    is_far &= sizes[~is_tall].max(where=is_far, initial=0) >= _LOWEST * height
    rows = [np.sort(np.concatenate([row, low[(nearest == i) & ~is_far]])) for i, row in enumerate(rows)]
    if is_far.any():
        rows += _members(boxes, low[is_far], are_digits)
        rows.sort(key=lambda row: float(np.median(boxes[row, 1] + boxes[row, 3])))
    return rows


def _parallel(boxes: FloatArray, tall: npt.NDArray[np.int64]) -> tuple[list[npt.NDArray[np.int64]], float]:
    """Return the fewest parallel rows of tall boxes, and their slope: down to the right is positive."""
    x, y = _centres(boxes[tall])
    height = max(float(np.quantile(_sizes(boxes[tall]), _TYPICAL)), TINY)
    best: tuple[tuple[float, float], list[npt.NDArray[np.int64]], float] | None = None
    for slope in _SLOPES.tolist():
        across = (y - slope * x) / height
        order = np.argsort(across, kind="stable")
        rows = np.split(order, np.flatnonzero(np.diff(across[order]) > _SPLIT) + 1)
        spread = [float(np.ptp(across[row])) for row in rows]
        steps = [np.abs(np.diff(y[row[np.argsort(x[row], kind="stable")]])).max(initial=0) / height for row in rows]
        if slope and (max(spread) > _SPREAD or max(steps) > _STEP):
            continue
        cost = (len(rows) + (max(spread) > _SPREAD) * len(tall), sum(spread) + _SLANT_COST * abs(slope))
        if best is None or cost < best[0]:
            best = (cost, rows, slope)
    assert best  # level rows are always allowed
    return [tall[row] for row in best[1]], best[2]


def _without_overlapping(
    boxes: FloatArray, rows: list[npt.NDArray[np.int64]], slope: float
) -> list[npt.NDArray[np.int64]]:
    """Join rows of which one is mostly beside the other: parts of digits, next to digits of full height."""
    level = boxes.copy()
    level[:, 1::2] -= slope * _centres(boxes)[0][:, None]
    joined = rows[:1]
    for row in rows[1:]:
        few, many = sorted((joined[-1], row), key=len)
        inside = np.minimum(level[few, 3], level[many, 3].max()) - np.maximum(level[few, 1], level[many, 1].min())
        if (inside > _BESIDE * (level[few, 3] - level[few, 1])).all():
            joined[-1] = np.concatenate([joined[-1], row])
        else:
            joined.append(row)
    return joined


def _with_halves_joined(
    boxes: FloatArray, rows: list[npt.NDArray[np.int64]], are_digits: AreDigits | None
) -> list[npt.NDArray[np.int64]]:
    """Join rows that are the upper and the lower halves of digits, such as the loops of an 8."""
    joined = rows[:1]
    for row in rows[1:]:
        pairs = _halves(boxes, joined[-1], row)
        if pairs and (are_digits is None or are_digits(pairs)):
            joined[-1] = np.concatenate([joined[-1], row])
        else:
            joined.append(row)
    return joined


def _halves(boxes: FloatArray, above: npt.NDArray[np.int64], below: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the pairs of boxes, one from each row, if all could be halves of one digit; else an empty list."""
    upper, lower = boxes[above], boxes[below]
    over = np.minimum(upper[:, None, 2], lower[None, :, 2]) - np.maximum(upper[:, None, 0], lower[None, :, 0])
    narrower = np.minimum((upper[:, 2] - upper[:, 0])[:, None], (lower[:, 2] - lower[:, 0])[None, :])
    i, j = np.nonzero(over > _OVERLAP * narrower)
    if len(set(i.tolist())) < len(above) or len(set(j.tolist())) < len(below):
        return []
    width = np.maximum(upper[i, 2], lower[j, 2]) - np.minimum(upper[i, 0], lower[j, 0])
    height = np.maximum(upper[i, 3], lower[j, 3]) - np.minimum(upper[i, 1], lower[j, 1])
    gap = float(np.max((lower[j, 1] - upper[i, 3]) / np.maximum(height, TINY)))
    slender = float(np.median(height / np.maximum(width, TINY)))
    if gap <= _TOUCHING or (gap <= _STACKED and slender <= SLENDER):
        return list(zip(above[i].tolist(), below[j].tolist(), strict=True))
    return []


def _distances(boxes: FloatArray, row: npt.NDArray[np.int64], low: npt.NDArray[np.int64], slope: float) -> FloatArray:
    """Return how far above or below a row the low boxes are, `(n,)`; negative inside the row."""
    shift = slope * _centres(boxes[row])[0]
    top, bottom = np.median(boxes[row, 1] - shift), np.median(boxes[row, 3] - shift)
    x, y = _centres(boxes[low])
    across = y - slope * x
    is_bar = boxes[low, 2] - boxes[low, 0] > _BAR * (boxes[low, 3] - boxes[low, 1])
    return np.asarray(np.maximum((top - across) * np.where(is_bar, _ABOVE, 1), across - bottom))


def _row(boxes: FloatArray, members: npt.NDArray[np.int64]) -> Row:
    chosen = boxes[members]
    x, y = _centres(chosen)
    is_tall = _sizes(chosen) >= TALL * _sizes(chosen).max()
    slope = _slope(x[is_tall], y[is_tall], float(_sizes(chosen).max()))
    level = chosen.copy()
    level[:, 1::2] -= (slope * (x - x.mean()))[:, None]
    return Row(tuple(members.tolist()), level)


def _slope(x: FloatArray, y: FloatArray, height: float) -> float:
    """Return the slope of a row; 0 for a row too short to have one."""
    if np.ptp(x) < max(1.2 * height, TINY):
        return 0.0
    off = x - x.mean()
    return float(np.clip((off @ y) / (off @ off), -_STEEPEST, _STEEPEST))


def _sizes(boxes: FloatArray) -> FloatArray:
    """Return the heights; if all boxes are flat, a third of the widths: dashes aren't rows of low digits."""
    heights, widths = boxes[:, 3] - boxes[:, 1], (boxes[:, 2] - boxes[:, 0]) / 3
    return np.asarray(heights if heights.max() > widths.max() else np.maximum(heights, widths))


def _centres(boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    return (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
