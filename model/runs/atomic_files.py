"""Files that appear whole or not at all, and a lock that dies with its process. Knows paths and plain values."""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import RunError

_RETRIES, _RETRY_S = 20, 0.05


def replace(aside: Path, path: Path) -> None:
    """Rename `aside` to `path`, over what is there. Windows refuses while somebody reads it, so it is tried again."""
    for _ in range(_RETRIES):
        with suppress(PermissionError):
            aside.replace(path)
            return
        time.sleep(_RETRY_S)
    aside.replace(path)


def write_json(path: Path, values: Any) -> None:
    """Write plain values as one JSON file."""
    aside = path.with_name(f".{path.name}")
    aside.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    replace(aside, path)


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write arrays as one compressed .npz file."""
    aside = path.with_name(f".{path.name}")  # ends in .npz too, or NumPy would add it
    np.savez_compressed(aside, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes them for its own flags
    replace(aside, path)


class FolderLock:
    """Keeps a second process off a folder; the system lets go of it when this process ends, however it ends."""

    def __init__(self, folder: Path):
        """Take the lock. Raises RunError where another process holds it."""
        self._file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            _lock(self._file)
        except OSError as error:
            os.close(self._file)
            raise RunError(
                f"Run {folder.name} is being trained by another process; expected one at a time, so stop that first."
            ) from error

    def release(self) -> None:
        """Let go."""
        os.close(self._file)


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
