"""Changed training images, held against SciPy's own resampling and against what must not change."""

import numpy as np
import pytest
from scipy import ndimage

from model.augmentation import augment
from model.records import Augmentation


@pytest.fixture
def images(rng) -> np.ndarray:
    smooth = ndimage.gaussian_filter(rng.random((6, 28, 28, 1)) * 255, (0, 2, 2, 0))
    return np.clip((smooth - smooth.min()) * 4, 0, 255).astype(np.uint8)


class Fixed:
    """A stand-in for a generator that always draws the upper end of each range."""

    def uniform(self, low, high, size):
        return np.full(size, high, dtype=float)

    def random(self, n):
        return np.zeros(n)


def test_without_any_change_the_pixels_are_the_same(images, rng):
    assert np.array_equal(augment(images, Augmentation(), rng), images)


def test_the_same_generator_state_gives_the_same_images(images):
    how = Augmentation(15, 0.1, 0.1, True)
    first, again = (augment(images, how, np.random.default_rng(3)) for _ in range(2))
    other = augment(images, how, np.random.default_rng(4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("how", [Augmentation(rotation=30), Augmentation(zoom=0.2), Augmentation(20, 0.1, 0.15)])
def test_one_affine_map_equals_scipys(images, how):
    mine = augment(images, how, Fixed())
    angle, scale = np.deg2rad(how.rotation), 1 + how.zoom
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    middle = np.array([13.5, 13.5])
    offset = middle - matrix @ (middle + how.shift * 28)
    one = {"matrix": matrix, "offset": offset, "order": 1, "mode": "grid-constant"}
    theirs = [ndimage.affine_transform(image[..., 0].astype(float), **one) for image in images]
    assert np.abs(mine[..., 0] - np.stack(theirs)).max() < 0.01


def test_a_shift_of_whole_pixels_moves_the_image_and_brings_black_in(images):
    moved = augment(images, Augmentation(shift=2 / 28), Fixed())
    assert np.allclose(moved[:, 2:, 2:], images[:, :-2, :-2], atol=0.01)
    assert not moved[:, :2].any()
    assert not moved[:, :, :2].any()


def test_a_flip_exchanges_left_and_right_in_about_half_of_the_images(rng):
    images = rng.integers(0, 256, (400, 8, 8, 3)).astype(np.uint8)
    flipped = augment(images, Augmentation(flip=True), rng)
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    untouched = (flipped == images).all(axis=(1, 2, 3))
    assert (mirrored ^ untouched).all()
    assert 140 < mirrored.sum() < 260


def test_values_stay_in_the_range_of_pixels(images, rng):
    changed = augment(images, Augmentation(90, 0.3, 0.4), rng)
    assert changed.dtype == np.float32
    assert 0 <= changed.min() <= changed.max() <= 255


def test_the_images_that_came_are_left_alone(images, rng):
    before = images.copy()
    augment(images, Augmentation(20, 0.1, 0.1, True), rng)
    assert np.array_equal(images, before)
