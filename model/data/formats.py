"""Read the files of the built-in datasets into arrays: idx, CIFAR-10's two formats, UCI's digits.

Bytes and paths only; `npz` reads datasets of any layout. Any problem with a file is raised as a DataError that names
the file; no reader runs code from a file.
"""

import gzip
import hashlib
import pickle
import struct
import tarfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.errors import DataError

CIFAR_SHAPE = (3, 32, 32)  # channels first in both formats
CIFAR_IMAGES_PER_BATCH = 10_000
CIFAR_BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
FASHION_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


class Arrays(NamedTuple):
    """The four arrays of a dataset: `x_*` `(n, h, w, c)` uint8 in [0, 255], `y_*` `(n,)` int64."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def fingerprint(self) -> str:
        """Return the first 16 hex digits of the SHA-256 over shapes, types and bytes of the four arrays."""
        digest = hashlib.sha256()
        for array in self:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.data if array.flags.c_contiguous else array.tobytes())
        return digest.hexdigest()[:16]


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of a gzipped idx file, in the shape given in its header.

    Raises DataError for a file that isn't a gzipped idx file of unsigned bytes, or not as long as its header states.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, n_axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{n_axes}I", content, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(
            "{file} isn't a complete gzipped idx file ({error}). Download it again.", file=path.name, error=str(error)
        ) from error
    body = np.frombuffer(memoryview(content)[4 + 4 * n_axes :], np.uint8)
    if zeros or kind != 0x08 or not n_axes or _product(shape) != len(body):
        raise DataError(
            "{file} must contain {shape} unsigned bytes after its idx header, got {n:,}. Download it again.",
            file=path.name,
            shape=size(shape) or "0",
            n=len(body),
        )
    return body.reshape(shape)


def read_fashion(folder: Path) -> Arrays:
    """Return Fashion-MNIST from its four idx files in `folder`. Raises DataError for damaged ones."""
    x_train, y_train, x_test, y_test = (read_idx(folder / file) for file in FASHION_FILES)
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise DataError(
                "The idx files in {folder} must contain (n, h, w) images and (n,) labels, got {images} and {labels}. "
                "Download them again.",
                folder=folder.name,
                images=images.shape,
                labels=labels.shape,
            )
    return Arrays(x_train[..., np.newaxis], y_train.astype(np.int64), x_test[..., np.newaxis], y_test.astype(np.int64))


def read_cifar_binary(path: Path) -> Arrays:
    """Return CIFAR-10 from the `.tar.gz` of its binary version: a label byte and 3,072 pixels per record.

    Raises DataError for an archive that is damaged or incomplete.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            batches = [_records(_member(archive, f"cifar-10-batches-bin/{name}.bin")) for name in CIFAR_BATCHES]
    except (OSError, EOFError, zlib.error, tarfile.TarError, KeyError, ValueError) as error:
        raise DataError(
            "{file} isn't a complete CIFAR-10 archive ({error}). Download it again.", file=path.name, error=str(error)
        ) from error
    return _joined(batches)


def read_cifar_pickles(folder: Path) -> Arrays:
    """Return CIFAR-10 from the six Python pickles that Keras unpacks.

    Raises DataError for a batch that is missing, has another size, or needs anything other than NumPy arrays.
    """
    return _joined([_pickled_batch(folder / name) for name in CIFAR_BATCHES])


def read_uci_digits() -> Arrays:
    """Return scikit-learn's 8x8 digits in MNIST's layout: 20x20 pixels in the centre of 28x28.

    1,437 for training and 360 for testing: a stratified split that is always the same.
    """
    from PIL import Image
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small, labels = load_digits(return_X_y=True)
    small = np.rint(small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    large = np.stack([np.asarray(Image.fromarray(image).resize((20, 20), Image.Resampling.BICUBIC)) for image in small])
    images = np.pad(large, ((0, 0), (4, 4), (4, 4)))[..., np.newaxis]
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels.astype(np.int64), test_size=360, stratify=labels, random_state=0
    )
    return Arrays(x_train, y_train, x_test, y_test)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file.read()


def _records(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + _product(CIFAR_SHAPE))
    return _checked_batch(records[:, 1:], records[:, 0])


def _pickled_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open("rb") as file:
            batch = _ArraysOnly(file, encoding="bytes").load()
        return _checked_batch(batch[b"data"], np.array(batch[b"labels"]))
    # Unpickling damaged bytes can raise almost any error.
    except Exception as error:
        raise DataError(
            "{file} isn't a complete CIFAR-10 batch ({error}). Download it again.", file=path.name, error=str(error)
        ) from error


def _checked_batch(pixels: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = CIFAR_IMAGES_PER_BATCH
    if pixels.shape != (n, _product(CIFAR_SHAPE)) or pixels.dtype != np.uint8:
        raise ValueError(f"wrong pixels: {pixels.dtype} {pixels.shape}")
    if labels.shape != (n,) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise ValueError(f"wrong labels: {labels.dtype} {labels.shape}")
    return np.moveaxis(pixels.reshape(n, *CIFAR_SHAPE), 1, -1), labels.astype(np.int64)


def _joined(batches: list[tuple[np.ndarray, np.ndarray]]) -> Arrays:
    *train, test = batches
    return Arrays(
        np.concatenate([pixels for pixels, _ in train]),
        np.concatenate([labels for _, labels in train]),
        np.ascontiguousarray(test[0]),
        test[1],
    )


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays and plain values only."""

    _ALLOWED = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        # The function that NumPy pickles with every array, taken from an array because its module is private.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} isn't allowed") from None


def _product(shape: tuple[int, ...]) -> int:
    product = 1  # np.prod would overflow 64 bits with an invalid header
    for length in shape:
        product *= length
    return product


def size(shape: tuple[int, ...]) -> str:
    """Return a shape for a message, like 28×28."""
    return "×".join(str(length) for length in shape)
