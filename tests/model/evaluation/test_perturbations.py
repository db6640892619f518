"""Perturbing one image with sliders, and where its prediction flips."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from model.evaluation.perturbations import (
    RANGES,
    UNPERTURBED,
    Perturbation,
    apply_perturbation,
    flips,
    perturb,
    sweep,
)

SPOT = np.zeros((28, 28, 1), np.uint8)
SPOT[10:13, 5:8] = 200


def centre_of(image):
    ink = image[..., 0].astype(float)
    return np.array([ink.sum(axis=1) @ np.arange(28), ink.sum(axis=0) @ np.arange(28)]) / ink.sum()


def test_without_a_perturbation_the_image_is_a_copy():
    same = apply_perturbation(SPOT, UNPERTURBED)
    assert (same == SPOT).all()
    assert same is not SPOT


def test_ink_moves_in_the_named_direction():
    assert centre_of(apply_perturbation(SPOT, Perturbation(shift_x=4, shift_y=-3))) == pytest.approx([11 - 3, 6 + 4])
    # A quarter turn counter-clockwise moves a spot from the left of the centre (13.5, 13.5) to below it.
    assert centre_of(apply_perturbation(SPOT, Perturbation(rotation=90))) == pytest.approx(
        [13.5 + 7.5, 13.5 - 2.5], abs=0.1
    )
    assert centre_of(apply_perturbation(SPOT, Perturbation(scale=1.5))) == pytest.approx(
        [13.5 - 2.5 * 1.5, 13.5 - 7.5 * 1.5], abs=0.1
    )


def test_thickness_and_blur_change_the_amount_of_ink():
    assert (
        apply_perturbation(SPOT, Perturbation(thickness=1)).sum()
        > SPOT.sum()
        > apply_perturbation(SPOT, Perturbation(thickness=-1)).sum()
    )
    assert apply_perturbation(SPOT, Perturbation(blur=2)).max() < SPOT.max()


@given(st.sampled_from(list(RANGES)))
def test_a_sweep_covers_the_range_and_includes_the_image(name):
    strengths, images = sweep(SPOT, name)
    assert (strengths[0], strengths[-1]) == (RANGES[name].minimum, RANGES[name].maximum)
    assert images.shape == (len(strengths), 28, 28, 1)
    assert (images[np.abs(strengths - RANGES[name].neutral).argmin()] == SPOT).all()


def test_every_field_has_a_range_with_its_default():
    assert {name: field.neutral for name, field in RANGES.items()} == {
        field.name: field.default for field in fields(Perturbation)
    }
    assert list(RANGES) == [field.name for field in fields(Perturbation)]


def test_colour_images_keep_their_channels():
    assert apply_perturbation(np.full((32, 32, 3), 9, np.uint8), Perturbation(rotation=30, blur=1)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("77777", []), ("11777", [-1]), ("77719", [1]), ("17771", [-2, 2]), ("71791", [-1, 1])],
)
def test_the_nearest_flip_on_each_side_is_found(labels, expected):
    assert flips([-2, -1, 0, 1, 2], list(labels), 0) == expected


def scipy_moved(image, rotation=0.0, scale=1.0, shift=(0.0, 0.0)):
    """Return the image moved by SciPy; `shift` is down and right."""
    angle = np.radians(rotation)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / scale
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - back @ (centre + shift)
    planes = [
        ndimage.affine_transform(plane.astype(np.float32), back, offset, order=1, mode="grid-constant")
        for plane in np.moveaxis(image, -1, 0)
    ]
    return np.rint(np.stack(planes, axis=-1)).astype(int)


@given(st.floats(-180, 180), st.floats(0.5, 1.5), st.floats(-10, 10), st.floats(-10, 10))
def test_moving_an_image_agrees_with_scipy(rotation, scale, right, down):
    image = np.random.default_rng(0).integers(0, 256, (28, 24, 3)).astype(np.uint8)
    moved = apply_perturbation(image, Perturbation(rotation, scale, right, down)).astype(int)
    assert np.abs(moved - scipy_moved(image, rotation, scale, (down, right))).max() <= 1


def test_measured_kinds_move_images_like_the_sliders():
    for degrees in (-60, 20):
        moved = apply_perturbation(SPOT, Perturbation(rotation=degrees))
        assert np.array_equal(perturb(SPOT[None], "rotation", degrees)[0], moved)
    assert np.array_equal(perturb(SPOT[None], "scale", 1.3)[0], apply_perturbation(SPOT, Perturbation(scale=1.3)))
