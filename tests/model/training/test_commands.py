"""The lines of the worker protocol."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigError
from model.training.commands import Command, CommandQueue


@pytest.mark.parametrize("do", ["pause", "resume", "step", "stop"])
def test_a_command_survives_the_protocol(do):
    assert Command.from_json(Command(do).to_json()) == Command(do)


def test_set_has_a_learning_rate():
    assert Command.from_json('{"do": "set", "learning_rate": 0.0003}') == Command("set", 0.0003)


@pytest.mark.parametrize("rate", ["null", '"fast"', "NaN", "0", "-1", "true", "1e9", "1" + 400 * "0"])
def test_an_invalid_learning_rate_is_rejected(rate):
    with pytest.raises(ConfigError) as caught:
        Command.from_json(f'{{"do": "set", "learning_rate": {rate}}}')
    assert caught.value.values["name"] == "learning_rate"


def test_interrupt_cannot_be_sent_through_the_protocol():
    with pytest.raises(ConfigError):
        Command.from_json('{"do": "interrupt"}')


@given(st.text() | st.from_regex(r'\{"do": .{0,20}\}'))
def test_any_line_is_a_command_or_a_config_error(line):
    try:
        Command.from_json(line)
    except ConfigError as error:
        assert error.values.keys() & {"command", "name"}
        assert str(error), "the values fill the message"


def test_commands_are_taken_in_order():
    commands = CommandQueue()
    assert commands.get(wait=False) is None
    commands.put(Command("pause"))
    commands.put(Command("stop"))
    assert [commands.get(wait=False) for _ in range(3)] == [Command("pause"), Command("stop"), None]


def test_stop_has_a_reason_and_step_a_batch_count():
    for command in (Command("stop", reason="Time is up.\nReally."), Command("step", after=0)):
        assert Command.from_json(command.to_json()) == command
    assert Command("stop").to_json() == '{"do": "stop"}'


def test_a_field_of_another_command_is_ignored():
    assert Command.from_json('{"do": "pause", "reason": 3, "after": -1, "learning_rate": "x"}') == Command("pause")


@pytest.mark.parametrize("reason", ["3", "[]", "true", '"' + 201 * "a" + '"'])
def test_a_reason_that_is_not_a_short_text_is_rejected(reason):
    with pytest.raises(ConfigError) as caught:
        Command.from_json(f'{{"do": "stop", "reason": {reason}}}')
    assert (caught.value.values["name"], caught.value.values["most"]) == ("reason", 200)


@pytest.mark.parametrize("after", ["-1", "1.0", "true", '"1"', "NaN", "[]"])
def test_an_invalid_batch_count_is_rejected(after):
    with pytest.raises(ConfigError) as caught:
        Command.from_json(f'{{"do": "step", "after": {after}}}')
    assert caught.value.values["name"] == "after"


@given(st.sampled_from(["stop", "step"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_any_field_survives_the_protocol_or_is_rejected(do, value):
    try:
        command = Command.from_json(json.dumps({"do": do, "reason": value, "after": value}))
    except ConfigError as error:
        assert error.values["name"] == ("reason" if do == "stop" else "after")
    else:
        assert Command.from_json(command.to_json()) == command
