"""The run store: create, list, open and delete runs."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

from model.config import TrainingConfig
from model.errors import DigitLabError, RunError
from model.messages import N_, Message
from model.plain_text import is_id, readable
from model.runs import continuation
from model.runs.atomic_files import write_json
from model.runs.manifest import RunDescription
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.metadata import write as write_metadata
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun, Run, open_run, require_finished

SHIPPED = Path(__file__).parent.parent / "pretrained"
DEFAULT_RUN = "deep"  # used if no run is chosen
CLASSROOM_RUN = "dense-128-dropout"  # the network of the classroom exercise
LESSON_RUNS = ("lesson-good", "lesson-augmented", "lesson-overfitted")  # small networks for the Learn page
_MAX_SHOWN = 80  # characters of the name of a folder that isn't a run


@dataclass(frozen=True)
class DamagedRun:
    """A folder in the run store that can't be read as a run."""

    id: str
    reason: Message | str  # a str is a constant marked by `N_`


_NOT_AN_ID = N_(
    "The name of its folder isn't the id of a run. Rename it: up to 81 letters, digits, dots, dashes and underscores."
)

Listing = tuple[list[Run], list[DamagedRun]]


class RunStore:
    """All runs in two folders: those trained here, and those that come with the app."""

    def __init__(self, home: Path | None = None, shipped: Path = SHIPPED):
        """Use `home`, or the folder in DIGIT_LAB_HOME, or runs/ next to app.py."""
        default_home = Path(__file__).parent.parent.parent / "runs"
        self.home = home or Path(os.environ.get("DIGIT_LAB_HOME") or default_home).expanduser()
        self.shipped = shipped

    def create(self, config: TrainingConfig, metadata: RunMetadata = NO_METADATA, drawings: str = "") -> Run:
        """Create a run folder with its settings; the id consists of the time and the preset.

        `drawings` are lines of labelled drawings for fine-tuning: see `drawings.fine_tuning`.
        """
        return self._new(RunDescription(config), metadata, fill=lambda folder: _write_drawings(folder, drawings))

    def extend(self, run: Run, epochs: int, metadata: RunMetadata = NO_METADATA) -> Run:
        """Create a run that continues a complete one for `epochs` more epochs; a worker can then resume it.

        The old run doesn't change. Raises RunError if it can't be continued: see `continuation.continued_config`.
        """
        old = self.open(run.id)  # `run` may have been opened before it was complete
        description = replace(old.description, config=continuation.continued_config(old, epochs), extends=old.id)
        return self._new(description, metadata, lambda folder: continuation.copy_history(old, folder))

    def set_metadata(self, run_id: str, new: RunMetadata) -> None:
        """Replace the metadata of a run. Raises RunError for a shipped or missing run, or if it can't be written."""
        self._check_own(run_id)
        try:
            write_metadata(self.home / run_id, new)
        except OSError as error:
            raise RunError(
                "The name and note of run {run} can't be saved: {reason}. Make its folder writable, and try again.",
                run=run_id,
                reason=error.strerror,
            ) from error

    def _new(
        self,
        description: RunDescription,
        metadata: RunMetadata,
        fill: Callable[[Path], None] = lambda folder: None,
    ) -> Run:
        stamp = datetime.now(UTC)
        base = f"{stamp:%Y%m%d-%H%M%S}-{description.config.preset}"
        description = replace(description, created=stamp.isoformat(timespec="seconds"))
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            return Run(self._create(base, description, metadata, fill))
        except OSError as error:
            raise RunError(
                "No run can be saved in {folder}: {reason}. Free some space, make the folder writable, or set "
                "DIGIT_LAB_HOME to another folder.",
                folder=self.home,
                reason=error.strerror,
            ) from error

    def _create(
        self, base: str, description: RunDescription, metadata: RunMetadata, fill: Callable[[Path], None]
    ) -> Path:
        """Create the folder under a hidden name and rename it, so that nothing ever sees it incomplete."""
        names = (base if number == 1 else f"{base}-{number}" for number in count(1))
        path = next(self.home / name for name in names if not (self.home / name).exists())
        aside = self.home / f".{path.name}-{uuid4().hex[:8]}"
        try:
            (aside / "checkpoints").mkdir(parents=True)
            write_json(aside / "config.json", description.to_dict())
            if metadata != NO_METADATA:
                write_metadata(aside, metadata)
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

    def list(self) -> Listing:
        """Return the readable runs, newest first and shipped ones last, and the damaged runs with the reasons.

        The runs of the lesson come after all others.
        """
        runs: list[Run] = []
        damaged: list[DamagedRun] = []
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            for path in _run_folders(folder):
                if not is_id(path.name):
                    damaged.append(DamagedRun(readable(path.name)[:_MAX_SHOWN], _NOT_AN_ID))
                    continue
                try:
                    runs.append(open_run(path, shipped))
                except DigitLabError as error:
                    if path.is_dir():  # otherwise it was deleted just now
                        damaged.append(DamagedRun(path.name, error.message))
        return sorted(runs, key=lambda run: run.shipped and run.id in LESSON_RUNS), damaged

    def open(self, run_id: str) -> Run:
        """Return a run by its id. Raises RunError if it doesn't exist or is damaged."""
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            if is_id(run_id) and (folder / run_id).is_dir():
                return open_run(folder / run_id, shipped)
        raise _missing(run_id)

    def open_finished(self, run_id: str) -> FinishedRun:
        """Return a finished run by its id. Raises RunError if it isn't one."""
        return require_finished(self.open(run_id))

    def delete(self, run_id: str) -> None:
        """Delete a run, damaged or not. Raises RunError for a shipped or missing run, or if the deletion fails.

        The folder is renamed first: a process that is still training the run ends instead of writing into it.
        """
        self._check_own(run_id)
        path, aside = self.home / run_id, self.home / f".{run_id}-{uuid4().hex[:8]}"
        try:
            path.rename(aside)
            try:
                shutil.rmtree(aside)
            except OSError:
                aside.rename(path)  # what is left stays visible, and can be deleted again
                raise
        except OSError as error:
            raise RunError(
                "Run {run} can't be deleted: {reason}. Close all programs that use its folder, and try again.",
                run=run_id,
                reason=error.strerror,
            ) from error

    def _check_own(self, run_id: str) -> None:
        if is_id(run_id) and (self.home / run_id).is_dir():
            return
        if is_id(run_id) and (self.shipped / run_id).is_dir():
            raise RunError("Run {run} comes with Digit Lab and can't be changed. Choose one of your own.", run=run_id)
        raise _missing(run_id)


def _run_folders(folder: Path) -> list[Path]:
    """Return the folders of runs, newest first; none for a folder that is missing or can't be read."""
    try:
        paths = sorted(folder.iterdir(), reverse=True)
        return [path for path in paths if path.is_dir() and not path.name.startswith((".", "_"))]
    except OSError:
        return []


def _write_drawings(folder: Path, lines: str) -> None:
    if lines:
        (folder / FINE_TUNING_DRAWINGS).write_text(lines, encoding="utf-8")


def _missing(run_id: str) -> RunError:
    """Return the error for an unknown run. An impossible id may come from a crafted link, so no page repeats it."""
    if not is_id(run_id):
        return RunError("This run doesn't exist. Choose one listed by `python -m model runs`.")
    return RunError("Run {run} doesn't exist. Choose one listed by `python -m model runs`.", run=run_id)
