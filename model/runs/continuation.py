"""Continues a complete run for more epochs: settings, history and checkpoints of the new run."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.messages import Term
from model.runs.events import EpochEvent, EventLog, InterruptedEvent, parse_event
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun, Run


def continued_config(run: Run, epochs: int) -> TrainingConfig:
    """Return the settings that continue a complete run for `epochs` more epochs, at least 1, without early stopping.

    Epochs are counted from the start of the run; an epoch that was cut short is finished first and doesn't count. A
    schedule is stretched over all epochs, so a learning rate that had fallen rises again. Raises RunError if the run
    is incomplete, failed, has no checkpoint to resume from, or would exceed 1,000 epochs.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise RunError("The number of epochs to add must be a whole number of at least 1, got {value}.", value=epochs)
    if not isinstance(run, FinishedRun):
        raise RunError(
            "Only a run that has finished or was stopped can be continued, but {run} is {state}. Choose another run.",
            run=run.id,
            state=Term(run.state()),
        )
    done = run.outcome.epochs
    if done and not run.latest_checkpoint():
        raise RunError(
            "Run {run} can't be continued, because it has no checkpoint (.keras file). Start a new training with its "
            "settings.",
            run=run.id,
        )
    try:
        return replace(run.config, epochs=done + epochs, patience=0)
    except ConfigError as error:
        raise RunError(
            "Run {run} has {done} epochs and can't get {epochs} more: the most is 1000 in all. Choose fewer.",
            run=run.id,
            done=done,
            epochs=epochs,
        ) from error


def copy_history(run: Run, folder: Path) -> None:
    """Copy the run's events up to its last epoch, its checkpoints and drawings into a new folder. Raises OSError."""
    events = run.path / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True) if events.exists() else []
    ends = [number for number, line in enumerate(lines, start=1) if isinstance(parse_event(line), EpochEvent)]
    (folder / "events.jsonl").write_bytes(b"".join(lines[: max(ends, default=0)]))
    # Without this event the curve would look complete, and the run would seem to be finishing.
    log = EventLog(folder / "events.jsonl")
    log.write(InterruptedEvent(reason=f"This run continues {run.id}."))
    log.close()
    drawings = run.path / FINE_TUNING_DRAWINGS
    if drawings.exists():
        _link(drawings, folder / drawings.name)
    for path in run.checkpoints.glob("*"):
        if path.is_file() and not path.name.startswith("."):  # half-written files would be changed in both folders
            _link(path, folder / "checkpoints" / path.name)


def _link(path: Path, to: Path) -> None:
    """Create a hard link, which takes no space. Files are replaced and never changed, so the runs stay independent."""
    try:
        os.link(path, to)
    except OSError:  # this file system has no hard links
        shutil.copyfile(path, to)
