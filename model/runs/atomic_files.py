"""Files that are written completely or not at all, and a lock that ends with its process. Knows paths and values."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import RunError

_RETRIES, _RETRY_S = 20, 0.05
_MAX_OWNER, _LOCKED_BYTE = 200, 1 << 20


def replace(aside: Path, path: Path) -> None:
    """Rename `aside` to `path`, replacing it. Windows refuses while the file is being read, so this retries for 1 s."""
    for _ in range(_RETRIES):
        with suppress(PermissionError):
            aside.replace(path)
            return
        time.sleep(_RETRY_S)
    aside.replace(path)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Return a hidden path next to `path`, with the same suffix, and rename it to `path` once it is written.

    If it can't be written, it is removed: on a full disk, a half-written file would take the last free space.
    """
    aside = path.with_name(f".{path.name}")
    try:
        yield aside
        replace(aside, path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def write_json(path: Path, values: Any) -> None:
    """Write plain values as one JSON file."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write arrays as one compressed .npz file."""
    with written_aside(path) as aside:
        np.savez_compressed(aside, **arrays)  # type: ignore[arg-type]  # NumPy's stub takes them for its own flags


class FolderLock:
    """Locks a folder for one process; the system releases the lock when the process ends, even if it crashes.

    The file `.lock` contains the process id and the host of its last owner.
    """

    def __init__(self, folder: Path):
        """Take the lock. Raises RunError if another process holds it, OSError if the folder isn't writable."""
        self._file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(self._file)
        except OSError as error:
            owner = os.pread(self._file, _MAX_OWNER, 0) if hasattr(os, "pread") else b""
            os.close(self._file)
            raise RunError(
                "Run {run} is being trained by another process ({owner}). Stop that process first.",
                run=folder.name,
                owner=owner.decode(errors="replace").strip() or "unknown",
            ) from error
        with suppress(OSError):  # a full disk; the lock holds without a name
            os.ftruncate(self._file, 0)
            os.write(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode()[:_MAX_OWNER])

    def release(self) -> None:
        """Release the lock."""
        os.close(self._file)


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)  # not the text: Windows lets nobody else read a locked byte
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
