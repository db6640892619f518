"""One run folder: its settings, state, curves and files. Each part is read when it is first used.

A run that finished, or was stopped and saved, is a `FinishedRun`: it always has metrics, a network and a dataset.
Knows files; knows nothing of processes, Keras or pages. The layout of a run folder is described in docs/run-folder.md.
"""

import json
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.plain_text import is_id
from model.results import NO_DIGIT, Calibration, Checkpoint, Metrics, Predictions
from model.runs import metadata
from model.runs.curves import EventReader, History
from model.runs.events import DownloadingEvent, DrawingEvent, InterruptedEvent, LoadingEvent, RunState
from model.runs.manifest import DatasetInfo, Manifest, RunDescription, TrainingOutcome
from model.runs.metadata import RunMetadata

FINE_TUNING_DRAWINGS = "lessons.jsonl"  # in the folder of a run that is fine-tuned on a visitor's drawings
# A worker touches its event file every second; if ten seconds pass without that, it has died.
_SILENCE_S = 10.0
_DIGITS = tuple("0123456789")
_INK_SHAPE = (28, 28, 1)


@dataclass(frozen=True)
class Run:
    """One run folder, in any state. Open it with `open_run` or a `RunStore`, which check it."""

    path: Path
    shipped: bool = False  # comes with the app: never changed or deleted

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """The folder with the networks of single epochs."""
        return self.path / "checkpoints"

    @property
    def network(self) -> Path:
        """The file of the final network in LiteRT format. Raises RunError if there is none yet."""
        path = self.path / "model.tflite"
        if not path.exists():
            raise _no_network(self)
        return path

    @cached_property
    def description(self) -> RunDescription:
        """The contents of config.json. Raises RunError if the file is missing or broken."""
        values = _read_json(self.path / "config.json", self.id)
        try:
            return RunDescription.from_dict(values)
        except ConfigError as error:
            raise RunError("The settings of run {run} can't be read: {error}", run=self.id, error=error) from error
        except ValueError as error:
            raise _unreadable("config.json", self.id, error) from error

    @property
    def config(self) -> TrainingConfig:
        """The settings of the training. Raises RunError if they can't be read."""
        return self.description.config

    @cached_property
    def manifest(self) -> Manifest | None:
        """The contents of run.json; None if the run isn't complete. Raises RunError if the file is broken."""
        path = self.path / "run.json"
        try:
            modified = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        return _manifest(path, self.id, modified)

    @property
    def reason(self) -> str:
        """Why the run failed or ended early; empty otherwise."""
        return self.manifest.reason if self.manifest else ""

    @property
    def metadata(self) -> RunMetadata:
        """The name, note and owner of the run, read from the file on every access; empty texts if there are none."""
        return metadata.read(self.path)

    @property
    def event_reader(self) -> EventReader:
        """The reader of the event file, shared by everyone who opens this run."""
        return _event_reader(self.path)

    def history(self) -> History:
        """Return the curves so far."""
        return self.event_reader.read()

    def state(self, alive: bool | None = None) -> RunState:
        """Return the state. It is never `queued`, because only the job manager knows the queue.

        Pass `alive` if you know whether the worker is running; otherwise, its heartbeat decides.
        """
        if self.manifest:
            return self.manifest.state
        history = self.history()
        if alive is None:
            alive = not isinstance(history.last, InterruptedEvent) and self._has_heartbeat()
        if not alive:
            # The run may have been completed after it was opened.
            is_complete = (self.path / "run.json").exists()
            return Run(self.path, self.shipped).state(alive) if is_complete else RunState.INTERRUPTED
        if isinstance(history.last, None | LoadingEvent | DownloadingEvent | DrawingEvent | InterruptedEvent):
            return RunState.STARTING
        if history.is_ending:
            return RunState.FINISHING
        return RunState.PAUSED if history.paused else RunState.RUNNING

    def _has_heartbeat(self) -> bool:
        # A heartbeat in the future is as old as one in the past: somebody has set the clock back.
        return abs(time.time() - self.last_heartbeat()) < _SILENCE_S

    def last_heartbeat(self) -> float:
        """Return when a worker last touched the event file, in seconds since 1970; 0 if it is missing."""
        try:
            return (self.path / "events.jsonl").stat().st_mtime
        except OSError:
            return 0.0

    def latest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint to resume from; None means that the training starts from the beginning."""
        return next(iter(self.usable_checkpoints()), None)

    def usable_checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints to resume from, newest first; a file can still turn out to be damaged inside."""
        # A .keras file is a zip file; if it was cut short, it isn't one.
        usable = [
            (event.step, event, self.checkpoints / event.checkpoint)
            for event in self.event_reader.checkpoints()
            if event.step is not None and is_id(event.checkpoint) and is_zipfile(self.checkpoints / event.checkpoint)
        ]
        epochs = self.history().epochs
        return [
            Checkpoint(
                step=step,
                checkpoint=file,
                seconds=event.seconds,
                rate_factor=event.rate_factor,
                validation_losses={epoch.epoch: epoch.val_loss for epoch in epochs if epoch.step <= step},
            )
            for step, event, file in sorted(usable, key=lambda checkpoint: checkpoint[0], reverse=True)
        ]


@dataclass(frozen=True)
class FinishedRun(Run):
    """A run that finished, or was stopped and saved: everything about its network is known."""

    outcome: TrainingOutcome = field(kw_only=True, compare=False, repr=False)
    dataset: DatasetInfo = field(kw_only=True, compare=False, repr=False)

    @property
    def metrics(self) -> Metrics:
        """The figures of the final network on the test set."""
        return self.outcome.metrics

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights the final network has."""
        return self.outcome.kept_epoch

    @property
    def calibration(self) -> Calibration:
        """The calibration of the network; `UNCALIBRATED` if it was trained without drawings."""
        return self.outcome.calibration

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes in its test set."""
        return self.metrics.class_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of its output classes: those of its test set, and "no digit" if it was trained on drawings."""
        return self.class_names + (NO_DIGIT,) * self.config.drawings

    @property
    def reads_digits(self) -> bool:
        """Whether it reads drawings: it classifies grey 28x28 images as 0 to 9, perhaps also as "no digit"."""
        return self.dataset.image_shape == _INK_SHAPE and self.class_names == _DIGITS

    def predictions(self) -> Predictions:
        """Return labels and probabilities on the test set. Raises RunError if the file is missing or broken."""
        file = self.path / "evaluation.npz"
        try:
            if file.exists() and not is_zipfile(file):
                raise ValueError("it isn't an .npz file")  # NumPy would explain pickles instead
            with np.load(file, allow_pickle=False) as stored:
                predictions = Predictions(stored["labels"].astype(np.int64), stored["probabilities"])
            _check_predictions(predictions, self.metrics)
        except Exception as error:  # a damaged archive raises almost any error: zip, zlib, tokenizer, NotImplemented
            raise RunError(
                "evaluation.npz of run {run} can't be read ({reason}). Train it again or choose another run.",
                run=self.id,
                reason=str(error) or type(error).__name__,
            ) from error
        return predictions


def open_run(path: Path, shipped: bool = False) -> Run:
    """Return the run in a folder, a `FinishedRun` if it has finished. Raises RunError if it is damaged."""
    run = Run(path, shipped)
    description, manifest = run.description, run.manifest
    if manifest is None or manifest.outcome is None:
        return run
    if description.dataset is None:
        raise _unreadable("config.json", run.id, "dataset is missing")
    _check_network(run, manifest.outcome.network_bytes)
    return FinishedRun(path, shipped, outcome=manifest.outcome, dataset=description.dataset)


def _check_network(run: Run, expected: int) -> None:
    """Raise RunError if model.tflite has been cut; a missing file is reported when it is used."""
    path = run.path / "model.tflite"
    if expected and path.is_file() and (size := path.stat().st_size) != expected:
        raise _unreadable(path.name, run.id, f"it has {size:,} of {expected:,} bytes")


def require_finished(run: Run) -> FinishedRun:
    """Return the run if it has finished. Raises RunError if it hasn't."""
    if isinstance(run, FinishedRun):
        return run
    raise _no_network(run)


def _no_network(run: Run) -> RunError:
    return RunError("Run {run} has no network yet. Wait until it has finished, or choose another run.", run=run.id)


def not_writable(run_id: str, error: OSError) -> RunError:
    """Return the error for a run whose folder can't be written."""
    return RunError(
        "Run {run} can't be trained: {reason}. Free some space, or make its folder writable.",
        run=run_id,
        reason=error.strerror or str(error),
    )


def _unreadable(file: str, run_id: str, reason: object) -> RunError:
    return RunError(
        "{file} of run {run} can't be read: {reason}. Restore the file, or delete the run.",
        file=file,
        run=run_id,
        reason=str(reason),
    )


def _check_predictions(predictions: Predictions, metrics: Metrics) -> None:
    n, n_classes = metrics.n, len(metrics.classes)
    labels, probabilities = predictions.labels, predictions.probabilities
    if labels.shape != (n,) or probabilities.shape != (n, n_classes) or probabilities.dtype.kind != "f":
        raise ValueError(f"labels {labels.shape} and probabilities {probabilities.shape} don't match {n} test images")
    if n and not (labels.min() >= 0 and labels.max() < n_classes and np.isfinite(probabilities).all()):
        raise ValueError("a label or a probability is out of range")


@lru_cache(maxsize=64)
def _event_reader(path: Path) -> EventReader:
    return EventReader(path / "events.jsonl")


# Every list of runs shows the figures of each, and a run that diverged has thousands of mistakes in its manifest.
@lru_cache(maxsize=512)
def _manifest(path: Path, run_id: str, modified: int) -> Manifest:
    values = _read_json(path, run_id)
    try:
        return Manifest.from_dict(values)
    except ValueError as error:
        raise _unreadable("run.json", run_id, error) from error


def _read_json(path: Path, run_id: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path.name, run_id, error) from error
