"""Read the arrays of an `.npz`, or of several `.npy` files, under the names that people give them.

Bytes and arrays only. Any problem is raised as a DataError that names the file and the array; nothing is unpickled.
"""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.data.assembly import TEST, TRAIN, VALIDATION, Assembled, Raw, assemble
from model.data.formats import Arrays, size
from model.data.tree import Limits, check_directory
from model.errors import DataError
from model.messages import Message

MAX_BYTES = 2 * 1024**3  # of a file, and of its unpacked contents
KEYS = ("x_train", "y_train", "x_test", "y_test")

_PARTS = {
    "training": TRAIN,
    "train": TRAIN,
    "testing": TEST,
    "test": TEST,
    "t10k": TEST,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
}
_IMAGES = ("images", "image", "imgs", "img", "pixels", "features", "inputs", "data", "x")
_LABELS = ("labels", "label", "targets", "target", "classes", "class", "y")
_NAMES = ("classnames", "labelnames", "targetnames", "classlabels", "names")
_MAX_SHOWN = 12  # arrays in a message


def read_npz(path: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Return the arrays and class names of an `.npz`: see `read_archive`."""
    read = read_archive(path)
    return read.arrays, read.class_names


def read_archive(path: Path, packed: int | None = None, unpacked: int | None = None) -> Assembled:
    """Return the dataset in an `.npz` of at most so many bytes, by default 2 GiB.

    Its arrays may have Keras's names (x_train, y_train, x_test, y_test) or others that mean the same, such as
    train_images and train_labels, or X and y for images without a test part. Images may be `(n, h, w)`,
    `(n, h, w, c)`, `(n, c, h, w)` or square rows `(n, h * w)`, in a range that `pixels` recognizes. Labels are whole
    numbers, one-hot rows or words. An array `class_names` of strings names the classes.

    Raises DataError for anything else.
    """
    packed, unpacked = packed or MAX_BYTES, unpacked or MAX_BYTES
    check_directory(path, Limits(packed, unpacked))
    return assemble(raw_in(path.name, path, unpacked))


def raw_in(file: str, source: Path | io.BytesIO, unpacked: int) -> Raw:
    """Return the parts in an `.npz` or its contents. Raises DataError."""
    _check_archive(file, source, unpacked)
    return raw_of(file, _arrays(file, source))


def raw_of(file: str, arrays: Mapping[str, np.ndarray]) -> Raw:
    """Return the parts that named arrays mean. Raises DataError, with the names, if that isn't clear."""
    if "labels" in arrays and "class_names" not in arrays and _are_names(arrays["labels"], arrays):
        arrays = {("class_names" if key == "labels" else key): array for key, array in arrays.items()}
    meanings: dict[tuple[str, str], str] = {}
    for key in arrays:
        meaning = _meaning(key)
        if meaning is None:
            continue
        if meaning in meanings and {key, meanings[meaning]} & {*KEYS, "class_names"}:
            meanings[meaning] = key if key in (*KEYS, "class_names") else meanings[meaning]
        elif meaning in meanings:
            raise _unclear(file, arrays)
        else:
            meanings[meaning] = key
    names = meanings.pop(("", "names"), None)
    found = {part for part, kind in meanings}
    if not found and (pair := _only_pair({key: array for key, array in arrays.items() if key != names})):
        meanings |= {("", "x"): pair[0], ("", "y"): pair[1]}
        found = {""}
    if "" in found and TRAIN not in found:  # X and y, perhaps with X_test and y_test
        meanings = {(part or TRAIN, kind): key for (part, kind), key in meanings.items()}
    elif "" in found:
        raise _unclear(file, arrays)
    parts = [part for part in (TRAIN, TEST, VALIDATION) if (part, "x") in meanings or (part, "y") in meanings]
    if TRAIN not in parts and TEST not in parts:
        raise _unclear(file, arrays)
    for part in dict.fromkeys((TRAIN, *parts)):
        for kind in "xy":
            if (part, kind) not in meanings:
                raise _missing(file, f"{kind}_{'val' if part == VALIDATION else part}", arrays)
    return Raw(
        file,
        Message("arrays in an .npz file"),
        {part: arrays[meanings[part, "x"]] for part in parts},
        {part: arrays[meanings[part, "y"]] for part in parts},
        None if names is None else arrays[names],
        {part: (meanings[part, "x"], meanings[part, "y"]) for part in parts},
    )


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


def read_npy(file: str, content: bytes) -> np.ndarray:
    """Return the array in the bytes of an `.npy` file. Raises DataError if it is damaged or contains objects."""
    try:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except Exception as error:  # as below
        raise _damaged(file, error) from error


def _meaning(key: str) -> tuple[str, str] | None:
    """Return the part ("" if the key names none) and x, y or names; None for an unknown key."""
    text = re.sub(r"[^a-z0-9]", "", key.lower())
    if text in _NAMES:
        return "", "names"
    for word, part in _PARTS.items():
        for rest in (text.removeprefix(word), text.removesuffix(word)):
            if rest != text and (kind := _kind(rest)):
                return part, kind
    kind = _kind(text)
    return ("", kind) if kind else None


def _kind(text: str) -> str | None:
    text = text.removesuffix("set").removesuffix("s") if text not in (*_IMAGES, *_LABELS) else text
    return "x" if text in _IMAGES else "y" if text in _LABELS else None


def _are_names(array: np.ndarray, arrays: Mapping[str, np.ndarray]) -> bool:
    """Return whether an array called "labels" contains the names of the classes: words, and other labels exist."""
    return array.ndim == 1 and array.dtype.kind == "U" and "y_train" in arrays


def _only_pair(arrays: Mapping[str, np.ndarray]) -> tuple[str, str] | None:
    """Return the names of the images and labels if there are two arrays that can be nothing else."""
    if len(arrays) != 2:
        return None
    labels, images = sorted(arrays, key=lambda key: arrays[key].ndim)
    is_pair = arrays[images].ndim >= 3 > arrays[labels].ndim >= 1 and len(arrays[images]) == len(arrays[labels])
    return (images, labels) if is_pair else None


def _found(arrays: Mapping[str, np.ndarray]) -> str:
    shown = [f"{key[:40]} {array.shape}" for key, array in list(arrays.items())[:_MAX_SHOWN]]
    return ", ".join(shown + ["…"] * (len(arrays) > _MAX_SHOWN)) or "–"


def _missing(file: str, key: str, arrays: Mapping[str, np.ndarray]) -> DataError:
    return DataError(
        "{file} is missing {key}; it contains {found}. Save {keys} with numpy.savez_compressed.",
        file=file,
        key=key,
        found=_found(arrays),
        keys=", ".join(KEYS),
    )


def _unclear(file: str, arrays: Mapping[str, np.ndarray]) -> DataError:
    return DataError(
        "{file} contains {found}, and it isn't clear which are images and labels. Rename them to {keys}.",
        file=file,
        found=_found(arrays),
        keys=", ".join(KEYS),
    )


def _arrays(file: str, source: Path | io.BytesIO) -> dict[str, np.ndarray]:
    try:
        with np.load(source, allow_pickle=False) as archive:
            loaded = {key: archive[key] for key in archive.files}
    # A damaged archive can raise almost any error: zip, zlib and header errors, SyntaxError, MemoryError.
    except Exception as error:
        raise _damaged(file, error) from error
    # A member that isn't an array is returned as bytes.
    return {key: array for key, array in loaded.items() if isinstance(array, np.ndarray)}


def _damaged(file: str, error: Exception) -> DataError:
    if "Object arrays" in str(error):
        return DataError(
            "{file} contains an array of Python objects. Convert it to numbers (class_names to strings) with "
            "astype and save it again.",
            file=file,
        )
    return DataError(
        "{file} is damaged ({error} while unpacking). Save it again with numpy.savez_compressed.",
        file=file,
        error=type(error).__name__,
    )


def _check_archive(file: str, source: Path | io.BytesIO, most: int) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(
            "{file} isn't a complete .npz archive. Save it again with numpy.savez_compressed, or copy it again.",
            file=file,
        ) from error
    if unpacked > most:
        raise DataError(
            "{file} must unpack to at most {limit:.1f} GB, got {unpacked:.1f} GB. Save fewer or smaller images.",
            file=file,
            limit=most / 1e9,
            unpacked=unpacked / 1e9,
        )
