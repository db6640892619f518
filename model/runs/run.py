"""One run folder: its settings, state, curves and files. Each part is read when it is first asked for.

A run that finished, or was stopped and kept, is a `FinishedRun`: it has metrics, a kept network and a dataset, none of
them Optional. Knows files; knows nothing of processes, Keras or pages. Layout of a run folder: docs/run-folder.md.
"""

import json
import time
import zlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.results import NO_DIGIT, Calibration, Checkpoint, Metrics, Predictions
from model.runs import metadata
from model.runs.curves import EventReader, History
from model.runs.events import DownloadingEvent, DrawingEvent, InterruptedEvent, LoadingEvent, RunState
from model.runs.manifest import DatasetInfo, Manifest, RunDescription, TrainingOutcome
from model.runs.metadata import RunMetadata

FINE_TUNING_DRAWINGS = "lessons.jsonl"  # in the folder of a run that is fine-tuned on a person's drawings
# A worker touches its event file every second; ten without a touch mean that it has died.
_SILENCE_S = 10.0
_DIGITS = tuple("0123456789")
_INK_SHAPE = (28, 28, 1)


@dataclass(frozen=True)
class Run:
    """One run folder, in whatever state. Open it with `open_run` or a `RunStore`, which check it."""

    path: Path
    shipped: bool = False  # comes with the app: never deleted, never written

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """The folder of the per-epoch networks."""
        return self.path / "checkpoints"

    @property
    def network(self) -> Path:
        """The kept network as LiteRT reads it. Raises RunError while there is none."""
        path = self.path / "model.tflite"
        if not path.exists():
            raise RunError(
                f"Run {self.id} has no network yet; expected a finished run, so wait for it or choose another."
            )
        return path

    @cached_property
    def description(self) -> RunDescription:
        """config.json. Raises RunError where it is missing or broken."""
        values = _read_json(self.path / "config.json", self.id)
        try:
            return RunDescription.from_dict(values)
        except ConfigError as error:
            raise RunError(f"The settings of run {self.id} can't be read: {error}") from error
        except ValueError as error:
            raise RunError(
                f"config.json of run {self.id} can't be read ({error}); expected the file that a training writes."
            ) from error

    @property
    def config(self) -> TrainingConfig:
        """The settings of the training. Raises RunError where they can't be read."""
        return self.description.config

    @cached_property
    def manifest(self) -> Manifest | None:
        """run.json, or None while the run is not complete. Raises RunError where it is broken."""
        path = self.path / "run.json"
        try:
            modified = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        return _manifest(path, self.id, modified)

    @property
    def reason(self) -> str:
        """Why the run failed or ended early; empty for any other."""
        return self.manifest.reason if self.manifest else ""

    @property
    def metadata(self) -> RunMetadata:
        """Its name, note and owner, read anew each time; empty where nobody gave one."""
        return metadata.read(self.path)

    @property
    def event_reader(self) -> EventReader:
        """The reader of the events; everybody who opens this run gets the same one."""
        return _event_reader(self.path)

    def history(self) -> History:
        """Return the curves up to now."""
        return self.event_reader.read()

    def state(self, alive: bool | None = None) -> RunState:
        """Return the state, which is never queued: only the job manager knows that.

        `alive` tells whether the worker lives, where the caller knows; otherwise its heartbeat does.
        """
        if self.manifest:
            return self.manifest.state
        history = self.history()
        if alive is None:
            alive = not isinstance(history.last, InterruptedEvent) and self._has_heartbeat()
        if not alive:
            # It may have been completed since this run was opened.
            is_complete = (self.path / "run.json").exists()
            return Run(self.path, self.shipped).state(alive) if is_complete else RunState.INTERRUPTED
        if isinstance(history.last, None | LoadingEvent | DownloadingEvent | DrawingEvent | InterruptedEvent):
            return RunState.STARTING
        if history.is_ending:
            return RunState.FINISHING
        return RunState.PAUSED if history.paused else RunState.RUNNING

    def _has_heartbeat(self) -> bool:
        return time.time() - self.last_heartbeat() < _SILENCE_S

    def last_heartbeat(self) -> float:
        """Return when a worker last touched the events, in seconds since 1970; 0 where none ever did."""
        try:
            return (self.path / "events.jsonl").stat().st_mtime
        except OSError:
            return 0.0

    def latest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint to resume from; None means to start from the beginning."""
        # A .keras file is a zip; one that was cut is not, and the one before it will do.
        usable = [
            (event.step, event, self.checkpoints / event.checkpoint)
            for event in self.event_reader.checkpoints()
            if event.step is not None and event.checkpoint and is_zipfile(self.checkpoints / event.checkpoint)
        ]
        if not usable:
            return None
        step, newest, file = max(usable, key=lambda checkpoint: checkpoint[0])
        return Checkpoint(
            step=step,
            checkpoint=file,
            seconds=newest.seconds,
            rate_factor=newest.rate_factor,
            validation_losses={epoch.epoch: epoch.val_loss for epoch in self.history().epochs if epoch.step <= step},
        )


@dataclass(frozen=True)
class FinishedRun(Run):
    """A run that finished, or was stopped and kept: everything about its network is known."""

    outcome: TrainingOutcome = field(kw_only=True, compare=False, repr=False)
    dataset: DatasetInfo = field(kw_only=True, compare=False, repr=False)

    @property
    def metrics(self) -> Metrics:
        """The figures of the kept network on the test set."""
        return self.outcome.metrics

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights are kept."""
        return self.outcome.kept_epoch

    @property
    def calibration(self) -> Calibration:
        """How it was calibrated; `UNCALIBRATED` for a network that was trained without drawings."""
        return self.outcome.calibration

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of its test set."""
        return self.metrics.class_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """The classes of its output: those of its test set, and "no digit" where it was trained on drawings."""
        return self.class_names + (NO_DIGIT,) * self.config.drawings

    @property
    def reads_digits(self) -> bool:
        """Whether it reads drawings: grey 28x28 images in classes named 0 to 9, and maybe "no digit"."""
        return self.dataset.image_shape == _INK_SHAPE and self.class_names == _DIGITS

    def predictions(self) -> Predictions:
        """Return labels and probabilities on the test set. Raises RunError where they are missing or broken."""
        try:
            with np.load(self.path / "evaluation.npz", allow_pickle=False) as stored:
                predictions = Predictions(stored["labels"].astype(np.int64), stored["probabilities"])
            _check_predictions(predictions, self.metrics)
        except (OSError, KeyError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
            raise RunError(
                f"The stored evaluation of run {self.id} can't be read ({error}); expected the evaluation.npz that a "
                "training writes, so train again or choose another run."
            ) from error
        return predictions


def open_run(path: Path, shipped: bool = False) -> Run:
    """Return the run of a folder, a `FinishedRun` where it is one. Raises RunError where it is damaged."""
    run = Run(path, shipped)
    description, manifest = run.description, run.manifest
    if manifest is None or manifest.outcome is None:
        return run
    if description.dataset is None:
        raise RunError(
            f"config.json of run {run.id} doesn't name its dataset; expected the file that a training writes."
        )
    return FinishedRun(path, shipped, outcome=manifest.outcome, dataset=description.dataset)


def require_finished(run: Run) -> FinishedRun:
    """Return a run that is finished. Raises RunError for any other."""
    if isinstance(run, FinishedRun):
        return run
    raise RunError(f"Run {run.id} has no network yet; expected a finished run, so wait for it or choose another.")


def _check_predictions(predictions: Predictions, metrics: Metrics) -> None:
    n, n_classes = metrics.n, len(metrics.classes)
    labels, probabilities = predictions.labels, predictions.probabilities
    if labels.shape != (n,) or probabilities.shape != (n, n_classes) or probabilities.dtype.kind != "f":
        raise ValueError(f"labels {labels.shape} and probabilities {probabilities.shape} don't fit {n} test images")
    if n and not (labels.min() >= 0 and labels.max() < n_classes and np.isfinite(probabilities).all()):
        raise ValueError("a label or a probability is out of range")


@lru_cache(maxsize=64)
def _event_reader(path: Path) -> EventReader:
    return EventReader(path / "events.jsonl")


# Every list of runs asks each for its figures, and a run that diverged has thousands of mistakes in its manifest.
@lru_cache(maxsize=512)
def _manifest(path: Path, run_id: str, modified: int) -> Manifest:
    values = _read_json(path, run_id)
    try:
        return Manifest.from_dict(values)
    except ValueError as error:
        raise RunError(
            f"run.json of run {run_id} can't be read ({error}); expected the file that a training writes, so delete it."
        ) from error


def _read_json(path: Path, run_id: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path.name} of run {run_id} can't be read ({error}); expected the file a training writes."
        ) from error
