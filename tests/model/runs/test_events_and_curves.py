"""The event file: writing, reading while it grows, and damage of every kind."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.plain_text import readable
from model.runs.curves import EventReader, downsample_mean, downsample_minmax, history_of, moving_average
from model.runs.events import (
    EVENTS,
    BatchEvent,
    EpochEvent,
    EventLog,
    EventName,
    InterruptedEvent,
    PausedEvent,
    ResumedEvent,
    SetEvent,
    StartedEvent,
    TrainingPlan,
    parse_event,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def batch(log, step, loss=1.0):
    log.write(BatchEvent(step=step, epoch=1, loss=loss, accuracy=0.5, learning_rate=0.001, seconds=step / 10))


def epoch(log, number, step):
    log.write(EpochEvent(epoch=number, step=step, loss=0.5, accuracy=0.8, val_loss=0.4, val_accuracy=0.9))


def test_a_missing_file_has_an_empty_history(path):
    history = EventReader(path).read()
    assert len(history.step) == 0
    assert history.last is None
    assert history.total_steps == 0


def test_a_reader_sees_each_new_event_once(path):
    log, reader = EventLog(path), EventReader(path)
    log.write(StartedEvent(epochs=2, batches_per_epoch=3))
    batch(log, 1, loss=2.0)
    assert reader.read().loss.tolist() == [2.0]
    batch(log, 2, loss=1.5)
    history = reader.read()
    assert history.loss.tolist() == [2.0, 1.5]
    assert history.total_steps == 6
    assert history.seconds == 0.2


def test_the_history_is_the_same_object_until_the_file_grows(path):
    log, reader = EventLog(path), EventReader(path)
    batch(log, 1)
    before = reader.read()
    assert reader.read() is before
    batch(log, 2)
    assert reader.read() is not before


def test_events_in_memory_have_the_history_of_their_file(path):
    events = [
        StartedEvent(epochs=1, batches_per_epoch=2, n_train=64, n_validation=8),
        BatchEvent(step=1, epoch=1, loss=2.0, accuracy=0.25, learning_rate=0.1, seconds=1.5),
        BatchEvent(step=2, epoch=1, loss=1.0, accuracy=0.75, learning_rate=0.1, seconds=2.5),
        EpochEvent(epoch=1, step=2, loss=1.5, accuracy=0.5, val_loss=0.9, val_accuracy=0.7),
    ]
    log = EventLog(path)
    for event in events:
        log.write(event)
    there, here = EventReader(path).read(), history_of(events)
    assert here.loss.tolist() == there.loss.tolist() == [2.0, 1.0]
    assert here.accuracy.tolist() == there.accuracy.tolist() == [0.25, 0.75]
    assert (here.plan, here.seconds, here.complete) == (there.plan, there.seconds, True)
    assert [epoch.val_accuracy for epoch in here.epochs] == [0.7]


@st.composite
def events(draw):
    """Draw any event with any values that its fields allow."""
    text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).map(readable)
    probe = st.fixed_dictionaries({"answers": st.lists(st.integers(0, 9), max_size=3)})
    kinds = {
        "int": st.integers(0, 2**53),
        "float": st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15),
        "str": text,
        "dict": probe,
    }
    kind = draw(st.sampled_from(list(EVENTS.values())))
    values = {}
    for name, field in kind.__dataclass_fields__.items():
        if name in ("name", "time"):
            continue
        wanted = str(field.type)
        strategy = next(kinds[key] for key in kinds if key in wanted.split("[")[0])
        values[name] = draw(st.none() | strategy if "None" in wanted else strategy)
    return kind(**values)


@given(events())
def test_a_written_event_is_read_back(event):
    assert parse_event(json.dumps(event.to_dict())) == event


def test_every_name_has_an_event():
    assert [kind.name for kind in EVENTS.values()] == list(EventName)


def test_a_resumed_run_keeps_the_probe_of_its_first_start(path):
    log, reader = EventLog(path), EventReader(path)
    log.write(StartedEvent(epochs=2, batches_per_epoch=3, probe={"answers": [1]}))
    log.write(InterruptedEvent(step=0))
    log.write(ResumedEvent(step=0, epochs=4, batches_per_epoch=3))
    history = reader.read()
    assert history.first_probe == {"answers": [1]}
    assert history.plan.epochs == 4


def test_setting_the_learning_rate_is_in_the_history(path):
    EventLog(path).write(SetEvent(step=3, learning_rate=0.1, rate_factor=2.0))
    assert EventReader(path).read().rate_changes == ((3, 0.1),)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_new_file_under_an_old_name_is_read_from_its_start(path, steps):
    reader, log = EventReader(path), EventLog(path)
    for step in (1, 2):
        batch(log, step)
    assert reader.read().steps_done == 2
    path.rename(path.with_name("deleted"))
    new = EventLog(path)
    for step in range(1, steps + 1):
        batch(new, step, loss=7.0)
    assert reader.read().loss.tolist() == steps * [7.0]


def test_a_half_written_line_counts_once_it_is_complete(path):
    log, reader = EventLog(path), EventReader(path)
    batch(log, 1)
    line = json.dumps({"event": "batch", "step": 2, "loss": 3, "accuracy": 0, "learning_rate": 1, "seconds": 1}) + "\n"
    with path.open("a") as file:
        file.write(line[:20])
        file.flush()
        assert reader.read().step.tolist() == [1]
        file.write(line[20:])
    assert reader.read().step.tolist() == [1, 2]


def test_a_new_writer_ends_the_line_of_a_killed_one(path):
    batch(EventLog(path), 1)
    with path.open("a") as file:
        file.write('{"event": "batch", "st')
    batch(EventLog(path), 2)
    assert EventReader(path).read().step.tolist() == [1, 2]


def test_resuming_drops_events_after_the_checkpoint(path):
    log, reader = EventLog(path), EventReader(path)
    log.write(StartedEvent(epochs=3, batches_per_epoch=2))
    for step in (1, 2):
        batch(log, step)
    epoch(log, 1, 2)
    for step in (3, 4):
        batch(log, step, loss=9.0)
    epoch(log, 2, 4)
    batch(log, 5)
    reader.read()
    log.write(ResumedEvent(step=2, epochs=3, batches_per_epoch=2))
    batch(log, 3, loss=0.7)
    history = reader.read()
    assert history.step.tolist() == [1, 2, 3]
    assert history.loss.tolist() == [1.0, 1.0, 0.7]
    assert [event.epoch for event in history.epochs] == [1]


def test_a_training_stays_paused_during_single_batches(path):
    log, reader = EventLog(path), EventReader(path)
    log.write(StartedEvent(epochs=1, batches_per_epoch=9))
    log.write(PausedEvent(step=0))
    batch(log, 1)
    assert reader.read().paused
    log.write(ResumedEvent(step=1))
    history = reader.read()
    assert not history.paused
    assert history.total_steps == 9


def test_the_epoch_of_the_last_step_completes_the_history(path):
    log, reader = EventLog(path), EventReader(path)
    log.write(StartedEvent(epochs=1, batches_per_epoch=2))
    batch(log, 2)
    assert not reader.read().complete
    epoch(log, 1, 2)
    assert reader.read().complete


@given(st.lists(st.binary(max_size=60) | st.from_regex(rb'\{"event": "(batch|epoch|resumed|started)".{0,30}\}')))
def test_no_line_breaks_a_reader(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    batch(EventLog(path), 1)
    assert EventReader(path).read().step[-1] == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "epoch", "epoch": 1, "step": 1, "val_loss": NaN, "val_accuracy": 0.1}',
        '{"event": "set", "step": Infinity, "learning_rate": 1}',
        '{"event": "set", "step": 1e999, "learning_rate": 1}',
        '{"event": "started", "epochs": "three", "batches_per_epoch": 5, "n_train": 9}',
        '{"event": "started", "epochs": null, "batches_per_epoch": 5, "n_train": 9}',
        '{"event": "started", "epochs": 1.5, "batches_per_epoch": 5}',
        '{"event": "started", "epochs": true, "batches_per_epoch": 5}',
        '{"event": "set", "step": 36893488147419103232, "learning_rate": 1}',
        '{"event": "epoch", "epoch": 1, "step": 1, "val_loss": "0.5", "val_accuracy": 0.1}',
        '{"event": "renamed in a later version", "step": 1}',
    ],
)
def test_a_line_with_an_invalid_value_is_skipped(tmp_path, line):
    path = tmp_path / "events.jsonl"
    path.write_text(line + "\n")
    history = EventReader(path).read()
    assert (history.epochs, history.rate_changes, history.plan, history.last) == ((), (), TrainingPlan(), None)


def test_a_number_that_is_not_finite_is_not_written(path):
    with pytest.raises(ValueError):
        EventLog(path).write(EpochEvent(epoch=1, step=1, val_loss=float("nan"), val_accuracy=0))
    assert path.read_text() == ""


def test_a_short_curve_is_not_downsampled():
    x = np.arange(400)
    assert downsample_mean(x, x * 2, 400)[0] is x


@given(st.integers(1, 5000), st.integers(2, 400))
def test_downsampling_takes_means_of_the_shortest_segments(n, limit):
    x = np.arange(n, dtype=float)
    y = np.sin(x)
    segment = next(2**k for k in range(13) if len(range(0, n, 2**k)) <= limit)
    thin_x, thin_y = downsample_mean(x, y, limit)
    assert thin_x == pytest.approx([x[i : i + segment].mean() for i in range(0, n, segment)])
    assert thin_y == pytest.approx([y[i : i + segment].mean() for i in range(0, n, segment)])


def test_means_stay_in_place_while_the_curve_grows():
    x = np.arange(3000, dtype=float)
    before, _ = downsample_mean(x[:2000], x[:2000], 400)
    after, _ = downsample_mean(x[:2500], x[:2500], 400)
    assert np.array_equal(before[:-1], after[: len(before) - 1])


@given(st.integers(1, 3000), st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_downsampling_keeps_the_lowest_and_highest_points(n, limit, seed):
    x, y = np.arange(n, dtype=float), np.random.default_rng(seed).normal(size=n)
    thin_x, thin_y = downsample_minmax(x, y, limit)
    assert len(thin_x) == len(thin_y) <= max(limit, 2)
    assert (np.diff(thin_x) > 0).all()
    assert np.array_equal(y[thin_x.astype(int)], thin_y), "each is a point of the curve"
    assert {y.min(), y.max()} <= set(thin_y)


def test_extremes_stay_in_place_while_the_curve_grows():
    x, y = np.arange(3000, dtype=float), np.random.default_rng(0).normal(size=3000)
    before, _ = downsample_minmax(x[:2000], y[:2000], 400)
    after, _ = downsample_minmax(x[:2500], y[:2500], 400)
    assert np.array_equal(before[:-2], after[: len(before) - 2])


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60), st.integers(1, 20))
def test_smoothing_is_the_mean_of_the_last_values(values, window):
    expected = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    assert np.allclose(moving_average(np.array(values), window), expected)


def test_resuming_drops_later_learning_rate_changes(tmp_path):
    path = tmp_path / "events.jsonl"
    events = [{"event": "set", "step": step, "learning_rate": rate} for step, rate in ((5, 0.01), (9, 0.1))]
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    reader = EventReader(path)
    assert reader.read().rate_changes == ((5, 0.01), (9, 0.1))
    with path.open("a") as file:
        file.write('{"event": "resumed", "step": 6}\n')
    assert reader.read().rate_changes == ((5, 0.01),)
