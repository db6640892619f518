"""Reads dataset files into arrays: `.npz` as Keras lays them out, idx, CIFAR-10's two layouts, UCI's digits.

Knows bytes and paths. Any problem with a file is raised as a DataError that names the file; no reader runs code from a
file.
"""

import gzip
import hashlib
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.errors import DataError

MAX_BYTES = 2 * 1024**3  # of a file, and of what it unpacks to
SIDES = (8, 256)  # pixels, both ends included
CLASSES = (2, 100)
MAX_CLASS_NAME = 40  # characters

KEYS = ("x_train", "y_train", "x_test", "y_test")
CIFAR_SHAPE = (3, 32, 32)  # channels first, as both layouts store it
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


def read_npz(path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Return the arrays and class names of an `.npz` with x_train, y_train, x_test and y_test.

    Images may be `(n, h, w)` or `(n, h, w, c)`: integers in [0, 255], floats in [0, 255], or floats and
    booleans in [0, 1], which are stretched to [0, 255]. Labels are `(n,)` or `(n, 1)` whole numbers from 0.
    An optional array `class_names` of strings names the classes; without it they are "0", "1", and so on.

    Raises DataError for anything else.
    """
    file = path.name
    raw = _npz_arrays(path)
    x_train = _with_channels(file, "x_train", raw["x_train"])
    x_test = _with_channels(file, "x_test", raw["x_test"])
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(
            f"{file} holds training images of {_by(x_train.shape[1:])} and test images of "
            f"{_by(x_test.shape[1:])}; expected one size: bring both to it and save again."
        )
    y_train = _labels(file, "y_train", raw["y_train"], len(x_train))
    y_test = _labels(file, "y_test", raw["y_test"], len(x_test))
    n_classes = _n_classes(file, y_train, y_test)
    names = _class_names(file, raw.get("class_names"), n_classes)
    scale = _common_scale(file, x_train, x_test)
    return Arrays(_to_uint8(x_train, scale), y_train, _to_uint8(x_test, scale), y_test), names


def check_layout(file: str, arrays: Arrays, n_classes: int, image_shape: tuple[int, ...], expected: int) -> None:
    """Raise DataError unless the images have this shape and as many classes as expected."""
    if arrays.x_train.shape[1:] != image_shape or n_classes != expected:
        raise DataError(
            f"{file} holds images {arrays.x_train.shape[1:]} of {n_classes} classes; expected under this "
            f"name {image_shape} of {expected} classes: rename the file, and it is a dataset of your own."
        )


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of a gzipped idx file, in the shape its header gives.

    Raises DataError for a file that is not a gzipped idx file of unsigned bytes, or not of the length in its header.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, n_axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{n_axes}I", content, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{path.name} is no complete gzipped idx file ({error}): fetch it again.") from error
    body = np.frombuffer(memoryview(content)[4 + 4 * n_axes :], np.uint8)
    if zeros or kind != 0x08 or not n_axes or _product(shape) != len(body):
        raise DataError(
            f"{path.name} holds {len(body):,} bytes under an idx header that says {_by(shape) or 'nothing'}; "
            "expected as many unsigned bytes as the header says: fetch it again."
        )
    return body.reshape(shape)


def read_fashion(folder: Path) -> Arrays:
    """Return Fashion-MNIST from its four idx files in `folder`. Raises DataError for damaged ones."""
    x_train, y_train, x_test, y_test = (read_idx(folder / file) for file in FASHION_FILES)
    for images, labels in ((x_train, y_train), (x_test, y_test)):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise DataError(
                f"The idx files in {folder.name} hold images {images.shape} with labels {labels.shape}; "
                "expected (n, h, w) with (n,): fetch them again."
            )
    return Arrays(x_train[..., np.newaxis], y_train.astype(np.int64), x_test[..., np.newaxis], y_test.astype(np.int64))


def read_cifar_binary(path: Path) -> Arrays:
    """Return CIFAR-10 from the `.tar.gz` of its binary version: a label byte and 3,072 pixels a record.

    Raises DataError for an archive that is damaged or lacks a batch.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            batches = [_records(_member(archive, f"cifar-10-batches-bin/{name}.bin")) for name in CIFAR_BATCHES]
    except (OSError, EOFError, zlib.error, tarfile.TarError, KeyError, ValueError) as error:
        raise DataError(f"{path.name} is no complete CIFAR-10 archive ({error}): fetch it again.") from error
    return _joined(batches)


def read_cifar_pickles(folder: Path) -> Arrays:
    """Return CIFAR-10 from the six Python pickles that Keras unpacks.

    Raises DataError for a batch that is missing, of another size, or asks for anything but NumPy arrays.
    """
    return _joined([_pickled_batch(folder / name) for name in CIFAR_BATCHES])


def read_uci_digits() -> Arrays:
    """Return the 8x8 digits inside scikit-learn as MNIST has its own: 20x20 pixels in the middle of 28x28.

    1,437 to train and 360 to test, drawn in fixed order with equal shares of each digit.
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


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    _check_archive(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            present = [key for key in (*KEYS, "class_names") if key in archive]
            arrays = {key: archive[key] for key in present}
    # A damaged archive raises nearly anything: zip, zlib and header errors, SyntaxError, MemoryError.
    except Exception as error:
        if "Object arrays" in str(error):
            raise DataError(
                f"{path.name} holds an array of Python objects; expected plain numbers (and plain strings "
                "in class_names): convert it with astype and save again."
            ) from error
        raise DataError(
            f"{path.name} is damaged ({type(error).__name__} while unpacking); expected an .npz as "
            "numpy.savez writes it: save or copy it again."
        ) from error
    missing = [key for key in KEYS if not isinstance(arrays.get(key), np.ndarray)]
    if missing:
        raise DataError(
            f"{path.name} has no array {missing[0]}; expected {', '.join(KEYS)}: "
            "save all four with numpy.savez_compressed."
        )
    return arrays


def _check_archive(path: Path) -> None:
    limit = f"{MAX_BYTES / 1e9:.1f} GB: save fewer or smaller images."
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path.name} is {size / 1e9:.1f} GB large; expected at most {limit}")
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except OSError as error:
        raise DataError(f"{path.name} can't be read ({error.strerror or error}): check its permissions.") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(
            f"{path.name} is no complete .npz archive ({size:,} bytes); expected one as "
            "numpy.savez writes it: save or copy it again."
        ) from error
    if unpacked > MAX_BYTES:
        raise DataError(f"{path.name} unpacks to {unpacked / 1e9:.1f} GB; expected at most {limit}")


def _with_channels(file: str, key: str, images: np.ndarray) -> np.ndarray:
    start = f"{file} holds {key} with the shape {images.shape}"
    if images.ndim not in (3, 4):
        raise DataError(f"{start}; expected (n, height, width) or (n, height, width, channels): reshape it.")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    n, height, width, channels = images.shape
    if channels not in (1, 3):
        raise DataError(f"{start}; expected 1 channel (grey) or 3 (colours) on its last axis: convert it.")
    if not (SIDES[0] <= height <= SIDES[1] and SIDES[0] <= width <= SIDES[1]):
        raise DataError(f"{start}; expected sides from {SIDES[0]} to {SIDES[1]} pixels: resize the images.")
    if n == 0:
        raise DataError(f"{start}; expected at least one image: put some images into {key}.")
    return images


def _labels(file: str, key: str, labels: np.ndarray, n_images: int) -> np.ndarray:
    start = f"{file} holds {key}"
    if labels.shape not in ((n_images,), (n_images, 1)):
        raise DataError(
            f"{start} with the shape {labels.shape} beside {n_images:,} images; "
            "expected one class number for each image: save them in equal number."
        )
    labels = labels.reshape(n_images)
    if labels.dtype.kind not in "iuf":
        raise DataError(f"{start} of the type {labels.dtype}; expected whole numbers: number the classes from 0.")
    low, high = _range(labels)
    if not (low >= 0 and high < CLASSES[1]) or (labels != np.rint(labels)).any():
        raise DataError(
            f"{start} with values from {low:g} to {high:g}; expected whole numbers "
            f"from 0 to at most {CLASSES[1] - 1}: number the classes from 0."
        )
    return labels.astype(np.int64)


def _n_classes(file: str, y_train: np.ndarray, y_test: np.ndarray) -> int:
    n_classes = int(max(y_train.max(), y_test.max())) + 1
    if n_classes < CLASSES[0]:
        raise DataError(
            f"{file} holds one class, the label 0; expected {CLASSES[0]} to {CLASSES[1]} classes: "
            "add images of another class."
        )
    return n_classes


def _class_names(file: str, names: np.ndarray | None, n_classes: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number) for number in range(n_classes))
    start = f"{file} holds class_names"
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(
            f"{start} that came as something else than a list of strings; expected one name for each class: "
            "save them as numpy.array([...], dtype=str)."
        )
    if len(names) != n_classes:
        raise DataError(
            f"{start} with {len(names)} names for labels from 0 to {n_classes - 1}; "
            f"expected {n_classes} names: name each class once."
        )
    try:
        texts = tuple(text.strip() for text in names.tolist())
    except ValueError as error:  # a code point that no character has
        raise DataError(f"{start} that are no readable text: save them again.") from error
    bad = [text for text in texts if not 0 < len(text) <= MAX_CLASS_NAME or not text.isprintable()]
    bad += [text for text in texts if texts.count(text) > 1]
    if bad:
        raise DataError(
            f"{start} with {bad[0][:MAX_CLASS_NAME]!r}; expected different printable names of 1 to "
            f"{MAX_CLASS_NAME} characters: rename that class."
        )
    return texts


def _common_scale(file: str, x_train: np.ndarray, x_test: np.ndarray) -> int:
    train, train_high = _pixel_scale(file, "x_train", x_train)
    test, test_high = _pixel_scale(file, "x_test", x_test)
    # All-black images suit either range.
    if train != test and train_high > 0 and test_high > 0:
        raise DataError(
            f"{file} holds x_train up to {train_high:g} ({x_train.dtype}) and x_test up to {test_high:g} "
            f"({x_test.dtype}); expected one range, [0, 1] or [0, 255]: bring both to it."
        )
    return train if train_high > 0 else test


def _pixel_scale(file: str, key: str, images: np.ndarray) -> tuple[int, float]:
    """Return the factor that brings the images to [0, 255], and their largest value before."""
    kind = images.dtype.kind
    if kind not in "buif":
        raise DataError(f"{file} holds {key} of the type {images.dtype}; expected numbers from 0 to 255: convert it.")
    low, high = _range(images)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{file} holds NaN or infinity in {key}; expected numbers in [0, 255]: replace them.")
    if low < 0 or high > 255:
        raise DataError(
            f"{file} holds {key} with values from {low:g} to {high:g}; "
            "expected [0, 255], or floats in [0, 1]: rescale it."
        )
    return 255 if kind == "b" or (kind == "f" and high <= 1) else 1, high


def _to_uint8(images: np.ndarray, scale: int) -> np.ndarray:
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    pixels = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), 1024):  # in blocks: float64 copies of a whole dataset cost gigabytes
        block = images[start : start + 1024].astype(np.float64)
        pixels[start : start + 1024] = np.rint(block * scale)
    return pixels


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
    # An unpickler on damaged bytes raises nearly anything.
    except Exception as error:
        raise DataError(f"{path.name} is no complete CIFAR-10 batch ({error}): fetch it again.") from error


def _checked_batch(pixels: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = CIFAR_IMAGES_PER_BATCH
    if pixels.shape != (n, _product(CIFAR_SHAPE)) or pixels.dtype != np.uint8:
        raise ValueError(f"pixels came as {pixels.dtype} {pixels.shape}")
    if labels.shape != (n,) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise ValueError(f"labels came as {labels.dtype} {labels.shape}, or out of 0 to 9")
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
    """Builds NumPy arrays and plain values, and refuses every other name a pickle may ask for."""

    _ALLOWED = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        # The helper that NumPy itself puts into a pickled array: asked for, because its address is private.
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _range(values: np.ndarray) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):
        return float(values.min()), float(values.max())


def _product(shape: tuple[int, ...]) -> int:
    product = 1  # np.prod would wrap around in 64 bits on a header made of nonsense
    for length in shape:
        product *= length
    return product


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(str(length) for length in shape)
