"""The files of a folder, of a zip or of a selection, by their relative paths. Reads bytes; writes nothing.

A zip is never unpacked to the disk: its members are read into memory one at a time, within limits that are checked
before anything is unpacked. Names that lead out of the archive are refused.
"""

import os
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from model.data.dataset import Skipped
from model.errors import DataError
from model.messages import Message
from model.plain_text import readable

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".heic", ".heif"),
    *(".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
)
_JUNK = ("thumbs.db", "desktop.ini")
_JUNK_FOLDERS = ("__MACOSX",)
_SYMLINK = 0o120000
_TAIL = 65_557  # bytes at the end of a zip that contain the record of its directory
_DIRECTORY_SHARE = 200  # bytes of the directory allowed per file
_MAX_NAME = 200  # characters of a path in a message


@dataclass(frozen=True)
class Limits:
    """The most that is read of one dataset."""

    packed: int = 2 * 1024**3  # bytes of all files, as they are stored
    unpacked: int = 2 * 1024**3  # bytes of all files, unpacked
    files: int = 500_000


class Tree:
    """Files by their relative path, with their sizes in bytes."""

    def __init__(self, name: str, limits: Limits):
        """Start without files; `name` is for messages."""
        self.name, self.limits = name, limits
        self.sizes: dict[str, int] = {}
        self.skipped: list[Skipped] = []

    def read(self, path: str) -> bytes:
        """Return the contents of a file. Raises DataError if it can't be read."""
        raise NotImplementedError

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Return the paths that end with one of the lower-case suffixes, in any case, in order."""
        return sorted(path for path in self.sizes if path.lower().endswith(suffixes))

    def _add(self, path: str, size: int) -> None:
        parts = PurePosixPath(path).parts
        if any(part.startswith(".") or part in _JUNK_FOLDERS for part in parts) or parts[-1].lower() in _JUNK:
            return
        self.sizes[path] = size
        if len(self.sizes) > self.limits.files:
            raise DataError(
                "{file} must contain at most {most:,} files. Use fewer images.", file=self.name, most=self.limits.files
            )

    def _check_size(self) -> None:
        total = sum(self.sizes.values())
        if total > self.limits.unpacked:
            raise DataError(
                "{file} must unpack to at most {limit:.1f} GB, got {unpacked:.1f} GB. Save fewer or smaller images.",
                file=self.name,
                limit=self.limits.unpacked / 1e9,
                unpacked=total / 1e9,
            )


class FileTree(Tree):
    """The files of one folder and its sub-folders, or several files; links to other folders aren't followed."""

    def __init__(self, name: str, paths: tuple[Path, ...], limits: Limits):
        """Find the files. Raises DataError if there are too many, or if they are too large."""
        super().__init__(name, limits)
        self._paths: dict[str, Path] = {}
        for path in paths:
            for file in sorted(_files_below(path)) if path.is_dir() else [path]:
                relative = file.relative_to(path).as_posix() if path.is_dir() else file.name
                self._paths[relative] = file
                try:
                    self._add(relative, file.stat().st_size)
                except OSError as error:
                    self.skipped.append(
                        Skipped(readable(relative), Message("{reason}.", {"reason": error.strerror or str(error)}))
                    )
        self._check_size()

    def read(self, path: str) -> bytes:
        """Return the contents of a file. Raises DataError if it can't be read."""
        try:
            return self._paths[path].read_bytes()
        except OSError as error:
            raise DataError(
                "{file} can't be read ({error}). Check its permissions.",
                file=readable(path),
                error=error.strerror or str(error),
            ) from error


class ZipTree(Tree):
    """The files in a zip."""

    def __init__(self, path: Path, limits: Limits):
        """Read the directory. Raises DataError for a damaged, encrypted, oversized or unsafe archive."""
        super().__init__(path.name, limits)
        check_directory(path, limits)
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise _not_a_zip(path.name) from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._archive.infolist():
            name = _name(member)
            if not member.is_dir():
                self._check_member(member, name)
                self._members[name] = member
                self._add(name, member.file_size)
        self._check_size()

    def _check_member(self, member: zipfile.ZipInfo, name: str) -> None:
        pure = PurePosixPath(name)
        if (
            pure.is_absolute()
            or ".." in pure.parts
            or ":" in pure.parts[0]
            or member.external_attr >> 16 & 0o170000 == _SYMLINK
        ):
            raise DataError(
                "{file} contains {path!r}, which leads out of the archive. Pack the folder again.",
                file=self.name,
                path=readable(name)[:_MAX_NAME],
            )
        if member.flag_bits & 1:
            raise DataError("{file} is encrypted. Pack the folder again without a password.", file=self.name)

    def read(self, path: str) -> bytes:
        """Return the contents of a member. Raises DataError if it is damaged."""
        try:
            return self._archive.read(self._members[path])  # at most `file_size` bytes, checked by CRC
        except (
            OSError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise DataError(
                "{path} in {file} is damaged. Pack the folder again.",
                path=readable(path)[:_MAX_NAME],
                file=self.name,
            ) from error


def check_directory(path: Path, limits: Limits) -> None:
    """Raise DataError if a zip's file or directory is too large to be read: an entry can take as little as 46 bytes."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except OSError as error:
        raise DataError(
            "{file} can't be read ({error}). Check its permissions.",
            file=path.name,
            error=error.strerror or str(error),
        ) from error
    if size > limits.packed:
        raise DataError(
            "{file} must be at most {limit:.1f} GB, got {size:.1f} GB. Save fewer or smaller images.",
            file=path.name,
            limit=limits.packed / 1e9,
            size=size / 1e9,
        )
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        raise _not_a_zip(path.name)
    (directory,) = struct.unpack_from("<I", tail, end + 12)
    if (zip64 := tail.rfind(b"PK\6\6")) >= 0 and len(tail) >= zip64 + 48:
        directory = max(directory % 0xFFFFFFFF, *struct.unpack_from("<Q", tail, zip64 + 40))
    if directory > _DIRECTORY_SHARE * limits.files:
        raise DataError(
            "{file} must contain at most {most:,} files. Use fewer images.", file=path.name, most=limits.files
        )


def _not_a_zip(file: str) -> DataError:
    return DataError("{file} isn't a complete zip. Pack the folder again, or copy the file again.", file=file)


def _name(member: zipfile.ZipInfo) -> str:
    """Return the path of a member. Some programs write UTF-8 without saying so, and some write backslashes."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _files_below(folder: Path) -> list[Path]:
    return [Path(root) / name for root, _folders, names in os.walk(folder) for name in names]
