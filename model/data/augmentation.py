"""Small random changes to training images that keep their meaning: rotation, shear, shift, zoom, bending, flip.

Knows arrays and a random generator. Training and preview call the same function, so a preview shows exactly what the
network trains on.
"""

from functools import cache

import numpy as np

from model.config import Augmentation
from model.data.affine import FloatImages, sample, source_points

_KNOTS = 6  # of the grid of random displacements, each way


def augment(images: np.ndarray, how: Augmentation, rng: np.random.Generator) -> FloatImages:
    """Return a changed copy of `images`, `(n, height, width, channels)` in [0, 255], as float32.

    Each image gets its own rotation, shear, zoom, shift and bending, applied at once as one map with bilinear
    sampling; everything from outside the frame is 0. The same generator state gives the same images.

    >>> images = np.full((1, 28, 28, 1), 200, np.uint8)
    >>> augmented = augment(images, Augmentation(rotation=10, shift=0.1), np.random.default_rng(0))
    >>> augmented.shape, augmented.dtype.name, bool(augmented.mean() < 200)
    ((1, 28, 28, 1), 'float32', True)
    """
    pixels = np.asarray(images, dtype=np.float32)
    if not how:
        return pixels
    if how.flip:
        mirrored = rng.random(len(pixels)) < 0.5
        pixels = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
    if not (how.rotation or how.shift or how.zoom or how.shear or how.elastic):
        return pixels
    return sample(pixels, *_source_points(pixels.shape, how, rng))


def _source_points(
    shape: tuple[int, ...], how: Augmentation, rng: np.random.Generator
) -> tuple[FloatImages, FloatImages]:
    """Draw a movement for each image; the order of the random numbers is part of every stored training."""
    n, height, width, _ = shape
    angle = rng.uniform(-how.rotation, how.rotation, (n, 1, 1))
    scale = rng.uniform(1 - how.zoom, 1 + how.zoom, (n, 1, 1))
    shift_y, shift_x = rng.uniform(-how.shift, how.shift, (2, n, 1, 1)).astype(np.float32)
    shear = rng.uniform(-how.shear, how.shear, (n, 1, 1)) if how.shear else 0.0
    rows, columns = source_points(
        height, width, rotation=-angle, scale=scale, shear=shear, shift_x=shift_x * width, shift_y=shift_y * height
    )
    if how.elastic:
        rows, columns = rows + _bending(shape, how.elastic, rng), columns + _bending(shape, how.elastic, rng)
    return rows, columns


def _bending(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> FloatImages:
    """Return a smooth random displacement in pixels, `(n, height, width)`, with standard deviation `strength`.

    Random values on a coarse grid, spread over the image by Gaussian weights (the elastic distortions of P. Simard,
    D. Steinkraus, J. Platt, "Best practices for convolutional neural networks", 2003, at a fraction of their cost).
    """
    n, height, width, _ = shape
    values = rng.standard_normal((n, _KNOTS, _KNOTS), dtype=np.float32)
    smooth = (_spread(height) @ values @ _spread(width).T).astype(np.float32, copy=False)
    return np.float32(strength) * smooth


@cache
def _spread(side: int) -> FloatImages:
    """Return the weight of each knot at each pixel, `(side, knots)`; squares add up to 1, so deviations are kept."""
    knots = np.linspace(-0.5, side - 0.5, _KNOTS)
    distance = (np.arange(side)[:, None] - knots) / (side / (_KNOTS - 1))
    weight = np.exp(-(distance**2)).astype(np.float32)
    return np.asarray(weight / np.sqrt((weight**2).sum(axis=1, keepdims=True)), np.float32)
