"""What is held back to validate with."""

import numpy as np
import pytest

from model.data.splits import validation_split
from model.errors import DataError


@pytest.fixture
def labels(rng):
    return rng.choice(10, 6000, p=np.arange(1, 11) / 55)


def test_the_parts_share_nothing_and_leave_nothing_out(labels):
    train, validation = validation_split(labels, 1 / 12, seed=0)
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(6000))
    assert len(validation) == 500


def test_every_class_keeps_its_share(labels):
    _, validation = validation_split(labels, 1 / 12, seed=0)
    assert np.abs(np.bincount(labels[validation]) - np.bincount(labels) / 12).max() <= 1


def test_another_seed_gives_another_split(labels):
    parts = [validation_split(labels, 0.1, seed)[1] for seed in (0, 0, 1)]
    assert np.array_equal(parts[0], parts[1])
    assert not np.array_equal(parts[0], parts[2])


def test_a_class_of_one_image_is_refused_in_words():
    with pytest.raises(DataError, match="rarest class has 1 training images.*bring more images"):
        validation_split(np.array([0, 0, 0, 0, 1]), 0.2, seed=0)
