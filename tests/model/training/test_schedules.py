"""The learning rate at every step."""

import numpy as np
import pytest

from model.training.schedules import END, START, WARM_UP, learning_rate


def test_constant_never_changes():
    assert {learning_rate("constant", 0.01, step, 50) for step in range(50)} == {0.01}


def test_one_cycle_rises_to_its_peak_and_falls():
    rates = [learning_rate("one-cycle", 0.01, step, 1000) for step in range(1000)]
    top = rates.index(max(rates))
    assert top == WARM_UP * 1000
    assert rates[0] == pytest.approx(0.01 * START)
    assert rates[top] == pytest.approx(0.01)
    assert rates[-1] < 0.01 * (END + 2 / 800)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_one_cycle_with_very_few_steps_stays_positive(total):
    assert all(0 < learning_rate("one-cycle", 0.01, step, total) <= 0.01 for step in range(total))


def test_cosine_rises_for_a_tenth_of_the_steps_and_falls():
    rates = [learning_rate("cosine", 0.003, step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(0.003 / 25)
    assert rates.index(max(rates)) == 100
    assert rates[100] == pytest.approx(0.003)
    assert all(np.diff(rates[:101]) > 0)
    assert all(np.diff(rates[100:]) < 0)
    assert 0 < rates[-1] < 0.003 * 1e-5


def test_cosine_is_a_straight_line_and_half_a_cosine():
    rates = [learning_rate("cosine", 0.01, step, 500) for step in range(500)]
    rising = np.linspace(0.0004, 0.01, 51)[:-1]
    angle = np.linspace(0, np.pi, 451)[:-1]
    assert np.allclose(rates, np.concatenate([rising, 0.01 * np.cos(angle / 2) ** 2]))


def test_cosine_falls_symmetrically_around_its_middle():
    rates = [learning_rate("cosine", 1.0, step, 100) for step in range(10, 100)]
    assert rates[45] == pytest.approx(0.5)
    assert all(one + other == pytest.approx(1) for one, other in zip(rates[1:], rates[:0:-1], strict=True))


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_cosine_with_very_few_steps_stays_positive(total):
    assert all(0 < learning_rate("cosine", 0.01, step, total) <= 0.01 for step in range(total))
