"""One image changed by sliders, and where its answer flips."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.evaluation.perturbations import KINDS, NOTHING, Change, changed, flips, none_of, sweep

SPOT = np.zeros((28, 28, 1), np.uint8)
SPOT[10:13, 5:8] = 200


def middle_of(image):
    ink = image[..., 0].astype(float)
    return np.array([ink.sum(axis=1) @ np.arange(28), ink.sum(axis=0) @ np.arange(28)]) / ink.sum()


def test_without_a_change_the_image_is_a_copy():
    same = changed(SPOT, NOTHING)
    assert (same == SPOT).all()
    assert same is not SPOT


def test_ink_goes_where_the_words_say():
    assert middle_of(changed(SPOT, Change(right=4, down=-3))) == pytest.approx([11 - 3, 6 + 4])
    # A quarter turn counter-clockwise brings what is left of the middle (13.5, 13.5) below it.
    assert middle_of(changed(SPOT, Change(turn=90))) == pytest.approx([13.5 + 7.5, 13.5 - 2.5], abs=0.1)
    assert middle_of(changed(SPOT, Change(scale=1.5))) == pytest.approx([13.5 - 2.5 * 1.5, 13.5 - 7.5 * 1.5], abs=0.1)


def test_thickness_and_blur_change_how_much_ink_there_is():
    assert changed(SPOT, Change(thickness=1)).sum() > SPOT.sum() > changed(SPOT, Change(thickness=-1)).sum()
    assert changed(SPOT, Change(blur=2)).max() < SPOT.max()


@given(st.sampled_from(list(KINDS)))
def test_a_sweep_goes_from_least_to_most_and_passes_the_image_itself(kind):
    strengths, images = sweep(SPOT, kind)
    assert (strengths[0], strengths[-1]) == (KINDS[kind][2], KINDS[kind][3])
    assert images.shape == (len(strengths), 28, 28, 1)
    assert (images[np.abs(strengths - none_of(kind)).argmin()] == SPOT).all()


def test_every_field_has_a_slider():
    assert list(KINDS) == [each.name for each in fields(Change)]


def test_colour_images_keep_their_channels():
    assert changed(np.full((32, 32, 3), 9, np.uint8), Change(turn=30, blur=1)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("told", "found"),
    [("77777", []), ("11777", [-1]), ("77719", [1]), ("17771", [-2, 2]), ("71791", [-1, 1])],
)
def test_the_nearest_flip_on_each_side_is_found(told, found):
    assert flips([-2, -1, 0, 1, 2], list(told), 0) == found
