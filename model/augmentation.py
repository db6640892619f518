"""Small changes to training images that keep their meaning: rotation, shift, zoom, flip.

Knows arrays and a random generator; the training and any preview call the same function, so what is shown is
what is learnt from.
"""

import numpy as np

from model.records import Augmentation


def augment(images: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Return a changed copy of `images`, `(n, height, width, channels)` in [0, 255], as float32.

    Each image gets its own rotation, zoom and shift, applied at once as one affine map with bilinear
    sampling; what comes in from outside the frame is 0. The same generator state gives the same images.
    """
    pixels = np.asarray(images, dtype=np.float32)
    if not how:
        return pixels
    if how.flip:
        mirrored = rng.random(len(pixels)) < 0.5
        pixels = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
    if not (how.rotation or how.shift or how.zoom):
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
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    return cos * row - sin * column + middle_row, sin * row + cos * column + middle_column


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
