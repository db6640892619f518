"""Find people's own datasets in a folder, and read them: `.npz`, `.npy`, idx, CSV, folders of images, and their zips.

Knows paths and trees. Names of datasets are looked up among the files found, and never become part of a path.
"""

import os
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath

from model.data import csv_file, idx, npz
from model.data.assembly import Assembled, Raw, assemble
from model.data.dataset import Skipped
from model.data.tree import IMAGE_SUFFIXES, FileTree, Limits, Tree, ZipTree
from model.errors import DataError
from model.messages import Message
from model.plain_text import is_name, readable

_ARCHIVES = (".npz", ".zip")
_MAX_LOOKED_AT = 5_000  # entries of a folder, to find out whether it contains images
_MAX_DEPTH = 4
_MAX_LISTED = 1_000  # skipped files
_DRAWINGS = (".jsonl", ".jsonl.gz")
_NAMES_OF_DRAWINGS = ("drawn-", "my-drawings")  # the beginnings of those that `drawings.corpus` reads
_NO_GROUP = "idx"  # the name of a dataset whose idx files have no common name


@dataclass(frozen=True)
class OwnSource:
    """The files of one dataset: one file, one folder, or several files that belong together."""

    name: str
    paths: tuple[Path, ...]
    is_upload: bool = False

    @property
    def file(self) -> str:
        """The name of the file or folder, for messages."""
        return readable(self.paths[0].name if len(self.paths) == 1 else self.name)

    @property
    def is_cut(self) -> bool:
        """Whether it is an archive that was cut short: it has lost the directory at its end."""
        path = self.paths[0]
        return path.suffix.lower() in _ARCHIVES and path.is_file() and not zipfile.is_zipfile(path)

    @property
    def version(self) -> tuple[tuple[str, int, int], ...]:
        """Path, size and modification time of its files: a dataset with the same version is the same."""
        found = []
        for path in self.paths:
            with suppress(OSError):
                found += [_folder_version(path) if path.is_dir() else (str(path), *_stat(path))]
        return tuple(found)


@dataclass(frozen=True)
class Listing:
    """The datasets in a folder by name, and the files that can't be used."""

    sources: dict[str, OwnSource]
    unusable: tuple[Skipped, ...] = ()


def scan(folder: Path) -> Listing:
    """Return the datasets in a folder. Reads no contents; an unreadable folder is empty."""
    found: list[OwnSource] = []
    unusable: list[Skipped] = []
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in _entries(folder):
        stem = unicodedata.normalize("NFC", path.stem)
        lower = path.name.lower()
        if path.is_dir():
            if _contains_data(path):
                found.append(OwnSource(unicodedata.normalize("NFC", path.name), (path,)))
            else:
                unusable.append(Skipped(readable(path.name), Message("The folder contains no images or other data.")))
        elif lower.endswith(_ARCHIVES):
            found.append(OwnSource(stem, (path,)))
        elif lower.endswith(csv_file.SUFFIXES):
            groups.setdefault(("csv", csv_file.part_of(path.name)[0]), []).append(path)
        elif idx.is_idx(path.name):
            groups.setdefault(("idx", idx.group_of(path.name)), []).append(path)
        elif reason := _why_not(lower):
            unusable.append(Skipped(readable(path.name), reason))
    found += [_group(kind, name, paths) for (kind, name), paths in groups.items()]
    sources: dict[str, OwnSource] = {}
    for source in found:
        if not is_name(source.name):
            unusable.append(
                Skipped(
                    source.file,
                    Message("Its name is too long, or has characters that not every system allows. Rename it."),
                )
            )
        elif source.name in sources:
            other = sources[source.name].file
            unusable.append(Skipped(source.file, Message("{other} has the same name. Rename it.", {"other": other})))
        else:
            sources[source.name] = source
    return Listing(dict(sorted(sources.items())), tuple(sorted(unusable, key=lambda skipped: skipped.file)))


def read(source: OwnSource, limits: Limits | None = None) -> Assembled:
    """Return the dataset in these files. Raises DataError, with the reason, if it can't be used."""
    limits = limits or Limits(npz.MAX_BYTES, npz.MAX_BYTES)
    path = source.paths[0]
    if len(source.paths) == 1 and path.suffix.lower() == ".npz":
        return npz.read_archive(path, limits.packed, limits.unpacked)
    if len(source.paths) == 1 and path.suffix.lower() == ".zip":
        tree: Tree = ZipTree(path, limits)
    else:
        tree = FileTree(source.file, source.paths, limits)
    raw = _raw(tree)
    return assemble(replace(raw, skipped=raw.skipped[:_MAX_LISTED]))


def _raw(tree: Tree) -> Raw:
    """Return the data in a tree: of the first kind there is."""
    archives, arrays = tree.with_suffix(".npz"), tree.with_suffix(".npy")
    tables = tree.with_suffix(*csv_file.SUFFIXES)
    bytes_files = [path for path in sorted(tree.sizes) if idx.is_idx(path)]
    images = tree.with_suffix(*IMAGE_SUFFIXES)
    if len(archives) == 1:
        name = PurePosixPath(archives[0]).name
        used, raw = archives, npz.raw_in(name, BytesIO(tree.read(archives[0])), tree.limits.unpacked)
    elif arrays:
        loaded = {PurePosixPath(path).stem: npz.read_npy(path, tree.read(path)) for path in arrays}
        used, raw = arrays, npz.raw_of(tree.name, loaded)
    elif bytes_files:
        used, raw = bytes_files, idx.raw_of(tree, bytes_files)
    elif images and not (tables and all("/" not in path for path in images)):
        from model.data import image_folder  # Pillow, which the command line doesn't need to list datasets

        used, raw = images, image_folder.raw_of(tree, images)
    elif tables:
        used, raw = tables, csv_file.raw_of(tree, tables)
    else:
        raise DataError(
            "{file} contains nothing that can be used: {found}. Save an .npz, a CSV, idx files, or one sub-folder of "
            "images per class.",
            file=tree.name,
            found=", ".join(readable(path) for path in sorted(tree.sizes)[:5]) or "–",
        )
    rest = sorted(set(tree.sizes) - set(used))[:_MAX_LISTED]
    raw.skipped += [Skipped(readable(path), Message("It isn't of the same kind as the other files.")) for path in rest]
    return raw


def _entries(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if not path.name.startswith((".", "__MACOSX")) and (path.is_dir() or path.is_file())]


def _group(kind: str, name: str, paths: list[Path]) -> OwnSource:
    """Return several files as one dataset; a CSV alone has its whole name, as "test" may be part of it."""
    if kind == "csv" and len(paths) == 1:
        stem = paths[0].name
        for suffix in sorted(csv_file.SUFFIXES, key=len, reverse=True):
            if stem.lower().endswith(suffix):
                stem = stem[: -len(suffix)]
        return OwnSource(unicodedata.normalize("NFC", stem), tuple(paths))
    return OwnSource(unicodedata.normalize("NFC", name) or (_NO_GROUP if kind == "idx" else kind), tuple(paths))


def _why_not(lower: str) -> Message | None:
    """Return why a file can't be used; None for drawings, which are found by their own names."""
    if lower.endswith(_DRAWINGS):
        if lower.startswith(_NAMES_OF_DRAWINGS):
            return None
        return Message(
            "Drawings are used with --drawings if the name of their file is drawn-digits.jsonl or begins with "
            "my-drawings."
        )
    if lower.endswith(IMAGE_SUFFIXES):
        return Message("It is a single image. Put the images of each class into a folder of its own.")
    if lower.endswith(".npy"):
        return Message("It is a single array. Save images and labels in one .npz.")
    return Message("It isn't a file of a dataset: .npz, .zip, .csv or idx. Images belong in a folder.")


def _contains_data(folder: Path) -> bool:
    suffixes = (*IMAGE_SUFFIXES, *csv_file.SUFFIXES, *_ARCHIVES[:1], ".npy")
    return any(name.lower().endswith(suffixes) or idx.is_idx(name) for name in _some_names(folder))


def _some_names(folder: Path) -> Iterator[str]:
    looked_at = 0
    for root, folders, names in os.walk(folder):
        if len(Path(root).relative_to(folder).parts) >= _MAX_DEPTH:
            folders.clear()
        for name in names:
            looked_at += 1
            if looked_at > _MAX_LOOKED_AT:
                return
            if not name.startswith("."):
                yield name


def _folder_version(folder: Path) -> tuple[str, int, int]:
    """Return the path, the size of all files and the latest change: of a file, or of a folder it was added to."""
    size, changed = 0, folder.stat().st_mtime_ns
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with suppress(OSError):
                n_bytes, modified = _stat(Path(root) / name)
                size += n_bytes
                changed = max(changed, modified)
    return str(folder), size, changed


def _stat(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
