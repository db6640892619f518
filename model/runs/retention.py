"""Keeps the run store within its limits: deletes the oldest unnamed runs to make room for new ones.

Knows the run store and its limits; knows nothing of processes or pages.
"""

import os
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model.errors import RunError
from model.limits import Limits
from model.runs.metadata import read as read_metadata
from model.runs.store import RunStore

QUIET_S = 600.0  # a run that changed more recently may be in use
ABANDONED_S = 60.0  # the same for a run without a single checkpoint: nothing is lost with it
FREE_MB = 300  # reserved for everything else on the disk
_MB = 1_000_000


@dataclass
class _StoredRun:
    path: Path
    changed: float  # seconds since 1970
    size: int  # bytes
    trained: bool  # whether it has a checkpoint or a network


def make_room(store: RunStore, limits: Limits, busy: Collection[str]) -> None:
    """Delete old runs from the store's home until one more fits; damaged runs count and are deleted like any other.

    Runs that were never trained come first. Shipped runs, runs in `busy`, trained runs with a name, and runs that
    changed in the last ten minutes (one if never trained) are never deleted; a worker touches its run every second.
    Raises RunError if that isn't enough, the disk has less than 300 MB free, or as many runs as may wait were abandoned
    within a minute: otherwise, somebody who starts and leaves again and again would delete what others have trained.
    """
    stored = sorted(_stored_runs(store.home), key=lambda run: (run.trained, run.changed))
    abandoned = [run for run in stored if not run.trained and not _is_quiet(run) and run.path.name not in busy]
    if len(abandoned) >= limits.waiting:
        raise RunError(
            "{n} trainings were started and abandoned within a minute. Try again in a minute.", n=len(abandoned)
        )
    for oldest in list(stored):
        if _fits(stored, limits):
            break
        if _is_deletable(oldest, busy) and _delete(store, oldest):
            stored.remove(oldest)
    if not _fits(stored, limits):
        raise RunError(
            "The server has no room for another run: it has {n:,} of {most:,} runs and {size:,.0f} of {most_mb:,} MB, "
            "and none can be deleted automatically. Delete some, or raise DIGIT_LAB_MAX_RUNS or DIGIT_LAB_MAX_DISK_MB.",
            n=len(stored),
            most=limits.runs,
            size=sum(run.size for run in stored) / _MB,
            most_mb=limits.disk_mb,
        )
    _check_disk(store.home)


@dataclass(frozen=True)
class StoredSize:
    """How many runs a store has, and the size of all of them in megabytes of 1,000,000 bytes."""

    runs: int
    megabytes: float


def stored_size(store: RunStore) -> StoredSize:
    """Return how many runs there are, damaged ones included and shipped ones not, and their size."""
    stored = _stored_runs(store.home)
    return StoredSize(len(stored), sum(run.size for run in stored) / _MB)


@dataclass(frozen=True)
class PrunedRun:
    """A run that is deleted, or would be."""

    id: str
    megabytes: float


def runs_to_prune(store: RunStore, limits: Limits, busy: Collection[str] | None = None) -> list[PrunedRun]:
    """Return the runs that `prune` would delete, oldest first."""
    return [PrunedRun(run.path.name, run.size / _MB) for run in _to_prune(store, limits, busy)]


def prune(store: RunStore, limits: Limits, busy: Collection[str] | None = None) -> list[PrunedRun]:
    """Delete the oldest runs until the others are within the limits, and return them.

    Keeps the same runs as `make_room`. `busy` is None if nobody knows which runs wait in a queue: then those that were
    never trained are kept for as long as they can be waiting.
    """
    return [PrunedRun(run.path.name, run.size / _MB) for run in _to_prune(store, limits, busy) if _delete(store, run)]


def _to_prune(store: RunStore, limits: Limits, busy: Collection[str] | None) -> list[_StoredRun]:
    kept = sorted(_stored_runs(store.home), key=lambda run: run.changed)
    pruned = []
    for oldest in list(kept):
        if len(kept) <= limits.runs and sum(run.size for run in kept) <= limits.disk_mb * _MB:
            break
        may_wait = busy is None and _may_wait(oldest, limits)
        if _is_deletable(oldest, busy or ()) and not may_wait:
            kept.remove(oldest)
            pruned.append(oldest)
    return pruned


def _may_wait(run: _StoredRun, limits: Limits) -> bool:
    """Return whether a run that was never trained may still be in the queue of a server."""
    longest = 60 * limits.minutes * (limits.waiting + 1) / limits.trainings
    return not (run.path / "events.jsonl").exists() and time.time() - run.changed < longest


def megabytes(folder: Path) -> float:
    """Return the size of a run folder in megabytes of 1,000,000 bytes."""
    return _size(folder) / _MB


def _fits(stored: list[_StoredRun], limits: Limits) -> bool:
    return len(stored) < limits.runs and sum(run.size for run in stored) < limits.disk_mb * _MB


def _stored_runs(home: Path) -> list[_StoredRun]:
    """Return the folders that `RunStore.list` would open; one that is deleted meanwhile is left out."""
    stored = []
    with suppress(OSError):
        for path in home.iterdir():
            if not path.name.startswith((".", "_")):
                with suppress(OSError):
                    run = _StoredRun(path, _changed(path), _size(path), _is_trained(path))
                    stored += [run] if path.is_dir() else []
    return stored


def _changed(path: Path) -> float:
    events = path / "events.jsonl"
    return max([path.stat().st_mtime] + ([events.stat().st_mtime] if events.exists() else []))


def _size(path: Path) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).stat().st_size
    return total


def _is_trained(path: Path) -> bool:
    return (path / "model.keras").exists() or any((path / "checkpoints").glob("*.keras"))


def _is_quiet(run: _StoredRun) -> bool:
    return time.time() - run.changed >= (QUIET_S if run.trained else ABANDONED_S)


def _is_deletable(run: _StoredRun, busy: Collection[str]) -> bool:
    is_kept = run.path.name in busy or (run.trained and read_metadata(run.path).name)
    return _is_quiet(run) and not is_kept


def _delete(store: RunStore, run: _StoredRun) -> bool:
    """Delete a run and return whether it is gone."""
    with suppress(RunError, OSError):  # another process deleted it, or the system keeps a file of it open
        store.delete(run.path.name)
    return not run.path.exists()


def _check_disk(home: Path) -> None:
    existing = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    try:
        free = shutil.disk_usage(existing).free / _MB
    except OSError:  # creating the run will report it
        return
    if free < FREE_MB:
        raise RunError(
            "A new run needs at least {least} MB of free disk space, but only {free:,.0f} MB are free. Delete runs or "
            "other files.",
            least=FREE_MB,
            free=free,
        )
