"""Limits that are set in environment variables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.limits import DEFAULT_LIMITS, DEFAULTS, Limits

NAMES = [f"DIGIT_LAB_MAX_{field}" for field in ("TRAININGS", "WAITING", "MINUTES", "EPOCHS", "RUNS", "DISK_MB")]


def test_limits_that_are_not_set_have_their_defaults():
    assert Limits(1, 20, 15.0, 100, 200, 4000) == DEFAULT_LIMITS
    assert Limits.from_environment({}) == Limits.from_environment(dict.fromkeys(NAMES, "")) == (DEFAULT_LIMITS, [])


def test_each_variable_sets_its_limit():
    environment = {name: str(number) for number, name in enumerate(NAMES, start=2)}
    assert Limits.from_environment(environment) == (Limits(2, 3, 4.0, 5, 6, 7), [])
    assert Limits.from_environment({"DIGIT_LAB_MAX_MINUTES": "0.5"})[0].minutes == 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["many", "0", "-1", "nan", "inf", "1e99", "9" * 5000, "1 2", "٣x", "0x10", "-0.5"])
def test_a_bad_limit_is_reported_and_its_default_is_used(name, value):
    found, (message,) = Limits.from_environment({name: value})
    assert found == DEFAULT_LIMITS
    assert name in message
    assert repr(value[:40]) in message
    assert message.endswith(f"{DEFAULTS[name.removeprefix('DIGIT_LAB_MAX_').lower()]:g}.")
    assert len(message) < 220


def test_a_mistyped_limit_leaves_the_others_in_force():
    found, wrong = Limits.from_environment({"DIGIT_LAB_MAX_RUNS": "lots", "DIGIT_LAB_MAX_MINUTES": "5"})
    assert (found.minutes, found.runs) == (5, DEFAULT_LIMITS.runs)
    assert len(wrong) == 1


def test_only_the_minutes_may_be_a_fraction():
    found, wrong = Limits.from_environment({"DIGIT_LAB_MAX_TRAININGS": "1.5", "DIGIT_LAB_MAX_MINUTES": "1.5"})
    assert (found.trainings, found.minutes) == (DEFAULT_LIMITS.trainings, 1.5)
    assert len(wrong) == 1


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.floats().map(str) | st.integers().map(str)))
def test_any_environment_gives_positive_limits(environment):
    found, wrong = Limits.from_environment(environment)
    assert all(value > 0 and math.isfinite(value) for value in vars(found).values())
    assert len(wrong) <= len(environment)
