"""Read a dataset from an `.npz` in Keras's layout, and check all that a training relies on.

Paths and arrays only. Any problem is raised as a DataError that names the file and the array; nothing is unpickled.
"""

import struct
import zipfile
from pathlib import Path

import numpy as np

from model.data.formats import Arrays, size
from model.errors import DataError
from model.results import MAX_CLASS_NAME

MAX_BYTES = 2 * 1024**3  # of a file, and of its unpacked contents
SIDES = (8, 256)  # pixels, both inclusive
CLASSES = (2, 100)

KEYS = ("x_train", "y_train", "x_test", "y_test")


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
            train=size(x_train.shape[1:]),
            test=size(x_test.shape[1:]),
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
            shape=size(image_shape),
            n=n_classes,
            value=size(arrays.x_train.shape[1:]),
        )


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
        n_bytes = path.stat().st_size
        if n_bytes > MAX_BYTES:
            raise DataError(
                "{file} must be at most {limit:.1f} GB, got {size:.1f} GB. Save fewer or smaller images.",
                file=path.name,
                limit=limit,
                size=n_bytes / 1e9,
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
            size=n_bytes,
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
            size=size((height, width)),
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


def _range(values: np.ndarray) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):
        return float(values.min()), float(values.max())
