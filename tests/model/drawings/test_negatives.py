"""Negatives: every kind can be rendered, and the same random numbers give the same strokes."""

import numpy as np
import pytest

from model.drawings.negatives import _KINDS, _SHARES, _SIGNS, random_negative
from model.ink.render import parse_strokes, render


def assert_can_be_rendered(strokes):
    assert strokes
    for line in strokes:
        assert line.ndim == 2
        assert line.shape[1] == 2
        assert np.isfinite(line).all()
    image = render(strokes)
    assert image.shape == (28, 28)
    assert image.any()


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_can_be_rendered(kind):
    for seed in range(20):
        assert_can_be_rendered(kind(np.random.default_rng(seed)))


@pytest.mark.parametrize("name", _SIGNS)
def test_every_sign_can_be_rendered(name):
    assert_can_be_rendered([np.array(line, dtype=float) for line in _SIGNS[name]])


def test_signs_differ_from_each_other():
    images = {render([np.array(line) for line in sign]).tobytes() for sign in _SIGNS.values()}
    assert len(images) == len(_SIGNS)


def test_shares_of_the_kinds_add_up():
    assert len(_SHARES) == len(_KINDS)
    assert sum(_SHARES) == pytest.approx(1)


def test_the_same_random_numbers_give_the_same_scribble():
    for seed in range(50):
        one, other = (random_negative(np.random.default_rng(seed)) for _ in range(2))
        assert len(one) == len(other)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_scribbles_are_valid_and_rarely_the_same(rng):
    images = []
    for _ in range(500):
        lines = random_negative(rng)
        assert len(parse_strokes([line.tolist() for line in lines])) == len(lines)
        images.append(render(lines).tobytes())
    assert all(any(image) for image in images)
    assert len(set(images)) > 450  # dots and round signs don't vary
