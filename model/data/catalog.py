"""Named datasets: a local file, Keras's cache, a verified download, or the digits inside scikit-learn.

Finds datasets by name; `formats` and `npz` read their files. pooch and requests are imported only when they are
needed, so that the web server starts quickly.

    DIGIT_LAB_DATA     a folder of your own datasets (see `own`), or of copies of the built-in ones under their names
    KERAS_HOME         the parent of Keras's cache (default ~/.keras)
    DIGIT_LAB_CACHE    the folder for downloads (default: the system's cache folder for digit-lab)
"""

import contextlib
import hashlib
import os
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from model.data import npz, own, uploads
from model.data.builtin import BUILTINS as BUILTINS
from model.data.builtin import BuiltinDataset
from model.data.dataset import Dataset, Skipped
from model.data.download import Progress, _BrokenDownloadError, _Download
from model.data.formats import Arrays
from model.data.own import OwnSource
from model.errors import DataError
from model.messages import N_, Message
from model.plain_text import MAX_NAME, is_name

IN_SCIKIT_LEARN = Message("part of scikit-learn")
IN_KERAS_CACHE = Message("Keras's cache")
IN_OUR_CACHE = Message("Digit Lab's download cache")
_is_file = os.path.isfile  # Path's method raises an error in a folder without permissions


@dataclass(frozen=True)
class DatasetStatus:
    """Facts about a dataset, found without reading its images."""

    name: str
    title: str
    here: bool  # loading it needs no network
    where: Message
    download_bytes: int | None  # to download when it is loaded; None for no download
    note: str
    image_shape: tuple[int, int, int] | None  # None for your own datasets until they are loaded
    damaged: bool = False  # its file in DIGIT_LAB_DATA isn't a complete archive; loading it raises DataError


def load(name: str, progress: Progress | None = None) -> Dataset:
    """Return the dataset called `name` from the first location that has it.

    Images are `(n, h, w, c)` uint8 in [0, 255], labels `(n,)` int64; the arrays are read-only, because many
    visitors' pages share them. `progress(received, total)` is called with the bytes of a download.

    Raises DataError for an unknown name, a damaged file in DIGIT_LAB_DATA, or a failed download, which leaves no files
    behind. Damaged files in Keras's cache are skipped.
    """
    name, source = _look_up(name)
    if source:
        dataset = _own_dataset(name, source, BUILTINS.get(name))
    else:
        arrays, where = _built_in_arrays(name, BUILTINS[name], progress)
        dataset = Dataset(name, str(where), *arrays, BUILTINS[name].class_names, arrays.fingerprint())
    for array in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test, *(dataset.validation or ())):
        array.setflags(write=False)
    return dataset


def available() -> tuple[DatasetStatus, ...]:
    """Return the built-in datasets, then your own by name. Reads no images and needs no network."""
    sources = _own_sources()
    names = [name for name in sources if name not in BUILTINS]
    return tuple(_status(name, sources.get(name)) for name in (*BUILTINS, *names))


def status(name: str) -> DatasetStatus:
    """Return the status of one dataset. Raises DataError for an unknown name."""
    return _status(*_look_up(name))


def unusable() -> tuple[Skipped, ...]:
    """Return the files in the folder named by DIGIT_LAB_DATA that can't be used, with the reasons."""
    folder = _own_folder()
    return own.scan(folder).unusable if folder else ()


def version(name: str) -> tuple[tuple[str, int, int], ...]:
    """Return path, size and modification time of a dataset's own files; () for a built-in dataset without any.

    A dataset with the same version is the same, so whatever was computed from it still holds. Raises DataError for an
    unknown name.
    """
    _name, source = _look_up(name)
    return source.version if source else ()


def _status(name: str, source: OwnSource | None) -> DatasetStatus:
    damaged = source is not None and source.is_cut
    if source and name not in BUILTINS:
        where = _in_own_folder(source, damaged)
        title = uploads.title(name) if source.is_upload else name
        return DatasetStatus(name, title, not damaged, where, None, N_("your own images"), None, damaged)
    builtin = BUILTINS[name]
    found = _in_own_folder(source, damaged) if source else _location(name, builtin)
    size = None if found else sum(remote.size for remote in builtin.remotes)
    where = found or Message("to be downloaded from {host}", {"host": builtin.host})
    here = found is not None and not damaged
    return DatasetStatus(name, builtin.title, here, where, size, builtin.note, builtin.image_shape, damaged)


def missing_folder() -> Path | None:
    """Return the folder named by DIGIT_LAB_DATA if it doesn't exist; None if it exists or the variable isn't set."""
    folder = _own_folder()
    return folder if folder and not os.path.isdir(folder) else None  # noqa: PTH112 - see `_is_file`


def reachable(name: str, timeout: float = 2.0) -> bool:
    """Return whether the dataset's server responds within `timeout` seconds. Never raises an error.

    False for datasets without a download, and for unknown names.
    """
    import requests

    responses: list[bool] = []

    def send_request(url: str) -> None:
        with contextlib.suppress(requests.RequestException, OSError, ValueError):
            responses.append(requests.head(url, timeout=timeout, allow_redirects=True).ok)

    builtin = BUILTINS.get(_canonical(name))
    if builtin and builtin.remotes:
        # In a thread, because the timeouts of requests don't cover a name server that doesn't respond.
        thread = threading.Thread(target=send_request, args=(builtin.remotes[0].url,), name="reachable", daemon=True)
        thread.start()
        thread.join(timeout)
    return responses == [True]


def may_flip(name: str) -> bool:
    """Return whether images of the dataset keep their class when they are flipped horizontally.

    False for digits. True for clothes, photos, and your own datasets, where the choice is yours.
    """
    builtin = BUILTINS.get(_canonical(name))
    return builtin is None or builtin.may_flip


def _canonical(name: str) -> str:
    return next((known for known, builtin in BUILTINS.items() if name in builtin.aliases), name)


def _look_up(name: str) -> tuple[str, OwnSource | None]:
    """Return the canonical name of a dataset and its own files; only built-in datasets may have none."""
    sources = _own_sources()
    known = ", ".join((*BUILTINS, *(other for other in sources if other not in BUILTINS)))
    # Names come from links and command lines.
    if not is_name(name):
        raise DataError(
            "A dataset name must consist of up to {most} letters, digits, spaces and signs other than slashes, got "
            "{value!r}. Choose one of {known}.",
            most=MAX_NAME,
            value=str(name)[: MAX_NAME + 1],
            known=known,
        )
    name = _canonical(unicodedata.normalize("NFC", name))
    if name in BUILTINS or name in sources:
        return name, sources.get(name)
    if upload := uploads.find(name):
        return name, upload
    if folder := missing_folder():
        raise DataError(
            "Dataset {name} doesn't exist, as there is no folder {folder}. Set DIGIT_LAB_DATA to the folder with "
            "{name}.npz, or choose one of {known}.",
            name=name,
            folder=str(folder),
            known=known,
        )
    raise DataError(
        "Dataset {name} doesn't exist. Choose one of {known}, or put {name}.npz into the folder named by "
        "DIGIT_LAB_DATA.",
        name=name,
        known=known,
    )


def _own_folder() -> Path | None:
    value = os.environ.get("DIGIT_LAB_DATA")
    return _expanded(value) if value else None


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's method raises an error without a home folder


def _own_sources() -> dict[str, OwnSource]:
    """Return the datasets in the folder named by DIGIT_LAB_DATA, those of built-in ones under their usual names."""
    folder = _own_folder()
    sources = own.scan(folder).sources if folder else {}
    found: dict[str, OwnSource] = {}
    for name in sorted(sources, key=lambda name: name in BUILTINS, reverse=True):  # mnist before an alias of it
        found.setdefault(_canonical(name), sources[name])
    return dict(sorted(found.items()))


def _in_own_folder(source: OwnSource, damaged: bool = False) -> Message:
    if source.is_upload:
        return Message("the upload {file}", {"file": source.file})
    if damaged:
        return Message(
            "{file} in the folder named by DIGIT_LAB_DATA is damaged. Copy it again, or remove it.",
            {"file": source.file},
        )
    return Message("{file} in the folder named by DIGIT_LAB_DATA", {"file": source.file})


def _location(name: str, builtin: BuiltinDataset) -> Message | None:
    """Return where the complete dataset is stored, or None if it has to be downloaded."""
    if not builtin.remotes:
        return IN_SCIKIT_LEARN
    folder = _keras_folder(builtin)
    if all(_is_file(folder / file) for file in builtin.keras_files) and (
        builtin.read_keras or _are_complete(folder, builtin)
    ):
        return IN_KERAS_CACHE
    return IN_OUR_CACHE if _are_complete(_cache_folder(name), builtin) else None


def _are_complete(folder: Path, builtin: BuiltinDataset) -> bool:
    """Return whether all files of a download are in a folder, in full length; a file that was cut is loaded again."""
    try:
        return all((folder / remote.file).stat().st_size == remote.size for remote in builtin.remotes)
    except OSError:
        return False


def _keras_folder(builtin: BuiltinDataset) -> Path:
    return _expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets" / builtin.keras_folder


def _cache_folder(name: str) -> Path:
    import pooch

    return _expanded(os.environ.get("DIGIT_LAB_CACHE") or str(pooch.os_cache("digit-lab"))) / name


def _own_dataset(name: str, own_source: OwnSource, builtin: BuiltinDataset | None) -> Dataset:
    """Return the dataset in somebody's files; one with the name of a built-in dataset has its classes."""
    read = own.read(own_source, uploads.UPLOAD_LIMITS if own_source.is_upload else None)
    arrays, class_names, source = read.arrays, read.class_names, _in_own_folder(own_source)
    if builtin:
        npz.check_layout(own_source.file, arrays, len(class_names), builtin.image_shape, len(builtin.class_names))
        class_names = builtin.class_names
        if (n := len(arrays.x_train)) < builtin.n_train:
            source = Message(
                "{file}, a subset: {n:,} of {total:,} training images",
                {"file": source, "n": n, "total": builtin.n_train},
            )
    fingerprint = arrays.fingerprint()
    return Dataset(name, str(source), *arrays, class_names, fingerprint, read.validation, origin=read.origin)


def _built_in_arrays(name: str, builtin: BuiltinDataset, progress: Progress | None) -> tuple[Arrays, Message]:
    if not builtin.remotes:
        return builtin.read(Path()), IN_SCIKIT_LEARN
    if arrays := _from_keras(builtin):
        return arrays, IN_KERAS_CACHE
    _download(name, builtin, progress)
    source = Message("{host}, verified by SHA-256", {"host": builtin.host})
    return builtin.read(_cache_folder(name)), source


def _from_keras(builtin: BuiltinDataset) -> Arrays | None:
    """Return the arrays from Keras's cache, or None if files are missing or damaged."""
    folder = _keras_folder(builtin)
    try:
        if builtin.read_keras:
            return builtin.read_keras(folder)
        hashes = [hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in builtin.keras_files]
        return builtin.read(folder) if hashes == [remote.sha256 for remote in builtin.remotes] else None
    except (DataError, OSError):
        return None


def _download(name: str, builtin: BuiltinDataset, progress: Progress | None) -> None:
    """Download the dataset's files into our cache and verify them; valid files that are already there are kept."""
    import pooch

    pooch.get_logger().setLevel("CRITICAL")  # its messages would appear between the lines of --json
    folder = _cache_folder(name)
    download = _Download(builtin.remotes, builtin.time_limit, progress)
    try:
        for remote in builtin.remotes:
            pooch.retrieve(remote.url, f"sha256:{remote.sha256}", remote.file, folder, downloader=download)
            download.finish(remote)
        return
    except _BrokenDownloadError as error:
        reason = error.reason
    except ValueError:  # pooch compared the hashes
        reason = Message(
            "The {received:,} bytes received aren't the expected file (wrong SHA-256).", {"received": download.received}
        )
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else "not permitted"
        reason = Message("The cache folder {folder} isn't writable ({cause}).", {"folder": str(folder), "cause": cause})
    raise DataError(
        "{title} couldn't be downloaded from {host}. {reason} Put {name}.npz into the folder named by DIGIT_LAB_DATA, "
        "or choose uci-digits, which needs no download.",
        title=builtin.title,
        host=builtin.host,
        reason=reason,
        name=name,
    )
