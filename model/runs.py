"""The run store: create, list, open and delete runs. A run is a folder; what is read here is what it holds.

Knows files and records; knows nothing of processes, Keras or pages. Layout of a run folder: README, "The run folder".
"""

import json
import os
import re
import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import BadZipFile, is_zipfile

import numpy as np

from model import extension, labels
from model.errors import ConfigError, DigitLabError, RunError
from model.files import write_json
from model.history import Follower
from model.labels import NO_LABEL, Label
from model.records import Evaluation, Metrics, Resumption, TrainingConfig

SHIPPED = Path(__file__).parent / "pretrained"
DEFAULT_RUN = "deep"  # used where none was chosen
LESSONS = "lessons.jsonl"  # in the folder of a run that was taught a person's drawings: see `lessons`
CLASSROOM_RUN = "dense-128-dropout"  # the exercise as it is taught
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
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
    def label(self) -> Label:
        """Return the name, the note and who may steer; read anew each time, and empty where nobody gave one."""
        return labels.read(self.path)

    @property
    def reject_above(self) -> float | None:
        """Return the doubt above which the network refuses a drawing, or None where the run has no such threshold."""
        calibration = (self.manifest or {}).get("calibration") or {}
        return calibration.get("reject_above")

    @property
    def follower(self) -> Follower:
        """Return the reader of the events; everybody who opens this run gets the same one."""
        return _follower(self.path)

    def evaluation(self) -> Evaluation:
        """Return labels and probabilities on the test set. Raises RunError where they are missing or broken."""
        try:
            with np.load(self.path / "evaluation.npz", allow_pickle=False) as stored:
                return Evaluation(stored["labels"].astype(np.int64), stored["probabilities"])
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
        history = self.follower.read()
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
        return time.time() - self.last_sign_of_life() < _SILENCE_S

    def last_sign_of_life(self) -> float:
        """Return when a worker last touched the events, in seconds since 1970; 0 where none ever did."""
        try:
            return (self.path / "events.jsonl").stat().st_mtime
        except OSError:
            return 0.0

    def resumption(self) -> Resumption | None:
        """Return the newest checkpoint to go on from; None means to start from the beginning."""
        # A .keras file is a zip; one that was cut is not, and the one before it will do.
        usable = [e for e in self.follower.checkpoints() if is_zipfile(self.checkpoints / str(e.get("checkpoint")))]
        if not usable:
            return None
        newest = max(usable, key=lambda event: event["step"])
        losses = {e["epoch"]: e["val_loss"] for e in self.follower.read().epochs if e["step"] <= newest["step"]}
        return Resumption(
            step=newest["step"],
            checkpoint=self.checkpoints / newest["checkpoint"],
            seconds=newest.get("seconds", 0.0),
            rate_factor=newest.get("rate_factor", 1.0),
            validation_losses=losses,
        )


@lru_cache(maxsize=64)
def _follower(path: Path) -> Follower:
    return Follower(path / "events.jsonl")


@dataclass(frozen=True)
class Damaged:
    """A folder that should be a run and can't be read."""

    id: str
    reason: str


class RunStore:
    """All runs below two folders: the person's own, and those that come with the app."""

    def __init__(self, home: Path | None = None, shipped: Path = SHIPPED):
        """Take `home` or the folder that DIGIT_LAB_HOME names, by default runs/ beside app.py."""
        beside_app = Path(__file__).parent.parent / "runs"
        self.home = home or Path(os.environ.get("DIGIT_LAB_HOME") or beside_app).expanduser()
        self.shipped = shipped

    def create(self, config: TrainingConfig, label: Label = NO_LABEL, lessons: str = "") -> Run:
        """Make a new run folder with its settings; the id tells time and preset.

        `lessons` are the lines of drawings that it shall be taught: see `lessons.join`.
        """
        return self._new(config, label, fill=lambda folder: _write_lessons(folder, lessons))

    def extend(self, run: Run, epochs: int, label: Label = NO_LABEL) -> Run:
        """Make a new run that goes on where a complete one ended, for `epochs` more; a worker then resumes it.

        The old run stays as it is. Raises RunError where it can't be gone on with: see `extension.settings`.
        """
        old = self.open(run.id)  # as it is now: `run` may have been opened before it was complete
        config = extension.settings(old, epochs)
        inherited = old.description | {"extends": old.id}
        return self._new(config, label, inherited, lambda folder: extension.carry_over(old, folder))

    def set_label(self, run_id: str, label: Label) -> None:
        """Give one of the person's own runs another label. Raises RunError for any other run."""
        self._check_own(run_id, "be labelled")
        try:
            labels.write(self.home / run_id, label)
        except OSError as error:
            raise RunError(
                f"The label of run {run_id} can't be kept ({error.strerror}); expected a folder that can be written to."
            ) from error

    def _new(
        self,
        config: TrainingConfig,
        label: Label,
        inherited: dict[str, Any] | None = None,
        fill: Callable[[Path], None] = lambda folder: None,
    ) -> Run:
        stamp = datetime.now(UTC)
        base = f"{stamp:%Y%m%d-%H%M%S}-{config.preset}"
        description = {"created": stamp.isoformat(timespec="seconds"), "config": config.to_dict()}
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            return Run(self._create(base, (inherited or {}) | description, label, fill))
        except OSError as error:
            raise RunError(
                f"No run can be kept in {self.home} ({error.strerror}); expected a folder that can be written to, so "
                "make room there or name another in DIGIT_LAB_HOME."
            ) from error

    def _create(self, base: str, description: dict[str, Any], label: Label, fill: Callable[[Path], None]) -> Path:
        """Make the folder under a hidden name, so that nobody sees it half made."""
        names = (base if number == 1 else f"{base}-{number}" for number in count(1))
        path = next(self.home / name for name in names if not (self.home / name).exists())
        aside = self.home / f".{path.name}-{uuid4().hex[:8]}"
        try:
            (aside / "checkpoints").mkdir(parents=True)
            write_json(aside / "config.json", description)
            if label != NO_LABEL:
                labels.write(aside, label)
            fill(aside)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        while True:
            try:
                return aside.rename(path)
            except OSError:
                if not path.exists():
                    raise
                path = next(self.home / name for name in names if not (self.home / name).exists())

    def list(self) -> tuple[list[Run], list[Damaged]]:
        """Return the readable runs, newest first and the shipped ones last, and the damaged ones with a reason."""
        runs, damaged = [], []
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
                if not path.is_dir() or path.name.startswith((".", "_")):
                    continue
                try:
                    runs.append(_checked(Run(path, shipped)))
                except DigitLabError as error:
                    damaged.append(Damaged(path.name, str(error)))
        return runs, damaged

    def open(self, run_id: str) -> Run:
        """Return one run by its id. Raises RunError where there is none or it is damaged."""
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            if _ID.fullmatch(run_id) and (folder / run_id).is_dir():
                return _checked(Run(folder / run_id, shipped))
        raise RunError(f"{_named(run_id)} does not exist here; expected one that `python -m model runs` lists.")

    def delete(self, run_id: str) -> None:
        """Delete one of the person's own runs, damaged ones too. Raises RunError for any other, and where it fails."""
        self._check_own(run_id, "be deleted")
        try:
            shutil.rmtree(self.home / run_id)
        except OSError as error:
            raise RunError(
                f"Run {run_id} can't be deleted ({error.strerror}); expected a folder that nothing else holds open, so "
                "try again in a moment."
            ) from error

    def _check_own(self, run_id: str, what: str) -> None:
        if not _ID.fullmatch(run_id) or not (self.home / run_id).is_dir():
            raise RunError(f"{_named(run_id)} can't {what}; expected one of your own, and shipped runs stay.")


def _write_lessons(folder: Path, lines: str) -> None:
    if lines:
        (folder / LESSONS).write_text(lines, encoding="utf-8")


def _checked(run: Run) -> Run:
    """Read what every view of a run needs, so that damage is found here and not in the middle of a page."""
    run.config, run.metrics  # noqa: B018 - reading them is the check
    return run


def _named(run_id: str) -> str:
    """Name a run in a sentence; what can't be an id comes from an address and is not repeated on a page."""
    return f"Run {run_id}" if _ID.fullmatch(run_id) else "A run of that name"


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
