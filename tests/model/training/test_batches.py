"""The order and the augmentation of batches."""

from dataclasses import replace

import numpy as np
import pytest

from model.config import Augmentation, TrainingConfig
from model.training.batches import Batches, targets_of

CONFIG = TrainingConfig(epochs=2, batch_size=32, augmentation=Augmentation(rotation=10))


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (100, 8, 8, 1)).astype(np.uint8)


def of_epoch(images, epoch, skip=0, config=CONFIG):
    batches = Batches(images, np.arange(len(images)), config)
    return list(batches.of_epoch(epoch, skip))


def test_every_image_is_used_once_per_epoch(images):
    batches = of_epoch(images, 1)
    assert [len(targets) for _, targets in batches] == [32, 32, 32, 4]
    assert sorted(np.concatenate([targets for _, targets in batches])) == list(range(100))


def test_skipping_batches_leaves_the_others_unchanged(images):
    whole, rest = of_epoch(images, 2), of_epoch(images, 2, skip=3)
    assert len(rest) == 1
    assert np.array_equal(rest[0][0], whole[3][0])
    assert np.array_equal(rest[0][1], whole[3][1])


@pytest.mark.parametrize(("epoch", "seed"), [(2, 0), (1, 1)])
def test_another_epoch_or_seed_has_another_order(images, epoch, seed):
    first, other = of_epoch(images, 1), of_epoch(images, epoch, config=replace(CONFIG, seed=seed))
    assert not np.array_equal(first[0][1], other[0][1])


def test_targets_are_class_numbers_or_one_hot_rows():
    labels = np.array([2, 0])
    assert targets_of(labels, 3, "sparse") is labels
    assert targets_of(labels, 3, "categorical").tolist() == [[0, 0, 1], [1, 0, 0]]
