"""The datasets that Digit Lab knows by name: their files, classes and readers. Contains data; loads nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from model.data import formats, npz
from model.data.download import Remote
from model.data.formats import Arrays
from model.messages import N_

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
