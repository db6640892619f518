"""Rows of digits: boxes whose rows are known, and real drawings in rows, columns and slanting lines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.ink.grouping import clearance_of, find_digits
from model.ink.render import Strokes, box_of, parse_strokes
from model.ink.rows import find_rows


def grid(texts, slope=0.0, pitch=(70.0, 130.0), size=(50.0, 100.0)):
    """Return boxes for a page of digits, and the indices of each row."""
    boxes, rows = [], []
    for number, text in enumerate(texts):
        rows.append(list(range(len(boxes), len(boxes) + len(text))))
        for place in range(len(text)):
            left, top = place * pitch[0], number * pitch[1] + slope * place * pitch[0]
            boxes.append((left, top, left + size[0], top + size[1]))
    return boxes, rows


def members(rows):
    return [list(row.members) for row in rows]


@pytest.mark.parametrize("slope", [-0.3, -0.1, 0.0, 0.1, 0.3])
@pytest.mark.parametrize("texts", [["12", "34"], ["431", "787"], ["1", "2345"], ["123", "45", "6789"], ["12345"]])
def test_rows_are_read_before_columns(texts, slope):
    boxes, rows = grid(texts, slope)
    assert members(find_rows(boxes)) == rows


@pytest.mark.parametrize("degrees", [-25, -15, 15, 25])
def test_a_slanting_row_stays_one_row_and_is_levelled(degrees):
    boxes, _ = grid(["123456"], np.tan(np.radians(degrees)))
    (row,) = find_rows(boxes)
    assert list(row.members) == list(range(6))
    assert np.ptp(row.boxes[:, 1]) < 5


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_column_is_one_row_per_digit(n):
    boxes, rows = grid(["1"] * n)
    assert members(find_rows(boxes)) == rows


def test_the_order_of_drawing_makes_no_difference(rng):
    boxes, rows = grid(["123", "45"])
    order = rng.permutation(5)
    found = members(find_rows([boxes[index] for index in order]))
    assert [sorted(order[index] for index in row) for row in found] == rows


def test_two_loops_are_one_digit_and_two_digits_are_two():
    loops = [(10, 0, 50, 44), (8, 46, 52, 100)]
    assert len(find_rows(loops)) == 1
    assert len(find_rows(loops, lambda groups: False)) == 2, "the network decides"
    assert len(find_rows([(10, 0, 50, 80), (8, 86, 52, 170)])) == 2, "too slender for one digit"
    assert len(find_rows([*loops, (60, 0, 100, 98)])) == 1, "the digit next to them has their height"


def test_a_low_part_belongs_to_the_nearest_row():
    boxes, _ = grid(["12", "34"])
    bar_of_the_3, point_after_the_1 = (0, 118, 50, 122), (58, 96, 62, 100)
    assert members(find_rows([*boxes, bar_of_the_3, point_after_the_1])) == [[0, 1, 5], [2, 3, 4]]


def test_a_row_of_small_digits_is_a_row():
    large, _ = grid(["12"], size=(50, 100))
    small = [(left, 160, left + 15, 190) for left in (0, 25, 50)]
    assert members(find_rows(large + small)) == [[0, 1], [2, 3, 4]]


FLOATS = st.floats(-1000, 1000)


@given(st.lists(st.tuples(FLOATS, FLOATS, st.floats(0, 300), st.floats(0, 300)), max_size=14))
def test_every_box_is_in_exactly_one_row(boxes):
    boxes = [(left, top, left + width, top + height) for left, top, width, height in boxes]
    assert sorted(index for row in find_rows(boxes) for index in row.members) == list(range(len(boxes)))


def stroke(*points):
    return [list(point) for point in points]


THREE = stroke((0, 10), (20, 0), (40, 15), (20, 45), (45, 70), (20, 100), (0, 90))
ONE, SEVEN = stroke((100, 0), (100, 100)), stroke((100, 0), (150, 0), (115, 100))


@pytest.mark.parametrize(
    "sign",
    [
        [stroke((70, 96), (71, 98))],
        [stroke((72, 92), (66, 112))],
        [stroke((58, 50), (84, 51))],
        [stroke((68, 30), (68, 32)), stroke((68, 70), (68, 72))],
        [stroke((58, 50), (84, 50)), stroke((71, 37), (71, 63))],
        [stroke((60, 60), (84, 88)), stroke((84, 60), (60, 88))],
    ],
    ids=["point", "comma", "minus", "colon", "plus", "times"],
)
@pytest.mark.parametrize("last", [ONE, SEVEN], ids=["one", "seven"])
@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
def test_a_sign_between_digits_is_kept_as_a_sign(sign, last, scale):
    strokes = Strokes(np.array(line, float) * scale for line in [THREE, *sign, last])
    groups = find_digits([box_of([line]) for line in strokes], None, clearance=clearance_of(strokes))
    assert groups[0].members == (0,)
    assert groups[-1].members == (len(strokes) - 1,)
    assert [group.is_sign for group in groups] == [False] + [True] * (len(groups) - 2) + [False]
    assert sorted(index for group in groups for index in group.members) == list(range(len(strokes)))
    assert {group.line for group in groups} == {100 * scale}


@pytest.mark.parametrize(
    "part",
    [stroke((105, 55), (150, 50)), stroke((90, 102), (125, 102)), stroke((140, 2), (165, 3))],
    ids=["bar of a seven", "foot", "bar of a five"],
)
def test_a_part_of_a_digit_is_not_a_sign(part):
    strokes = parse_strokes([THREE, SEVEN, part])
    groups = find_digits([box_of([line]) for line in strokes], None, clearance=clearance_of(strokes))
    assert [group.members for group in groups] == [(0,), (1, 2)]


def test_the_distance_of_two_lines_is_that_of_their_ink():
    strokes = parse_strokes([[[0, 0], [100, 0]], [[50, -40], [50, 40]], [[50, 7]], [[50, 60], [150, 60]]])
    clearance = clearance_of(strokes)
    assert clearance(0, [1]) == pytest.approx(0, abs=1e-9)
    assert clearance(2, [0]) == pytest.approx(7)
    assert clearance(3, [0, 2]) == pytest.approx(53)
