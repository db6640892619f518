"""Turn labels of any usual form into class numbers and class names. Arrays only.

Numbers, one column of them, one-hot rows and words are accepted; whatever else there is raises a DataError that names
the array.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.errors import DataError
from model.plain_text import is_readable
from model.results import MAX_CLASS_NAME

CLASSES = (2, 100)


@dataclass(frozen=True, eq=False)
class Classes:
    """Class numbers from 0, `(n,)` int64 by the name of their array, and the names of the classes."""

    labels: dict[str, np.ndarray]
    names: tuple[str, ...]
    first: int = 0  # the smallest label in the file


def read_labels(
    file: str, labels: Mapping[str, np.ndarray], n_images: Mapping[str, int], class_names: Any = None
) -> Classes:
    """Return the classes of several label arrays, by their names in the file; `n_images` are the images of each.

    Labels that start above 0 are moved to start at 0, because a network can't learn a class without images; the
    classes keep their numbers as names. Raises DataError for labels that don't fit.
    """
    flat = {key: _one_per_image(file, key, np.asarray(array), n_images[key]) for key, array in labels.items()}
    words = [key for key, array in flat.items() if array.dtype.kind in "US"]
    if words and len(words) == len(flat):
        return _from_words(file, flat, class_names)
    numbers = {key: _whole_numbers(file, key, array) for key, array in flat.items()}
    first = int(min(array.min() for array in numbers.values()))
    widths = [array.shape[1] for array in labels.values() if _is_table(array)]
    n_classes = max([int(array.max()) + 1 for array in numbers.values()] + widths)
    if widths:
        first = 0  # every class has its column
    given = _given_names(file, class_names)
    if given is not None and len(given) >= n_classes:
        first, n_classes = 0, len(given)
    n_classes -= first
    _check_number(file, n_classes)
    if given is not None and len(given) != n_classes:
        raise DataError(
            "class_names in {file} must contain {expected} names, one per class, got {n}.",
            file=file,
            expected=n_classes,
            n=len(given),
        )
    names = given or tuple(str(number) for number in range(first, first + n_classes))
    return Classes({key: array - first for key, array in numbers.items()}, names, first)


def in_order(names: Sequence[str]) -> list[str]:
    """Return names as people sort them: numbers by value, then words without regard to case.

    >>> in_order(["10", "b", "9", "A"])
    ['9', '10', 'A', 'b']
    """

    def sort_key(name: str) -> tuple[bool, int, str, str]:
        is_number = re.fullmatch(r"[0-9]{1,9}", name) is not None
        return (not is_number, int(name) if is_number else 0, name.casefold(), name)

    return sorted(names, key=sort_key)


def check_names(file: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of classes without spaces around them. Raises DataError unless each can name one class."""
    texts = tuple(text.strip() for text in names)
    bad = [text for text in texts if not 0 < len(text) <= MAX_CLASS_NAME or not is_readable(text)]
    bad += [text for text in texts if texts.count(text) > 1]
    if bad:
        raise DataError(
            "The class names in {file} must be different printable names of 1 to {most} characters, got {name!r}. "
            "Rename that class.",
            file=file,
            most=MAX_CLASS_NAME,
            name=bad[0][:MAX_CLASS_NAME],
        )
    return texts


def _is_table(labels: np.ndarray) -> bool:
    return labels.ndim == 2 and labels.shape[1] > 1 and labels.shape[0] != 1


def _one_per_image(file: str, key: str, labels: np.ndarray, n: int) -> np.ndarray:
    """Return one label per image, `(n,)`, from a row, a column or one-hot rows."""
    if labels.shape in ((n,), (n, 1), (1, n)):
        return labels.reshape(n)
    if labels.ndim != 2 or len(labels) != n or labels.dtype.kind not in "buif":
        raise DataError(
            "{key} in {file} must contain one class number for each of the {n:,} images, got the shape {shape}.",
            key=key,
            file=file,
            n=n,
            shape=labels.shape,
        )
    # One-hot rows of a network's output are rarely exactly 0 and 1.
    rounded = np.rint(labels.astype(np.float64))
    if not np.allclose(labels, rounded, atol=1e-3) or (rounded < 0).any() or (rounded.sum(axis=1) != 1).any():
        raise DataError(
            "{key} in {file} has {columns} columns, but its rows aren't one-hot (a single 1 in each). Save one class "
            "number for each image.",
            key=key,
            file=file,
            columns=labels.shape[1],
        )
    return np.asarray(rounded.argmax(axis=1))


def _whole_numbers(file: str, key: str, labels: np.ndarray) -> np.ndarray:
    if labels.dtype.kind not in "buif":
        raise DataError(
            "{key} in {file} must contain whole numbers, got the type {dtype}. Number the classes from 0.",
            key=key,
            file=file,
            dtype=str(labels.dtype),
        )
    with np.errstate(invalid="ignore"):
        low, high = float(labels.min()), float(labels.max())
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


def _from_words(file: str, labels: Mapping[str, np.ndarray], class_names: Any) -> Classes:
    texts = {key: np.char.strip(_decoded(file, array)) for key, array in labels.items()}
    found = {str(text) for array in texts.values() for text in np.unique(array)}
    given = _given_names(file, class_names)
    names = tuple(in_order(list(found))) if given is None or not found <= set(given) else given
    _check_number(file, len(names))
    names = check_names(file, names)
    numbers = {name: number for number, name in enumerate(names)}
    return Classes(
        {key: np.array([numbers[str(text)] for text in array], np.int64) for key, array in texts.items()}, names
    )


def _decoded(file: str, array: np.ndarray) -> np.ndarray:
    try:
        return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
    except UnicodeDecodeError as error:
        raise DataError("The labels in {file} contain invalid text. Save them again.", file=file) from error


def _check_number(file: str, n_classes: int) -> None:
    if not CLASSES[0] <= n_classes <= CLASSES[1]:
        raise DataError(
            "{file} must contain {low} to {high} classes, got {n}. Add images of another class, or remove classes.",
            file=file,
            low=CLASSES[0],
            high=CLASSES[1],
            n=n_classes,
        )


def _given_names(file: str, names: Any) -> tuple[str, ...] | None:
    if names is None:
        return None
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(
            "class_names in {file} must be a list of strings. Save them as numpy.array([...], dtype=str).", file=file
        )
    try:
        return check_names(file, names.tolist())
    except ValueError as error:  # an invalid code point
        raise DataError("class_names in {file} contains invalid text. Save the names again.", file=file) from error
