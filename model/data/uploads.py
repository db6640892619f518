"""Datasets that visitors upload: checked, stored for their visitor alone, and deleted with their runs or after a day.

A file is stored as it was sent, under a name of its own, and read like any other (`own`), within lower limits. Nothing
is unpacked to the disk and nothing is unpickled. A folder is named after a fingerprint of the visitor's secret token,
so uploads can't be listed without it.
"""

import os
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from secrets import token_hex
from uuid import uuid4

from model.data import own
from model.data.own import OwnSource
from model.data.tree import Limits
from model.errors import DataError
from model.plain_text import is_name, readable

MAX_FILE_MB = 50  # of one file
MAX_FILES = 8  # of one dataset: idx files, or one CSV per part
UPLOAD_LIMITS = Limits(packed=MAX_FILE_MB * 1_000_000, unpacked=200_000_000, files=20_000)
MAX_PER_VISITOR = 5  # datasets
MAX_TOTAL = 1_000_000_000  # bytes of all uploads
KEPT_S = 24 * 3600.0  # without a run
_FREE_BYTES = 300_000_000  # left for everything else on the disk
_FOLDER = "_uploads"  # in the folder of the runs; the run store skips names with an underscore
_MAX_STEM = 60  # characters of the file's name that the dataset keeps
_writing = threading.Lock()


class Uploads:
    """The uploaded datasets of one visitor."""

    def __init__(self, home: Path, token: str):
        """Use the folder in `home`, the folder of the runs, that belongs to a visitor's secret, non-empty `token`."""
        self._root = home / _FOLDER
        self._folder = self._root / sha256(token.encode()).hexdigest()

    def names(self) -> list[str]:
        """Return the names of the visitor's datasets, oldest first."""
        return [path.name for path in sorted(_folders(self._folder), key=_changed)]

    def save(self, files: Sequence[tuple[str, bytes]]) -> str:
        """Check and store the files of one dataset, by name and contents; return the name of the dataset.

        Raises DataError if they can't be used as a dataset, are too large, or if there is no room for them.
        """
        names = [_file_name(name) for name, _content in files]
        self._check(names, [len(content) for _name, content in files])
        name = f"{_stem(names)} (upload {token_hex(4)})"
        aside = self._root / f".{uuid4().hex}"
        with _writing:
            self._check_room(sum(len(content) for _name, content in files))
            try:
                aside.mkdir(parents=True)
                for file, (_name, content) in zip(names, files, strict=True):
                    (aside / file).write_bytes(content)
                own.read(OwnSource(name, _paths(aside)), UPLOAD_LIMITS)
                self._folder.mkdir(exist_ok=True)
                aside.rename(self._folder / name)
            except OSError as error:
                raise DataError(
                    "The upload can't be saved on this server: {reason}.", reason=error.strerror or str(error)
                ) from error
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        return name

    def delete(self, name: str) -> None:
        """Delete a dataset of this visitor; does nothing if there is no such dataset."""
        if name in self.names():
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def _check(self, names: Sequence[str], sizes: Sequence[int]) -> None:
        if not 0 < len(names) <= MAX_FILES:
            raise DataError(
                "A dataset can be uploaded as at most {most} files, got {n}. Pack a folder as a zip.",
                most=MAX_FILES,
                n=len(names),
            )
        if len(set(names)) < len(names):
            raise DataError("Two of the files have the same name. Rename one of them.")
        for name, size in zip(names, sizes, strict=True):
            if size > UPLOAD_LIMITS.packed:
                raise DataError(
                    "{file} must be at most {most} MB, got {size:.0f} MB. Save fewer or smaller images.",
                    file=name,
                    most=MAX_FILE_MB,
                    size=size / 1e6,
                )
        if len(self.names()) >= MAX_PER_VISITOR:
            raise DataError(
                "You have uploaded {most} datasets, as many as this server keeps for one visitor. Delete one of them.",
                most=MAX_PER_VISITOR,
            )

    def _check_room(self, n_bytes: int) -> None:
        existing = next(folder for folder in (self._root, *self._root.absolute().parents) if folder.exists())
        if _size(self._root) + n_bytes > MAX_TOTAL or shutil.disk_usage(existing).free - n_bytes < _FREE_BYTES:
            raise DataError("The server has no room for more uploads. Try again tomorrow, or ask its host.")


def find(name: str) -> OwnSource | None:
    """Return the files of an uploaded dataset by its full name, which can't be guessed; None if it doesn't exist."""
    for visitor in _folders(_home() / _FOLDER):
        for folder in _folders(visitor):
            if folder.name == name and (paths := _paths(folder)):
                return OwnSource(name, paths, is_upload=True)
    return None


def title(name: str) -> str:
    """Return the name that a visitor gave to an upload, without its unique end."""
    return name.rsplit(" (upload ", 1)[0]


def clean(home: Path, in_use: Collection[str]) -> None:
    """Delete the uploads older than a day that no run uses; `in_use` are the datasets of all runs."""
    for visitor in _folders(home / _FOLDER):
        for folder in _folders(visitor):
            if folder.name not in in_use and time.time() - _changed(folder) > KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it isn't empty
            visitor.rmdir()


def delete_with_run(home: Path, name: str, still_in_use: Iterable[str]) -> None:
    """Delete an upload of any visitor after its last run was deleted."""
    if name not in set(still_in_use):
        for visitor in _folders(home / _FOLDER):
            for folder in _folders(visitor):
                if folder.name == name:
                    shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    """Return the folder of the runs, as `RunStore` finds it."""
    default = Path(__file__).parent.parent.parent / "runs"
    return Path(os.environ.get("DIGIT_LAB_HOME") or default).expanduser()


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _paths(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.is_file()))


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    total = 0
    for root, _folders_below, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(root) / name).stat().st_size
    return total


def _file_name(name: str) -> str:
    """Return the last part of a file's name, which may not lead anywhere else. Raises DataError for an unusable one."""
    last = PurePosixPath(name.replace("\\", "/")).name
    if not is_name(last):
        raise DataError(
            "{file} has a name that can't be used. Rename the file to letters, digits, dots and dashes.",
            file=readable(last)[:_MAX_STEM] or "–",
        )
    return last


def _stem(names: Sequence[str]) -> str:
    """Return a name for the dataset: of its file, or what the names of several files have in common."""
    common = os.path.commonprefix([name.lower() for name in names])
    stem = names[0].split(".")[0] if len(names) == 1 else names[0][: len(common)]
    stem = stem.strip(" ._-")[:_MAX_STEM].strip(" ._-")
    return stem if is_name(stem) else "images"
