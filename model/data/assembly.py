"""Make a dataset of the arrays in somebody's files: check shapes, classes and range, and find a test part.

Arrays only: `npz`, `idx`, `csv_file` and `image_folder` read the files.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model.data.dataset import Origin, Skipped
from model.data.formats import Arrays, size
from model.data.labels import read_labels
from model.data.pixels import find_range, to_uint8
from model.data.splits import hold_out
from model.errors import DataError
from model.messages import Message

SIDES = (8, 256)  # pixels, both inclusive
TRAIN, TEST, VALIDATION = "train", "test", "validation"
TEST_SHARE, _TEST_SEED = 0.2, 0  # of images without a test part; always the same, so that no run sees a test image
_MIN_PER_CLASS = 3  # to train on, to validate and to test
_USUAL_KEYS = {
    TRAIN: ("x_train", "y_train"),
    TEST: ("x_test", "y_test"),
    VALIDATION: ("x_val", "y_val"),
}


@dataclass(eq=False)
class Raw:
    """Images and labels as they are in a file, by part: train, test, validation."""

    file: str  # for messages
    layout: Message
    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    class_names: Any = None
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # names of both arrays in the file
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)

    def key(self, part: str, kind: int) -> str:
        """Return the name of the images (0) or the labels (1) of a part in messages."""
        return self.keys.get(part, _USUAL_KEYS[part])[kind]


@dataclass(frozen=True, eq=False)
class Assembled:
    """A dataset without a name."""

    arrays: Arrays
    class_names: tuple[str, ...]
    validation: tuple[np.ndarray, np.ndarray] | None
    origin: Origin


def assemble(raw: Raw) -> Assembled:
    """Return the dataset; without a test part, a stratified fifth of the images becomes it. Raises DataError."""
    if TRAIN not in raw.images:
        raise DataError("{file} contains no training images. Add them.", file=raw.file)
    images = {part: _with_channels(raw.file, raw.key(part, 0), array) for part, array in raw.images.items()}
    _check_sizes(raw, images)
    classes = read_labels(
        raw.file,
        {raw.key(part, 1): array for part, array in raw.labels.items()},
        {raw.key(part, 1): len(images[part]) for part in raw.labels},
        raw.class_names,
    )
    found = find_range(raw.file, {raw.key(part, 0): array for part, array in images.items()})
    parts = {part: (to_uint8(images[part], found), classes.labels[raw.key(part, 1)]) for part in images}
    notes = list(raw.notes)
    if TEST not in parts and VALIDATION in parts:
        parts[TEST] = parts.pop(VALIDATION)
        notes.append(Message("There is no test part, so the validation images are used as the test set."))
    is_split = TEST not in parts
    if is_split:
        parts |= _split(raw.file, *parts[TRAIN])
    origin = Origin(
        layout=raw.layout,
        dtype=str(raw.images[TRAIN].dtype),
        value_range=(found.lowest, found.highest),
        scale=(found.black, found.white),
        first_label=classes.first,
        is_split=is_split,
        notes=tuple(notes),
        skipped=tuple(raw.skipped),
    )
    return Assembled(Arrays(*parts[TRAIN], *parts[TEST]), classes.names, parts.get(VALIDATION), origin)


def _split(file: str, images: np.ndarray, labels: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    counts = np.bincount(labels)
    if (smallest := int(counts[counts > 0].min())) < _MIN_PER_CLASS:
        raise DataError(
            "{file} has no test part, and its smallest class has too few images to take one from them: {smallest}. "
            "Each class needs at least {least} images.",
            file=file,
            smallest=smallest,
            least=_MIN_PER_CLASS,
        )
    train, test = hold_out(labels, TEST_SHARE, _TEST_SEED)
    return {TRAIN: (images[train], labels[train]), TEST: (images[test], labels[test])}


def _check_sizes(raw: Raw, images: dict[str, np.ndarray]) -> None:
    shape = images[TRAIN].shape[1:]
    for part in images:
        if images[part].shape[1:] != shape:
            raise DataError(
                "The training and test images in {file} must have the same size, got {train} and {test}. Resize them.",
                file=raw.file,
                train=size(shape),
                test=size(images[part].shape[1:]),
            )


def _with_channels(file: str, key: str, images: np.ndarray) -> np.ndarray:
    """Return images `(n, h, w, channels)`; rows of pixels become squares, and channels are moved to the end."""
    if images.ndim == 2 and (side := round(images.shape[1] ** 0.5)) ** 2 == images.shape[1] and side >= SIDES[0]:
        images = images.reshape(-1, side, side)
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
    elif images.shape[1] in (1, 3) and images.shape[3] >= SIDES[0]:  # as PyTorch stores images
        images = np.moveaxis(images, 1, -1)
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
