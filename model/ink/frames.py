"""Find a printed frame around what was written: a box, a circle, or the axes of a plot.

Masks only: no files, no lighting, no networks.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from model.ink.components import Ints, Mask, thickness_of

# Chosen on photos drawn from the digits of the validation writers, see tests/benchmarks/photos.py.
MIN_SIDE = 24  # pixels
MIN_INSIDE = 0.15  # of the frame's longer side: what is written in it is larger
MIN_HOLE = 0.5  # of the frame's box: there may be numbers outside of the frame
MIN_CONVEX = 0.94  # of the convex outline of the hole
OPEN = 1.15  # times the writing's longer side: axes, and the rest of a frame, are longer
NEAR = 0.05  # of the axes' longer side: how far from two straight lines their ticks and numbers may be
THINNER = 0.7  # than the writing: the rest of a frame

_EIGHT = np.ones((3, 3), bool)


def without_frame(ink: Mask) -> Mask:
    """Return the ink `(h, w)` bool inside the innermost frame, without it; all ink if there is no frame."""
    for grown in (ink, ndimage.binary_dilation(ink)):  # faint frames have gaps
        labels, n = ndimage.label(grown, _EIGHT)
        if n < 2:
            continue
        places = ndimage.find_objects(labels)
        sizes = np.array([max(y.stop - y.start, x.stop - x.start) for y, x in places])
        for index in np.argsort(sizes):  # the smallest that contains something
            if sizes[index] < MIN_SIDE:
                continue
            inside = _inside(labels, places, sizes, int(index))
            if len(inside):
                kept: Mask = np.isin(labels, inside)
                return ink & kept
    return _without_straight_lines(ink)


def _inside(labels: Ints, places: list[tuple[slice, slice]], sizes: Ints, index: int) -> Ints:
    """Return the numbers of the parts inside a part if it is a frame around some writing, else none."""
    y, x = places[index]
    part = labels[y, x] == index + 1
    hole = _hole(part, labels.shape, places[index])
    if hole is None:
        return _between_axes(part, labels, places, sizes, index)
    numbers = np.unique(labels[y, x][hole & ~part])
    numbers = numbers[numbers > 0]
    written = numbers[sizes[numbers - 1] >= MIN_INSIDE * sizes[index]]
    if not len(written) or (len(written) == 1 and not _is_printed(hole) and _is_slash(labels == written[0])):
        return np.empty(0, np.int64)
    return numbers


def _hole(part: Mask, shape: tuple[int, ...], place: tuple[slice, slice]) -> Mask | None:
    """Return the large convex hole in a part; the picture's edge closes a frame that leaves the picture."""
    closed = part.copy()
    for line, at_edge in (
        (closed[0], place[0].start == 0),
        (closed[-1], place[0].stop == shape[0]),
        (closed[:, 0], place[1].start == 0),
        (closed[:, -1], place[1].stop == shape[1]),
    ):
        if at_edge and line.any():
            touching = np.flatnonzero(line)
            line[touching[0] : touching[-1] + 1] = True
    holes, n = ndimage.label(ndimage.binary_fill_holes(closed) & ~part)
    if not n:
        return None
    areas = np.bincount(holes.ravel())[1:]
    if areas.max() < MIN_HOLE * part.size:
        return None
    hole: Mask = holes == areas.argmax() + 1
    hull = _hull(hole)
    return hole if hull is not None and hole.sum() >= MIN_CONVEX * hull.volume else None


def _is_printed(hole: Mask) -> bool:
    """Return whether a hole is a rectangle or a circle, and not the loop of a 0."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    filled = hole.sum() / (height * width)
    return bool(filled > 0.86 or (abs(np.log(height / width)) < 0.08 and abs(filled - np.pi / 4) < 0.03))


def _is_slash(part: Mask) -> bool:
    """Return whether a part is a straight line, as in a crossed 0."""
    return _thickness_and_length(part)[2]


def _between_axes(part: Mask, labels: Ints, places: list[tuple[slice, slice]], sizes: Ints, index: int) -> Ints:
    """Return the numbers of the parts between two axes, if this part is an upright line and one from its foot."""
    y, x = places[index]
    none = np.empty(0, np.int64)
    hull = _hull(part)
    if hull is None or part.sum() > 0.2 * part.size:
        return none
    corners = hull.points[hull.vertices]
    distances = np.hypot(*(corners[:, None] - corners).transpose(2, 0, 1))
    one, other = np.unravel_index(distances.argmax(), distances.shape)
    ends = corners[[one, other]]
    ends = ends[np.argsort(ends[:, 1])]  # the upper end first
    along = ends[1] - ends[0]
    foot = corners[np.abs((corners - ends[0]) @ np.array([-along[1], along[0]])).argmax()]
    legs = ends - foot
    lengths = np.hypot(*legs.T)
    if lengths.min() < MIN_SIDE or abs(legs[0] @ legs[1]) > 0.2 * lengths.prod():
        return none
    if not (legs[0, 1] < 0 and abs(legs[0, 0]) < 0.3 * lengths[0] and legs[1, 0] > 0):
        return none
    points = np.column_stack(np.nonzero(part)[::-1]) - foot
    off = np.min(
        [np.abs(points @ np.array([-leg[1], leg[0]])) / length for leg, length in zip(legs, lengths, strict=True)],
        axis=0,
    )
    if (off <= NEAR * lengths.max()).mean() < 0.9:
        return none
    inside = []
    for number, (rows, columns) in enumerate(places, 1):
        middle = np.array([(columns.start + columns.stop) / 2 - x.start, (rows.start + rows.stop) / 2 - y.start]) - foot
        shares = legs @ middle / lengths**2
        if number != index + 1 and (shares > 0.03).all() and (shares < 1.15).all():
            inside.append(number)
    largest = max((sizes[number - 1] for number in inside), default=0)
    if not MIN_INSIDE * lengths.max() <= largest or lengths.max() < OPEN * largest:
        return none
    return np.array(inside)


def _without_straight_lines(ink: Mask) -> Mask:
    """Leave out straight parts that are longer and thinner than all others: what is left of a frame."""
    labels, n = ndimage.label(ink, _EIGHT)
    if n < 2:
        return ink
    areas = np.bincount(labels.ravel())[1:]
    large = np.flatnonzero(areas >= 0.05 * areas.max()) + 1
    if not 2 <= len(large) <= 12:
        return ink
    measured = {int(number): _thickness_and_length(labels == number) for number in large}
    writing = [each for each in measured.values() if not each[2]]
    if not writing:
        return ink
    pen, longest = max(each[0] for each in writing), max(each[1] for each in writing)
    rest = [
        number
        for number, (thickness, length, straight) in measured.items()
        if straight and length > OPEN * longest and thickness < THINNER * pen
    ]
    kept: Mask = ink & ~np.isin(labels, rest)
    return kept


def _thickness_and_length(part: Mask) -> tuple[float, float, bool]:
    """Return the mean thickness of a part, its length, and whether it is a straight line."""
    points = np.column_stack(np.nonzero(part)).astype(np.float64)
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along, across = np.ptp(centred @ axes[:, 1]) + 1, np.ptp(centred @ axes[:, 0]) + 1
    return thickness_of(part), float(along), bool(across < 0.06 * along + 2)


def _hull(mask: Mask) -> ConvexHull | None:
    edge = mask & ~ndimage.binary_erosion(mask)
    points: npt.NDArray[np.int64] = np.column_stack(np.nonzero(edge)[::-1])
    try:
        return ConvexHull(points)
    except (QhullError, ValueError):
        return None
