"""Continues a complete run for more epochs: the settings, history and checkpoints that the new run takes over."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.runs.events import EpochEvent, EventLog, InterruptedEvent, parse_event
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun, Run


def continued_config(run: Run, epochs: int) -> TrainingConfig:
    """Return the settings that continue a complete run for `epochs` more, at least 1, without early stopping.

    Epochs are counted from the run's first one; one that was cut short is finished first and does not count. A
    schedule is stretched over all of them, so a learning rate that had fallen rises again. Raises RunError where the
    run is not complete, failed, has no checkpoint to resume from, or would pass 1000 epochs.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise RunError(f"The epochs to add came as {epochs!r}; expected a whole number from 1 on.")
    if not isinstance(run, FinishedRun):
        raise RunError(f"Run {run.id} is {run.state()}; expected one that finished or was stopped, so choose another.")
    done = run.outcome.epochs
    if done and not run.latest_checkpoint():
        raise RunError(
            f"Run {run.id} has no checkpoint any more; expected the .keras file of an epoch to go on from, so start a "
            "new training with its settings."
        )
    try:
        return replace(run.config, epochs=done + epochs, patience=0)
    except ConfigError as error:
        raise RunError(
            f"Run {run.id} has {done} epochs and was to get {epochs} more; expected 1 to 1000 in all, so ask for fewer."
        ) from error


def copy_history(run: Run, folder: Path) -> None:
    """Copy the run's events up to its last epoch, its checkpoints and drawings into a new folder. Raises OSError."""
    events = run.path / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True) if events.exists() else []
    ends = [number for number, line in enumerate(lines, start=1) if isinstance(parse_event(line), EpochEvent)]
    (folder / "events.jsonl").write_bytes(b"".join(lines[: max(ends, default=0)]))
    # Without this event the curve looks complete, and the run as if it were finishing.
    log = EventLog(folder / "events.jsonl")
    log.write(InterruptedEvent(reason=f"This run goes on from {run.id}."))
    log.close()
    drawings = run.path / FINE_TUNING_DRAWINGS
    if drawings.exists():
        _link(drawings, folder / drawings.name)
    for path in run.checkpoints.glob("*"):
        if path.is_file() and not path.name.startswith("."):  # half-written ones would be written on, in both folders
            _link(path, folder / "checkpoints" / path.name)


def _link(path: Path, to: Path) -> None:
    """Give a file a second name, which takes no room; files are replaced and never changed, so neither run can tell."""
    try:
        os.link(path, to)
    except OSError:  # not on this file system
        shutil.copyfile(path, to)
