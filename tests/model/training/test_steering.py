"""Commands between two batches, without a network."""

import pytest

from model.runs.events import PausedEvent, ResumedEvent, SetEvent
from model.training.commands import Command, CommandQueue, Interrupted
from model.training.schedules import ScheduledRate
from model.training.steering import Steering, StopRequested


@pytest.fixture
def commands():
    return CommandQueue()


@pytest.fixture
def events():
    return []


@pytest.fixture
def steering(commands, events):
    rate = ScheduledRate("constant", 0.01, total_steps=100)
    return Steering(commands, rate, events.append)


def test_pause_waits_until_resume(steering, commands, events):
    for do in ("pause", "resume"):
        commands.put(Command(do))
    steering.obey(7)
    assert events == [PausedEvent(step=7), ResumedEvent(step=7)]
    assert not steering.paused


def test_resume_without_a_pause_changes_nothing(steering, commands, events):
    commands.put(Command("resume"))
    steering.obey(7)
    assert events == []


def test_step_lets_one_batch_through_and_stays_paused(steering, commands, events):
    commands.put(Command("step", after=7))
    commands.put(Command("step", after=7))
    steering.obey(7)
    assert steering.paused
    commands.put(Command("resume"))
    steering.obey(8)
    assert events == [PausedEvent(step=7), ResumedEvent(step=8)]


def test_a_learning_rate_is_set_once(steering, commands, events):
    for _ in range(2):
        commands.put(Command("set", learning_rate=0.005))
    steering.obey(3)
    assert events == [SetEvent(step=3, learning_rate=0.005, rate_factor=pytest.approx(0.5))]


def test_stop_carries_its_reason(steering, commands):
    commands.put(Command("stop", reason="the bell rings"))
    with pytest.raises(StopRequested, match="the bell rings"):
        steering.obey(3)


def test_an_interrupt_ends_a_pause(steering, commands):
    for do in ("pause", "interrupt"):
        commands.put(Command(do))
    with pytest.raises(Interrupted):
        steering.obey(3)
