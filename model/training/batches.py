"""The batches of a training. Their order and augmentation depend only on seed, epoch and batch number, so a resumed
training gets exactly the same ones.
"""

from collections.abc import Iterator

import numpy as np

from model.config import TrainingConfig
from model.data.augmentation import augment
from model.training.training_data import Labelled


class Batches:
    """All batches of all epochs, created on demand."""

    def __init__(self, images: np.ndarray, targets: np.ndarray, config: TrainingConfig):
        """Take `images` `(n, h, w, c)` uint8 and their `targets`, `(n,)` or `(n, classes)`."""
        self.images, self.targets, self.config = images, targets, config
        self.per_epoch = -(-len(images) // config.batch_size)
        self.total = config.epochs * self.per_epoch

    def of_epoch(self, epoch: int, skip: int = 0) -> Iterator[Labelled]:
        """Yield images and targets of one epoch, counted from 1, without its first `skip` batches."""
        size, seed = self.config.batch_size, self.config.seed
        order = np.random.default_rng([seed, epoch]).permutation(len(self.images))
        for batch in range(skip, self.per_epoch):
            chosen = order[batch * size : (batch + 1) * size]
            rng = np.random.default_rng([seed, epoch, batch])
            yield augment(self.images[chosen], self.config.augmentation, rng), self.targets[chosen]


def targets_of(labels: np.ndarray, n_classes: int, loss: str) -> np.ndarray:
    """Return the targets for a loss: `labels` `(n,)` unchanged, or one-hot rows `(n, classes)` float32.

    >>> targets_of(np.array([1, 0]), 3, "categorical").tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    return np.eye(n_classes, dtype=np.float32)[labels] if loss == "categorical" else labels
