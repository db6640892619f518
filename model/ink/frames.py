"""Find a printed frame around what was written: a box, a circle, or the axes of a plot.

Masks only: no files, no lighting, no networks.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from model.ink.components import Ints, Mask

# Chosen on photos drawn from the digits of the validation writers, see tests/benchmarks/photos.py.
MAX_THICKNESS = 0.04  # of the frame's longer side
ON_OUTLINE = 0.93  # of the frame's pixels
MIN_INSIDE = 0.15  # of the frame's longer side: what is written in it is larger
MARGIN = 0.02  # of the frame's longer side, between it and the writing
OPEN = 1.25  # times the writing's longer side: axes, which are open on two sides, are at least this long
CLOSED = 0.9  # of the area of its outline is inside a closed frame


def without_frame(ink: Mask) -> Mask:
    """Return the ink `(h, w)` bool inside the innermost frame, without it; all ink if there is no frame."""
    labels, n = ndimage.label(ndimage.binary_dilation(ink, iterations=1), np.ones((3, 3)))
    if n < 2:
        return ink
    boxes = np.array([[x.start, y.start, x.stop, y.stop] for y, x in ndimage.find_objects(labels)])
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    for frame in np.argsort(sizes):  # the smallest that contains something
        left, top, right, bottom = boxes[frame]
        margin = MARGIN * sizes[frame]
        inside = (boxes[:, :2] >= (left + margin, top + margin)).all(axis=1)
        inside &= (boxes[:, 2:] <= (right - margin, bottom - margin)).all(axis=1)
        written = inside & (sizes >= MIN_INSIDE * sizes[frame])
        if not written.any() or sizes[frame] < 24:
            continue
        around = (boxes[written, :2].min(axis=0), boxes[written, 2:].max(axis=0))
        region = labels[top:bottom, left:right] == frame + 1
        if _is_frame(region, int((around[1] - around[0]).max())):
            kept: Mask = np.isin(labels, np.flatnonzero(inside) + 1)
            return ink & kept
    return ink


def _is_frame(part: Mask, writing: int) -> bool:
    """Return whether a part is thin and lies on its own convex outline, like a box, a circle, or two axes."""
    longer = max(part.shape)
    y, x = np.nonzero(part)
    points: Ints = np.column_stack([x, y])
    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return False
    # Distance of every pixel to the nearest side of the hull; its equations point outwards.
    distance = -(points @ hull.equations[:, :2].T + hull.equations[:, 2]).max(axis=1)
    if (distance <= MAX_THICKNESS * longer).mean() < ON_OUTLINE:
        return False
    enclosed = ndimage.binary_fill_holes(part).sum() / max(hull.volume, 1)
    if enclosed >= CLOSED:
        return bool(writing >= 0.25 * min(part.shape))
    # Two axes: one long side each, at a right angle to each other.
    rows, columns = part.any(axis=1).mean(), part.any(axis=0).mean()
    straight = part.sum(axis=0).max() >= 0.9 * part.shape[0] and part.sum(axis=1).max() >= 0.9 * part.shape[1]
    return bool(rows > 0.98 and columns > 0.98 and straight and longer >= OPEN * writing)
