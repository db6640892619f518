"""One run folder: its settings, status, figures and files. Each part is read when it is first asked for.

Knows files and dataclasses; knows nothing of processes, Keras or pages.
"""

import json
import time
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.results import Checkpoint, Metrics, Predictions
from model.runs import metadata
from model.runs.curves import EventReader
from model.runs.metadata import RunMetadata

FINE_TUNING_DRAWINGS = "lessons.jsonl"  # in the folder of a run that was taught a person's drawings: see `lessons`
# A worker touches its event file every second; ten without a touch mean that it is gone.
_SILENCE_S = 10.0


@dataclass(frozen=True)
class Run:
    """One run folder. Opening it reads little; each part is read when asked for, once."""

    path: Path
    shipped: bool = False  # comes with the app: never deleted, never written

    @property
    def id(self) -> str:
        """Return the name of the folder."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """Return the folder of the per-epoch networks."""
        return self.path / "checkpoints"

    @property
    def network(self) -> Path:
        """Return the kept network as LiteRT reads it. Raises RunError while there is none."""
        path = self.path / "model.tflite"
        if not path.exists():
            raise RunError(
                f"Run {self.id} has no network yet; expected a finished run, so wait for it or choose another."
            )
        return path

    @cached_property
    def description(self) -> dict[str, Any]:
        """Return config.json. Raises RunError where it is missing or broken."""
        values = _read_json(self.path / "config.json", self.id)
        if not isinstance(values.get("created", ""), str) or not isinstance(values.get("dataset", {}), dict):
            raise RunError(
                f"config.json of run {self.id} came with other fields; expected those that a training writes."
            )
        return values

    @cached_property
    def config(self) -> TrainingConfig:
        """Return the settings of the training. Raises RunError where they can't be read."""
        try:
            return TrainingConfig.from_dict(self.description.get("config"))
        except ConfigError as error:
            raise RunError(f"The settings of run {self.id} can't be read: {error}") from error

    @cached_property
    def manifest(self) -> dict[str, Any] | None:
        """Return run.json, or None while the run is not complete. Raises RunError where it is broken."""
        try:
            written = self._manifest_path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        return _checked_manifest(self._manifest_path, self.id, written)

    @property
    def _manifest_path(self) -> Path:
        return self.path / "run.json"

    @cached_property
    def metrics(self) -> Metrics | None:
        """Return the stored figures on the test set, or None where the run has none."""
        if not (self.manifest or {}).get("figures"):
            return None
        try:
            return _metrics(self._manifest_path, self._manifest_path.stat().st_mtime_ns)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"The figures of run {self.id} can't be read ({error}); expected those of a training, so delete it."
            ) from error

    @property
    def card(self) -> dict[str, Any] | None:
        """Return the model card, or None where nobody wrote one: data, recipe, figures, weaknesses, in words."""
        card = (self.manifest or {}).get("card")
        return card if isinstance(card, dict) else None

    @property
    def label(self) -> RunMetadata:
        """Return the name, the note and who may steer; read anew each time, and empty where nobody gave one."""
        return metadata.read(self.path)

    @property
    def rejection_threshold(self) -> float | None:
        """Return the doubt above which the network refuses a drawing, or None where the run has no such threshold."""
        calibration = (self.manifest or {}).get("calibration") or {}
        return calibration.get("reject_above")

    @property
    def event_reader(self) -> EventReader:
        """Return the reader of the events; everybody who opens this run gets the same one."""
        return _follower(self.path)

    def evaluation(self) -> Predictions:
        """Return labels and probabilities on the test set. Raises RunError where they are missing or broken."""
        try:
            with np.load(self.path / "evaluation.npz", allow_pickle=False) as stored:
                return Predictions(stored["labels"].astype(np.int64), stored["probabilities"])
        except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            raise RunError(
                f"The stored evaluation of run {self.id} can't be read ({error}); expected the evaluation.npz that a "
                "training writes, so train again or choose another run."
            ) from error

    def status(self, alive: bool | None = None) -> str:
        """Return queued, starting, running, paused, finishing, finished, stopped, failed or interrupted.

        `alive` tells whether the worker lives, where the caller knows; otherwise its heartbeat does.
        """
        if self.manifest:
            return self.manifest["status"]
        history = self.event_reader.read()
        last = history.last.get("event")
        if alive is None:
            alive = last != "interrupted" and self._beats()
        if not alive:
            # It may have been completed since this run was opened.
            return "interrupted" if not self._manifest_path.exists() else Run(self.path, self.shipped).status(alive)
        if last in (None, "loading", "downloading", "drawing", "interrupted"):
            return "starting"
        if last in ("stopped", "failed", "finished") or history.complete:
            return "finishing"
        return "paused" if history.paused else "running"

    def _beats(self) -> bool:
        return time.time() - self.last_heartbeat() < _SILENCE_S

    def last_heartbeat(self) -> float:
        """Return when a worker last touched the events, in seconds since 1970; 0 where none ever did."""
        try:
            return (self.path / "events.jsonl").stat().st_mtime
        except OSError:
            return 0.0

    def latest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint to go on from; None means to start from the beginning."""
        # A .keras file is a zip; one that was cut is not, and the one before it will do.
        usable = [e for e in self.event_reader.checkpoints() if is_zipfile(self.checkpoints / str(e.get("checkpoint")))]
        if not usable:
            return None
        newest = max(usable, key=lambda event: event["step"])
        losses = {e["epoch"]: e["val_loss"] for e in self.event_reader.read().epochs if e["step"] <= newest["step"]}
        return Checkpoint(
            step=newest["step"],
            checkpoint=self.checkpoints / newest["checkpoint"],
            seconds=newest.get("seconds", 0.0),
            rate_factor=newest.get("rate_factor", 1.0),
            validation_losses=losses,
        )


@lru_cache(maxsize=64)
def _follower(path: Path) -> EventReader:
    return EventReader(path / "events.jsonl")


# Every list of runs asks each for its figures, and a run that diverged has thousands of mistakes in its manifest.
@lru_cache(maxsize=512)
def _metrics(path: Path, written: int) -> Metrics:
    return Metrics.from_dict(json.loads(path.read_text(encoding="utf-8"))["figures"])


@lru_cache(maxsize=512)
def _checked_manifest(path: Path, run_id: str, written: int) -> dict[str, Any]:
    values = _read_json(path, run_id)
    counts = ("parameters", "kept_epoch", "epochs") if "figures" in values else ()
    complete = all(isinstance(values.get(name), int) for name in counts)
    if values.get("status") not in ("finished", "stopped", "failed") or not complete:
        raise RunError(f"run.json of run {run_id} came with other fields; expected those that a training writes.")
    return values


def _read_json(path: Path, run_id: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path.name} of run {run_id} can't be read ({error}); expected the file a training writes."
        ) from error
    if not isinstance(values, dict):
        raise RunError(f"{path.name} of run {run_id} came as {type(values).__name__}; expected an object.")
    return values
