"""Named datasets: a local file, Keras's cache, a verified download, or the digits inside scikit-learn.

Finds datasets by name; `formats` and `npz` read their files. pooch and requests are imported only when they are
needed, so that the web server starts quickly.

    DIGIT_LAB_DATA     a folder of .npz files: your own datasets, or copies of the built-in ones under their names
    KERAS_HOME         the parent of Keras's cache (default ~/.keras)
    DIGIT_LAB_CACHE    the folder for downloads (default: the system's cache folder for digit-lab)
"""

import contextlib
import hashlib
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from model.data import formats, npz
from model.data.dataset import Dataset
from model.data.download import Progress, Remote, _BrokenDownloadError, _Download
from model.data.formats import Arrays
from model.errors import DataError
from model.messages import N_, Message
from model.plain_text import is_name

# SHA-256 and size in bytes of each downloaded file. The hash is checked; the size is for the progress bar.
_FILES = {
    "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1 11490434",
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84 26421880",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845 29515",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073 4422102",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5 5148",
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd 170052171",
}
_KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_CIFAR_URL = "https://www.cs.toronto.edu/~kriz/"

_DIGITS = tuple("0123456789")
_CLOTHES = (
    N_("T-shirt/top"),
    N_("Trouser"),
    N_("Pullover"),
    N_("Dress"),
    N_("Coat"),
    N_("Sandal"),
    N_("Shirt"),
    N_("Sneaker"),
    N_("Bag"),
    N_("Ankle boot"),
)
_ANIMALS_AND_VEHICLES = (
    N_("airplane"),
    N_("automobile"),
    N_("bird"),
    N_("cat"),
    N_("deer"),
    N_("dog"),
    N_("frog"),
    N_("horse"),
    N_("ship"),
    N_("truck"),
)
IN_SCIKIT_LEARN = Message("part of scikit-learn")
IN_KERAS_CACHE = Message("Keras's cache")
IN_OUR_CACHE = Message("Digit Lab's download cache")
_is_file = os.path.isfile  # Path's method raises an error in a folder without permissions


@dataclass(frozen=True)
class BuiltinDataset:
    """A dataset that Digit Lab knows by name. Without remotes, it is part of scikit-learn."""

    title: str
    note: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    n_train: int
    read: Callable[[Path], Arrays]  # the folder with the downloaded files -> arrays
    remotes: tuple[Remote, ...] = ()
    time_limit: float = 120  # seconds for the whole download
    keras_folder: str = ""  # in Keras's cache
    read_keras: Callable[[Path], Arrays] | None = None  # None: Keras's cache contains the same files as a download
    aliases: tuple[str, ...] = ()
    may_flip: bool = False

    @property
    def host(self) -> str:
        """The server of the download."""
        return urlsplit(self.remotes[0].url).hostname or ""

    @property
    def keras_files(self) -> tuple[str, ...]:
        """The names of the files in Keras's cache."""
        return formats.CIFAR_BATCHES if self.read_keras else tuple(remote.file for remote in self.remotes)


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


def _remotes(base: str, *files: str) -> tuple[Remote, ...]:
    entries = [(file, *_FILES[file].split()) for file in files]
    return tuple(Remote(base + file, sha256, int(size)) for file, sha256, size in entries)


BUILTINS: dict[str, BuiltinDataset] = {
    "mnist": BuiltinDataset(
        title="MNIST",
        note=N_("70,000 handwritten digits, 28×28 pixels, greyscale"),
        class_names=_DIGITS,
        image_shape=(28, 28, 1),
        n_train=60_000,
        read=lambda folder: npz.read_npz(folder / "mnist.npz")[0],
        remotes=_remotes(_KERAS_URL, "mnist.npz"),
    ),
    "fashion-mnist": BuiltinDataset(
        title="Fashion-MNIST",
        note=N_("70,000 pieces of clothing, 28×28 pixels, greyscale"),
        class_names=_CLOTHES,
        image_shape=(28, 28, 1),
        n_train=60_000,
        read=formats.read_fashion,
        remotes=_remotes(_KERAS_URL, *formats.FASHION_FILES),
        time_limit=240,
        keras_folder="fashion-mnist",
        aliases=("fashion_mnist",),
        may_flip=True,
    ),
    "cifar-10": BuiltinDataset(
        title="CIFAR-10",
        note=N_("60,000 photos of animals and vehicles, 32×32 pixels, colour"),
        class_names=_ANIMALS_AND_VEHICLES,
        image_shape=(32, 32, 3),
        n_train=50_000,
        read=lambda folder: formats.read_cifar_binary(folder / "cifar-10-binary.tar.gz"),
        remotes=_remotes(_CIFAR_URL, "cifar-10-binary.tar.gz"),
        time_limit=900,
        keras_folder="cifar-10-batches-py-target/cifar-10-batches-py",
        read_keras=formats.read_cifar_pickles,
        aliases=("cifar10",),
        may_flip=True,
    ),
    "uci-digits": BuiltinDataset(
        title=N_("UCI digits"),
        note=N_("1,797 handwritten digits, enlarged from 8×8 to 28×28 pixels, greyscale"),
        class_names=_DIGITS,
        image_shape=(28, 28, 1),
        n_train=1_437,
        read=lambda folder: formats.read_uci_digits(),
    ),
}


def load(name: str, progress: Progress | None = None) -> Dataset:
    """Return the dataset called `name` from the first location that has it.

    Images are `(n, h, w, c)` uint8 in [0, 255], labels `(n,)` int64; the arrays are read-only, because many
    visitors' pages share them. `progress(received, total)` is called with the bytes of a download.

    Raises DataError for an unknown name, a damaged file in DIGIT_LAB_DATA, or a failed download, which leaves no files
    behind. Damaged files in Keras's cache are skipped.
    """
    name, own = _look_up(name)
    if own:
        dataset = _own_dataset(name, own, BUILTINS.get(name))
    else:
        arrays, source = _built_in_arrays(name, BUILTINS[name], progress)
        dataset = Dataset(name, str(source), *arrays, BUILTINS[name].class_names, arrays.fingerprint())
    for array in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test, *(dataset.validation or ())):
        array.setflags(write=False)
    return dataset


def available() -> tuple[DatasetStatus, ...]:
    """Return the built-in datasets, then your own by name. Reads no images and needs no network."""
    return tuple(status(name) for name in (*BUILTINS, *_own_names()))


def status(name: str) -> DatasetStatus:
    """Return the status of one dataset. Raises DataError for an unknown name."""
    name, own = _look_up(name)
    damaged = own is not None and not zipfile.is_zipfile(own)  # an archive that was cut has lost its directory
    if own and name not in BUILTINS:
        where = _in_own_folder(own, damaged)
        return DatasetStatus(name, name, not damaged, where, None, N_("your own images"), None, damaged)
    builtin = BUILTINS[name]
    found = _in_own_folder(own, damaged) if own else _location(name, builtin)
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


def _look_up(name: str) -> tuple[str, Path | None]:
    """Return the canonical name of a dataset and its file in DIGIT_LAB_DATA; only built-in datasets may have none."""
    known = ", ".join((*BUILTINS, *_own_names()))
    # Names come from links and command lines, and become parts of paths.
    if not is_name(name):
        raise DataError(
            "A dataset name must consist of up to 61 letters, digits, spaces, dots, dashes or underscores, got "
            "{value!r}. Choose one of {known}.",
            value=str(name)[:70],
            known=known,
        )
    name = _canonical(name)
    own = _own_file(name)
    if name not in BUILTINS and (folder := missing_folder()):
        raise DataError(
            "Dataset {name} doesn't exist, as there is no folder {folder}. Set DIGIT_LAB_DATA to the folder with "
            "{name}.npz, or choose one of {known}.",
            name=name,
            folder=str(folder),
            known=known,
        )
    if name not in BUILTINS and not own:
        raise DataError(
            "Dataset {name} doesn't exist. Choose one of {known}, or put {name}.npz into the folder named by "
            "DIGIT_LAB_DATA.",
            name=name,
            known=known,
        )
    return name, own


def _own_folder() -> Path | None:
    value = os.environ.get("DIGIT_LAB_DATA")
    return _expanded(value) if value else None


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's method raises an error without a home folder


def _own_names() -> list[str]:
    folder = _own_folder()
    stems = [path.stem for path in folder.glob("*.npz") if _is_file(path)] if folder else []
    return sorted(stem for stem in stems if is_name(stem) and _canonical(stem) not in BUILTINS)


def _own_file(name: str) -> Path | None:
    folder = _own_folder()
    aliases = BUILTINS[name].aliases if name in BUILTINS else ()
    paths = [folder / f"{alias}.npz" for alias in (name, *aliases)] if folder else []
    return next(filter(_is_file, paths), None)


def _in_own_folder(path: Path, damaged: bool = False) -> Message:
    if damaged:
        return Message(
            "{file} in the folder named by DIGIT_LAB_DATA is damaged. Copy it again, or remove it.",
            {"file": path.name},
        )
    return Message("{file} in the folder named by DIGIT_LAB_DATA", {"file": path.name})


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


def _own_dataset(name: str, path: Path, builtin: BuiltinDataset | None) -> Dataset:
    """Return the dataset in a file of DIGIT_LAB_DATA; one with the name of a built-in dataset has its classes."""
    read = npz.read_archive(path)
    arrays, class_names, source = read.arrays, read.class_names, _in_own_folder(path)
    if builtin:
        npz.check_layout(path.name, arrays, len(class_names), builtin.image_shape, len(builtin.class_names))
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
