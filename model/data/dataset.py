"""A labelled dataset as uint8 arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.results import ArrayRepr

Images = npt.NDArray[np.uint8]  # (n, height, width, channels)
Labels = npt.NDArray[np.int64]  # (n,), class numbers


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(ArrayRepr):
    """Labelled images. `x_*` are `(n, height, width, channels)` uint8, `y_*` `(n,)` int64 class numbers."""

    name: str
    source: str  # where it was loaded from, in English
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    class_names: tuple[str, ...]
    fingerprint: str  # of all arrays: saved predictions belong to these images if it is the same
    validation: tuple[Images, Labels] | None = None  # None: a share of the training images
    extra_training: tuple[Images, Labels] | None = None  # always trained on, even if a limit leaves out others

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.x_train.shape
        return height, width, channels
