"""The event file of a run: one JSON object per line, one dataclass per kind of event.

The writer and the readers share these classes, so each field is named only once. `docs/run-folder.md` lists them in a
table, which `python -m model.runs.events docs/run-folder.md` updates.
"""

import json
import sys
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from model.plain_text import readable

_LONGEST = 2_000  # characters of a text
_LARGEST = 2**53  # larger integers lose digits in a browser; no count here gets anywhere near


class RunState(StrEnum):
    """The state of a run. Only the app's job manager knows which runs are queued."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHING = "finishing"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether a worker is training the run, or soon will be."""
        return self in _ACTIVE


_ACTIVE = frozenset(
    (RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.FINISHING)
)  # the others are final, or need a user to act


class EventName(StrEnum):
    """The names of the events, stored in the file under `event`."""

    LOADING = "loading"
    DOWNLOADING = "downloading"
    DRAWING = "drawing"
    STARTED = "started"
    RESUMED = "resumed"
    PAUSED = "paused"
    BATCH = "batch"
    EPOCH = "epoch"
    SET = "set"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the file. `time` is ISO 8601 in UTC, to the millisecond, and set when the line is written."""

    name: ClassVar[EventName]

    time: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; fields that are None are left out."""
        values = {_KEYS.get(field.name, field.name): getattr(self, field.name) for field in fields(self)}
        return {"event": str(self.name)} | {key: value for key, value in values.items() if value not in (None, "")}


_KEYS = {"probe": "glimpse"}  # fields that have another name in the file


@dataclass(frozen=True)
class TrainingPlan:
    """The size of a training, known once its images are split; all zeros until then."""

    epochs: int = 0
    batches_per_epoch: int = 0
    n_train: int = 0  # images
    n_validation: int = 0
    precision: str = ""  # the Keras dtype policy


@dataclass(frozen=True, kw_only=True)
class LoadingEvent(Event):
    """The worker has started and is loading the dataset."""

    name = EventName.LOADING
    dataset: str


@dataclass(frozen=True, kw_only=True)
class DownloadingEvent(Event):
    """The dataset is being downloaded; one event per whole percent."""

    name = EventName.DOWNLOADING
    dataset: str
    percent: int


@dataclass(frozen=True, kw_only=True)
class DrawingEvent(Event):
    """Training images are being rendered from strokes; `images` is their number so far."""

    name = EventName.DRAWING
    images: int


@dataclass(frozen=True, kw_only=True)
class StartedEvent(Event):
    """The training starts from its first batch; `glimpse` shows the untrained network."""

    name = EventName.STARTED
    epochs: int
    batches_per_epoch: int
    n_train: int = 0
    n_validation: int = 0
    precision: str = ""
    probe: dict[str, Any] | None = None

    @property
    def plan(self) -> TrainingPlan:
        """The size of the training."""
        return TrainingPlan(self.epochs, self.batches_per_epoch, self.n_train, self.n_validation, self.precision)


@dataclass(frozen=True, kw_only=True)
class ResumedEvent(Event):
    """The training continues after `step` batches: after a pause, or, with its sizes, in a new worker."""

    name = EventName.RESUMED
    step: int
    epochs: int | None = None
    batches_per_epoch: int | None = None
    n_train: int | None = None
    n_validation: int | None = None
    precision: str | None = None

    @property
    def plan(self) -> TrainingPlan | None:
        """The size of the training if a new worker continues it; None after a pause."""
        if self.epochs is None or self.batches_per_epoch is None:
            return None
        return TrainingPlan(
            self.epochs, self.batches_per_epoch, self.n_train or 0, self.n_validation or 0, self.precision or ""
        )


@dataclass(frozen=True, kw_only=True)
class PausedEvent(Event):
    """The training is paused after `step` batches."""

    name = EventName.PAUSED
    step: int


@dataclass(frozen=True, kw_only=True)
class BatchEvent(Event):
    """One batch was trained; `step` counts from 1, `seconds` is the training time so far, without pauses."""

    name = EventName.BATCH
    step: int
    epoch: int = 0
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class EpochEvent(Event):
    """An epoch ended or was cut short, and was validated; `loss` and `accuracy` are means over its `images`."""

    name = EventName.EPOCH
    epoch: int
    step: int
    images: int = 0
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float
    val_accuracy: float
    seconds: float = 0.0
    rate_factor: float = 1.0
    checkpoint: str | None = None
    probe: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class SetEvent(Event):
    """A user set the learning rate after `step` batches; from now on, `rate_factor` scales the schedule."""

    name = EventName.SET
    step: int
    learning_rate: float
    rate_factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class StoppedEvent(Event):
    """The training ended before its last epoch, because of a command or early stopping."""

    name = EventName.STOPPED
    step: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class InterruptedEvent(Event):
    """The training was interrupted and can be resumed, from `checkpoint` if one was saved.

    The app writes this event for a worker that was killed.
    """

    name = EventName.INTERRUPTED
    step: int | None = None
    seconds: float = 0.0
    rate_factor: float = 1.0
    checkpoint: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class FailedEvent(Event):
    """The training failed and can't be continued; `reason` explains why."""

    name = EventName.FAILED
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FinishedEvent(Event):
    """The final network was exported and scored on the test set; run.json exists. `status` is finished or stopped."""

    name = EventName.FINISHED
    status: str = RunState.FINISHED
    accuracy: float
    loss: float
    kept_epoch: int


EVENTS: dict[EventName, type[Event]] = {
    kind.name: kind
    for kind in (
        LoadingEvent,
        DownloadingEvent,
        DrawingEvent,
        StartedEvent,
        ResumedEvent,
        PausedEvent,
        BatchEvent,
        EpochEvent,
        SetEvent,
        StoppedEvent,
        InterruptedEvent,
        FailedEvent,
        FinishedEvent,
    )
}


def _field_types(kind: type[Event]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


_TYPES = {name: _field_types(kind) for name, kind in EVENTS.items()}


def parse_event(line: str | bytes) -> Event | None:
    """Return the event of one line; None if the line is broken, the event is unknown, or a field is missing.

    Unknown fields are ignored, because later versions may add some.

    >>> parse_event('{"event": "paused", "step": 12}')
    PausedEvent(time='', step=12)
    >>> parse_event('{"event": "paused", "step": NaN}') is None
    True
    """
    try:
        values = json.loads(line, parse_constant=_reject_constant)
        name = EventName(values["event"])
        known = ((field, wanted, _KEYS.get(field, field)) for field, wanted in _TYPES[name].items())
        return EVENTS[name](**{field: _converted(values[key], wanted) for field, wanted, key in known if key in values})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _converted(value: Any, wanted: Any) -> Any:
    """Return a JSON value as the type that a field declares. Raises TypeError or ValueError if it doesn't fit."""
    if isinstance(wanted, UnionType):
        if value is None and NoneType in get_args(wanted):
            return None
        wanted = next(option for option in get_args(wanted) if option is not NoneType)
    wanted = get_origin(wanted) or wanted
    if wanted in (int, float) and not isinstance(value, bool) and isinstance(value, int | float):
        # NaN fails the comparison, and math.isfinite would raise an error for an integer of 400 digits.
        if not abs(value) <= _LARGEST or (wanted is int and value != int(value)):
            raise ValueError(f"{value} is out of range")
        return wanted(value)
    if not isinstance(value, wanted) or wanted in (int, float):
        raise TypeError(f"{value!r} is not {wanted.__name__}")
    return readable(value[:_LONGEST]) if isinstance(value, str) else value


class EventLog:
    """Appends events to a file and flushes after each one, so that readers see it immediately."""

    def __init__(self, path: Path):
        """Open the file; if an earlier writer left a half-written line, end that line first."""
        broken = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if broken:
            self._file.write("\n")

    def write(self, event: Event) -> None:
        """Append one event with the current time. Raises ValueError for a number that isn't finite."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps(replace(event, time=stamp).to_dict(), allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; can be called twice. An event that couldn't be written has been reported by `write`."""
        with suppress(OSError):
            self._file.close()


_BEGIN, _END = "<!-- events: begin (python -m model.runs.events docs/run-folder.md) -->", "<!-- events: end -->"


def markdown_table() -> str:
    """Return a Markdown table of all events: name, fields with their types, meaning."""
    rows = [
        f"| `{name}` | {', '.join(_field_text(name, field) for field in _TYPES[name] if field != 'time')} | "
        f"{' '.join((kind.__doc__ or '').split())} |"
        for name, kind in EVENTS.items()
    ]
    return "\n".join(["| event | fields | meaning |", "|---|---|---|", *rows])


def _field_text(event: EventName, name: str) -> str:
    wanted = _TYPES[event][name]
    shown = (
        next(option for option in get_args(wanted) if option is not NoneType)
        if isinstance(wanted, UnionType)
        else wanted
    )
    field = EVENTS[event].__dataclass_fields__[name]
    optional = "" if field.default is MISSING else ", optional"
    return f"`{_KEYS.get(name, name)}` ({(get_origin(shown) or shown).__name__}{optional})"


def update_table(document: str) -> str:
    """Return a Markdown document with the table of events between its two markers updated."""
    before, rest = document.split(_BEGIN)
    after = rest.split(_END)[1]
    return f"{before}{_BEGIN}\n{markdown_table()}\n{_END}{after}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(update_table(file.read_text(encoding="utf-8")), encoding="utf-8")
