"""Rotate, scale, shear and shift images: where each pixel comes from, and one bilinear sampler that reads it there.

Training augmentation and the perturbations of an evaluation share both. Knows arrays only.
"""

import numpy as np
import numpy.typing as npt

FloatImages = npt.NDArray[np.float32]
Setting = float | npt.NDArray[np.floating]  # one for all images, or one each: (n, 1, 1)

_VALUES_AT_A_TIME = 1_000_000  # of a chunk that is sampled: larger batches take more memory and no less time


def source_points(
    height: int,
    width: int,
    *,
    rotation: Setting = 0.0,
    scale: Setting = 1.0,
    shear: Setting = 0.0,
    shift_x: Setting = 0.0,
    shift_y: Setting = 0.0,
) -> tuple[FloatImages, FloatImages]:
    """Return the rows and columns `(n, height, width)` float32 of the points that the pixels of moved images show.

    n is 1 where every setting is a number; settings of `(n, 1, 1)` move each image in its own way. Images are rotated
    by degrees counter-clockwise and scaled around their middle, then sheared (upright lines lean to the right by so
    many degrees), then shifted by pixels to the right and down.

    >>> rows, columns = source_points(3, 3, shift_x=1)
    >>> columns[0, 0].tolist()
    [-1.0, 0.0, 1.0]
    """
    middle_row, middle_column = np.float32((height - 1) / 2), np.float32((width - 1) / 2)
    row = np.arange(height, dtype=np.float32)[None, :, None] - middle_row - _float32(shift_y)
    column = np.arange(width, dtype=np.float32)[None, None, :] - middle_column - _float32(shift_x)
    if np.any(shear):
        column = column + _float32(np.tan(np.deg2rad(shear))) * row
    angle, size = _float32(np.deg2rad(rotation)), _float32(scale)
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    return cos * row + sin * column + middle_row, cos * column - sin * row + middle_column


def sample(images: FloatImages, rows: FloatImages, columns: FloatImages) -> FloatImages:
    """Read `images` `(n, height, width, channels)` between their pixels, bilinearly, with 0 outside the frame.

    `rows` and `columns` are `(n, height, width)`, or `(1, height, width)` to move all images alike. Returns float32 of
    the shape of `images`.
    """
    n, height, width, _ = images.shape
    step = max(1, _VALUES_AT_A_TIME // max(1, images[:1].size))
    if n <= step:
        return _sample(images, rows, columns)
    rows, columns = np.broadcast_to(rows, (n, height, width)), np.broadcast_to(columns, (n, height, width))
    chunks = (slice(i, i + step) for i in range(0, n, step))
    return np.concatenate([_sample(images[chunk], rows[chunk], columns[chunk]) for chunk in chunks])


def _sample(images: FloatImages, row: FloatImages, column: FloatImages) -> FloatImages:
    n, height, width, channels = images.shape
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0)))
    flat, stride = padded.reshape(-1, channels), width + 3
    row, column = np.clip(row + 1, 0, height + 1), np.clip(column + 1, 0, width + 1)
    above, before = np.floor(row), np.floor(column)
    down, right = (row - above)[..., None], (column - before)[..., None]
    first = np.arange(n, dtype=np.int32)[:, None, None] * (height + 3) * stride
    corner = first + above.astype(np.int32) * stride + before.astype(np.int32)
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + stride] * (1 - right) + flat[corner + stride + 1] * right
    sampled: FloatImages = upper * (1 - down) + lower * down
    return sampled


def _float32(setting: Setting) -> FloatImages:
    return np.asarray(setting, dtype=np.float32)
