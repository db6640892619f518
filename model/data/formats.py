"""Read dataset files into arrays: `.npz` in Keras's layout, idx, CIFAR-10's two formats, UCI's digits.

Bytes and paths only. Any problem with a file is raised as a DataError that names the file; no reader runs code from a
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
from model.results import MAX_CLASS_NAME

MAX_BYTES = 2 * 1024**3  # of a file, and of its unpacked contents
SIDES = (8, 256)  # pixels, both inclusive
CLASSES = (2, 100)

KEYS = ("x_train", "y_train", "x_test", "y_test")
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


def read_npz(path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Return the arrays and class names of an `.npz` with x_train, y_train, x_test and y_test.

    Images may be `(n, h, w)` or `(n, h, w, c)`: integers or floats in [0, 255], or floats and booleans in [0, 1], which
    are scaled to [0, 255]. Labels are `(n,)` or `(n, 1)` whole numbers from 0. An optional array `class_names` of
    strings names the classes; without it they are "0", "1", and so on.

    Raises DataError for anything else.
    """
    file = path.name
    raw = _npz_arrays(path)
    x_train = _with_channels(file, "x_train", raw["x_train"])
    x_test = _with_channels(file, "x_test", raw["x_test"])
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(
            "The training and test images in {file} must have the same size, got {train} and {test}. Resize them.",
            file=file,
            train=_size(x_train.shape[1:]),
            test=_size(x_test.shape[1:]),
        )
    y_train = _labels(file, "y_train", raw["y_train"], len(x_train))
    y_test = _labels(file, "y_test", raw["y_test"], len(x_test))
    n_classes = _n_classes(file, y_train, y_test)
    names = _class_names(file, raw.get("class_names"), n_classes)
    scale = _common_scale(file, x_train, x_test)
    return Arrays(_to_uint8(x_train, scale), y_train, _to_uint8(x_test, scale), y_test), names


def check_layout(file: str, arrays: Arrays, n_classes: int, image_shape: tuple[int, ...], expected: int) -> None:
    """Raise DataError unless the images have this shape and the expected number of classes."""
    if arrays.x_train.shape[1:] != image_shape or n_classes != expected:
        raise DataError(
            "{file} must contain {expected} classes of {shape} images to have the name of a built-in dataset, got {n} "
            "classes of {value} images. Rename the file to use it as your own dataset.",
            file=file,
            expected=expected,
            shape=_size(image_shape),
            n=n_classes,
            value=_size(arrays.x_train.shape[1:]),
        )


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
            shape=_size(shape) or "0",
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


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    _check_archive(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            present = [key for key in (*KEYS, "class_names") if key in archive]
            arrays = {key: archive[key] for key in present}
    # A damaged archive can raise almost any error: zip, zlib and header errors, SyntaxError, MemoryError.
    except Exception as error:
        if "Object arrays" in str(error):
            raise DataError(
                "{file} contains an array of Python objects. Convert it to numbers (class_names to strings) with "
                "astype and save it again.",
                file=path.name,
            ) from error
        raise DataError(
            "{file} is damaged ({error} while unpacking). Save it again with numpy.savez_compressed.",
            file=path.name,
            error=type(error).__name__,
        ) from error
    missing = [key for key in KEYS if not isinstance(arrays.get(key), np.ndarray)]
    if missing:
        raise DataError(
            "{file} is missing {key}. Save {keys} with numpy.savez_compressed.",
            file=path.name,
            key=missing[0],
            keys=", ".join(KEYS),
        )
    return arrays


def _check_archive(path: Path) -> None:
    limit = MAX_BYTES / 1e9
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                "{file} must be at most {limit:.1f} GB, got {size:.1f} GB. Save fewer or smaller images.",
                file=path.name,
                limit=limit,
                size=size / 1e9,
            )
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except OSError as error:
        raise DataError(
            "{file} can't be read ({error}). Check its permissions.",
            file=path.name,
            error=error.strerror or str(error),
        ) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(
            "{file} isn't a complete .npz archive ({size:,} bytes). Save it again with numpy.savez_compressed.",
            file=path.name,
            size=size,
        ) from error
    if unpacked > MAX_BYTES:
        raise DataError(
            "{file} must unpack to at most {limit:.1f} GB, got {unpacked:.1f} GB. Save fewer or smaller images.",
            file=path.name,
            limit=limit,
            unpacked=unpacked / 1e9,
        )


def _with_channels(file: str, key: str, images: np.ndarray) -> np.ndarray:
    if images.ndim not in (3, 4):
        raise DataError(
            "{key} in {file} must have the shape (n, height, width) or (n, height, width, channels), got {shape}. "
            "Reshape it.",
            key=key,
            file=file,
            shape=images.shape,
        )
    if images.ndim == 3:
        images = images[..., np.newaxis]
    n, height, width, channels = images.shape
    if channels not in (1, 3):
        raise DataError(
            "{key} in {file} must have 1 channel (greyscale) or 3 (colour), got {channels}. Convert the images.",
            key=key,
            file=file,
            channels=channels,
        )
    if not (SIDES[0] <= height <= SIDES[1] and SIDES[0] <= width <= SIDES[1]):
        raise DataError(
            "Images in {key} of {file} must have sides of {low} to {high} pixels, got {size}. Resize them.",
            key=key,
            file=file,
            low=SIDES[0],
            high=SIDES[1],
            size=_size((height, width)),
        )
    if n == 0:
        raise DataError("{key} in {file} is empty. Add at least one image.", key=key, file=file)
    return images


def _labels(file: str, key: str, labels: np.ndarray, n_images: int) -> np.ndarray:
    if labels.shape not in ((n_images,), (n_images, 1)):
        raise DataError(
            "{key} in {file} must contain one class number for each of the {n:,} images, got the shape {shape}.",
            key=key,
            file=file,
            n=n_images,
            shape=labels.shape,
        )
    labels = labels.reshape(n_images)
    if labels.dtype.kind not in "iuf":
        raise DataError(
            "{key} in {file} must contain whole numbers, got the type {dtype}. Number the classes from 0.",
            key=key,
            file=file,
            dtype=str(labels.dtype),
        )
    low, high = _range(labels)
    if not (low >= 0 and high < CLASSES[1]) or (labels != np.rint(labels)).any():
        raise DataError(
            "{key} in {file} must contain whole numbers from 0 to {most}, got values from {low:g} to {high:g}. "
            "Number the classes from 0.",
            key=key,
            file=file,
            most=CLASSES[1] - 1,
            low=low,
            high=high,
        )
    return labels.astype(np.int64)


def _n_classes(file: str, y_train: np.ndarray, y_test: np.ndarray) -> int:
    n_classes = int(max(y_train.max(), y_test.max())) + 1
    if n_classes < CLASSES[0]:
        raise DataError(
            "{file} must contain {low} to {high} classes, got {n}. Add images of another class.",
            file=file,
            low=CLASSES[0],
            high=CLASSES[1],
            n=n_classes,
        )
    return n_classes


def _class_names(file: str, names: np.ndarray | None, n_classes: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number) for number in range(n_classes))
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(
            "class_names in {file} must be a list of strings. Save them as numpy.array([...], dtype=str).", file=file
        )
    if len(names) != n_classes:
        raise DataError(
            "class_names in {file} must contain {expected} names, one per class, got {n}.",
            file=file,
            expected=n_classes,
            n=len(names),
        )
    try:
        texts = tuple(text.strip() for text in names.tolist())
    except ValueError as error:  # an invalid code point
        raise DataError("class_names in {file} contains invalid text. Save the names again.", file=file) from error
    bad = [text for text in texts if not 0 < len(text) <= MAX_CLASS_NAME or not text.isprintable()]
    bad += [text for text in texts if texts.count(text) > 1]
    if bad:
        raise DataError(
            "class_names in {file} must be different printable names of 1 to {most} characters, got {name!r}. Rename "
            "that class.",
            file=file,
            most=MAX_CLASS_NAME,
            name=bad[0][:MAX_CLASS_NAME],
        )
    return texts


def _common_scale(file: str, x_train: np.ndarray, x_test: np.ndarray) -> int:
    train, train_high = _pixel_scale(file, "x_train", x_train)
    test, test_high = _pixel_scale(file, "x_test", x_test)
    # All-black images fit either range.
    if train != test and train_high > 0 and test_high > 0:
        raise DataError(
            "x_train and x_test in {file} must have the same range, [0, 1] or [0, 255], got {train_type} up to "
            "{train:g} and {test_type} up to {test:g}. Rescale one of them.",
            file=file,
            train_type=str(x_train.dtype),
            train=train_high,
            test_type=str(x_test.dtype),
            test=test_high,
        )
    return train if train_high > 0 else test


def _pixel_scale(file: str, key: str, images: np.ndarray) -> tuple[int, float]:
    """Return the factor that scales the images to [0, 255], and their largest value before scaling."""
    kind = images.dtype.kind
    if kind not in "buif":
        raise DataError(
            "{key} in {file} must contain numbers, got the type {dtype}. Convert it.",
            key=key,
            file=file,
            dtype=str(images.dtype),
        )
    low, high = _range(images)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError("{key} in {file} contains NaN or infinity. Replace these values.", key=key, file=file)
    if low < 0 or high > 255:
        raise DataError(
            "Pixels of {key} in {file} must be in [0, 255], or floats in [0, 1], got values from {low:g} to {high:g}. "
            "Rescale them.",
            key=key,
            file=file,
            low=low,
            high=high,
        )
    return 255 if kind == "b" or (kind == "f" and high <= 1) else 1, high


def _to_uint8(images: np.ndarray, scale: int) -> np.ndarray:
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    pixels = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), 1024):  # in blocks: a float64 copy of a whole dataset takes gigabytes
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


def _range(values: np.ndarray) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):
        return float(values.min()), float(values.max())


def _product(shape: tuple[int, ...]) -> int:
    product = 1  # np.prod would overflow 64 bits with an invalid header
    for length in shape:
        product *= length
    return product


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(length) for length in shape)
