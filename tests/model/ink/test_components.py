"""Connected ink, compared with SciPy, and wide ink cut where little ink connects it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.ink import components


@settings(max_examples=100, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_connected_parts_agree_with_scipy(mask):
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    roots = components._roots(mask)
    assert len(set(roots.tolist())) == count
    assert len(set(zip(roots.tolist(), labels[mask].tolist(), strict=True))) == count


def discs(*centres, radius=20, bridge=3, shape=(60, 200)):
    """Draw discs on one line, each joined to the next by a bar of `bridge` pixels."""
    row, column = np.indices(shape)
    mask = np.zeros(shape, bool)
    for centre in centres:
        mask |= (row - 30) ** 2 + (column - centre) ** 2 <= radius**2
    mask[30 : 30 + bridge, centres[0] : centres[-1]] = True
    return mask


@pytest.mark.parametrize("centres", [(30, 75), (30, 74, 120), (25, 70, 115, 160)])
def test_touching_discs_are_cut_at_their_bridges(centres):
    part, boxes = components.find(discs(*centres))
    assert len(boxes) == 1
    pieces, boxes = components.cut(part, boxes)
    numbers = [int(pieces[30, centre]) for centre in centres]
    assert len(set(numbers)) == len(centres)
    for number, centre in zip(numbers, centres, strict=True):
        left, _, right, _ = boxes[number]
        assert (left, right) == (pytest.approx(centre - 22, abs=5), pytest.approx(centre + 22, abs=5))


def test_a_narrow_part_and_a_solid_block_stay_whole():
    slim, block = np.zeros((60, 200), bool), np.zeros((60, 200), bool)
    slim[10:50, 90:120] = True
    block[10:50, 20:180] = True
    for mask in (slim, block):
        part, boxes = components.find(mask)
        pieces, after = components.cut(part, boxes)
        assert np.array_equal(pieces, part)
        assert np.array_equal(after, boxes)


@settings(max_examples=200)
@given(arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 60))))
def test_a_cut_loses_no_ink_and_boxes_contain_their_pieces(mask):
    part, boxes = components.find(mask)
    before = part.copy()
    pieces, after = components.cut(part, boxes)
    assert np.array_equal(part, before)
    assert np.array_equal(pieces >= 0, part >= 0)
    assert sorted(set(pieces[pieces >= 0].tolist())) == list(range(len(after)))
    for number, (left, top, right, bottom) in enumerate(after):
        rows, columns = np.nonzero(pieces == number)
        assert (left, top, right, bottom) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
