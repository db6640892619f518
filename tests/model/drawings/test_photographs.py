"""Simulated photos of drawings: each shows its drawing, and no two are the same."""

import numpy as np
import pytest

from model.drawings.photographs import photographed
from model.ink.render import SIDE, Strokes, render
from tests.support import SEVEN

DRAWN = {
    "seven": Strokes(np.array(stroke, float) for stroke in SEVEN),
    "small": Strokes([np.array([[5.0, 5.0], [25.0, 5.0], [12.0, 40.0]])]),
    "far away": Strokes([np.array([[900.0, 900.0], [1100.0, 900.0], [960.0, 1200.0]])]),
}


def likeness(one, other):
    one, other = (each.astype(float).ravel() for each in (one, other))
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


@pytest.mark.parametrize("name", DRAWN)
def test_a_photo_shows_its_drawing(name):
    images = [photographed(DRAWN[name], np.random.default_rng(seed)) for seed in range(6)]
    read = [image for image in images if image is not None]
    assert len(read) >= 5
    assert {(image.shape, image.dtype.name) for image in read} == {((SIDE, SIDE), "uint8")}
    assert min(likeness(image, render(DRAWN[name])) for image in read) > 0.6
    assert len({image.tobytes() for image in read}) == len(read)


def test_the_same_seed_gives_the_same_photo():
    one, other = (photographed(DRAWN["seven"], np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, other)
