"""The images that are held out for validation."""

import numpy as np
import pytest

from model.data.splits import validation_split
from model.errors import DataError
from tests.support import check_message


@pytest.fixture
def labels(rng):
    return rng.choice(10, 6000, p=np.arange(1, 11) / 55)


def test_both_sets_together_contain_each_image_once(labels):
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


def test_a_class_with_one_image_is_rejected():
    with pytest.raises(DataError) as caught:
        validation_split(np.array([0, 0, 0, 0, 1]), 0.2, seed=0)
    check_message(caught.value, smallest=1, share=0.2, n=5)
