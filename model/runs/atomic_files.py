"""Files that are written completely or not at all, and a lock that ends with its process. Knows paths and values."""

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
    """Rename `aside` to `path`, replacing it. Windows refuses while the file is being read, so this retries for 1 s."""
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
    """Locks a folder for one process; the system releases the lock when the process ends, even if it crashes."""

    def __init__(self, folder: Path):
        """Take the lock. Raises RunError if another process holds it."""
        self._file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            _lock(self._file)
        except OSError as error:
            os.close(self._file)
            raise RunError(
                "Run {run} is being trained by another process. Stop that process first.", run=folder.name
            ) from error

    def release(self) -> None:
        """Release the lock."""
        os.close(self._file)


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
