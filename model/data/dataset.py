"""A labelled dataset as uint8 arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dataset:
    """Labelled images. `x_*` are `(n, height, width, channels)` uint8, `y_*` `(n,)` int64 class numbers."""

    name: str
    source: str  # where it was found, in words
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    fingerprint: str  # of all arrays: tells whether a stored evaluation speaks of these very images
    validation: tuple[np.ndarray, np.ndarray] | None = None  # images and labels of its own
    lessons: tuple[np.ndarray, np.ndarray] | None = None  # to be learnt from whatever part of the others is

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.x_train.shape[1:]
