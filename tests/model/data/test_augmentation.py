"""Augmented training images, compared with SciPy's resampling and with properties that must not change."""

import numpy as np
import pytest
from scipy import ndimage

from model.config import Augmentation
from model.data.augmentation import augment


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


def test_no_augmentation_changes_nothing(images, rng):
    assert np.array_equal(augment(images, Augmentation(), rng), images)


def test_the_same_generator_state_gives_the_same_images(images):
    augmentation = Augmentation(15, 0.1, 0.1, True)
    first, again = (augment(images, augmentation, np.random.default_rng(3)) for _ in range(2))
    other = augment(images, augmentation, np.random.default_rng(4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "augmentation", [Augmentation(rotation=30), Augmentation(zoom=0.2), Augmentation(20, 0.1, 0.15)]
)
def test_an_affine_map_agrees_with_scipy(images, augmentation):
    augmented = augment(images, augmentation, Fixed())
    angle, scale = np.deg2rad(augmentation.rotation), 1 + augmentation.zoom
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    middle = np.array([13.5, 13.5])
    offset = middle - matrix @ (middle + augmentation.shift * 28)
    options = {"matrix": matrix, "offset": offset, "order": 1, "mode": "grid-constant"}
    expected = [ndimage.affine_transform(image[..., 0].astype(float), **options) for image in images]
    assert np.abs(augmented[..., 0] - np.stack(expected)).max() < 0.01


def test_a_whole_pixel_shift_moves_the_image_and_adds_black(images):
    moved = augment(images, Augmentation(shift=2 / 28), Fixed())
    assert np.allclose(moved[:, 2:, 2:], images[:, :-2, :-2], atol=0.01)
    assert not moved[:, :2].any()
    assert not moved[:, :, :2].any()


def test_about_half_of_the_images_are_flipped(rng):
    images = rng.integers(0, 256, (400, 8, 8, 3)).astype(np.uint8)
    flipped = augment(images, Augmentation(flip=True), rng)
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    unchanged = (flipped == images).all(axis=(1, 2, 3))
    assert (mirrored ^ unchanged).all()
    assert 140 < mirrored.sum() < 260


def test_values_stay_in_the_range_of_pixels(images, rng):
    changed = augment(images, Augmentation(90, 0.3, 0.4), rng)
    assert changed.dtype == np.float32
    assert 0 <= changed.min() <= changed.max() <= 255


def test_the_input_images_are_not_modified(images, rng):
    before = images.copy()
    augment(images, Augmentation(20, 0.1, 0.1, True), rng)
    assert np.array_equal(images, before)


def test_a_shear_leans_upright_lines_by_uniform_angles(rng):
    line = np.zeros((500, 29, 29, 1), np.uint8)
    line[:, :, 14] = 255
    leaning = augment(line, Augmentation(shear=20), rng)[..., 0]
    rows, columns = np.arange(29), np.arange(29)
    middles = (leaning * columns).sum(axis=2) / leaning.sum(axis=2)
    slopes, places = np.polyfit(rows, middles.T, 1)
    assert np.abs(middles - (slopes * rows[:, None] + places).T).max() < 0.2  # lines stay straight
    assert np.allclose(slopes * 14 + places, 14, atol=0.05)  # and keep their position
    angles = np.rad2deg(np.arctan(slopes))
    assert np.abs(angles).max() < 20.3
    assert angles.min() < -19
    assert angles.max() > 19
    assert np.std(angles) == pytest.approx(20 / np.sqrt(3), rel=0.08)  # of a uniform distribution
    assert abs(np.mean(angles)) < 2


def test_a_shear_keeps_horizontal_lines_horizontal(rng):
    line = np.zeros((20, 29, 29, 1), np.uint8)
    line[:, 9] = 255
    leaning = augment(line, Augmentation(shear=30), rng)
    inside = leaning[:, :, 8:-8]
    assert np.allclose(inside[:, 9], 255, atol=0.01)
    assert np.allclose(np.delete(inside, 9, axis=1), 0, atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("strength", [0.5, 1.2])
@pytest.mark.parametrize("axis", [1, 2])
def test_elastic_is_the_deviation_of_a_smooth_displacement(strength, axis, rng):
    place = np.arange(40, dtype=np.float32).reshape([-1 if dimension == axis else 1 for dimension in range(4)])
    ramp = np.broadcast_to(5 * place, (2000, 40, 40, 1))
    moved = (augment(ramp, Augmentation(elastic=strength), rng) - ramp)[:, 7:-7, 7:-7, 0] / 5
    assert moved.std() == pytest.approx(strength, rel=0.03)
    assert np.abs(moved.std(axis=0) / strength - 1).max() < 0.12
    assert abs(moved.mean()) < 0.05 * strength
    for along in (1, 2):
        assert np.diff(moved, axis=along).std() < 0.3 * strength


def test_elastic_deformation_reaches_the_edges(rng):
    wide = np.broadcast_to(np.linspace(50, 150, 30, dtype=np.float32)[None, :, None, None], (300, 30, 30, 1))
    edges = augment(wide, Augmentation(elastic=0.7), rng)[:, 15, [0, -1]]
    assert (edges.std(axis=0) > 0).all()


@pytest.mark.parametrize(
    "augmentation", [Augmentation(shear=10), Augmentation(elastic=0.7), Augmentation(5, shear=5, elastic=1)]
)
def test_shear_and_elastic_depend_only_on_the_generator(images, augmentation):
    first, again, other = (augment(images, augmentation, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.float32
    assert 0 <= first.min() <= first.max() <= 255


def test_zero_shear_and_elastic_change_nothing(images, rng):
    assert np.array_equal(augment(images, Augmentation(shear=0.0, elastic=0.0), rng), images)
    assert np.array_equal(augment(images[:0], Augmentation(shear=5, elastic=1), rng), images[:0])


def test_each_image_is_deformed_differently(images, rng):
    alike = np.repeat(images[:1], 8, axis=0)
    for augmentation in (Augmentation(shear=10), Augmentation(elastic=0.7)):
        assert len({image.tobytes() for image in augment(alike, augmentation, rng)}) == 8
