"""A labelled dataset as uint8 arrays, and how it was stored."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from model.messages import Message
from model.results import ArrayRepr

Images = npt.NDArray[np.uint8]  # (n, height, width, channels)
Labels = npt.NDArray[np.int64]  # (n,), class numbers


@dataclass(frozen=True)
class Skipped:
    """A file that isn't used, and why."""

    file: str
    reason: Message


@dataclass(frozen=True)
class Origin:
    """How a dataset was stored, before it became uint8 arrays."""

    layout: Message = Message("a built-in dataset")
    dtype: str = "uint8"
    value_range: tuple[float, float] = (0.0, 255.0)  # that the images contain
    scale: tuple[float, float] = (0.0, 255.0)  # the values of black and white
    first_label: int = 0  # the smallest label
    is_split: bool = False  # there was no test part: a fifth of the images became it
    notes: tuple[Message, ...] = ()
    skipped: tuple[Skipped, ...] = ()


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
    origin: Origin = Origin()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.x_train.shape
        return height, width, channels

    def inverted(self) -> Self:
        """Return the dataset with light and dark exchanged: dark ink on paper becomes light ink on black, as in MNIST.

        Its fingerprint is another one, so that no saved predictions are shown with the wrong images.
        """
        validation = self.validation and (255 - self.validation[0], self.validation[1])
        return replace(
            self,
            x_train=255 - self.x_train,
            x_test=255 - self.x_test,
            validation=validation,
            fingerprint=f"{int(self.fingerprint, 16) ^ (2**64 - 1):016x}",
        )
