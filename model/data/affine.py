"""Rotate, scale, shear and shift images: source coordinates for each pixel, and a bilinear sampler.

Training augmentation and the perturbations of an evaluation use both. Arrays only.
"""

import numpy as np
import numpy.typing as npt

FloatImages = npt.NDArray[np.float32]
Setting = float | npt.NDArray[np.floating]  # one value for all images, or one per image: (n, 1, 1)

_VALUES_AT_A_TIME = 1_000_000  # sampled in one chunk: larger ones need more memory without being faster


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
    """Return the source row and column of each pixel of the transformed images, `(n, height, width)` float32 each.

    n is 1 if every setting is a number; settings of `(n, 1, 1)` transform each image differently. Images are rotated
    counter-clockwise by degrees and scaled around their centre, then sheared (upright lines lean to the right by
    degrees), then shifted to the right and down by pixels.

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
    """Interpolate `images` `(n, height, width, channels)` bilinearly at source coordinates, with 0 outside the frame.

    `rows` and `columns` are `(n, height, width)`, or `(1, height, width)` to transform all images alike. Returns
    float32 of the same shape as `images`.
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
