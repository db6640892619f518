"""The event file of a run, written line by line and read while it grows.

Knows JSON lines and arrays; knows nothing of who writes them or how they are drawn. A half-written or broken line
is skipped. Events after which the training went back (a resumed run starts from its last checkpoint) are undone.
"""

import json
import threading
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_COLUMNS = ("step", "loss", "accuracy", "learning_rate")


@dataclass(frozen=True)
class History:
    """A run's curves so far.

    `step`, `loss`, `accuracy` and `learning_rate` are `(batches,)` arrays; `epochs` holds the epoch events,
    each with step, val_loss and val_accuracy; `facts` what the training said at its start.
    """

    step: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    learning_rate: np.ndarray
    epochs: tuple[dict[str, Any], ...]
    rate_changes: tuple[tuple[int, float], ...]  # after which batch a person set which learning rate
    facts: dict[str, Any]
    last: dict[str, Any]  # the newest event; {} before the first
    paused: bool
    seconds: float  # trained so far, without pauses

    @property
    def complete(self) -> bool:
        """Tell whether every epoch was trained and validated."""
        return bool(self.epochs) and self.epochs[-1]["step"] >= self.total_steps > 0

    @property
    def total_steps(self) -> int:
        """Return how many batches the whole training has; 0 before it started."""
        return self.facts.get("epochs", 0) * self.facts.get("batches_per_epoch", 0)

    @property
    def steps_done(self) -> int:
        """Return how many batches were trained."""
        return int(self.step[-1]) if len(self.step) else 0

    @property
    def share_done(self) -> float:
        """Return how much of the training is done, in [0, 1]; 0 before it started."""
        return min(self.steps_done / self.total_steps, 1.0) if self.total_steps else 0.0

    @property
    def images_a_step(self) -> float:
        """Return how many images a batch holds in the mean of an epoch, whose last batch may be smaller."""
        return self.facts.get("n_train", 0) / max(self.facts.get("batches_per_epoch", 0), 1) or 1.0


@dataclass
class _State:
    batches: array = field(default_factory=lambda: array("d"))  # rows of _COLUMNS, one after the other
    epochs: dict[int, dict[str, Any]] = field(default_factory=dict)
    rate_changes: list[tuple[int, float]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    paused: bool = False
    seconds: float = 0.0


class EventReader:
    """Reads an event file as it grows, each byte once; shared by everybody who watches the run."""

    def __init__(self, path: Path):
        """Remember the path; nothing is read yet, and the file need not exist."""
        self._path = path
        self._lock = threading.Lock()
        self._position = 0
        self._rest = b""
        self._seen = _State()

    def read(self) -> History:
        """Return the history up to now."""
        with self._lock:
            self._catch_up()
            seen = self._seen
            columns = np.array(seen.batches).reshape(-1, len(_COLUMNS)).T
            epochs = tuple(seen.epochs[epoch] for epoch in sorted(seen.epochs))
            changes, facts, last = tuple(seen.rate_changes), dict(seen.facts), dict(seen.last)
            curves = columns[0].astype(np.int64), *columns[1:]
            return History(*curves, epochs, changes, facts, last, seen.paused, seen.seconds)

    def checkpoints(self) -> list[dict[str, Any]]:
        """Return the events that name a checkpoint with optimizer state, oldest first."""
        with self._lock:
            self._catch_up()
            return list(self._seen.checkpoints)

    def _catch_up(self) -> None:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                new = file.read()
        except OSError:
            return
        self._position += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            event = _parse(line)
            if event:
                _apply(self._seen, event)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number that a chart could draw")


def _apply(seen: _State, event: dict[str, Any]) -> None:
    """Take one event in; one that lacks a field it should have is skipped whole."""
    try:
        match event["event"]:
            case "started":
                facts = event | _counts(event)
                _go_back(seen, 0)
                seen.facts, seen.seconds, seen.paused = facts, 0.0, False
            case "resumed":
                facts = event | _counts(event) if "epochs" in event else seen.facts
                _go_back(seen, int(event["step"]))
                seen.facts = facts
                seen.paused = False
            case "paused":
                seen.paused = True
            case "batch":
                seen.batches.extend([float(event[name]) for name in _COLUMNS])
                seen.seconds = float(event["seconds"])
            case "epoch":
                needed = {name: float(event[name]) for name in ("step", "val_loss", "val_accuracy")}
                seen.epochs[int(event["epoch"])] = event | needed
                seen.checkpoints.append(event)
            case "set":
                seen.rate_changes.append((int(event["step"]), float(event["learning_rate"])))
            case "interrupted":
                seen.checkpoints.append(event)
    except (KeyError, TypeError, ValueError, OverflowError):
        return
    seen.last = event


def _counts(event: dict[str, Any]) -> dict[str, int]:
    """Return the numbers that progress is told from, as numbers."""
    return {name: int(event[name]) for name in ("epochs", "batches_per_epoch", "n_train") if name in event}


def _go_back(seen: _State, step: int) -> None:
    while seen.batches and seen.batches[-len(_COLUMNS)] > step:
        del seen.batches[-len(_COLUMNS) :]
    for epoch in [epoch for epoch, event in seen.epochs.items() if event["step"] > step]:
        del seen.epochs[epoch]
    seen.rate_changes = [change for change in seen.rate_changes if change[0] <= step]
    seen.checkpoints = [event for event in seen.checkpoints if event.get("step", 0) <= step]


def moving_average(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean of each value and the `window - 1` before it, `(n,)`; of fewer at the beginning."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def downsample_mean(x: np.ndarray, y: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `limit` points, the means of equal stretches, so that no outlier is shown or hidden by luck.

    A stretch holds a power of two of points and stretches start at the first one, so the points drawn already stay
    where they are while the curve grows.
    """
    stretch = _stretch(len(x), limit)
    starts = np.arange(0, len(x), stretch)
    if stretch == 1:
        return x, y
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(y, starts) / counts


def downsample_minmax(x: np.ndarray, y: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `limit` points, at least 2: the lowest and the highest of equal stretches, in their order.

    What is left of a curve that jumps shows how far it jumps, which means would hide. Stretches are those of `thin`
    for half as many points, so points drawn already stay.
    """
    if len(x) <= limit:
        return x, y
    stretch = _stretch(len(x), limit // 2)
    n_stretches = -(-len(x) // stretch)
    # The last stretch is filled up with its last value, which can only be met after the original.
    filled = np.pad(y, (0, n_stretches * stretch - len(y)), mode="edge").reshape(n_stretches, stretch)
    found = np.stack([filled.argmin(axis=1), filled.argmax(axis=1)]) + np.arange(n_stretches) * stretch
    kept = np.unique(found)
    return x[kept], y[kept]


def _stretch(n: int, limit: int) -> int:
    """Return the smallest power of two that takes `n` points in at most `limit` steps."""
    stretch = 1
    while -(-n // stretch) > limit:
        stretch *= 2
    return stretch
