"""Commands that are carried out between two batches, without a network."""

import pytest

from model.runs.events import PausedEvent, ResumedEvent, SetEvent
from model.training.commands import Command, CommandQueue, Interrupted
from model.training.control import StopRequested, TrainingControl
from model.training.schedules import ScheduledRate


@pytest.fixture
def commands():
    return CommandQueue()


@pytest.fixture
def events():
    return []


@pytest.fixture
def control(commands, events):
    rate = ScheduledRate("constant", 0.01, total_steps=100)
    return TrainingControl(commands, rate, events.append)


def test_pause_waits_until_resume(control, commands, events):
    for do in ("pause", "resume"):
        commands.put(Command(do))
    control.handle_commands(7)
    assert events == [PausedEvent(step=7), ResumedEvent(step=7)]
    assert not control.paused


def test_resume_without_a_pause_changes_nothing(control, commands, events):
    commands.put(Command("resume"))
    control.handle_commands(7)
    assert events == []


def test_step_trains_one_batch_and_stays_paused(control, commands, events):
    commands.put(Command("step", after=7))
    commands.put(Command("step", after=7))
    control.handle_commands(7)
    assert control.paused
    commands.put(Command("resume"))
    control.handle_commands(8)
    assert events == [PausedEvent(step=7), ResumedEvent(step=8)]


def test_the_same_learning_rate_is_set_only_once(control, commands, events):
    for _ in range(2):
        commands.put(Command("set", learning_rate=0.005))
    control.handle_commands(3)
    assert events == [SetEvent(step=3, learning_rate=0.005, rate_factor=pytest.approx(0.5))]


def test_stop_passes_on_its_reason(control, commands):
    commands.put(Command("stop", reason="the lesson is over"))
    with pytest.raises(StopRequested) as caught:
        control.handle_commands(3)
    assert str(caught.value) == "the lesson is over"


def test_an_interrupt_ends_a_pause(control, commands):
    for do in ("pause", "interrupt"):
        commands.put(Command(do))
    with pytest.raises(Interrupted):
        control.handle_commands(3)
