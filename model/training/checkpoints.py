"""The checkpoints of a training: one .keras file per epoch, one in mid-epoch, and weights in memory.

Never creates models; only `export` imports Keras.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import is_zipfile

import numpy as np

from model.errors import RunError
from model.runs.atomic_files import write_npz
from model.training.export import load_weights, save_keras

if TYPE_CHECKING:
    import keras

Weights = list[np.ndarray]


class Checkpoints:
    """The networks of a training: `weights` maps each epoch to its weights; epoch 0 is the untrained network."""

    def __init__(self, folder: Path | None):
        """Hold weights in memory, and also write files if there is a `folder`."""
        self.folder = folder
        self.weights: dict[int, Weights] = {}

    def save_epoch(self, model: "keras.Model", epoch: int) -> str:
        """Save the model of an epoch and return the name of its file."""
        self.weights[epoch] = model.get_weights()
        return self._save(model, epoch_file(epoch))

    def save_step(self, model: "keras.Model", step: int) -> str:
        """Save a model in mid-epoch and return the name of its file."""
        return self._save(model, f"step-{step:06}.keras")

    def save_probe_images(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Save the images that are predicted after each epoch: `(n, h, w, c)` with labels `(n,)`."""
        if self.folder:
            write_npz(self.folder / "glimpsed.npz", images=images.round().astype(np.uint8), labels=labels)

    def read_earlier(self, last_epoch: int) -> None:
        """Load the weights of epochs trained before the run was resumed, if their files exist and can be read."""
        for epoch in range(last_epoch + 1):
            path = self.folder / epoch_file(epoch) if self.folder else None
            if epoch not in self.weights and path and is_zipfile(path):
                with suppress(RunError):  # a damaged file, whose epoch then can't be kept
                    self.weights[epoch] = load_weights(path)

    def _save(self, model: "keras.Model", name: str) -> str:
        if self.folder:
            save_keras(model, self.folder / name)
        return name


def epoch_file(epoch: int, suffix: str = ".keras") -> str:
    """Return the file name of an epoch's network, such as `epoch-003.keras`."""
    return f"epoch-{epoch:03}{suffix}"
