"""The corners of the paper come from the browser, so they are checked like any other input."""

import math

import pytest

from pages.ui.draw import corners

SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


def test_a_convex_outline_is_taken():
    assert corners._checked(SQUARE) == tuple(map(tuple, SQUARE))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        "corners",
        SQUARE[:3],
        [*SQUARE, [0.5, 0.5]],
        SQUARE[::-1],
        [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]],
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, math.nan]],
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 1.5]],
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], ["0.1", 0.9]],
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [True, 0.9]],
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1]],
        [[0.5, 0.5]] * 4,
    ],
)
def test_anything_else_is_ignored(sent):
    assert corners._checked(sent) == ()
