"""The images of one training: its dataset, the drawings that join it, and the part held back to validate with.

Imports neither Keras nor anything of processes.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from model.config import TrainingConfig
from model.data import catalog
from model.data.dataset import Dataset
from model.data.splits import validation_split
from model.drawings import fine_tuning, mixing
from model.errors import ConfigError, DataError

Labelled = tuple[np.ndarray, np.ndarray]  # images and their class numbers
_USUAL_DATASET = "mnist"
_preloaded: dict[str, Dataset] = {}


def check_config(config: TrainingConfig) -> None:
    """Raise ConfigError for settings that would teach something wrong: a mirrored digit is no digit."""
    if config.augmentation.flip and not catalog.may_flip(config.dataset):
        raise ConfigError(
            f"flip came with {config.dataset}, whose images mean something else when mirrored; expected a dataset of "
            "things, so leave it out."
        )
    builtin = catalog.BUILTINS.get(config.dataset)
    if config.drawings and builtin and builtin.class_names != catalog.BUILTINS["mnist"].class_names:
        raise ConfigError(
            f"drawings came with {config.dataset}, whose images are no digits; expected mnist or uci-digits, so leave "
            "them out."
        )


def preload() -> None:
    """Load the dataset that the next training most likely needs, unless it would have to be downloaded."""
    with suppress(DataError):
        if catalog.status(_USUAL_DATASET).here:
            _preloaded[_USUAL_DATASET] = catalog.load(_USUAL_DATASET)


def load_dataset(name: str, on_download: Callable[[int, int], None] | None = None) -> Dataset:
    """Return a dataset, from memory if it was preloaded. `on_download(done, total)` is called with bytes.

    Raises DataError where it can't be loaded.
    """
    return _preloaded.pop(name, None) or catalog.load(name, on_download)


def join_drawings(
    dataset: Dataset,
    config: TrainingConfig,
    folder: Path | None = None,
    on_drawing: Callable[[int], None] = lambda images: None,
) -> Dataset:
    """Return the dataset with the drawings that the config asks for.

    A run that fine-tunes another has its drawings in its own `folder`. `on_drawing(images)` is called with the number
    of images rendered so far. Raises DataError for images that drawings can't join, RunError where `folder` has none.
    """
    if config.start_from and folder:
        return fine_tuning.add_fine_tuning_drawings(dataset, folder, config.drawings, config.seed)
    if config.drawings:
        return mixing.add_drawings(dataset, config.validation_share, config.seed, on_drawing)
    return dataset


def split_dataset(dataset: Dataset, config: TrainingConfig) -> tuple[Labelled, Labelled]:
    """Return the images to train on and those to validate with. Raises DataError where they can't be split."""
    if dataset.validation:
        train, validation = np.arange(len(dataset.y_train)), dataset.validation
    else:
        train, held_back = validation_split(dataset.y_train, config.validation_share, config.seed)
        validation = dataset.x_train[held_back], dataset.y_train[held_back]
    if 0 < config.train_images < len(train):
        train = np.sort(np.random.default_rng(config.seed).permutation(train)[: config.train_images])
    images, labels = dataset.x_train[train], dataset.y_train[train]
    if dataset.extra_training:
        images, labels = np.concatenate([images, dataset.extra_training[0]]), np.concatenate([labels, dataset.extra_training[1]])
    return (images, labels), validation
