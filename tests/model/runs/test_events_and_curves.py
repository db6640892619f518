"""The event file: written, read while it grows, broken in every way."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.runs.curves import EventReader, downsample_mean, downsample_minmax, moving_average
from model.runs.events import EventLog


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def batch(log, step, loss=1.0):
    log.write("batch", step=step, epoch=1, loss=loss, accuracy=0.5, learning_rate=0.001, seconds=step / 10)


def epoch(log, number, step):
    log.write("epoch", epoch=number, step=step, loss=0.5, accuracy=0.8, val_loss=0.4, val_accuracy=0.9)


def test_a_file_that_is_not_there_yet_has_no_history(path):
    history = EventReader(path).read()
    assert len(history.step) == 0
    assert history.last == {}
    assert history.total_steps == 0


def test_a_follower_sees_each_new_event_once(path):
    log, follower = EventLog(path), EventReader(path)
    log.write("started", epochs=2, batches_per_epoch=3)
    batch(log, 1, loss=2.0)
    assert follower.read().loss.tolist() == [2.0]
    batch(log, 2, loss=1.5)
    history = follower.read()
    assert history.loss.tolist() == [2.0, 1.5]
    assert history.total_steps == 6
    assert history.seconds == 0.2


def test_a_half_written_line_counts_once_it_is_whole(path):
    log, follower = EventLog(path), EventReader(path)
    batch(log, 1)
    whole = json.dumps({"event": "batch", "step": 2, "loss": 3, "accuracy": 0, "learning_rate": 1, "seconds": 1}) + "\n"
    with path.open("a") as file:
        file.write(whole[:20])
        file.flush()
        assert follower.read().step.tolist() == [1]
        file.write(whole[20:])
    assert follower.read().step.tolist() == [1, 2]


def test_a_new_writer_closes_the_line_that_a_killed_one_left(path):
    batch(EventLog(path), 1)
    with path.open("a") as file:
        file.write('{"event": "batch", "st')
    batch(EventLog(path), 2)
    assert EventReader(path).read().step.tolist() == [1, 2]


def test_a_resumed_run_undoes_what_came_after_its_checkpoint(path):
    log, follower = EventLog(path), EventReader(path)
    log.write("started", epochs=3, batches_per_epoch=2)
    for step in (1, 2):
        batch(log, step)
    epoch(log, 1, 2)
    for step in (3, 4):
        batch(log, step, loss=9.0)
    epoch(log, 2, 4)
    batch(log, 5)
    follower.read()
    log.write("resumed", step=2, epochs=3, batches_per_epoch=2)
    batch(log, 3, loss=0.7)
    history = follower.read()
    assert history.step.tolist() == [1, 2, 3]
    assert history.loss.tolist() == [1.0, 1.0, 0.7]
    assert [each["epoch"] for each in history.epochs] == [1]


def test_a_training_stays_paused_while_it_takes_single_batches(path):
    log, follower = EventLog(path), EventReader(path)
    log.write("started", epochs=1, batches_per_epoch=9)
    log.write("paused", step=0)
    batch(log, 1)
    assert follower.read().paused
    log.write("resumed", step=1)
    history = follower.read()
    assert not history.paused
    assert history.total_steps == 9


def test_an_epoch_of_the_right_step_completes_the_history(path):
    log, follower = EventLog(path), EventReader(path)
    log.write("started", epochs=1, batches_per_epoch=2)
    batch(log, 2)
    assert not follower.read().complete
    epoch(log, 1, 2)
    assert follower.read().complete


@given(st.lists(st.binary(max_size=60) | st.from_regex(rb'\{"event": "(batch|epoch|resumed|started)".{0,30}\}')))
def test_no_line_whatever_breaks_a_follower(tmp_path_factory, lines):
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
    ],
)
def test_a_line_with_what_is_no_number_is_skipped(tmp_path, line):
    path = tmp_path / "events.jsonl"
    path.write_text(line + "\n")
    seen = EventReader(path).read()
    assert (seen.epochs, seen.rate_changes, seen.facts, seen.total_steps) == ((), (), {}, 0)
    with pytest.raises(ValueError, match="JSON"):
        EventLog(path).write("epoch", val_loss=float("nan"))


def test_a_short_curve_is_sent_as_it_is():
    x = np.arange(400)
    assert downsample_mean(x, x * 2, 400)[0] is x


@given(st.integers(1, 5000), st.integers(2, 400))
def test_a_thinned_curve_is_the_means_of_the_shortest_stretches_that_fit(n, limit):
    x = np.arange(n, dtype=float)
    y = np.sin(x)
    stretch = next(2**k for k in range(13) if len(range(0, n, 2**k)) <= limit)
    thin_x, thin_y = downsample_mean(x, y, limit)
    assert thin_x == pytest.approx([x[i : i + stretch].mean() for i in range(0, n, stretch)])
    assert thin_y == pytest.approx([y[i : i + stretch].mean() for i in range(0, n, stretch)])


def test_points_that_are_drawn_stay_where_they_are_while_the_curve_grows():
    x = np.arange(3000, dtype=float)
    before, _ = downsample_mean(x[:2000], x[:2000], 400)
    after, _ = downsample_mean(x[:2500], x[:2500], 400)
    assert np.array_equal(before[:-1], after[: len(before) - 1])


@given(st.integers(1, 3000), st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_of_a_curve_that_jumps_the_lowest_and_the_highest_points_stay(n, limit, seed):
    x, y = np.arange(n, dtype=float), np.random.default_rng(seed).normal(size=n)
    few_x, few_y = downsample_minmax(x, y, limit)
    assert len(few_x) == len(few_y) <= max(limit, 2)
    assert (np.diff(few_x) > 0).all()
    assert np.array_equal(y[few_x.astype(int)], few_y), "each is a point of the curve"
    assert {y.min(), y.max()} <= set(few_y)


def test_extremes_that_are_drawn_stay_where_they_are_while_the_curve_grows():
    x, y = np.arange(3000, dtype=float), np.random.default_rng(0).normal(size=3000)
    before, _ = downsample_minmax(x[:2000], y[:2000], 400)
    after, _ = downsample_minmax(x[:2500], y[:2500], 400)
    assert np.array_equal(before[:-2], after[: len(before) - 2])


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60), st.integers(1, 20))
def test_smoothing_is_the_mean_of_the_last_few(values, window):
    expected = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    assert np.allclose(moving_average(np.array(values), window), expected)


def test_changes_of_the_learning_rate_are_kept_and_those_that_a_resumption_undid_are_not(tmp_path):
    path = tmp_path / "events.jsonl"
    events = [{"event": "set", "step": step, "learning_rate": rate} for step, rate in ((5, 0.01), (9, 0.1))]
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    follower = EventReader(path)
    assert follower.read().rate_changes == ((5, 0.01), (9, 0.1))
    with path.open("a") as file:
        file.write('{"event": "resumed", "step": 6}\n')
    assert follower.read().rate_changes == ((5, 0.01),)
