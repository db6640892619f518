"""Find the connected components of the ink in an image, and cut digits that touch each other.

Masks only: no files, no lighting, no networks.
"""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SPECK = 0.03  # of the largest part's area: smaller parts are dirt
POINT = 0.75  # of the pen's thickness: a part whose sides are both longer may be a point
MIN_SIDE = 0.025  # of the image's longer side: ink is larger
MIN_PIXELS = 5  # ink is larger than this, too
EDGE_SPECK = 0.12  # of the largest part's area: smaller parts at the edge of the image belong to something beyond it
EDGE = 0.9  # of a side of the image: a part that covers this much of it is the table
# Shares of the height of a line of digits, see `cut`.
WIDE = 0.85  # a narrower part is at most one digit
MIN_SLICE = 0.22  # the narrowest piece
MAX_INK = 0.35  # in the column of a cut: digits touch at a single stroke


def find(mask: Mask, points: bool = False) -> tuple[Ints, Ints]:
    """Return the number of each pixel's part in `mask` `(h, w)` bool, and the bounding boxes of the parts.

    The numbers are `(h, w)` int, -1 for background; the boxes are `(parts, 4)` int: left, top, right, bottom, the
    latter two exclusive. Dirt and parts along a whole side of the image are left out; with `points`, dirt as thick as
    the pen is kept, since it may be a decimal point.
    """
    part = np.full(mask.shape, -1)
    rows, columns = np.nonzero(mask)
    _, root, area = np.unique(_roots(mask), return_inverse=True, return_counts=True)
    boxes = np.full((len(area), 4), max(mask.shape))
    boxes[:, 2:] = 0
    for side, take, values in zip(
        range(4),
        (np.minimum, np.minimum, np.maximum, np.maximum),
        (columns, rows, columns + 1, rows + 1),
        strict=True,
    ):
        take.at(boxes[:, side], root, values)
    pen = thickness_of(mask) if points else np.inf
    keep = _is_writing(mask.shape, boxes, area, _edge_runs(mask.shape, rows, columns, root), pen)
    number = np.where(keep, np.cumsum(keep) - 1, -1)
    part[rows, columns] = number[root]
    return part, boxes[keep]


def cut(part: Ints, boxes: Ints) -> tuple[Ints, Ints]:
    """Cut wide parts where little ink connects their sides; arguments and results are those of `find`.

    This separates touching digits, but it also cuts wide digits: the caller must be able to join the pieces again.
    """
    part, pieces = part.copy(), [tuple(box) for box in boxes.tolist()]
    line = max((bottom - top for _, top, _, bottom in pieces), default=0)
    for number, (left, top, right, bottom) in enumerate(list(pieces)):
        if right - left <= WIDE * line:
            continue
        inside = part[top:bottom, left:right] == number
        edges = [0, *_valleys(inside.sum(axis=0), line), right - left]
        for nth, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
            rows = np.flatnonzero(inside[:, start:end].any(axis=1))
            box = (left + start, top + int(rows[0]), left + end, top + int(rows[-1]) + 1)
            if nth == 0:
                pieces[number] = box
            else:
                part[top:bottom, left + start : left + end][inside[:, start:end]] = len(pieces)
                pieces.append(box)
    return part, np.array(pieces).reshape(-1, 4)


def _valleys(ink: Ints, line: int) -> list[int]:
    """Return the columns with the least ink, at least a slice apart from each other and from both ends."""
    width = max(1, round(MIN_SLICE * line))
    free = np.zeros(len(ink), dtype=bool)
    free[width : len(ink) - width] = True
    chosen: list[int] = []
    for column in np.argsort(ink, kind="stable"):
        if free[column] and ink[column] <= MAX_INK * line:
            chosen.append(int(column))
            free[max(0, column - width) : column + width] = False
    return sorted(chosen)


def _roots(mask: Mask) -> Ints:
    """Return, for every ink pixel in reading order, the number of the pixel that represents its part.

    Pixels are connected to their eight neighbours. Hooking and pointer jumping: Y. Shiloach and U. Vishkin, "An
    O(log n) parallel connectivity algorithm", 1982.
    """
    padded = np.pad(mask, 1)
    number = np.cumsum(padded).reshape(padded.shape) - 1
    pairs = []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        both = padded & np.roll(padded, (-down, -right), axis=(0, 1))
        pairs.append((number[both], np.roll(number, (-down, -right), axis=(0, 1))[both]))
    one, other = map(np.concatenate, zip(*pairs, strict=True))
    root = np.arange(mask.sum())
    while (root[one] != root[other]).any():
        lower = np.minimum(root[one], root[other])
        np.minimum.at(root, root[one], lower)
        np.minimum.at(root, root[other], lower)
        while (root != root[root]).any():
            root = root[root]
    return root


def _edge_runs(shape: tuple[int, ...], rows: Ints, columns: Ints, root: Ints) -> Mask:
    """Return, for every part, whether it runs along a whole side of the image."""
    height, width = shape
    parts = root.max(initial=-1) + 1
    runs = np.zeros(parts, dtype=bool)
    for on_side, length in (
        (rows == 0, width),
        (rows == height - 1, width),
        (columns == 0, height),
        (columns == width - 1, height),
    ):
        runs |= np.bincount(root[on_side], minlength=parts) >= EDGE * length
    return runs


def _is_writing(shape: tuple[int, ...], boxes: Ints, area: Ints, is_table: Mask, pen: float) -> Mask:
    sides = boxes[:, 2:] - boxes[:, :2]
    keep: Mask = ~is_table if not is_table.all() else ~np.zeros_like(is_table)
    at_edge = (boxes[:, :2] == 0).any(axis=1) | (boxes[:, 2:] == (shape[1], shape[0])).any(axis=1)
    is_large = area >= np.where(at_edge, EDGE_SPECK, SPECK) * area[keep].max(initial=0)
    keep &= is_large | (~at_edge & (sides.min(axis=1, initial=max(shape)) >= POINT * pen))
    return keep & bool(sides[keep].max(initial=0) >= max(MIN_PIXELS, MIN_SIDE * max(shape)))


def thickness_of(mask: Mask) -> float:
    """Estimate the thickness of strokes in pixels: twice their area, divided by the length of their outlines."""
    padded = np.pad(mask, 1).astype(np.int8)
    outline = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    return float(2 * mask.sum() / max(outline, 1))
