"""Remove what is printed on paper: the lines of ruled and squared paper, margins, and frames around what was written.

Works on how much darker than its paper each pixel is: no files, no lighting, no networks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Depth = npt.NDArray[np.floating]  # (h, w), 0 for paper, the missing share of its brightness for ink

# Chosen on photos drawn from the digits of the validation writers, see tests/benchmarks/photos.py.
MAX_ANGLE = 22  # degrees between a family of lines and the picture's sides
FAINTEST = 0.02  # how much darker than the paper a line is
MIN_SUPPORT = 0.8  # of the way across the picture: shorter lines may be writing
MIN_VISIBLE = 0.3  # of the picture's width: shorter pieces of a line, across a corner, stay
THICKEST = 0.016  # of the picture's longer side
_HALF = 320  # pixels of the longer side in which the direction of the lines is found
_CAP = 0.3  # darker than most lines: writing counts no more than this
_REACH = 7  # pixels on both sides of a line


@dataclass(frozen=True, eq=False)
class _Line:
    """A nearly straight line from one side of the picture to the opposite one, and how dark it is across."""

    rows: npt.NDArray[np.float64]  # (w,) its position in each column
    darkness: npt.NDArray[np.floating]  # at offsets of -_REACH to _REACH pixels from it, in steps of half a pixel


def without_lines(depth: Depth) -> Depth:
    """Return the depth without lines that cross the picture.

    A line's own darkness, measured along it, is taken away, so that strokes which cross it stay whole: the pen is
    darker than the line.
    """
    pen = _pen(depth)
    for axis in (0, 1):
        turned = depth if axis == 0 else depth.T
        lines = _lines(turned)
        if lines:
            turned = _without(turned, lines, pen)
        depth = turned if axis == 0 else turned.T
    return np.ascontiguousarray(depth)


def _pen(depth: Depth) -> float:
    """Return the depth of the darkest ink: that of the pen."""
    return max(float(np.percentile(depth, 99.7)), 0.1)


def _lines(depth: Depth) -> list[_Line]:
    """Return the lines from left to right."""
    height, width = depth.shape
    if min(height, width) < 64:
        return []
    ridges = _ridges(depth)
    slope, change = _direction(ridges)
    columns = np.arange(width) - width / 2
    # A family of lines seen at an angle: their slopes differ by how far apart they are.
    y = np.arange(height) - height / 2
    rows = y[:, None] + (slope + change * y[:, None]) * columns + height / 2
    visible = (rows >= 0) & (rows <= height - 1)
    nearest = np.clip(np.rint(rows), 0, height - 1).astype(np.intp) * width + np.arange(width)
    sheared = np.where(visible, ridges.ravel()[nearest], 0)
    seen = visible.sum(axis=1)
    profile = np.where(seen > MIN_VISIBLE * width, sheared.sum(axis=1) / np.maximum(seen, 1), 0)
    noise = 1.48 * np.median(np.abs(profile - np.median(profile)))
    high = (profile == ndimage.maximum_filter1d(profile, 7)) & (profile > max(0.4 * FAINTEST, 3 * noise))
    peaks = np.flatnonzero(high)
    if not len(peaks):
        return []
    # Most peaks are writing: a line is dark all along.
    thick = ndimage.maximum_filter1d(sheared, 5, axis=0)[peaks]
    along = (thick > 0.3 * FAINTEST).sum(axis=1) / np.maximum(seen[peaks], 1)
    return list(filter(None, (_followed(depth, ridges, rows[peak]) for peak in peaks[along > 0.7 * MIN_SUPPORT])))


def _ridges(depth: Depth) -> Depth:
    """Return how much darker each pixel is than those some pixels above and below, at most _CAP."""
    thick = max(3, round(THICKEST * max(depth.shape)))
    beyond = np.minimum(_shifted(depth, thick), _shifted(depth, -thick))
    around = np.maximum(_shifted(depth, thick), _shifted(depth, -thick))
    ridge = depth - np.where(around - beyond < 0.1, (around + beyond) / 2, around)
    return np.clip(ridge, -_CAP / 3, _CAP).astype(np.float32)


def _shifted(depth: Depth, by: int) -> Depth:
    return np.roll(np.pad(depth, ((abs(by), abs(by)), (0, 0)), mode="edge"), by, axis=0)[abs(by) : -abs(by)]


def _direction(ridges: Depth) -> tuple[float, float]:
    """Return the slope of the lines in the middle, and its change from row to row: what makes their sum sharpest."""
    factor = max(1, round(max(ridges.shape) / _HALF))
    trimmed = ridges[: ridges.shape[0] // factor * factor, : ridges.shape[1] // factor * factor]
    small = trimmed.reshape(trimmed.shape[0] // factor, factor, trimmed.shape[1] // factor, factor).mean(axis=(1, 3))
    height, width = small.shape
    y, x = np.nonzero(small > max(0.25 * FAINTEST, float(np.percentile(small, 70))))
    weights = small[y, x]
    x, y = x - width / 2, y - height / 2
    if len(x) < width:
        return 0.0, 0.0

    few = slice(None, None, max(1, len(x) // 4000))
    x, y, weights = x[few], y[few], weights[few]

    def sharpness(slope: float, change: float) -> float:
        # The row at the middle column of a line through (x, y).
        at = (y - slope * x) / (1 + change * x) + height
        sums = np.bincount(np.clip(at, 0, 2 * height - 1).astype(np.int64), weights)
        return float(sums @ sums)

    widest = np.tan(np.radians(MAX_ANGLE))
    slopes = np.linspace(-widest, widest, 65)
    slope = float(slopes[np.argmax([sharpness(each, 0.0) for each in slopes])])
    change, step, bend = 0.0, slopes[1] - slopes[0], 0.12 / height
    for _ in range(3):
        tried = [(slope + i * step / 2, change + j * bend) for i in range(-2, 3) for j in range(-2, 3)]
        slope, change = max(tried, key=lambda each: sharpness(*each))
        step, bend = step / 2.5, bend / 2.5
    return slope, change / factor


def _followed(depth: Depth, ridges: Depth, rows: npt.NDArray[np.float64]) -> _Line | None:
    """Fit a curve to a line near `rows` `(w,)`; None if it doesn't cross the picture or is as thick as writing."""
    height, width = depth.shape
    columns = np.arange(width)
    offsets = np.arange(-4, 5)
    visible = (rows >= 0) & (rows <= height - 1)
    if visible.sum() < MIN_VISIBLE * width:
        return None
    # In pieces of the line: where is it darkest?
    around = _sampled(ridges, rows + offsets[:, None])
    piece = max(8, width // 24)
    starts = np.arange(0, width - piece + 1, piece)
    starts = starts[visible[starts]]
    if len(starts) < 6:
        return None
    means = np.median(around[:, starts[:, None] + np.arange(piece)], axis=2).T
    middles = starts + (piece - 1) / 2
    best = means.argmax(axis=1)
    weight = np.clip(means.max(axis=1), 0, None)
    shift = _robust_fit(middles / width, offsets[best].astype(float), weight)
    rows = rows + np.polyval(shift, columns / width)
    visible = (rows >= 0) & (rows <= height - 1)
    if visible.sum() < MIN_VISIBLE * width:
        return None
    near = _sampled(ridges, rows + np.array([-1, 0, 1])[:, None]).max(axis=0)[visible]
    strength = float(np.median(near))
    smooth = ndimage.median_filter(near, max(5, width // 60))
    support = float((smooth > 0.4 * strength).mean())
    if strength < FAINTEST or support < MIN_SUPPORT:
        return None
    fine = np.arange(-_REACH, _REACH + 0.25, 0.5)
    strip = _sampled(depth, rows + fine[:, None])[:, visible]
    darkness = np.median(strip, axis=1)
    darkness = darkness - np.minimum(np.percentile(darkness, 20), darkness)
    if (darkness > darkness.max() / 2).sum() / 2 > max(4.0, THICKEST * max(depth.shape)):
        return None
    return _Line(rows, darkness)


def _sampled(depth: Depth, rows: npt.NDArray[np.float64]) -> Depth:
    """Return the depth at these rows `(n, w)` of each column, interpolated; 0 beyond the picture."""
    height, width = depth.shape
    upper = np.floor(rows).astype(np.intp)
    part = (rows - upper).astype(np.float32)
    padded = np.pad(depth, ((1, 1), (0, 0)))
    index = (np.clip(upper, -1, height - 1) + 1) * width + np.arange(width)
    flat = padded.ravel()
    sampled = flat[index] * (1 - part) + flat[index + width] * part
    return np.where((upper < -1) | (upper >= height), np.float32(0), sampled)


def _robust_fit(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the parabola through most of the points."""
    fit = np.polyfit(x, y, 0, w=weight + 1e-6)
    for degree in (1, 2, 2):
        off = np.abs(y - np.polyval(fit, x))
        good = off <= max(1.0, 2 * float(np.median(off)))
        if good.sum() < degree + 3:
            break
        fit = np.polyfit(x[good], y[good], degree, w=weight[good] + 1e-6)
    return fit


def _without(depth: Depth, lines: list[_Line], pen: float) -> Depth:
    """Take the lines' darkness away; ink that is clearly darker than the line keeps its own."""
    height, width = depth.shape
    printed = np.zeros_like(depth)
    columns = np.arange(width)
    fine = np.arange(-_REACH, _REACH + 0.25, 0.5)
    for line in lines:
        first = np.floor(line.rows).astype(np.int64)
        for offset in range(-_REACH + 1, _REACH):
            row = first + offset
            inside = (row >= 0) & (row < height)
            darkness = np.interp(row[inside] - line.rows[inside], fine, line.darkness)
            at = (row[inside], columns[inside])
            printed[at] = np.maximum(printed[at], darkness.astype(np.float32))
    room = np.maximum(pen - printed, 0.25 * pen)
    left = np.maximum(depth - 1.15 * printed, 0) * pen / room
    return np.where(printed > 0, np.minimum(left, depth), depth).astype(np.float32)
