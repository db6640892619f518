"""Small changes to training images that keep their meaning: rotation, shear, shift, zoom, bending, flip.

Knows arrays and a random generator; the training and any preview call the same function, so what is shown is
what is learnt from.
"""

from functools import cache

import numpy as np

from model.config import Augmentation

_KNOTS = 6  # of the grid of random displacements, each way


def augment(images: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Return a changed copy of `images`, `(n, height, width, channels)` in [0, 255], as float32.

    Each image gets its own rotation, shear, zoom, shift and bending, applied at once as one map with bilinear
    sampling; what comes in from outside the frame is 0. The same generator state gives the same images.
    """
    pixels = np.asarray(images, dtype=np.float32)
    if not how:
        return pixels
    if how.flip:
        mirrored = rng.random(len(pixels)) < 0.5
        pixels = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
    if not (how.rotation or how.shift or how.zoom or how.shear or how.elastic):
        return pixels
    return _sample(pixels, *_source_points(pixels.shape, how, rng))


def _source_points(shape: tuple[int, ...], how: Augmentation, rng: np.random.Generator):
    """Return where each output pixel comes from: rows and columns, both `(n, height, width)`."""
    n, height, width, _ = shape
    angle = np.deg2rad(rng.uniform(-how.rotation, how.rotation, (n, 1, 1))).astype(np.float32)
    scale = rng.uniform(1 - how.zoom, 1 + how.zoom, (n, 1, 1)).astype(np.float32)
    shift = rng.uniform(-how.shift, how.shift, (2, n, 1, 1)).astype(np.float32)
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    row = np.arange(height, dtype=np.float32)[None, :, None] - middle_row - shift[0] * height
    column = np.arange(width, dtype=np.float32)[None, None, :] - middle_column - shift[1] * width
    if how.shear:
        lean = np.tan(np.deg2rad(rng.uniform(-how.shear, how.shear, (n, 1, 1)))).astype(np.float32)
        column = column + lean * row
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    row, column = cos * row - sin * column + middle_row, sin * row + cos * column + middle_column
    if how.elastic:
        row, column = row + _bending(shape, how.elastic, rng), column + _bending(shape, how.elastic, rng)
    return row, column


def _bending(shape: tuple[int, ...], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random displacement in pixels, `(n, height, width)`, with standard deviation `strength`.

    Random values on a coarse grid, spread over the image by Gaussian weights (the elastic distortions of P. Simard,
    D. Steinkraus, J. Platt, "Best practices for convolutional neural networks", 2003, at a fraction of their cost).
    """
    n, height, width, _ = shape
    values = rng.standard_normal((n, _KNOTS, _KNOTS), dtype=np.float32)
    return strength * (_spread(height) @ values @ _spread(width).T)


@cache
def _spread(side: int) -> np.ndarray:
    """Return the weight of each knot at each pixel, `(side, knots)`; squares add up to 1, so deviations are kept."""
    knots = np.linspace(-0.5, side - 0.5, _KNOTS)
    distance = (np.arange(side)[:, None] - knots) / (side / (_KNOTS - 1))
    weight = np.exp(-(distance**2)).astype(np.float32)
    return weight / np.sqrt((weight**2).sum(axis=1, keepdims=True))


def _sample(pixels: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Read `pixels` between its grid points, bilinearly, with a border of zeros around the frame."""
    n, height, width, channels = pixels.shape
    padded = np.pad(pixels, ((0, 0), (1, 2), (1, 2), (0, 0)))
    flat, stride = padded.reshape(-1, channels), width + 3
    row, column = np.clip(row + 1, 0, height + 1), np.clip(column + 1, 0, width + 1)
    above, before = np.floor(row), np.floor(column)
    down, right = (row - above)[..., None], (column - before)[..., None]
    first = np.arange(n, dtype=np.int32)[:, None, None] * (height + 3) * stride
    corner = first + above.astype(np.int32) * stride + before.astype(np.int32)
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + stride] * (1 - right) + flat[corner + stride + 1] * right
    return upper * (1 - down) + lower * down
