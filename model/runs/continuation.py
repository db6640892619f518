"""What a run that goes on from a complete one takes over: settings for more epochs, the curve, the checkpoints.

Knows the files of a run folder; knows nothing of how a store names folders or how a worker resumes.
"""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.config import TrainingConfig
from model.errors import ConfigError, RunError
from model.runs.events import EventLog

if TYPE_CHECKING:  # `runs` calls this file
    from model.runs.run import Run


def continued_config(run: "Run", epochs: int) -> TrainingConfig:
    """Return the settings with which a complete run goes on for `epochs` more, at least 1, without early stopping.

    Epochs are counted from the run's first one; one that was cut short is finished first, and does not count. A
    schedule is stretched over all of them, so a rate that had come down is up again. Raises RunError where the run
    is not complete, failed, has no checkpoint to go on from, or would pass 1000 epochs.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise RunError(f"The epochs to add came as {epochs!r}; expected a whole number from 1 on.")
    status = run.status()
    if status not in ("finished", "stopped"):
        raise RunError(f"Run {run.id} is {status}; expected one that finished or was stopped, so choose another.")
    done = run.manifest.get("epochs")
    if not isinstance(done, int) or (done and not run.latest_checkpoint()):
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


def copy_history(run: "Run", folder: Path) -> None:
    """Put the run's events up to its last epoch, its checkpoints and lessons into a new folder. Raises OSError."""
    events = run.path / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True) if events.exists() else []
    ends = [number for number, line in enumerate(lines, start=1) if _is_epoch(line)]
    (folder / "events.jsonl").write_bytes(b"".join(lines[: max(ends, default=0)]))
    # As it stands the curve looks complete; this says that a worker is still to come.
    log = EventLog(folder / "events.jsonl")
    log.write("interrupted", reason=f"This run goes on from {run.id}.")
    log.close()
    lessons = run.path / "lessons.jsonl"
    if lessons.exists():
        _link(lessons, folder / lessons.name)
    for path in run.checkpoints.glob("*"):
        if path.is_file() and not path.name.startswith("."):  # half-written ones would be written on, in both folders
            _link(path, folder / "checkpoints" / path.name)


def _is_epoch(line: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        event = json.loads(line)
        return isinstance(event, dict) and event.get("event") == "epoch"
    return False


def _link(path: Path, to: Path) -> None:
    """Give a file a second name, which takes no room; files are replaced and never changed, so neither run can tell."""
    try:
        os.link(path, to)
    except OSError:  # not on this file system
        shutil.copyfile(path, to)
