"""Group the strokes of a drawing, or the parts of the ink in an image, into digits and signs, row by row.

Needs only boxes and functions, which return the image of a group, the network's probabilities for it, and how far a
part is from others: no files and no LiteRT. A box is left, top, right, bottom; a grouping of one row is a list of lists
of indices, digits from left to right.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.ink.render import TINY, FloatArray, GreyImage, Strokes
from model.ink.rows import SLENDER, TALL, Row, find_rows

# Shares of the height of a line of digits, see `by_shape`. Chosen on numbers of two to four digits by 138 writers
# (side by side, gaps of -5% to 30% of the height); of 2,000 numbers by 139 others, 98.5% are grouped correctly.
# TALL (see `rows`): a lower stroke is only part of a digit
OVERLAP = 0.3  # of the narrower width (at least MIN_WIDTH): two tall strokes with more overlap are one digit
MIN_WIDTH = 0.2
HANGS = 0.25  # the left half of an open 4 ends this far above the baseline
NARROW = 0.35  # the widest right half of an open 4
OPEN = 0.3  # the widest gap in an open 4
APART = 0.2  # the widest gap between a low stroke and its digit

# For `by_reading`. Chosen on numbers of two to four digits by the validation writers.
MAX_PARTS = 48  # more are grouped by shape: nobody writes that many strokes in a line of digits
MAX_IN_ONE = 5  # strokes of one digit
MAX_WIDTH = 1.7  # of a digit with several parts, in heights of the line
MAX_GAP = 0.35  # the widest gap inside a digit, in heights of the line
OVERLAP_COST = 0.2  # in nats, if two digits overlap by the whole width of the narrower one
_MIN_PROBABILITY = 1e-6

# For signs: points, commas, dashes. Shares of the height of the row, chosen on drawings by the training writers.
SIGN = 0.5  # a higher or wider part may be a digit
POINT_WIDTH = 0.3  # of a point or a comma, near the baseline; the foot of a 1 is wider
# Below the top of the row: where points and commas begin, beside a digit and below the arm of a 7, where pens leave
# stray dots, and where the bars of 5s end.
LOW, BELOW, MIDDLE = 0.6, 0.8, 0.2
BESIDE = 0.2  # of its width: how much of a dash may be above or below a digit; the bar of a 7 is across it
CLEAR = 0.06  # between a sign and other ink
FLAT, OFF = 0.15, 0.35  # a single stroke that is higher than a dash must be this far from others: it may be half a 4
IN_ROW = 0.6  # of a digit's height: what lies between the upper and the lower edge of its row
WHOLE = 0.5  # least probability of digits that join two rows into one
HALVES = 0.95  # least probability of a digit that is drawn as an upper and a lower half

Members = tuple[int, ...]
Part = tuple[list[int], FloatArray]  # the members of a group and its box
Images = Callable[[Sequence[int]], GreyImage]  # the parts of a group -> (28, 28)
Probabilities = Callable[[np.ndarray], np.ndarray]  # (n, 28, 28, 1) -> (n, classes)
Clearance = Callable[[int, Sequence[int]], float]  # a part, others -> the distance to the nearest of them


@dataclass(frozen=True)
class Group:
    """A digit, or a sign too small to be one; `members` are the indices of its parts."""

    members: Members
    row: int = 0  # from top to bottom
    line: float = 0.0  # the height of its row
    is_sign: bool = False


def find_digits(
    boxes: npt.ArrayLike,
    image_of: Images,
    probabilities: Probabilities | None = None,
    clearance: Clearance | None = None,
    n_digits: int = 10,
) -> list[Group]:
    """Return the digits and signs row by row, each row from left to right; every part is in one group.

    `probabilities` are those of a network with the class "not a digit", which then decides which parts belong together;
    without it, their shapes decide. `clearance` measures distances between the ink of parts instead of their boxes.

    >>> groups = find_digits([[0, 0, 40, 90], [60, 85, 64, 90], [80, 0, 99, 90]], lambda members: np.zeros((28, 28)))
    >>> [(group.members, group.is_sign) for group in groups]
    [((0,), False), ((1,), True), ((2,), False)]
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)

    def likelihoods(groups: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
        assert probabilities
        images = np.stack([image_of(group) for group in groups])
        return np.asarray(probabilities(images[..., None])[:, :n_digits].max(axis=1), np.float64)

    def are_digits(groups: Sequence[Sequence[int]]) -> bool:
        return bool((likelihoods(groups) >= HALVES).all())

    def in_row(row: Row, chosen: list[int]) -> list[list[int]]:
        if probabilities is None:
            return by_shape(row.boxes[chosen])
        members = np.array(row.members)[chosen]
        return by_reading(row.boxes[chosen], lambda group: image_of(members[group].tolist()), probabilities, n_digits)

    is_few = len(boxes) <= MAX_PARTS
    rows = find_rows(boxes, are_digits if probabilities and is_few else None)
    if len(rows) > 1 and probabilities and is_few:
        everything = Row(tuple(range(len(boxes))), boxes)
        joined = _joining_rows(boxes, in_row(everything, list(everything.members)), rows)
        if joined and (likelihoods(joined) >= WHOLE).all():
            rows = [everything]
    found = []
    for number, row in enumerate(rows):
        signs = _signs(row, clearance) if is_few else []
        rest = [index for index in range(len(row.members)) if index not in sum(signs, [])]
        groups = [[rest[i] for i in group] for group in in_row(row, rest)]
        for sign in list(signs) if probabilities and groups else []:
            nearest = min(groups, key=lambda group: _nearest(_around(row.boxes[sign]), row.boxes[group]))
            alone, together = likelihoods([[row.members[i] for i in group] for group in (nearest, nearest + sign)])
            if alone < HALVES <= together:  # the digit isn't complete without it
                nearest += sign
                signs.remove(sign)
        groups += signs
        around = [_around(row.boxes[group]) for group in groups]
        for i in sorted(range(len(groups)), key=lambda i: float(around[i][0] + around[i][2])):
            members = tuple(sorted(row.members[index] for index in groups[i]))
            found.append(Group(members, number, row.height, groups[i] in signs or _is_small(around[i], row.height)))
    return found


def _joining_rows(boxes: FloatArray, groups: list[list[int]], rows: list[Row]) -> list[list[int]]:
    """Return the groups that join parts of several rows if all groups stand side by side in one row; else none.

    Loops of 8s of unequal height can look like rows, but as digits they are next to each other.
    """
    if len(groups) == 1:  # a column
        return []
    around = np.stack([_around(boxes[group]) for group in groups])
    top, bottom = np.median(around[:, 1]), np.median(around[:, 3])
    inside = np.minimum(around[:, 3], bottom) - np.maximum(around[:, 1], top)
    if (inside < IN_ROW * (around[:, 3] - around[:, 1])).any():
        return []
    row_of = {index: number for number, row in enumerate(rows) for index in row.members}
    joined = [i for i, group in enumerate(groups) if len({row_of[index] for index in group}) > 1]
    if any(around[i, 3] - around[i, 1] > SLENDER * max(_width(around[i]), TINY) for i in joined):
        return []
    return [groups[i] for i in joined]


def clearance_of(strokes: Strokes) -> Clearance:
    """Return the function that measures the distance from a stroke's points to the nearest of other strokes' lines."""

    def clearance(part: int, others: Sequence[int]) -> float:
        lines = [np.repeat(strokes[i], 2, axis=0)[:2] if len(strokes[i]) == 1 else strokes[i] for i in others]
        start = np.concatenate([line[:-1] for line in lines])
        step = np.concatenate([np.diff(line, axis=0) for line in lines])
        away = _filled(strokes[part])[:, None] - start
        length = np.maximum((step**2).sum(axis=1), 1e-12)
        share = np.clip((away * step).sum(axis=2) / length, 0, 1)
        return float(np.sqrt(((away - share[..., None] * step) ** 2).sum(axis=2).min()))

    return clearance


def _filled(stroke: FloatArray) -> FloatArray:
    """Return the points of a stroke, with seven more on each segment: a line may cross another far from its ends."""
    if len(stroke) == 1:
        return stroke
    share = np.arange(8)[:, None] / 8
    between = stroke[:-1, None] + share * np.diff(stroke, axis=0)[:, None]
    return np.concatenate([between.reshape(-1, 2), stroke[-1:]])


def _signs(row: Row, clearance: Clearance | None) -> list[list[int]]:
    """Return the positions in the row of each point, comma, dash and small cross: off other parts, where no bar is."""
    height, boxes = row.height, row.boxes
    is_tall = boxes[:, 3] - boxes[:, 1] >= SIGN * height
    if not is_tall.any():  # only points
        return []
    tall = boxes[is_tall]
    top = float(np.median(tall[:, 1]))

    def away(index: int, others: Sequence[int]) -> float:
        if not others:
            return np.inf
        if clearance:
            return clearance(row.members[index], [row.members[other] for other in others])
        return _nearest(boxes[index], boxes[list(others)])

    signs = []
    for members in _touching(
        np.flatnonzero(~is_tall).tolist(), lambda one, other: away(one, [other]) <= CLEAR * height
    ):
        box = _around(boxes[members])
        wide, high = _width(box) / height, (box[3] - box[1]) / height
        is_beside = max(_overlap(box, each) for each in tall) <= BESIDE * max(_width(box), TINY)
        is_point = box[1] > top + (LOW if is_beside else BELOW) * height and high < TALL and wide <= POINT_WIDTH
        is_cross = len(members) > 1
        is_between = top + MIDDLE * height < box[1] and (is_cross or box[3] < top + (1 - MIDDLE) * height)
        is_between &= is_beside and max(wide, high) <= SIGN
        if is_point or is_between:
            is_stroke = is_between and not is_cross and high > FLAT
            others = [index for index in range(len(boxes)) if index not in members]
            if min(away(index, others) for index in members) >= (OFF if is_stroke else CLEAR) * height:
                signs.append(members)
    return signs


def _touching(indices: list[int], touch: Callable[[int, int], bool]) -> list[list[int]]:
    """Return the clusters of indices that touch each other, directly or through others."""
    clusters: list[list[int]] = []
    for index in indices:
        near = [cluster for cluster in clusters if any(touch(index, other) for other in cluster)]
        clusters = [cluster for cluster in clusters if cluster not in near] + [sum(near, []) + [index]]
    return clusters


def _is_small(box: FloatArray, height: float) -> bool:
    return bool(box[3] - box[1] < TALL * height and _width(box) <= SIGN * height)


def _nearest(box: FloatArray, others: FloatArray) -> float:
    across = np.maximum(np.maximum(others[:, 0] - box[2], box[0] - others[:, 2]), 0)
    down = np.maximum(np.maximum(others[:, 1] - box[3], box[1] - others[:, 3]), 0)
    return float(np.hypot(across, down).min())


def by_shape(boxes: npt.ArrayLike) -> list[list[int]]:
    """Group boxes by position alone.

    1. Tall boxes that overlap horizontally are one digit: the two loops of an 8, a 0 and its slash.
    2. A high box and, to its right, a narrow one that reaches the baseline are an open 4.
    3. All other boxes are low: the bar of a 5, the foot of a 1. Each joins the digit that it overlaps most.

    >>> by_shape([[0, 0, 40, 100], [60, 0, 100, 100], [60, 0, 100, 10]])
    [[0], [1, 2]]
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not len(boxes):
        return []
    heights = boxes[:, 3] - boxes[:, 1]
    line = max(heights.max(), TINY)
    order = _left_to_right(boxes)
    tall = heights >= TALL * line
    if not tall.any():  # dots and dashes
        tall[np.argmax(boxes[:, 2] - boxes[:, 0])] = True
    digits = _overlapping([([index], boxes[index]) for index in order[tall[order]]], line)
    digits = _open_fours(digits, line, baseline=boxes[:, 3].max())
    digits = _with_low_parts(digits, [([index], boxes[index]) for index in order[~tall[order]]], line)
    digits.sort(key=lambda digit: digit[1][0] + digit[1][2])
    return [sorted(map(int, members)) for members, _ in digits]


def by_reading(
    boxes: npt.ArrayLike, image_of: Images, probabilities: Probabilities, n_digits: int = 10
) -> list[list[int]]:
    """Find the groups that look most like digits to a network with the class "not a digit".

    The network classifies every sequence of neighbours that could be one digit, once; dynamic programming finds the
    grouping with the lowest cost. Neighbours are boxes side by side, and boxes drawn one after the other: the former
    finds a bar that was added last, the latter a digit that overlaps the next one. A group costs -log(probability of
    its best digit), and overlapping groups cost more.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not 1 < len(boxes) <= MAX_PARTS:
        return by_shape(boxes)
    line = max(np.ptp(boxes[:, 1::2], axis=1).max(), TINY)
    orders = (_left_to_right(boxes).tolist(), list(range(len(boxes))))
    groups = {group: _around(boxes[list(group)]) for order in orders for group in _candidates(order, boxes, line)}
    images = np.stack([image_of(list(group)) for group in groups])
    probs = probabilities(images[..., None])[:, :n_digits].max(axis=1)
    costs = dict(zip(groups, (-np.log(np.maximum(probs, _MIN_PROBABILITY))).tolist(), strict=True))
    groupings = [_cheapest(order, groups, costs, line) for order in orders]
    _, best = min(groupings, key=lambda grouping: grouping[0])
    return [list(group) for group in sorted(best, key=lambda group: groups[group][0] + groups[group][2])]


def _candidates(order: list[int], boxes: FloatArray, line: float) -> Iterator[Members]:
    """Yield every sequence of neighbours in `order` that could be one digit."""
    for start, first in enumerate(order):
        yield (first,)
        box = boxes[first]
        for end in range(start + 1, min(start + MAX_IN_ONE, len(order))):
            gap = -_overlap(box, boxes[order[end]])
            box = _around(boxes[order[start : end + 1]])
            if _width(box) > MAX_WIDTH * line or gap > MAX_GAP * line:
                break
            yield tuple(sorted(order[start : end + 1]))


def _cheapest(
    order: list[int], groups: dict[Members, FloatArray], costs: dict[Members, float], line: float
) -> tuple[float, list[Members]]:
    """Return the lowest cost of groups of neighbours in `order` that contain every part once, and these groups."""
    # The best groups for the first 0, 1, 2 … parts, by their last group.
    ending: list[dict[Members, tuple[float, list[Members]]]] = [{(): (0.0, [])}]
    for end in range(1, len(order) + 1):
        ending.append({})
        for start in range(max(0, end - MAX_IN_ONE), end):
            group = tuple(sorted(order[start:end]))
            if group in costs:
                cost, path = min(
                    (cost + OVERLAP_COST * _overlap_share(groups.get(last), groups[group], line), path)
                    for last, (cost, path) in ending[start].items()
                )
                ending[end][group] = (cost + costs[group], [*path, group])
    return min(ending[-1].values())


def _overlap_share(one: FloatArray | None, other: FloatArray, line: float) -> float:
    if one is None:
        return 0.0
    narrower = max(min(_width(one), _width(other)), MIN_WIDTH * line)
    return max(_overlap(one, other), 0.0) / narrower


def _left_to_right(boxes: FloatArray) -> npt.NDArray[np.int64]:
    return np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")


def _around(boxes: FloatArray) -> FloatArray:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _overlapping(parts: list[Part], line: float) -> list[Part]:
    digits: list[Part] = []
    for members, box in parts:
        if digits:
            narrower = min(_width(digits[-1][1]), _width(box))
            if _overlap(digits[-1][1], box) > OVERLAP * max(narrower, MIN_WIDTH * line):
                digits[-1] = _joined(digits[-1], (members, box))
                continue
        digits.append((members, box))
    return digits


def _open_fours(parts: list[Part], line: float, baseline: float) -> list[Part]:
    digits: list[Part] = []
    for part in parts:
        if digits:
            (_, left), (_, right) = digits[-1], part
            hangs = baseline - left[3] > HANGS * line >= baseline - right[3]
            if hangs and _width(right) < NARROW * line and -_overlap(left, right) < OPEN * line:
                digits[-1] = _joined(digits[-1], part)
                continue
        digits.append(part)
    return digits


def _with_low_parts(digits: list[Part], parts: list[Part], line: float) -> list[Part]:
    boxes = np.array([box for _, box in digits])
    grown = list(digits)
    for members, box in parts:
        overlap = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
        best = int(overlap.argmax())
        if overlap[best] > -APART * line:
            grown[best] = _joined(grown[best], (members, box))
        else:
            grown.append((members, box))
    return grown


def _joined(one: Part, other: Part) -> Part:
    return one[0] + other[0], _around(np.stack([one[1], other[1]]))


def _width(box: FloatArray) -> float:
    return float(box[2] - box[0])


def _overlap(one: FloatArray, other: FloatArray) -> float:
    return float(min(one[2], other[2]) - max(one[0], other[0]))
