"""Estimates of how long a training takes, compared with measured steps and artificial histories."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from model.config import TrainingConfig
from model.results import Inspection
from model.runs.curves import EventReader
from model.runs.events import BatchEvent, EventLog, StartedEvent
from model.training import estimates
from model.training.recipes import RECIPES

LIBRARIES_MB = 100  # of the estimate: files of TensorFlow, which a worker shares


@pytest.mark.parametrize("multiplications, measured", [(2_600_000, 0.016), (29_000_000, 0.135)])
def test_measured_steps_are_estimated_within_a_tenth(multiplications, measured):
    assert estimates.training_seconds(multiplications, 128, 1, 128) == pytest.approx(measured, rel=0.1)


# Memory that belongs to the worker alone, in MB: docs/measurements.md.
@pytest.mark.parametrize(
    ("config", "measured"),
    [
        (TrainingConfig(dataset="mnist", preset="dense-64"), 522),
        (TrainingConfig(dataset="mnist", preset="dense-128-dropout"), 526),
        (TrainingConfig(dataset="mnist", preset="dense-128", batch_size=512), 559),
        (TrainingConfig(dataset="mnist", preset="deep", batch_size=32), 670),
        (TrainingConfig(dataset="mnist", preset="deep", batch_size=128), 684),
        (TrainingConfig(dataset="mnist", preset="deep", batch_size=512), 1011),
        (RECIPES["deep"].config, 847),
        (TrainingConfig(dataset="cifar-10", preset="dense-128", batch_size=128), 879),
        (TrainingConfig(dataset="uci-digits", preset="dense-128"), 387),
    ],
)
def test_measured_workers_are_estimated_within_a_tenth(config, measured):
    needed = estimates.estimate_memory(replace(config, epochs=1))
    assert needed / 1e6 - LIBRARIES_MB == pytest.approx(measured, rel=0.1)


def test_longer_trainings_and_larger_batches_need_more_memory():
    once = TrainingConfig(dataset="mnist", preset="dense-128", epochs=5, batch_size=128)
    needed = estimates.estimate_memory(once)
    assert estimates.estimate_memory(replace(once, epochs=100)) == needed + 95 * 4 * 225_034, "weights of every epoch"
    assert estimates.estimate_memory(replace(once, batch_size=1024)) > needed
    assert estimates.estimate_memory(replace(once, preset="gone")) is None


def test_twice_the_epochs_take_twice_as_long():
    once = estimates.training_seconds(2_600_000, 55_000, 1, 128)
    assert estimates.training_seconds(2_600_000, 55_000, 2, 128) == pytest.approx(2 * once)
    assert estimates.training_seconds(2_600_000, 55_000, 1, 32) > once


@pytest.fixture
def log(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    yield log
    log.close()


def batches(log, first, last, seconds_each):
    for step in range(first, last + 1):
        log.write(BatchEvent(step=step, epoch=1, loss=1, accuracy=0, learning_rate=1, seconds=step * seconds_each))


def test_there_is_no_estimate_before_the_first_batches(log, tmp_path):
    reader = EventReader(tmp_path / "events.jsonl")
    assert estimates.seconds_left(reader.read(), 5) is None
    log.write(StartedEvent(epochs=5, batches_per_epoch=10))
    assert estimates.seconds_left(reader.read(), 5) is None


def test_a_running_training_is_assumed_to_keep_its_pace(log, tmp_path):
    log.write(StartedEvent(epochs=5, batches_per_epoch=10))
    batches(log, 1, 20, seconds_each=0.5)
    history = EventReader(tmp_path / "events.jsonl").read()
    assert estimates.seconds_left(history, 5) == pytest.approx(15)
    assert estimates.seconds_left(history, 9) == pytest.approx(35), "the number of epochs comes from the settings"
    assert estimates.seconds_left(history, 1) == 0, "never negative"


@pytest.fixture
def million_multiplications(monkeypatch):
    """Replace every network by one layer with a million multiplications; returns the recorded calls."""
    calls = []

    def summary(*arguments):
        calls.append(arguments)
        return (SimpleNamespace(multiplications=1_000_000),)

    monkeypatch.setattr(estimates, "summary", summary)
    return calls


def test_an_unknown_dataset_is_estimated_like_mnist(million_multiplications):
    config = TrainingConfig(dataset="uci-digits", epochs=3, batch_size=64)
    assert estimates.estimate_seconds(config) == pytest.approx(estimates.training_seconds(1_000_000, 1_437, 3, 64))
    config = TrainingConfig(dataset="cifar-10", train_images=500, epochs=3, batch_size=64)
    assert estimates.estimate_seconds(config) == pytest.approx(estimates.training_seconds(1_000_000, 500, 3, 64))
    config = TrainingConfig(dataset="unknown", epochs=3, batch_size=64)
    assert estimates.estimate_seconds(config) == pytest.approx(estimates.training_seconds(1_000_000, 60_000, 3, 64))
    assert [shape for _, shape, _ in million_multiplications] == [(28, 28, 1), (32, 32, 3), (28, 28, 1)]


def test_a_dataset_of_ones_own_is_estimated_by_its_inspection(million_multiplications):
    config = TrainingConfig(dataset="unknown", epochs=3, batch_size=64)
    found = Inspection((64, 64, 3), ("cat", "dog"), (250, 150), (50, 50))
    assert estimates.estimate_seconds(config, found) == pytest.approx(estimates.training_seconds(1_000_000, 400, 3, 64))
    assert million_multiplications == [(config.network, (64, 64, 3), 2)]


def test_an_unknown_network_has_no_estimate():
    assert estimates.estimate_seconds(TrainingConfig(preset="unknown")) is None


def test_the_classroom_exercise_takes_about_a_minute():
    assert 40 < estimates.estimate_seconds(TrainingConfig()) < 100
