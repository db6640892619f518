"""Search folders: one per search, in `_tuning/` among the runs, with its settings beside Optuna's journal.

    _tuning/<id>/search.json     settings, owner, state, versions
                 study.journal   Optuna's own storage: every trial with its values
                 stop            exists once somebody has asked the search to stop
                 .lock           held by the process that runs the search

Knows files; knows nothing of Optuna's contents, runs or pages.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from model.errors import DigitLabError, RunError, SearchError
from model.plain_text import is_id, readable
from model.runs.atomic_files import FolderLock, write_json
from model.runs.metadata import NO_METADATA, RunMetadata
from model.runs.store import RunStore
from model.tuning.settings import TuningSettings

FORMAT = 1
ENDINGS = ("", "finished", "stopped")  # "": it is running, or was interrupted and can be resumed
SHIPPED = Path(__file__).parent / "example"
_FOLDER = "_tuning"  # the store of runs skips names that start with an underscore
_MAX_TEXT = 500  # characters


@dataclass(frozen=True)
class SearchRecord:
    """search.json of one search, and the folder around it."""

    path: Path
    settings: TuningSettings
    created: str = ""  # ISO 8601, UTC
    optuna: str = ""  # version that writes the journal
    owner: RunMetadata = NO_METADATA  # who may stop it
    ended: str = ""  # one of ENDINGS
    reason: str = ""  # why it ended early
    shipped: bool = field(default=False, compare=False)

    @property
    def id(self) -> str:
        """The name of the folder, which is the group in the metadata of its runs."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The file in which Optuna stores the study."""
        return self.path / "study.journal"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "format": FORMAT,
            "created": self.created,
            "optuna": self.optuna,
            "owner": {name: value for name, value in asdict(self.owner).items() if name in ("tab", "browser")},
            "ended": self.ended,
            "reason": self.reason,
            "settings": self.settings.to_dict(),
        }

    def save(self) -> None:
        """Write search.json. Raises OSError."""
        write_json(self.path / "search.json", self.to_dict())

    def end(self, ended: str, reason: str = "") -> "SearchRecord":
        """Save how the search ended, or that it goes on (""), and return the new record. Raises OSError."""
        new = replace(self, ended=ended, reason=reason)
        new.save()
        return new

    def request_stop(self) -> None:
        """Ask whichever process runs the search to stop it. Raises SearchError if that can't be saved."""
        try:
            (self.path / "stop").touch()
        except OSError as error:
            raise _not_writable(self.path.parent, error) from error

    def is_stop_requested(self) -> bool:
        """Return whether the search was asked to stop."""
        return (self.path / "stop").exists()

    def lock(self) -> FolderLock:
        """Take the lock of the running search. Raises SearchError if another process or thread has it."""
        try:
            return FolderLock(self.path)
        except RunError as error:
            raise SearchError(
                "Search {search} is already running. Wait until it ends, or stop it.", search=self.id
            ) from error
        except OSError as error:
            raise _not_writable(self.path.parent, error) from error

    def is_running(self) -> bool:
        """Return whether a process holds the lock of the search."""
        if self.ended or self.shipped:
            return False
        try:
            self.lock().release()
        except DigitLabError:
            return True
        return False


class SearchStore:
    """All searches of a store of runs, and the example that comes with the app."""

    def __init__(self, runs: RunStore, shipped: Path = SHIPPED):
        """Use the folder `_tuning` in the home of `runs`."""
        self.home, self.shipped = runs.home / _FOLDER, shipped

    def create(self, settings: TuningSettings, owner: RunMetadata = NO_METADATA) -> SearchRecord:
        """Create the folder of a search; its id is the time and the first hyperparameter that varies."""
        stamp = datetime.now(UTC)
        base = f"{stamp:%Y%m%d-%H%M%S}-{settings.names[0].replace('_', '-')}"
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            names = (base if number == 1 else f"{base}-{number}" for number in count(1))
            for name in names:
                with suppress(FileExistsError):
                    (self.home / name).mkdir()
                    break
            record = SearchRecord(
                self.home / name, settings, stamp.isoformat(timespec="seconds"), version("optuna"), owner
            )
            record.save()
        except OSError as error:
            raise _not_writable(self.home, error) from error
        return record

    def open(self, search_id: str) -> SearchRecord:
        """Return a search by its id. Raises SearchError if it doesn't exist or is damaged."""
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            if is_id(search_id) and (folder / search_id).is_dir():
                return _read(folder / search_id, shipped)
        if not is_id(search_id):  # it may come from a crafted link, so no page repeats it
            raise SearchError("This search doesn't exist. Start a new one.")
        raise SearchError("Search {search} doesn't exist. Start a new one.", search=search_id)

    def list(self) -> tuple[list[SearchRecord], list[SearchError]]:
        """Return the readable searches, newest first and the example last, and the errors of damaged ones."""
        records: list[SearchRecord] = []
        damaged: list[SearchError] = []
        for folder, shipped in ((self.home, False), (self.shipped, True)):
            for path in _folders(folder):
                try:
                    records.append(_read(path, shipped))
                except SearchError as error:
                    damaged.append(error)
        return records, damaged

    def delete(self, record: SearchRecord) -> None:
        """Delete a search that isn't running; its runs stay. Raises SearchError if that fails."""
        if record.shipped or record.is_running():
            raise SearchError("Search {search} can't be deleted now. Stop it first.", search=record.id)
        aside = self.home / f".{record.id}-{uuid4().hex[:8]}"
        try:
            record.path.rename(aside)
            shutil.rmtree(aside)
        except OSError as error:
            raise _not_writable(self.home, error) from error


def _folders(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir(), reverse=True)
    except OSError:
        return []
    return [path for path in paths if is_id(path.name) and (path / "search.json").exists()]


def _read(path: Path, shipped: bool) -> SearchRecord:
    try:
        values = json.loads((path / "search.json").read_text(encoding="utf-8"))
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ValueError("it has another format")
        texts = {name: _text(values.get(name, "")) for name in ("created", "optuna", "ended", "reason")}
        if texts["ended"] not in ENDINGS:
            raise ValueError("ended must be finished or stopped")
        owner = values.get("owner", {})
        return SearchRecord(
            path,
            TuningSettings.from_dict(values["settings"]),
            owner=RunMetadata(tab=owner.get("tab", ""), browser=owner.get("browser", "")),
            shipped=shipped,
            **texts,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, DigitLabError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SearchError(
            "search.json of search {search} can't be read: {reason} Restore the file, or delete the search's folder.",
            search=path.name,
            reason=reason if reason.endswith(".") else f"{reason}.",
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is a number or a list")
    return readable(value[:_MAX_TEXT])


def _not_writable(folder: Path, error: OSError) -> SearchError:
    return SearchError(
        "No search can be saved in {folder}: {reason}. Free some space, or make the folder writable.",
        folder=folder,
        reason=error.strerror or str(error),
    )
