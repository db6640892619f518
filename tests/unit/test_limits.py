"""How much the environment allows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigError
from model.limits import Limits

NAMES = [f"DIGIT_LAB_MAX_{field}" for field in ("TRAININGS", "WAITING", "MINUTES", "EPOCHS", "RUNS", "DISK_MB")]


def test_what_is_not_set_is_usual():
    assert Limits.from_environment({}) == Limits() == Limits(1, 20, 15.0, 100, 200, 4000)
    assert Limits.from_environment(dict.fromkeys(NAMES, "")) == Limits()


def test_each_variable_sets_its_limit():
    environment = {name: str(number) for number, name in enumerate(NAMES, start=2)}
    assert Limits.from_environment(environment) == Limits(2, 3, 4.0, 5, 6, 7)
    assert Limits.from_environment({"DIGIT_LAB_MAX_MINUTES": "0.5"}).minutes == 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["many", "0", "-1", "nan", "inf", "1e99", "9" * 5000, "1 2", "٣x", "0x10"])
def test_a_value_that_is_no_positive_number_is_told_with_its_variable(name, value):
    with pytest.raises(ConfigError, match=rf"^{name} came as '.*'; expected a .*number.*[^.]\.$") as told:
        Limits.from_environment({name: value})
    assert len(str(told.value)) < 200


def test_half_a_training_is_none():
    with pytest.raises(ConfigError, match="whole number"):
        Limits.from_environment({"DIGIT_LAB_MAX_TRAININGS": "1.5"})


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.floats().map(str) | st.integers().map(str)))
def test_any_environment_gives_limits_above_zero_or_one_sentence(environment):
    try:
        limits = Limits.from_environment(environment)
    except ConfigError as error:
        assert "expected" in str(error)
    else:
        assert all(value > 0 and math.isfinite(value) for value in vars(limits).values())
