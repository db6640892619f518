"""The run store: create, list, open and delete runs."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

from model.config import TrainingConfig
from model.errors import DigitLabError, RunError
from model.runs import continuation
from model.runs.atomic_files import write_json
from model.runs.manifest import RunDescription
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.metadata import write as write_metadata
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun, Run, open_run, require_finished

SHIPPED = Path(__file__).parent.parent / "pretrained"
DEFAULT_RUN = "deep"  # used where none was chosen
CLASSROOM_RUN = "dense-128-dropout"  # the exercise as it is taught
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True)
class DamagedRun:
    """A folder that should be a run and can't be read."""

    id: str
    reason: str


Listing = tuple[list[Run], list[DamagedRun]]


class RunStore:
    """All runs below two folders: the person's own, and those that come with the app."""

    def __init__(self, home: Path | None = None, shipped: Path = SHIPPED):
        """Take `home` or the folder that DIGIT_LAB_HOME names, by default runs/ beside app.py."""
        beside_app = Path(__file__).parent.parent.parent / "runs"
        self.home = home or Path(os.environ.get("DIGIT_LAB_HOME") or beside_app).expanduser()
        self.shipped = shipped

    def create(self, config: TrainingConfig, metadata: RunMetadata = NO_METADATA, drawings: str = "") -> Run:
        """Make a new run folder with its settings; the id tells time and preset.

        `drawings` are the lines of labelled drawings that it is fine-tuned on: see `drawings.fine_tuning`.
        """
        return self._new(RunDescription(config), metadata, fill=lambda folder: _write_drawings(folder, drawings))

    def extend(self, run: Run, epochs: int, metadata: RunMetadata = NO_METADATA) -> Run:
        """Make a new run that continues a complete one for `epochs` more; a worker then resumes it.

        The old run stays as it is. Raises RunError where it can't be continued: see `continuation.continued_config`.
        """
        old = self.open(run.id)  # as it is now: `run` may have been opened before it was complete
        description = replace(old.description, config=continuation.continued_config(old, epochs), extends=old.id)
        return self._new(description, metadata, lambda folder: continuation.copy_history(old, folder))

    def set_metadata(self, run_id: str, new: RunMetadata) -> None:
        """Give one of the person's own runs other metadata. Raises RunError for any other run."""
        self._check_own(run_id, "be labelled")
        try:
            write_metadata(self.home / run_id, new)
        except OSError as error:
            raise RunError(
                f"The label of run {run_id} can't be kept ({error.strerror}); expected a folder that can be written to."
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
                f"No run can be kept in {self.home} ({error.strerror}); expected a folder that can be written to, so "
                "make room there or name another in DIGIT_LAB_HOME."
            ) from error

    def _create(
        self, base: str, description: RunDescription, metadata: RunMetadata, fill: Callable[[Path], None]
    ) -> Path:
        """Make the folder under a hidden name, so that nobody sees it half made."""
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
        """Return the readable runs, newest first and the shipped ones last, and the damaged ones with a reason."""
        runs: list[Run] = []
        damaged: list[DamagedRun] = []
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
                if not path.is_dir() or path.name.startswith((".", "_")):
                    continue
                try:
                    runs.append(open_run(path, shipped))
                except DigitLabError as error:
                    damaged.append(DamagedRun(path.name, str(error)))
        return runs, damaged

    def open(self, run_id: str) -> Run:
        """Return one run by its id. Raises RunError where there is none or it is damaged."""
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            if _ID.fullmatch(run_id) and (folder / run_id).is_dir():
                return open_run(folder / run_id, shipped)
        raise RunError(f"{_named(run_id)} does not exist here; expected one that `python -m model runs` lists.")

    def open_finished(self, run_id: str) -> FinishedRun:
        """Return one finished run by its id. Raises RunError for any other."""
        return require_finished(self.open(run_id))

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


def _write_drawings(folder: Path, lines: str) -> None:
    if lines:
        (folder / FINE_TUNING_DRAWINGS).write_text(lines, encoding="utf-8")


def _named(run_id: str) -> str:
    """Name a run in a sentence; what can't be an id comes from an address and is not repeated on a page."""
    return f"Run {run_id}" if _ID.fullmatch(run_id) else "A run of that name"
