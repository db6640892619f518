"""Named datasets: a local file, Keras's cache, a verified download, or the digits inside scikit-learn.

Knows the names and places of datasets; `formats` reads their files. pooch and requests are imported where they are
needed, because the web server must start at once.

    DIGIT_LAB_DATA     a folder of .npz files: built-in ones by their names, and people's own
    KERAS_HOME         where Keras keeps its cache (default ~/.keras)
    DIGIT_LAB_CACHE    where downloads are kept (default: the system's cache folder for digit-lab)
"""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from model.data import formats
from model.data.dataset import Dataset
from model.data.download import Progress, Remote, _BrokenDownloadError, _Download
from model.data.formats import Arrays
from model.errors import DataError

# SHA-256 and bytes of each file of a download. The hash decides; the size is for the progress bar.
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

_DIGITS = "0,1,2,3,4,5,6,7,8,9"
_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_THINGS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9 _.-]{0,60}")
_OWN_FOLDER = "the folder named by DIGIT_LAB_DATA"
_is_file = os.path.isfile  # Path's own raises in a folder that we may not look into


@dataclass(frozen=True)
class BuiltinDataset:
    """A dataset that Digit Lab knows by name. One without remotes is part of scikit-learn."""

    title: str
    note: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    n_train: int
    read: Callable[[Path], Arrays]  # the folder with the downloaded files -> arrays
    remotes: tuple[Remote, ...] = ()
    time_limit: float = 120  # seconds for the whole download
    keras_folder: str = ""  # in Keras's cache
    read_keras: Callable[[Path], Arrays] | None = None  # None: Keras keeps the files of the download
    aliases: tuple[str, ...] = ()
    may_flip: bool = False

    @property
    def host(self) -> str:
        """The server of the download."""
        return urlsplit(self.remotes[0].url).hostname or ""

    @property
    def keras_files(self) -> tuple[str, ...]:
        """The names of the files that Keras keeps."""
        return formats.CIFAR_BATCHES if self.read_keras else tuple(remote.file for remote in self.remotes)


@dataclass(frozen=True)
class DatasetStatus:
    """Facts about a dataset that need no file to be opened."""

    name: str
    title: str
    here: bool  # a load needs no network
    where: str  # for people to read
    download_bytes: int | None  # what a load would download; None when nothing
    note: str
    image_shape: tuple[int, int, int] | None  # None for people's own, known only after a load


def _remotes(base: str, *files: str) -> tuple[Remote, ...]:
    entries = [(file, *_FILES[file].split()) for file in files]
    return tuple(Remote(base + file, sha256, int(size)) for file, sha256, size in entries)


BUILTINS: dict[str, BuiltinDataset] = {
    "mnist": BuiltinDataset(
        title="MNIST",
        note="70,000 handwritten digits, 28x28, grey",
        class_names=tuple(_DIGITS.split(",")),
        image_shape=(28, 28, 1),
        n_train=60_000,
        read=lambda folder: formats.read_npz(folder / "mnist.npz")[0],
        remotes=_remotes(_KERAS_URL, "mnist.npz"),
    ),
    "fashion-mnist": BuiltinDataset(
        title="Fashion-MNIST",
        note="70,000 pieces of clothing, 28x28, grey",
        class_names=tuple(_CLOTHES.split(",")),
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
        note="60,000 photos of animals and vehicles, 32x32, in colour",
        class_names=tuple(_THINGS.split(",")),
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
        title="UCI digits",
        note="1,797 handwritten digits, 8x8 brought to 28x28, grey",
        class_names=tuple(_DIGITS.split(",")),
        image_shape=(28, 28, 1),
        n_train=1_437,
        read=lambda folder: formats.read_uci_digits(),
    ),
}


def load(name: str, progress: Progress | None = None) -> Dataset:
    """Return the dataset called `name` from the first place that has it.

    Images are `(n, h, w, c)` uint8 in [0, 255], labels `(n,)` int64; the arrays are read-only, because many
    visitors' pages share them. `progress(done, total)` is called with the bytes of a download.

    Raises DataError for an unknown name, a damaged file in DIGIT_LAB_DATA, or a failed download, of which nothing
    stays on the disk. Damaged files in Keras's cache are skipped.
    """
    name, own = _look_up(name)
    if own:
        arrays, class_names, source = _own_arrays(own, BUILTINS.get(name))
    else:
        arrays, source = _built_in_arrays(name, BUILTINS[name], progress)
        class_names = BUILTINS[name].class_names
    for array in arrays:
        array.setflags(write=False)
    return Dataset(name, source, *arrays, class_names, arrays.fingerprint())


def available() -> tuple[DatasetStatus, ...]:
    """Return the built-in datasets, then people's own by name. Opens no file and asks no network."""
    return tuple(status(name) for name in (*BUILTINS, *_own_names()))


def status(name: str) -> DatasetStatus:
    """Return the status of one dataset. Raises DataError for an unknown name."""
    name, own = _look_up(name)
    if own and name not in BUILTINS:
        return DatasetStatus(name, name, True, _in_own_folder(own), None, "your own images", None)
    builtin = BUILTINS[name]
    where = _in_own_folder(own) if own else _place(name, builtin)
    size = None if where else sum(remote.size for remote in builtin.remotes)
    where = where or f"to be downloaded from {builtin.host}"
    return DatasetStatus(name, builtin.title, size is None, where, size, builtin.note, builtin.image_shape)


def reachable(name: str, timeout: float = 2.0) -> bool:
    """Return whether the dataset's server responds within `timeout` seconds; raises nothing.

    False for datasets that have no download, and for unknown names.
    """
    import requests

    responses: list[bool] = []

    def ask(url: str) -> None:
        with contextlib.suppress(requests.RequestException, OSError, ValueError):
            responses.append(requests.head(url, timeout=timeout, allow_redirects=True).ok)

    builtin = BUILTINS.get(_canonical(name))
    if builtin and builtin.remotes:
        # A thread, because no timeout of requests covers a name server that stays silent.
        asking = threading.Thread(target=ask, args=(builtin.remotes[0].url,), name="reachable", daemon=True)
        asking.start()
        asking.join(timeout)
    return responses == [True]


def may_flip(name: str) -> bool:
    """Return whether images of the dataset keep their meaning when left and right are exchanged.

    False for digits. True for clothes, photos and people's own images, where the choice is left to the person.
    """
    builtin = BUILTINS.get(_canonical(name))
    return builtin is None or builtin.may_flip


def _canonical(name: str) -> str:
    return next((known for known, builtin in BUILTINS.items() if name in builtin.aliases), name)


def _look_up(name: str) -> tuple[str, Path | None]:
    """Return the dataset's proper name and the person's own file, which only a built-in dataset can do without."""
    known = f"known are {', '.join((*BUILTINS, *_own_names()))}"
    # Names come from addresses and command lines, and become parts of paths.
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DataError(
            f"The dataset name came as {str(name)[:70]!r}; expected up to 61 letters, digits, spaces, dots, "
            f"dashes or underscores; {known}: choose one of them."
        )
    name = _canonical(name)
    own = _own_file(name)
    if name not in BUILTINS and not own:
        raise DataError(
            f"There is no dataset called {name!r}; {known}: choose one of them, or put {name}.npz into {_OWN_FOLDER}."
        )
    return name, own


def _own_folder() -> Path | None:
    value = os.environ.get("DIGIT_LAB_DATA")
    return _expanded(value) if value else None


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises without a home


def _own_names() -> list[str]:
    folder = _own_folder()
    stems = [path.stem for path in folder.glob("*.npz") if _is_file(path)] if folder else []
    return sorted(stem for stem in stems if _NAME.fullmatch(stem) and _canonical(stem) not in BUILTINS)


def _own_file(name: str) -> Path | None:
    folder = _own_folder()
    aliases = BUILTINS[name].aliases if name in BUILTINS else ()
    paths = [folder / f"{alias}.npz" for alias in (name, *aliases)] if folder else []
    return next(filter(_is_file, paths), None)


def _in_own_folder(path: Path) -> str:
    return f"{path.name} in {_OWN_FOLDER}"


def _place(name: str, builtin: BuiltinDataset) -> str:
    """Return in words where the complete dataset is; empty when it must be downloaded."""
    if not builtin.remotes:
        return "inside scikit-learn"
    if all(_is_file(_keras_folder(builtin) / file) for file in builtin.keras_files):
        return "Keras's cache"
    cached = all(_is_file(_cache_folder(name) / remote.file) for remote in builtin.remotes)
    return "Digit Lab's download cache" if cached else ""


def _keras_folder(builtin: BuiltinDataset) -> Path:
    return _expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets" / builtin.keras_folder


def _cache_folder(name: str) -> Path:
    import pooch

    return _expanded(os.environ.get("DIGIT_LAB_CACHE") or str(pooch.os_cache("digit-lab"))) / name


def _own_arrays(path: Path, builtin: BuiltinDataset | None) -> tuple[Arrays, tuple[str, ...], str]:
    """Return a person's own arrays, their class names and, in words, where they are."""
    arrays, class_names = formats.read_npz(path)
    source = _in_own_folder(path)
    if builtin is None:
        return arrays, class_names, source
    formats.check_layout(path.name, arrays, len(class_names), builtin.image_shape, len(builtin.class_names))
    if (n := len(arrays.x_train)) < builtin.n_train:
        source += f", a part: {n:,} of {builtin.n_train:,} training images"
    return arrays, builtin.class_names, source


def _built_in_arrays(name: str, builtin: BuiltinDataset, progress: Progress | None) -> tuple[Arrays, str]:
    if not builtin.remotes:
        return builtin.read(Path()), "inside scikit-learn"
    if arrays := _from_keras(builtin):
        return arrays, "Keras's cache"
    _fetch(name, builtin, progress)
    return builtin.read(_cache_folder(name)), f"{builtin.host}, checked by SHA-256"


def _from_keras(builtin: BuiltinDataset) -> Arrays | None:
    """Return the arrays from Keras's cache, or None when they are missing or damaged."""
    folder = _keras_folder(builtin)
    try:
        if builtin.read_keras:
            return builtin.read_keras(folder)
        hashes = [hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in builtin.keras_files]
        return builtin.read(folder) if hashes == [remote.sha256 for remote in builtin.remotes] else None
    except (DataError, OSError):
        return None


def _fetch(name: str, builtin: BuiltinDataset, progress: Progress | None) -> None:
    """Download the dataset's files into our cache and verify them; good ones that are already there stay."""
    import pooch

    pooch.get_logger().setLevel("CRITICAL")  # its notes would land between the lines of --json
    folder = _cache_folder(name)
    download = _Download(builtin.remotes, builtin.time_limit, progress)
    try:
        for remote in builtin.remotes:
            pooch.retrieve(remote.url, f"sha256:{remote.sha256}", remote.file, folder, downloader=download)
            download.finish(remote)
        return
    except _BrokenDownloadError as error:
        reason = str(error)
    except ValueError:  # pooch compared the hashes
        reason = f"{download.received:,} bytes came that are not the expected file (their SHA-256 differs)"
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else "not permitted"
        reason = f"the cache folder {folder} can't be written ({cause})"
    raise DataError(
        f"{builtin.title} could not be downloaded from {builtin.host}: {reason}. "
        f"Put {name}.npz into {_OWN_FOLDER}, or choose uci-digits, which needs no network."
    )
