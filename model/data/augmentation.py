"""Small random changes to training images that don't change their class, such as rotation or elastic deformation.

Arrays and a random generator only. Training and preview call the same function, so the preview shows exactly what the
network is trained on.
"""

from functools import cache

import numpy as np

from model.config import Augmentation
from model.data.affine import FloatImages, sample, source_points

_KNOTS = 6  # per side of the grid of random displacements


def augment(images: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> FloatImages:
    """Return an augmented copy of `images`, `(n, height, width, channels)` in [0, 255], as float32.

    Each image gets its own rotation, shear, zoom, shift and elastic deformation, combined into one map and sampled
    bilinearly; pixels from outside the frame are 0. The same generator state gives the same images.

    >>> images = np.full((1, 28, 28, 1), 200, np.uint8)
    >>> augmented = augment(images, Augmentation(rotation=10, shift=0.1), np.random.default_rng(0))
    >>> augmented.shape, augmented.dtype.name, bool(augmented.mean() < 200)
    ((1, 28, 28, 1), 'float32', True)
    """
    pixels = np.asarray(images, dtype=np.float32)
    if not augmentation:
        return pixels
    if augmentation.flip:
        mirrored = rng.random(len(pixels)) < 0.5
        pixels = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
    if augmentation == Augmentation(flip=augmentation.flip):
        return pixels
    return sample(pixels, *_source_points(pixels.shape, augmentation, rng))


def _source_points(
    shape: tuple[int, ...], limits: Augmentation, rng: np.random.Generator
) -> tuple[FloatImages, FloatImages]:
    """Draw a transformation for each image. The order of the random numbers must not change: runs are reproducible."""
    n, height, width, _ = shape
    angle = rng.uniform(-limits.rotation, limits.rotation, (n, 1, 1))
    scale = rng.uniform(1 - limits.zoom, 1 + limits.zoom, (n, 1, 1))
    shift_y, shift_x = rng.uniform(-limits.shift, limits.shift, (2, n, 1, 1)).astype(np.float32)
    shear = rng.uniform(-limits.shear, limits.shear, (n, 1, 1)) if limits.shear else 0.0
    rows, columns = source_points(
        height, width, rotation=-angle, scale=scale, shear=shear, shift_x=shift_x * width, shift_y=shift_y * height
    )
    if limits.elastic:
        rows = rows + _elastic_displacement(shape, limits.elastic, rng)
        columns = columns + _elastic_displacement(shape, limits.elastic, rng)
    return rows, columns


def _elastic_displacement(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> FloatImages:
    """Return a smooth random displacement in pixels, `(n, height, width)`, with standard deviation `strength`.

    Random values on a coarse grid are spread over the image with Gaussian weights: the elastic distortions of
    P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks", 2003, at a fraction of the
    cost.
    """
    n, height, width, _ = shape
    values = rng.standard_normal((n, _KNOTS, _KNOTS), dtype=np.float32)
    smooth = (_spread(height) @ values @ _spread(width).T).astype(np.float32, copy=False)
    return np.float32(strength) * smooth


@cache
def _spread(side: int) -> FloatImages:
    """Return the weight of each knot at each pixel, `(side, knots)`; squares add up to 1, so the deviation is kept."""
    knots = np.linspace(-0.5, side - 0.5, _KNOTS)
    distance = (np.arange(side)[:, None] - knots) / (side / (_KNOTS - 1))
    weight = np.exp(-(distance**2)).astype(np.float32)
    return np.asarray(weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)), np.float32)
