"""Read idx files, the format of MNIST's original download, with or without gzip. Bytes only."""

import re
import struct
import zlib
from pathlib import PurePosixPath

import numpy as np

from model.data.assembly import TEST, TRAIN, VALIDATION, Raw
from model.data.formats import size
from model.data.tree import Tree
from model.errors import DataError
from model.messages import Message

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_AXES = 4
_NAME = re.compile(r"idx\d?|ubyte", re.IGNORECASE)
_PARTS = (("train", TRAIN), ("t10k", TEST), ("test", TEST), ("val", VALIDATION))
_KINDS = re.compile(
    r"(train(ing)?|t10k|test(ing)?|val(id(ation)?)?)?[ ._-]*(images?|labels?)[ ._-]*idx.*", re.IGNORECASE
)


def is_idx(path: str) -> bool:
    """Return whether a file's name is one of an idx file, such as train-images-idx3-ubyte.gz."""
    name = PurePosixPath(path).name
    return bool(_NAME.search(name)) and not name.lower().endswith((".png", ".jpg", ".csv", ".npz", ".zip"))


def group_of(name: str) -> str:
    """Return what the names of a dataset's idx files have in common before train or t10k; "" if nothing.

    >>> group_of("emnist-letters-train-images-idx3-ubyte.gz"), group_of("t10k-labels.idx1-ubyte")
    ('emnist-letters', '')
    """
    return _KINDS.sub("", name).strip(" ._-")


def raw_of(tree: Tree, paths: list[str]) -> Raw:
    """Return the images and labels in idx files; the names decide which are for testing. Raises DataError."""
    images: dict[str, np.ndarray] = {}
    labels: dict[str, np.ndarray] = {}
    keys: dict[str, list[str]] = {}
    for path in paths:
        name = PurePosixPath(path).name
        array = read_idx(name, tree.read(path), tree.limits.unpacked)
        part = next((part for word, part in _PARTS if word in name.lower()), TRAIN)
        place, kind = (labels, 1) if array.ndim == 1 else (images, 0)
        if part in place:
            raise DataError(
                "{file} contains two idx files with the same contents, {one} and {other}. Remove one of them.",
                file=tree.name,
                one=keys[part][kind],
                other=name,
            )
        place[part] = array
        keys.setdefault(part, ["", ""])[kind] = name
    for part in (TRAIN, *images, *labels):
        if part not in images or part not in labels:
            raise DataError(
                "{file} has no idx file with the {kind} for {part}. Add it: images have 3 axes, labels 1.",
                file=tree.name,
                kind="labels" if part in images else "images",
                part=part,
            )
    return Raw(
        tree.name, Message("idx files"), images, labels, keys={part: (pair[0], pair[1]) for part, pair in keys.items()}
    )


def read_idx(file: str, content: bytes, most: int) -> np.ndarray:
    """Return the array of an idx file, unpacked to at most `most` bytes. Raises DataError if it is damaged."""
    try:
        if content[:2] == b"\x1f\x8b":
            unpacker = zlib.decompressobj(wbits=31)
            content = unpacker.decompress(content, most)
            if not unpacker.eof:
                raise ValueError("it is cut short or too large")
        zeros, kind, n_axes = struct.unpack_from(">HBB", content)
        if zeros or kind not in _TYPES or not 0 < n_axes <= _MAX_AXES:
            raise ValueError("it has no idx header")
        shape = struct.unpack_from(f">{n_axes}I", content, 4)
        body = np.frombuffer(memoryview(content)[4 + 4 * n_axes :], _TYPES[kind])
    except (zlib.error, struct.error, ValueError) as error:
        raise DataError(
            "{file} isn't a complete idx file ({error}). Download or save it again.", file=file, error=str(error)
        ) from error
    expected = 1
    for length in shape:
        expected *= length
    if expected != len(body):
        raise DataError(
            "{file} must contain {shape} numbers after its idx header, got {n:,}. Download or save it again.",
            file=file,
            shape=size(shape),
            n=len(body),
        )
    return body.reshape(shape).astype(body.dtype.newbyteorder("="))
