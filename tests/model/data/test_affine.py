"""Source coordinates and sampled values, compared with arithmetic by hand."""

import numpy as np
import pytest

from model.data import affine
from model.data.affine import sample, source_points


def transformed(images, **settings):
    return sample(images, *source_points(*images.shape[1:3], **settings))


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (7, 9, 6, 2)).astype(np.float32)


def test_without_settings_the_pixels_are_the_same(images):
    assert np.array_equal(transformed(images), images)


def test_a_shift_goes_right_and_down(images):
    shifted = transformed(images, shift_x=2, shift_y=1)
    assert np.array_equal(shifted[:, 1:, 2:], images[:, :-1, :-2])
    assert not shifted[:, 0].any()
    assert not shifted[:, :, :2].any()


def test_half_a_pixel_is_the_mean_of_two_pixels(images):
    shifted = transformed(images, shift_x=0.5)
    assert np.allclose(shifted[:, :, 1:], (images[:, :, 1:] + images[:, :, :-1]) / 2)
    assert np.allclose(shifted[:, :, 0], images[:, :, 0] / 2)


def test_a_quarter_turn_is_counter_clockwise(rng):
    square = rng.integers(0, 256, (3, 8, 8, 1)).astype(np.float32)
    assert np.allclose(transformed(square, rotation=90), np.rot90(square, axes=(1, 2)), atol=0.01)


def test_a_positive_shear_leans_to_the_right():
    line = np.zeros((1, 21, 21, 1), np.float32)
    line[:, :, 10] = 255
    leaning = transformed(line, shear=45)[0, :, :, 0]
    assert leaning[5].argmax() == 15  # five rows above the middle
    assert leaning[15].argmax() == 5


def test_each_image_can_have_different_settings(images):
    rotation = np.arange(7).reshape(-1, 1, 1) * 10.0
    together = transformed(images, rotation=rotation)
    for number, image in enumerate(images):
        assert np.array_equal(together[number], transformed(image[None], rotation=10.0 * number)[0])


@pytest.mark.parametrize("rotation", [20.0, np.arange(7).reshape(-1, 1, 1) * 10.0])
def test_sampling_in_chunks_changes_nothing(images, rotation, monkeypatch):
    whole = transformed(images, rotation=rotation)
    monkeypatch.setattr(affine, "_VALUES_AT_A_TIME", 2 * images[0].size)
    assert np.array_equal(transformed(images, rotation=rotation), whole)
