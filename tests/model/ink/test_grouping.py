"""Grouping strokes into digits: by position, on made-up and real numbers, and by a network's predictions, with fake
networks that know the right groups."""

import hashlib
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.drawings import corpus
from model.errors import InkError
from model.ink import grouping
from model.ink.render import box_of, parse_strokes
from tests.support import check_message

POINT = st.tuples(st.floats(0, 280), st.floats(0, 280)).map(list)
DRAWINGS = st.lists(st.lists(POINT, min_size=1, max_size=12), min_size=1, max_size=4)


def group(strokes):
    """Return the lines of each digit, as one list per digit."""
    lines = parse_strokes(strokes)
    return [
        [lines[index] for index in members] for members in grouping.by_shape([box_of([stroke]) for stroke in lines])
    ]


def numbers(count, part):
    """Yield two to four real drawings by one writer side by side, of equal height within 10%: strokes and digits."""
    by_writer = {}
    for drawing in corpus.load(corpus.DIGITS):
        by_writer.setdefault(drawing.writer, []).append(drawing.strokes)
    writers = [writer for writer in sorted(by_writer) if hashlib.sha256(writer.encode()).digest()[0] % 2 == part]
    rng = np.random.default_rng(0)
    for writer in rng.choice([writer for writer in writers if len(by_writer[writer]) >= 4], count):
        digits = [by_writer[writer][i] for i in rng.choice(len(by_writer[writer]), rng.integers(2, 5), replace=False)]
        strokes, owners, right = [], [], 0.0
        for owner, digit in enumerate(digits):
            points = np.concatenate(digit)
            low, size = points.min(axis=0), np.ptp(points, axis=0)
            scale = 100 * rng.uniform(0.9, 1.1) / max(size[1], size[0] / 2, 1)
            corner = np.array([right, rng.uniform(-6, 6) - size[1] * scale / 2])
            strokes += [((stroke - low) * scale + corner).tolist() for stroke in digit]
            owners += [owner] * len(digit)
            right += size[0] * scale + 100 * rng.uniform(-0.05, 0.30)
        yield strokes, owners


FOUR = [[[30, 10], [10, 60], [70, 60]], [[55, 20], [50, 110]]]
OPEN_FOUR = [[[10, 10], [8, 60], [45, 62]], [[58, 12], [56, 110]]]
FIVE = [[[30, 10], [20, 50], [60, 70], [50, 105], [10, 110]], [[28, 8], [75, 5]]]
LOOSE_FIVE = [[[20, 10], [20, 50], [50, 70], [40, 105], [10, 110]], [[55, 8], [80, 6]]]
CROSSED_SEVEN = [[[10, 10], [70, 10], [30, 110]], [[15, 60], [75, 55]]]
SLASHED_ZERO = [[[40, 10], [10, 60], [40, 110], [70, 60], [40, 10]], [[75, 5], [5, 115]]]
ONE_WITH_FOOT = [[[20, 30], [40, 10], [40, 110]], [[15, 112], [65, 112]]]
TWO_LOOPS = [[[40, 10], [20, 30], [40, 55], [60, 30], [40, 10]], [[40, 56], [15, 80], [40, 110], [65, 80], [40, 56]]]
ONE = [[[20, 10], [20, 110]]]
MANY_PARTS = [FOUR, OPEN_FOUR, FIVE, LOOSE_FIVE, CROSSED_SEVEN, SLASHED_ZERO, ONE_WITH_FOOT, TWO_LOOPS]


def side_by_side(*digits, gap):
    """Return the strokes of digits side by side, and the number of strokes of each digit."""
    strokes, right = [], 0.0
    for digit in digits:
        left, _, end, _ = box_of([np.array(stroke, float) for stroke in digit])
        strokes += [[[x - left + right, y] for x, y in stroke] for stroke in digit]
        right += end - left + gap
    return strokes, [len(digit) for digit in digits]


@pytest.mark.parametrize("digit", MANY_PARTS)
def test_the_strokes_of_one_digit_belong_together(digit):
    (together,) = group(digit)
    assert [line.tolist() for line in together] == digit


@pytest.mark.parametrize("gap", [-4, 0, 10, 40])
@pytest.mark.parametrize("digit", MANY_PARTS)
def test_a_digit_of_several_strokes_is_kept_separate(digit, gap):
    strokes, sizes = side_by_side(ONE, digit, SLASHED_ZERO, gap=gap)
    if digit is LOOSE_FIVE:
        return  # its bar belongs to the nearest digit
    assert [len(members) for members in group(strokes)] == sizes


def test_digits_are_ordered_from_left_to_right():
    strokes, _ = side_by_side(ONE, FOUR, gap=20)
    left, right = group(strokes[::-1])
    assert (len(left), len(right)) == (1, 2)
    assert left[0].tolist() == strokes[0]


@pytest.mark.parametrize(
    "strokes", [[[[5, 5]]], [[[5, 5], [90, 5]]], [[[5, 5]], [[5, 5]]], [[[5, 5], [9, 5]], [[7, 5]]]]
)
def test_flat_ink_is_one_group(strokes):
    assert len(group(strokes)) == 1


@settings(deadline=None)
@given(DRAWINGS)
def test_grouping_keeps_every_stroke_exactly_once(strokes):
    grouped = [line.tolist() for members in group(strokes) for line in members]
    assert sorted(grouped) == sorted([list(map(float, point)) for point in stroke] for stroke in strokes)


def test_two_thousand_strokes_are_grouped_quickly():
    fence = [[[10 * i, 0], [10 * i, 100 if i % 2 else 1]] for i in range(2000)]
    start = time.perf_counter()
    assert len(group(fence)) == 1000
    assert time.perf_counter() - start < 2


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1])
def test_real_numbers_are_grouped_correctly(real_data, part):
    right = []
    for strokes, owners in numbers(300, part):
        owners_of_groups = [{owners[strokes.index(line.tolist())] for line in members} for members in group(strokes)]
        right.append(owners_of_groups == [{owner} for owner in sorted(set(owners))])
    assert np.mean(right) > 0.95  # 97.6% and 98.5% of 2,000


@pytest.mark.parametrize("blank", [[], [[]], [[], []], ()])
def test_a_blank_canvas_has_no_groups(blank):
    assert group(blank) == []


@pytest.mark.parametrize("strokes", [None, [7], [[[1, 2, 3]]], [[[1, float("nan")]]], [[]] * 2001])
def test_invalid_drawings_are_rejected_before_grouping(strokes):
    with pytest.raises(InkError):
        group(strokes)


COORDINATES = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-9, 9)
NEARLY = st.lists(st.lists(st.lists(COORDINATES, min_size=1, max_size=3), max_size=5), max_size=4)


@settings(max_examples=300, deadline=None)
@given(NEARLY)
def test_every_valid_drawing_is_grouped_completely(strokes):
    try:
        grouped = group(strokes)
    except InkError as error:
        check_message(error)
    else:
        assert sum(map(len, grouped)) == sum(bool(stroke) for stroke in strokes)


class Reader:
    """A fake network with eleven classes: an image encodes its parts, and the probabilities are fixed."""

    def __init__(self, probability_of):
        """`probability_of` returns the probability of the best digit for a tuple of parts."""
        self.probability_of, self.calls = probability_of, []

    def image_of(self, members):
        image = np.zeros(28 * 28, np.uint8)
        image[members] = 255
        return image.reshape(28, 28)

    def probabilities(self, images):
        assert images.shape[1:] == (28, 28, 1)
        rows = np.zeros((len(images), 11), np.float32)
        for number, image in enumerate(images):
            members = tuple(np.flatnonzero(image).tolist())
            self.calls.append(members)
            rows[number, sum(members) % 10] = self.probability_of(members)
            rows[number, 10] = 1 - self.probability_of(members)
        return rows

    def group(self, boxes):
        return grouping.by_reading(boxes, self.image_of, self.probabilities)


def box(left, width, height=100.0, bottom=100.0):
    return (left, bottom - height, left + width, bottom)


@st.composite
def lines_of_digits(draw):
    """Draw boxes in any order, and the digits they form: side by side, with one to five parts each."""
    boxes, owners, right = [], [], 0.0
    for owner in range(draw(st.integers(1, 9))):
        start = right + draw(st.floats(0, 60))
        right = start
        for part in range(draw(st.integers(1, 5))):
            left = max(start, right + draw(st.floats(-10, 10)))
            boxes.append(box(left, draw(st.floats(2, 20)), draw(st.floats(1, 100)) if part else 100.0))
            owners.append(owner)
            right = max(right, boxes[-1][2])
    order = draw(st.permutations(range(len(boxes))))
    digits = [[new for new, old in enumerate(order) if owners[old] == owner] for owner in range(max(owners) + 1)]
    return [boxes[old] for old in order], digits


@settings(deadline=None)
@given(lines_of_digits())
def test_the_network_finds_the_right_parts(line):
    boxes, digits = line
    true = {tuple(digit) for digit in digits}
    assert Reader(lambda members: 0.98 if members in true else 0.001).group(boxes) == digits


FLOATS = st.floats(-1000, 1000)
BOXES = st.lists(st.tuples(FLOATS, FLOATS, st.floats(0, 300), st.floats(0, 300)), min_size=2, max_size=12)


@settings(deadline=None)
@given(BOXES, st.integers(0, 99))
def test_reading_keeps_every_part_exactly_once(boxes, seed):
    boxes = [(left, top, left + width, top + height) for left, top, width, height in boxes]
    groups = Reader(lambda members: np.random.default_rng([seed, *members]).random()).group(boxes)
    assert sorted(sum(groups, [])) == list(range(len(boxes)))
    assert all(1 <= len(members) <= grouping.MAX_IN_ONE and members == sorted(members) for members in groups)


def test_a_group_of_at_most_five_is_read_once():
    reader = Reader(lambda members: 0.5)
    reader.group([box(3 * i, 2) for i in range(9)])
    assert len(reader.calls) == len(set(reader.calls)) == 9 + 8 + 7 + 6 + 5
    assert all(members == tuple(range(members[0], members[-1] + 1)) for members in reader.calls)


def no_reading(*_):
    pytest.fail("There is nothing to read.")


@pytest.mark.parametrize("count", [0, 1, grouping.MAX_PARTS + 1])
def test_none_one_and_too_many_parts_are_grouped_by_shape(count):
    boxes = [box(30 * i, 20, 100 if i % 2 else 10) for i in range(count)]
    assert grouping.by_reading(boxes, no_reading, no_reading) == grouping.by_shape(boxes)


def test_up_to_max_parts_are_grouped_by_reading():
    boxes = [box(30 * i, 20) for i in range(grouping.MAX_PARTS)]
    pairs = [[i, i + 1] for i in range(0, grouping.MAX_PARTS, 2)]
    assert Reader(lambda members: 0.9 if list(members) in pairs else 0.01).group(boxes) == pairs


def test_only_digit_probabilities_count():
    boxes = [box(0, 40), box(45, 40)]
    assert Reader(lambda members: 0.9 if len(members) == 1 else 0.0).group(boxes) == [[0], [1]]
    assert Reader(lambda members: 0.9 if len(members) == 2 else 0.0).group(boxes) == [[0, 1]]


WIDTH, GAP = 100 * grouping.MAX_WIDTH, 100 * grouping.MAX_GAP  # at most, in a line of 100


@pytest.mark.parametrize(
    "first, second, groups",
    [
        (box(0, 30), box(30 + GAP - 1, 20), [[0, 1]]),
        (box(0, 30), box(30 + GAP + 1, 20), [[0], [1]]),
        (box(0, 75), box(70, WIDTH - 71), [[0, 1]]),
        (box(0, 75), box(70, WIDTH - 69), [[0], [1]]),
    ],
)
def test_parts_too_wide_or_too_far_apart_are_separate_digits(first, second, groups):
    assert Reader(lambda members: 0.9 if len(members) == 2 else 0.01).group([first, second]) == groups


LIKELIER = pytest.mark.parametrize("nats, groups", [(-0.3, [[0, 1]]), (0.3, [[0], [1]])])


def grouped_if_likelier(boxes, cost, nats):
    """Group two boxes if two digits are exp(`cost` + `nats`) times as likely as one."""
    return Reader(lambda members: 0.9 if len(members) == 1 else 0.81 * np.exp(-cost - nats)).group(boxes)


@LIKELIER
@pytest.mark.parametrize("second, share", [(box(10, 40), 1.0), (box(30, 60), 0.5), (box(58, 10), 0.1)])
def test_overlapping_parts_need_a_higher_probability(second, share, nats, groups):
    assert grouped_if_likelier([box(0, 60), second], share * grouping.OVERLAP_COST, nats) == groups
