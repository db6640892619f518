"""The curves of a run, read from its growing event file, and reduced to as many points as a screen can show.

Half-written and broken lines are skipped. A resumed training starts from its last checkpoint, so events after that
checkpoint are dropped.
"""

import threading
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from model.results import Array, ArrayRepr
from model.runs.events import (
    BatchEvent,
    EpochEvent,
    Event,
    FailedEvent,
    FinishedEvent,
    InterruptedEvent,
    PausedEvent,
    ResumedEvent,
    SetEvent,
    StartedEvent,
    StoppedEvent,
    TrainingPlan,
    parse_event,
)

_COLUMNS = 4  # step, loss, accuracy, learning rate


@dataclass(frozen=True, eq=False, repr=False)
class History(ArrayRepr):
    """A run's curves so far: `step`, `loss`, `accuracy` and `learning_rate` are `(batches,)` arrays."""

    step: Array
    loss: Array
    accuracy: Array
    learning_rate: Array
    epochs: tuple[EpochEvent, ...] = ()
    rate_changes: tuple[tuple[int, float], ...] = ()  # (batch, rate): changes by a user, after which batch
    plan: TrainingPlan = TrainingPlan()
    first_probe: dict[str, Any] | None = None  # of the untrained network
    last: Event | None = None  # the newest event
    worker_started: float = 0.0  # when the last worker began to train, in seconds since 1970; 0 before
    paused: bool = False
    seconds: float = 0.0  # trained so far, without pauses

    @property
    def is_ending(self) -> bool:
        """Whether all epochs have been trained, or the training was stopped or failed."""
        return self.complete or isinstance(self.last, StoppedEvent | FailedEvent | FinishedEvent)

    @property
    def complete(self) -> bool:
        """Whether all epochs have been trained and validated."""
        return bool(self.epochs) and self.epochs[-1].step >= self.total_steps > 0

    @property
    def total_steps(self) -> int:
        """The number of batches in the whole training; 0 before it starts."""
        return self.plan.epochs * self.plan.batches_per_epoch

    @property
    def steps_done(self) -> int:
        """The number of batches trained so far."""
        return int(self.step[-1]) if len(self.step) else 0

    @property
    def share_done(self) -> float:
        """The finished share of the training, in [0, 1]; 0 before it starts."""
        return min(self.steps_done / self.total_steps, 1.0) if self.total_steps else 0.0

    @property
    def images_per_step(self) -> float:
        """The mean batch size over an epoch, whose last batch may be smaller."""
        return self.plan.n_train / max(self.plan.batches_per_epoch, 1) or 1.0


@dataclass
class _State:
    batches: "array[float]" = field(default_factory=lambda: array("d"))  # rows of _COLUMNS, one after the other
    epochs: dict[int, EpochEvent] = field(default_factory=dict)
    rate_changes: list[tuple[int, float]] = field(default_factory=list)
    plan: TrainingPlan = TrainingPlan()
    first_probe: dict[str, Any] | None = None
    last: Event | None = None
    worker_started: float = 0.0
    checkpoints: list[EpochEvent | InterruptedEvent] = field(default_factory=list)
    paused: bool = False
    seconds: float = 0.0

    def history(self) -> History:
        step, loss, accuracy, learning_rate = np.array(self.batches).reshape(-1, _COLUMNS).T
        return History(
            step=step.astype(np.int64),
            loss=loss,
            accuracy=accuracy,
            learning_rate=learning_rate,
            epochs=tuple(self.epochs[epoch] for epoch in sorted(self.epochs)),
            rate_changes=tuple(self.rate_changes),
            plan=self.plan,
            first_probe=self.first_probe,
            last=self.last,
            worker_started=self.worker_started,
            paused=self.paused,
            seconds=self.seconds,
        )


class EventReader:
    """Reads an event file as it grows, each byte once; shared by all visitors who watch the run."""

    def __init__(self, path: Path):
        """Store the path; the file isn't read yet and doesn't have to exist."""
        self._path = path
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._file = 0  # the number of the file that was read
        self._position = 0
        self._rest = b""
        self._state = _State()
        self._history: History | None = None  # of everything read so far; None if it is out of date

    def read(self) -> History:
        """Return the history so far: the same object until the file grows."""
        with self._lock:
            self._catch_up()
            if self._history is None:
                self._history = self._state.history()
            return self._history

    def checkpoints(self) -> list[EpochEvent | InterruptedEvent]:
        """Return the events that may name a checkpoint with optimizer state, oldest first."""
        with self._lock:
            self._catch_up()
            return list(self._state.checkpoints)

    def _catch_up(self) -> None:
        try:
            stat = self._path.stat()
            if stat.st_size < self._position or self._file not in (0, stat.st_ino):
                self._forget()  # another file: the run was deleted, and a new one has its name
            self._file = stat.st_ino
            if stat.st_size <= self._position:
                return
            with self._path.open("rb") as file:
                file.seek(self._position)
                new = file.read()
        except OSError:
            return
        self._position += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            event = parse_event(line)
            if event:
                _apply(self._state, event)
                self._history = None


def history_of(events: Iterable[Event]) -> History:
    """Return the curves of a training from the events that `train` reported, without a file."""
    state = _State()
    for event in events:
        _apply(state, event)
    return state.history()


def _apply(state: _State, event: Event) -> None:
    """Update the state with one event."""
    match event:
        case StartedEvent():
            _drop_after(state, 0)
            state.seconds, state.paused, state.first_probe = 0.0, False, event.probe
            _begin(state, event.plan, event.time)
        case ResumedEvent():
            _drop_after(state, event.step)
            state.paused = False
            if event.plan:
                _begin(state, event.plan, event.time)
        case PausedEvent():
            state.paused = True
        case BatchEvent():
            state.batches.extend((event.step, event.loss, event.accuracy, event.learning_rate))
            state.seconds = event.seconds
        case EpochEvent():
            state.epochs[event.epoch] = event
            state.checkpoints.append(event)
        case SetEvent():
            state.rate_changes.append((event.step, event.learning_rate))
        case InterruptedEvent():
            state.checkpoints.append(event)
    state.last = event


def _begin(state: _State, plan: TrainingPlan, time: str) -> None:
    state.plan = plan
    try:
        state.worker_started = datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError, OSError):
        state.worker_started = 0.0


def _drop_after(state: _State, step: int) -> None:
    while state.batches and state.batches[-_COLUMNS] > step:
        del state.batches[-_COLUMNS:]
    state.epochs = {epoch: event for epoch, event in state.epochs.items() if event.step <= step}
    state.rate_changes = [change for change in state.rate_changes if change[0] <= step]
    state.checkpoints = [event for event in state.checkpoints if (event.step or 0) <= step]


def moving_average(values: Array, window: int) -> Array:
    """Return the mean of each value and the `window - 1` values before it, `(n,)`; of fewer at the start.

    >>> moving_average(np.array([1.0, 2.0, 3.0, 4.0]), window=2).tolist()
    [1.0, 1.5, 2.5, 3.5]
    """
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def downsample_mean(x: Array, y: Array, limit: int) -> tuple[Array, Array]:
    """Return at most `limit` points, the means of equal segments, so that no outlier is shown or hidden by chance.

    >>> x, y = downsample_mean(np.arange(6.0), np.array([0, 2, 4, 6, 8, 10.0]), limit=3)
    >>> x.tolist(), y.tolist()
    ([0.5, 2.5, 4.5], [1.0, 5.0, 9.0])

    The length of a segment is a power of two and the first one starts at the first point, so points that are already
    drawn stay in place while the curve grows.
    """
    segment = _segment_length(len(x), limit)
    starts = np.arange(0, len(x), segment)
    if segment == 1:
        return x, y
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts


def downsample_minmax(x: Array, y: Array, limit: int) -> tuple[Array, Array]:
    """Return at most `limit` points, at least 2: the lowest and the highest of equal segments, in their order.

    This shows how far a jagged curve jumps, which means would hide. The segments are those of `downsample_mean` for
    half as many points, so points that are already drawn stay in place.
    """
    if len(x) <= limit:
        return x, y
    segment = _segment_length(len(x), limit // 2)
    n_segments = -(-len(x) // segment)
    # The last segment is padded with its last value, whose original comes first, so argmin and argmax return that.
    filled = np.pad(y, (0, n_segments * segment - len(y)), mode="edge").reshape(n_segments, segment)
    extremes = np.stack([filled.argmin(axis=1), filled.argmax(axis=1)]) + np.arange(n_segments) * segment
    kept = np.unique(extremes)
    return x[kept], y[kept]


def _segment_length(n: int, limit: int) -> int:
    """Return the smallest power of two that divides `n` points into at most `limit` segments."""
    segment = 1
    while -(-n // segment) > limit:
        segment *= 2
    return segment
