"""Strokes varied as if by other writers: what must stay the same, and how much may change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.drawings.stroke_augmentation import add_writing_habits, random_pen_width, vary_strokes
from model.ink.render import PEN_WIDTH, Strokes, box_of, render

SEVEN = Strokes([np.array([[60.0, 60], [180, 60], [110, 220]]), np.array([[90.0, 140], [170, 140]])])
ZERO = Strokes([np.array([[100 + 40 * np.sin(t), 140 - 80 * np.cos(t)] for t in np.linspace(0, 2 * np.pi, 30)])])
SIZE = 160.0  # of both, the longer side

POINT = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))
STROKES = st.lists(st.lists(POINT, min_size=1, max_size=12).map(np.array), min_size=1, max_size=4).map(Strokes)


@given(STROKES, st.integers(0, 2**32))
def test_no_stroke_and_no_point_is_lost(strokes, seed):
    before = [line.copy() for line in strokes]
    varied = vary_strokes(strokes, np.random.default_rng(seed))
    assert [line.shape for line in varied] == [line.shape for line in strokes]
    assert all(np.isfinite(line).all() for line in varied)
    assert render(varied).any()
    assert all(np.array_equal(a, b) for a, b in zip(strokes, before, strict=True))


def test_the_same_random_numbers_give_the_same_variation():
    first, again, other = (np.concatenate(vary_strokes(SEVEN, np.random.default_rng(seed))) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1)


def test_all_strokes_of_a_character_are_changed_together():
    together = Strokes([np.array([[0.0, 0], [50, 100]]), np.array([[50.0, 100], [100, 0]])])
    for seed in range(20):
        one, other = vary_strokes(together, np.random.default_rng(seed))
        assert np.allclose(one[-1], other[0])


@pytest.mark.parametrize("strokes", [SEVEN, ZERO])
def test_variations_are_visible_small_and_unbiased(strokes, rng):
    points = np.concatenate(strokes)
    moved = np.stack([np.concatenate(vary_strokes(strokes, rng)) - points for _ in range(3000)]) / SIZE
    far = np.hypot(*moved.transpose(2, 0, 1)).max(axis=1)  # the largest move of a point in each copy
    assert np.abs(moved.mean(axis=0)).max() < 0.01
    assert 0.05 < np.median(far) < 0.25
    assert np.quantile(far, 0.99) < 0.5


def test_variations_grow_with_the_size_of_the_character():
    large, small = (
        np.concatenate(vary_strokes(Strokes(k * line for line in SEVEN), np.random.default_rng(1))) for k in (2, 1)
    )
    assert np.allclose(large, 2 * small)


def test_a_pen_is_neither_too_thin_nor_too_thick(rng):
    pens = [random_pen_width(rng) for _ in range(3000)]
    assert 1.4 <= min(pens) < 1.6
    assert 3.3 < max(pens) <= 3.6
    assert np.mean(pens) == pytest.approx((1.4 + PEN_WIDTH + 3.6) / 3, abs=0.05)  # of a triangular distribution


@pytest.mark.parametrize("digit, strokes", [(0, ZERO), (7, SEVEN)])
def test_some_zeros_get_a_slash_and_some_sevens_a_bar(digit, strokes, rng):
    copies = [add_writing_habits(digit, strokes, rng) for _ in range(2000)]
    assert all(copy[: len(strokes)] == strokes for copy in copies)  # the very same arrays
    added = [copy[-1] for copy in copies if len(copy) > len(strokes)]
    assert {len(copy) - len(strokes) for copy in copies} == {0, 1}
    assert 0.10 < len(added) / len(copies) < 0.20
    assert {line.shape for line in added} == {(2, 2)}
    left, top, right, bottom = box_of(strokes)
    run, rise = np.diff(np.mean(added, axis=0), axis=0)[0] / (right - left, bottom - top)
    assert run == pytest.approx({0: 1.0, 7: 0.8}[digit], abs=0.05)
    assert rise == pytest.approx({0: -1.0, 7: 0.0}[digit], abs=0.05)


@pytest.mark.parametrize("digit", [1, 2, 3, 4, 5, 6, 8, 9])
def test_other_digits_stay_as_they_are(digit, rng):
    assert all(add_writing_habits(digit, SEVEN, rng) is SEVEN for _ in range(200))


def test_habits_do_not_modify_the_input(rng):
    before = [line.copy() for line in ZERO]
    for _ in range(200):
        add_writing_habits(0, ZERO, rng)
    assert len(ZERO) == 1
    assert np.array_equal(ZERO[0], before[0])
