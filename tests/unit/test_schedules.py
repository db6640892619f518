"""The learning rate at every step."""

import pytest

from model.schedules import END, START, WARM_UP, learning_rate


def test_constant_stays():
    assert {learning_rate("constant", 0.01, step, 50) for step in range(50)} == {0.01}


def test_one_cycle_climbs_to_its_peak_and_falls_to_nearly_nothing():
    rates = [learning_rate("one-cycle", 0.01, step, 1000) for step in range(1000)]
    top = rates.index(max(rates))
    assert top == WARM_UP * 1000
    assert rates[0] == pytest.approx(0.01 * START)
    assert rates[top] == pytest.approx(0.01)
    assert rates[-1] < 0.01 * (END + 2 / 800)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_one_cycle_of_very_few_steps_is_still_positive(total):
    assert all(0 < learning_rate("one-cycle", 0.01, step, total) <= 0.01 for step in range(total))
