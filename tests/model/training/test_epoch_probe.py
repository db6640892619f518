"""Probes of a network after each epoch survive being written to an event and read back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data.splits import round_robin_by_class
from model.training.epoch_probe import pack, unpack

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def through_json(event):
    return json.loads(json.dumps(event))


@given(st.lists(st.integers(0, 12), max_size=80))
def test_twenty_images_are_spread_over_the_classes(labels):
    labels = np.array(labels, np.int64)
    chosen = round_robin_by_class(labels, 20)
    assert len(chosen) == min(20, len(labels)) == len(set(chosen.tolist()))
    counts = [int((labels[chosen] == label).sum()) for label in np.unique(labels)]
    available = [int((labels == label).sum()) for label in np.unique(labels)]
    not_exhausted = [count for count, all_of_class in zip(counts, available, strict=True) if count < all_of_class]
    assert not not_exhausted or max(counts) - min(not_exhausted) <= 1, "no class with images left is behind"


def test_predictions_and_filters_are_restored_to_a_hundredth(rng):
    probabilities = rng.dirichlet(np.ones(10), size=20)
    kernel = rng.normal(size=(3, 3, 1, 32))
    probe = unpack(through_json(pack(probabilities, kernel)), 4, 20)
    assert probe.epoch == 4
    assert probe.predicted.tolist() == probabilities.argmax(axis=1).tolist()
    assert probe.probabilities == pytest.approx(probabilities.max(axis=1), abs=1e-4)
    assert probe.filters.shape == (32, 3, 3, 1)
    expected = np.moveaxis(kernel, -1, 0) / np.abs(kernel).max()
    assert np.abs(probe.filters - expected).max() < 0.01


def test_only_the_first_64_filters_are_packed(rng):
    probabilities = rng.dirichlet(np.ones(3), size=2)
    assert len(unpack(pack(probabilities, rng.normal(size=(5, 5, 3, 256))), 1, 2).filters) == 64
    assert unpack(pack(probabilities, None), 1, 2).filters is None
    assert not unpack(pack(probabilities, np.zeros((3, 3, 1, 2))), 1, 2).filters.any()


@given(ANYTHING)
def test_anything_but_a_probe_becomes_none(values):
    assert unpack(values, 1, 20) is None


@given(st.dictionaries(st.sampled_from(["shape", "values"]), ANYTHING))
def test_damaged_filters_become_none(values):
    fields = pack(np.eye(3), None)
    assert unpack(fields | {"filters": values}, 1, 3) is None


def test_a_probe_of_another_number_of_images_becomes_none():
    assert unpack(pack(np.eye(3), None), 1, 20) is None
