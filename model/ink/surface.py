"""Find the sheet, note, board or canvas that was written on in a photo, and see it from straight above.

Knows tones and geometry: nothing of ink, digits or networks. Corners are `(4, 2)` float64, x and y from the top left,
clockwise from the surface's top left corner.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

Corners = npt.NDArray[np.floating]
Tones = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Chosen on photos drawn from the digits of the validation writers, see tests/benchmarks/photos.py.
MIN_SHARE, MAX_SHARE = 0.12, 0.97  # of the photo's area
MIN_FILLED = 0.93  # of the four-sided outline: circles have 0.79
MIN_OWN_TONE = 0.72  # of the surface: the loop of a 0 is no sheet around its hole
MIN_EDGE = 14  # grey levels between the surface and what is around it
MAX_TILT = 30  # degrees, of any side
MIN_ASPECT = 0.2

_THUMB = 160  # pixels of the longer side of the thumbnail in which surfaces are found
_PEN = 7  # pixels of the thumbnail: ink and printed lines are thinner
_LEVELS = 12  # thresholds
_INSET = 1.3  # pixels of the thumbnail from the edge, which is blurred, to what is read


@dataclass(frozen=True, eq=False)
class _Candidate:
    corners: Corners  # in pixels of the thumbnail
    edge: float  # the least contrast along a side
    area: float


def find(picture: Image.Image) -> list[Corners]:
    """Return the corners of what may be the surface in a greyscale or RGB image, most likely ones first.

    A surface is a large region of one tone with four straight sides; the whole picture isn't one. What is written on it
    is ignored, so the caller must check that there is something.
    """
    small = picture.copy()
    small.thumbnail((_THUMB, _THUMB), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    maps = [pixels] if pixels.ndim == 2 else [np.asarray(small.convert("L"), np.float32)]
    if pixels.ndim == 3 and np.ptp(pixels, axis=2).mean() > 8:
        maps.append(pixels.min(axis=2))  # white paper and pale wood differ in their weakest colour
    found = [candidate for tones in maps for sign in (1, -1) for candidate in _candidates(sign * tones)]
    zoom = np.array(picture.size) / small.size
    chosen: list[Corners] = []
    for candidate in sorted(found, key=lambda one: -one.edge * one.area**0.5):
        if not any(np.abs(candidate.corners - other).max() < 0.12 * max(small.size) for other in chosen):
            chosen.append(candidate.corners)
    return [(_inset(corners, _INSET, small.size)) * zoom for corners in chosen[:3]]


def straightened(picture: Image.Image, corners: Corners, longest: int) -> tuple[Image.Image, Corners]:
    """Return the surface as seen from straight above, and the matrix `(3, 3)` from its pixels to the picture's.

    The longer side gets at most `longest` pixels.
    """
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    width, height = max(sides[0], sides[2]), max(sides[1], sides[3])
    size = (max(8, round(width)), max(8, round(height)))
    shrink = max(1.0, max(size) / longest)
    end = (max(8, round(size[0] / shrink)), max(8, round(size[1] / shrink)))
    matrix = homography(_rectangle(size), corners)
    flat = picture.transform(
        size, Image.Transform.PERSPECTIVE, tuple(matrix.ravel()[:8].tolist()), Image.Resampling.BILINEAR
    )
    if end != size:
        flat = flat.resize(end, Image.Resampling.BICUBIC)
    return flat, homography(_rectangle(end), corners)


def homography(source: Corners, target: Corners) -> Corners:
    """Return the matrix `(3, 3)` of the perspective that maps four points onto four others.

    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    >>> homography(square, 2 * square + 5).round(6).tolist()
    [[2.0, 0.0, 5.0], [0.0, 2.0, 5.0], [0.0, 0.0, 1.0]]
    """
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows), target.ravel()), 1.0).reshape(3, 3)


def mapped(points: npt.ArrayLike, matrix: Corners) -> Corners:
    """Return points `(n, 2)` as a perspective maps them."""
    points = np.asarray(points, np.float64)
    projected = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return projected[:, :2] / projected[:, 2:]


def is_convex(corners: Corners) -> bool:
    """Return whether four corners are given clockwise and form a convex outline of some size."""
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides, -1, axis=0)[:, 1] - sides[:, 1] * np.roll(sides, -1, axis=0)[:, 0]
    return bool(np.isfinite(corners).all() and (turns > 0).all() and np.hypot(*sides.T).min() >= 8)


def _rectangle(size: tuple[int, int]) -> Corners:
    width, height = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _candidates(tones: Tones) -> Iterator[_Candidate]:
    """Yield the four-sided regions `tones` `(h, w)` that are brighter than what is around them."""
    closed = ndimage.grey_closing(tones, size=(_PEN, _PEN), mode="nearest")
    low, high = np.percentile(closed, (1, 99))
    if high - low < MIN_EDGE:
        return
    seen = np.empty((0, 4))  # a sheet is found at many levels
    for level in np.linspace(low, high, _LEVELS + 2)[1:-1]:
        labels, n = ndimage.label(closed > level)
        areas = np.bincount(labels.ravel(), minlength=n + 1)[1:]
        large = np.flatnonzero((areas > MIN_OWN_TONE * MIN_SHARE * closed.size) & (areas < MAX_SHARE * closed.size))
        if not len(large):
            continue
        places = ndimage.find_objects(labels)
        for index in large.tolist():
            y, x = places[index]
            edges = [y.start == 0, x.start == 0, y.stop == closed.shape[0], x.stop == closed.shape[1]]
            # The four-sided outline of a tilted sheet fills less than half of its box, but this much:
            if all(edges) or areas[index] < 0.35 * (y.stop - y.start) * (x.stop - x.start):
                continue
            if (np.abs(seen - [y.start, y.stop, x.start, x.stop]) <= 1).all(axis=1).any():
                continue
            candidate = _candidate(closed, labels[y, x] == index + 1, np.array([x.start, y.start]))
            if candidate:
                seen = np.vstack([seen, [y.start, y.stop, x.start, x.stop]])
                yield candidate


def _candidate(tones: Tones, region: Mask, offset: npt.NDArray[np.int64]) -> _Candidate | None:
    edge = region & ~ndimage.binary_erosion(region)
    y, x = np.nonzero(edge)
    points = np.column_stack([x, y]) + 0.5
    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return None
    area = float(hull.volume)
    if not MIN_SHARE < area / tones.size < MAX_SHARE or region.sum() < MIN_OWN_TONE * area:
        return None
    rough = _rough_corners(points[hull.vertices])
    if _area(rough) < 0.85 * area:
        return None
    filled = ndimage.binary_fill_holes(region)
    y, x = np.nonzero(filled & ~ndimage.binary_erosion(filled, np.ones((3, 3), bool)))
    corners = _refined(rough, np.column_stack([x, y]) + 0.5)
    if corners is None or not filled.sum() > MIN_FILLED * _area(corners):
        return None
    corners = corners + offset
    if not _is_like_a_sheet(corners):
        return None
    least = _least_edge(tones, corners)
    return _Candidate(corners, least, area) if least >= MIN_EDGE else None


def _rough_corners(hull: Corners) -> Corners:
    """Return the ends of the longest diagonal and the points farthest from it on both sides."""
    distances = np.hypot(*(hull[:, None] - hull).transpose(2, 0, 1))
    one, other = np.unravel_index(distances.argmax(), distances.shape)
    along = hull[other] - hull[one]
    across = (hull - hull[one]) @ np.array([-along[1], along[0]])
    four = np.array([hull[one], hull[across.argmin()], hull[other], hull[across.argmax()]])
    return _in_order(four)


def _in_order(four: Corners) -> Corners:
    """Order corners clockwise on the screen, from the one that is the top left one after turning by less than 45°."""
    centre = four.mean(axis=0)
    angles = np.arctan2(*(four - centre).T[::-1])
    four = four[np.argsort(angles)]
    sides = np.roll(four, -1, axis=0) - four
    # The top side points to the right.
    top = np.argmax(sides[:, 0] / np.maximum(np.hypot(*sides.T), 1e-9))
    return np.roll(four, -int(top), axis=0)


def _refined(rough: Corners, outline: Corners) -> Corners | None:
    """Fit a line to the outline's points along each side, without the corners; return where the lines meet."""
    ends = np.roll(rough, -1, axis=0)
    along = ends - rough
    length = np.hypot(*along.T)
    if length.min() < 8:
        return None
    along = along / length[:, None]
    offset = outline[:, None] - rough
    share = (offset * along).sum(axis=2) / length
    distance = np.abs(offset[..., 0] * along[:, 1] - offset[..., 1] * along[:, 0])
    lines = []
    for side in range(4):
        near = (share[:, side] > 0.1) & (share[:, side] < 0.9) & (distance[:, side] < 0.06 * length.max())
        points = outline[near & (distance.argmin(axis=1) == side)]
        if len(points) < 6:
            return None
        for _ in range(2):
            centre = points.mean(axis=0)
            normal = np.linalg.svd(points - centre)[2][1]
            off = np.abs((points - centre) @ normal)
            points = points[off <= max(0.75, 2 * float(np.median(off)))]
        lines.append((normal, float(normal @ centre)))
    corners = []
    for side in range(4):
        (one, at_one), (other, at_other) = lines[side - 1], lines[side]
        try:
            corners.append(np.linalg.solve(np.array([one, other]), np.array([at_one, at_other])))
        except np.linalg.LinAlgError:
            return None
    # The outline is half a pixel inside of the region's edge.
    return np.array(corners)


def _is_like_a_sheet(corners: Corners) -> bool:
    if not is_convex(corners):
        return False
    sides = np.roll(corners, -1, axis=0) - corners
    length = np.hypot(*sides.T)
    tilts = np.degrees(np.arctan2(np.abs(sides[[0, 2], 1]), np.abs(sides[[0, 2], 0]))).tolist()
    tilts += np.degrees(np.arctan2(np.abs(sides[[1, 3], 0]), np.abs(sides[[1, 3], 1]))).tolist()
    return bool(max(tilts) <= MAX_TILT and length.min() >= MIN_ASPECT * length.max())


def _least_edge(tones: Tones, corners: Corners) -> float:
    """Return the least contrast of a side inside the picture; 0 if fewer than two sides are inside."""
    height, width = tones.shape
    share = np.linspace(0.08, 0.92, 24)[:, None]
    least, inside = np.inf, 0
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.hypot(*(end - start))
        outwards = np.array([along[1], -along[0]])
        points = start + share * (end - start)
        within, beyond = points - 2 * outwards - 0.5, points + 2.5 * outwards - 0.5
        visible = (beyond >= 0).all(axis=1) & (beyond <= (width - 1, height - 1)).all(axis=1)
        if visible.mean() < 0.5:
            continue
        inside += 1
        bright, dark = (
            ndimage.map_coordinates(tones, at[visible].T[::-1], order=1, mode="nearest") for at in (within, beyond)
        )
        least = min(least, float(np.percentile(bright - dark, 25)))
    return least if inside >= 2 else 0.0


def _inset(corners: Corners, by: float, size: tuple[int, int]) -> Corners:
    """Move the sides inwards by some pixels, and the corners into the picture."""
    moved = []
    for before, corner, after in zip(np.roll(corners, 1, axis=0), corners, np.roll(corners, -1, axis=0), strict=True):
        to_before, to_after = before - corner, after - corner
        step = to_before / np.hypot(*to_before) + to_after / np.hypot(*to_after)
        moved.append(corner + by * step)
    limited: Corners = np.clip(np.array(moved), 0, size)
    return limited


def _area(corners: Corners) -> float:
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
