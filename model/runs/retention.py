"""Keeps the store within its limits: the oldest runs that nobody named make room for new ones.

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
from model.runs.metadata import read as read_label
from model.runs.store import RunStore

QUIET_S = 600.0  # a run that was touched since is being trained or looked at
FREE_MB = 300  # that the disk keeps for everything else
_MB = 1_000_000


@dataclass
class _Kept:
    path: Path
    touched: float  # seconds since 1970
    size: int  # bytes


def make_room(store: RunStore, limits: Limits, busy: Collection[str]) -> None:
    """Delete old runs of the store's home until one more fits; damaged ones count, and go, like any other.

    Never goes what is shipped, in `busy`, named by a person, or was touched in the last ten minutes; a worker
    touches its run every second. Raises RunError where that is not enough or the disk has less than 300 MB free.
    """
    kept = sorted(_kept(store.home), key=lambda run: run.touched)
    for oldest in list(kept):
        if _fits(kept, limits):
            break
        if _may_go(oldest, busy) and _deleted(store, oldest):
            kept.remove(oldest)
    if not _fits(kept, limits):
        size = sum(run.size for run in kept) / _MB
        raise RunError(
            f"{len(kept)} runs with {size:,.0f} MB are kept, and none may go by itself; expected fewer than "
            f"{limits.runs} runs and {limits.disk_mb:,} MB, so delete some, or let DIGIT_LAB_MAX_RUNS and "
            "DIGIT_LAB_MAX_DISK_MB name more."
        )
    _check_disk(store.home)


def megabytes(folder: Path) -> float:
    """Return how much a run folder takes, in megabytes of 1,000,000 bytes."""
    return _size(folder) / _MB


def _fits(kept: list[_Kept], limits: Limits) -> bool:
    return len(kept) < limits.runs and sum(run.size for run in kept) < limits.disk_mb * _MB


def _kept(home: Path) -> list[_Kept]:
    """Return what `RunStore.list` would look at; a folder that vanishes meanwhile is left out."""
    kept = []
    with suppress(OSError):
        for path in home.iterdir():
            if not path.name.startswith((".", "_")):
                with suppress(OSError):
                    kept += [_Kept(path, _touched(path), _size(path))] if path.is_dir() else []
    return kept


def _touched(path: Path) -> float:
    events = path / "events.jsonl"
    return max([path.stat().st_mtime] + ([events.stat().st_mtime] if events.exists() else []))


def _size(path: Path) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += (Path(folder) / name).stat().st_size
    return total


def _may_go(kept: _Kept, busy: Collection[str]) -> bool:
    is_quiet = time.time() - kept.touched >= QUIET_S
    return is_quiet and kept.path.name not in busy and not read_label(kept.path).name


def _deleted(store: RunStore, kept: _Kept) -> bool:
    with suppress(RunError, OSError):  # somebody else deleted it, or the system holds it; then it is not there or stays
        store.delete(kept.path.name)
    return not kept.path.exists()


def _check_disk(home: Path) -> None:
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    try:
        free = shutil.disk_usage(there).free / _MB
    except OSError:  # it will be told when the run is made
        return
    if free < FREE_MB:
        raise RunError(f"The disk has {free:,.0f} MB free; expected at least {FREE_MB}, so delete runs or other files.")
