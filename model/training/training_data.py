"""The images of one training: its dataset, the drawings added to it, and the part held out for validation.

Imports neither Keras nor processes.
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
_DEFAULT_DATASET = "mnist"
_preloaded: dict[str, Dataset] = {}


def check_config(config: TrainingConfig) -> None:
    """Raise ConfigError for settings that would give images wrong labels: a mirrored digit is not a digit."""
    if config.augmentation.flip and not catalog.may_flip(config.dataset):
        raise ConfigError(
            "{name} can't be used with {dataset}, because its images mean something else when mirrored. Turn it off.",
            name="flip",
            dataset=config.dataset,
        )
    builtin = catalog.BUILTINS.get(config.dataset)
    if config.drawings and builtin and builtin.class_names != catalog.BUILTINS["mnist"].class_names:
        raise ConfigError(
            "{name} can't be used with {dataset}, because its images aren't digits. Turn it off, or choose mnist or "
            "uci-digits.",
            name="drawings",
            dataset=config.dataset,
        )


def preload() -> None:
    """Load the dataset that the next training most likely needs, unless it would have to be downloaded."""
    with suppress(DataError):
        if catalog.status(_DEFAULT_DATASET).here:
            _preloaded[_DEFAULT_DATASET] = catalog.load(_DEFAULT_DATASET)


def load_dataset(config: TrainingConfig, on_download: Callable[[int, int], None] | None = None) -> Dataset:
    """Return the dataset of a training, from memory if it was preloaded.

    `on_download(done, total)` is called with bytes. Raises DataError if it can't be loaded.
    """
    dataset = _preloaded.pop(config.dataset, None) or catalog.load(config.dataset, on_download)
    return dataset.inverted() if config.invert else dataset


def join_drawings(
    dataset: Dataset,
    config: TrainingConfig,
    folder: Path | None = None,
    on_drawing: Callable[[int], None] = lambda images: None,
) -> Dataset:
    """Return the dataset with the drawings that `config` includes.

    A run that fine-tunes another has its drawings in its own `folder`. `on_drawing(images)` is called with the number
    of images rendered so far. Raises DataError if drawings don't fit the images, RunError if `folder` has no drawings.
    """
    if config.start_from and folder:
        return fine_tuning.add_fine_tuning_drawings(dataset, folder, config.drawings, config.seed)
    if config.drawings:
        return mixing.add_drawings(dataset, config.validation_share, config.seed, on_drawing)
    return dataset


def split_dataset(dataset: Dataset, config: TrainingConfig) -> tuple[Labelled, Labelled]:
    """Return the training images and the validation images. Raises DataError if they can't be split."""
    if dataset.validation:
        train, validation = np.arange(len(dataset.y_train)), dataset.validation
    else:
        train, held_out = validation_split(dataset.y_train, config.validation_share, config.seed)
        validation = dataset.x_train[held_out], dataset.y_train[held_out]
    if 0 < config.train_images < len(train):
        train = np.sort(np.random.default_rng(config.seed).permutation(train)[: config.train_images])
    images, labels = dataset.x_train[train], dataset.y_train[train]
    if dataset.extra_training:
        extra_images, extra_labels = dataset.extra_training
        images, labels = np.concatenate([images, extra_images]), np.concatenate([labels, extra_labels])
    return (images, labels), validation
