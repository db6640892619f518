"""One filter and one pooling in plain NumPy, as the lesson explains them; the same numbers as Keras.

Arithmetic for single grey images only: networks are trained by Keras and run by LiteRT.
"""

from math import ceil

import numpy as np

from model.results import Array

KERNEL, POOL = 3, 2  # sides of a kernel and of a pooled square


def convolve(image: Array, kernel: Array, stride: int = 1, padding: bool = False, relu: bool = False) -> Array:
    """Return the output `(rows, columns)` float64 of a 3x3 `kernel` without bias for a grey `image` `(h, w)`.

    Like Keras's Conv2D with one filter: the kernel isn't flipped, `padding` is "same" instead of "valid", and if the
    zeros can't be shared equally, the lower and right edges get more.

    >>> convolve(np.arange(16).reshape(4, 4), np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])).tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """
    padded = np.asarray(image, np.float64)
    if padding:
        padded = np.pad(padded, [_zeros(side, stride) for side in padded.shape])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL))[::stride, ::stride]
    output = np.einsum("rcij,ij->rc", windows, np.asarray(kernel, np.float64))
    return np.asarray(np.maximum(output, 0) if relu else output)


def max_pool(values: Array) -> Array:
    """Return the largest of each 2x2 square, `(rows // 2, columns // 2)`; a last row or column alone is left out.

    >>> max_pool(np.array([[1, 2, 9], [3, 4, 9], [9, 9, 9]])).tolist()
    [[4]]
    """
    rows, columns = (side // POOL for side in values.shape)
    whole = values[: POOL * rows, : POOL * columns]
    return np.asarray(whole.reshape(rows, POOL, columns, POOL).max(axis=(1, 3)))


def _zeros(side: int, stride: int) -> tuple[int, int]:
    """Return how many zeros are added before and after, so that the output has a value for each step."""
    total = max((ceil(side / stride) - 1) * stride + KERNEL - side, 0)
    return total // 2, total - total // 2
