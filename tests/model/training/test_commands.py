"""The lines of the worker protocol."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigError
from model.training.commands import Command, CommandQueue


@pytest.mark.parametrize("do", ["pause", "resume", "step", "stop"])
def test_a_command_survives_its_line(do):
    assert Command.from_json(Command(do).to_json()) == Command(do)


def test_set_carries_a_learning_rate():
    assert Command.from_json('{"do": "set", "learning_rate": 0.0003}') == Command("set", 0.0003)


@pytest.mark.parametrize("rate", ["null", '"fast"', "NaN", "0", "-1", "true", "1e9", "1" + 400 * "0"])
def test_a_learning_rate_that_is_none_is_refused(rate):
    with pytest.raises(ConfigError, match="learning_rate came as .*; expected a number"):
        Command.from_json(f'{{"do": "set", "learning_rate": {rate}}}')


def test_interrupt_can_not_be_sent_from_outside():
    with pytest.raises(ConfigError):
        Command.from_json('{"do": "interrupt"}')


@given(st.text() | st.from_regex(r'\{"do": .{0,20}\}'))
def test_any_line_is_a_command_or_one_sentence(line):
    try:
        Command.from_json(line)
    except ConfigError as error:
        assert "expected" in str(error)


def test_commands_are_taken_in_the_order_they_came_and_none_is_invented():
    control = CommandQueue()
    assert control.get(wait=False) is None
    control.put(Command("pause"))
    control.put(Command("stop"))
    assert [control.get(wait=False) for _ in range(3)] == [Command("pause"), Command("stop"), None]


def test_stop_carries_a_reason_and_step_the_batches_it_was_asked_after():
    for command in (Command("stop", reason="The time was up.\nReally."), Command("step", after=0)):
        assert Command.from_json(command.to_json()) == command
    assert Command("stop").to_json() == '{"do": "stop"}'


def test_a_field_of_another_command_is_passed_over():
    assert Command.from_json('{"do": "pause", "reason": 3, "after": -1, "learning_rate": "x"}') == Command("pause")


@pytest.mark.parametrize("reason", ["3", "[]", "true", '"' + 201 * "a" + '"'])
def test_a_reason_that_is_no_short_text_is_refused(reason):
    with pytest.raises(ConfigError, match="reason came as .*; expected a text of at most 200"):
        Command.from_json(f'{{"do": "stop", "reason": {reason}}}')


@pytest.mark.parametrize("after", ["-1", "1.0", "true", '"1"', "NaN", "[]"])
def test_batches_that_are_no_count_are_refused(after):
    with pytest.raises(ConfigError, match="after came as .*; expected a whole number"):
        Command.from_json(f'{{"do": "step", "after": {after}}}')


@given(st.sampled_from(["stop", "step"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_whatever_comes_with_a_command_is_carried_or_one_sentence(do, value):
    try:
        command = Command.from_json(json.dumps({"do": do, "reason": value, "after": value}))
    except ConfigError as error:
        assert "expected" in str(error)
    else:
        assert Command.from_json(command.to_json()) == command
