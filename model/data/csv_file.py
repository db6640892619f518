"""Read CSV files with a label and the pixels of one image per line, as MNIST is often shared. Text only."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

import numpy as np

from model.data.assembly import SIDES, TEST, TRAIN, VALIDATION, Raw
from model.data.dataset import Skipped
from model.data.tree import Tree
from model.errors import DataError
from model.messages import Message

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_LABEL_NAMES = ("label", "labels", "class", "target", "y", "digit", "letter", "character", "category")
_PART = re.compile(r"(?:^|[ ._-]+)(train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?)$", re.IGNORECASE)
_DELIMITERS = ",;\t "
_BLOCK = 5_000  # lines at a time: as text and floats, they take ten times the memory of the pixels


def part_of(path: str) -> tuple[str, str]:
    """Return the file's stem without its part, and the part, "" if the name has none.

    >>> part_of("mnist_train.csv"), part_of("letters.CSV")
    (('mnist', 'train'), ('letters', ''))
    """
    stem = re.sub(r"\.[ct]sv(\.gz)?$", "", PurePosixPath(path).name, flags=re.IGNORECASE)
    match = _PART.search(stem)
    if not match:
        return stem, ""
    word = match[1].lower()
    part = TRAIN if word.startswith("train") else TEST if word.startswith("test") else VALIDATION
    return stem[: match.start()], part


def raw_of(tree: Tree, paths: list[str]) -> Raw:
    """Return the images and labels in one CSV, or in one per part. Raises DataError."""
    parts: dict[str, str] = {}
    skipped = []
    for path in paths:
        part = part_of(path)[1] or TRAIN
        if part in parts:
            if len(paths) > 1 and not part_of(path)[1]:
                skipped.append(Skipped(path, Message("Another CSV file contains the training images.")))
                continue
            raise DataError(
                "{file} contains two CSV files for the same part, {one} and {other}. Remove one of them.",
                file=tree.name,
                one=parts[part],
                other=path,
            )
        parts[part] = path
    if TRAIN not in parts:
        raise DataError("{file} contains no training images. Add them.", file=tree.name)
    images: dict[str, np.ndarray] = {}
    labels: dict[str, np.ndarray] = {}
    for part in (TRAIN, *(part for part in parts if part != TRAIN)):
        name = PurePosixPath(parts[part]).name
        text = _text(name, tree.read(parts[part]), tree.limits.unpacked)
        n_pixels = images[TRAIN].shape[1] if TRAIN in images else 0
        pixels, words = _read(name, text, n_pixels)
        if words is None:
            skipped.append(Skipped(name, Message("It has no column of labels.")))
            continue
        images[part], labels[part] = pixels, words
    keys = {part: (PurePosixPath(path).name,) * 2 for part, path in parts.items()}
    return Raw(
        tree.name, Message("CSV with a label and pixels in each line"), images, labels, keys=keys, skipped=skipped
    )


def _text(file: str, content: bytes, most: int) -> str:
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(most + 1)
        if len(content) > most:
            raise ValueError("it is too large")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(
            "{file} can't be read as text ({error}). Save it again.", file=file, error=str(error)
        ) from error


def _read(file: str, text: str, n_pixels: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the pixels `(n, height * width)` and the labels `(n,)`; None for labels if there is no such column."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    delimiter = max(_DELIMITERS[:3], key=first.count)
    delimiter = delimiter if delimiter in first else " "
    rows = _rows(text, delimiter)
    header = next(rows, [])
    has_header = any(not _is_number(cell) for cell in header[:1] + header[2:]) or not _is_number(header[-1])
    head = list(islice(rows, 200)) if has_header else [header, *islice(rows, 199)]
    if not head:
        raise DataError("{file} contains no images. Add one per line: a label, then its pixels.", file=file)
    names = [cell.strip().lower() for cell in header] if has_header else []
    skip = 1 if names and names[0] in ("", "unnamed: 0", "index", "id") else 0
    width = len(head[0]) - skip
    if n_pixels and width == n_pixels:
        return np.zeros((0, n_pixels)), None
    label = _label_column(names, head, skip)
    side = round((width - 1) ** 0.5)
    if side**2 != width - 1 or not SIDES[0] <= side <= SIDES[1]:
        raise DataError(
            "{file} must have a label and a square number of pixels in each line, such as 1 + 784, got {n} columns.",
            file=file,
            n=width,
        )
    lines = (line for line in io.StringIO(text) if line.strip())
    if has_header:
        next(lines)
    blocks, words, number = [], [], 1 + has_header
    while block := list(islice(lines, _BLOCK)):
        pixels, labels = _block(file, block, delimiter, number, label, skip, width)
        blocks.append(pixels)
        words.append(labels)
        number += len(block)
    return np.concatenate(blocks), np.concatenate([each.astype(str) for each in words]) if _differ(words) else (
        np.concatenate(words)
    )


def _differ(labels: list[np.ndarray]) -> bool:
    """Return whether some blocks have numbers for labels and others words."""
    return len({each.dtype.kind for each in labels}) > 1


def _block(
    file: str, lines: list[str], delimiter: str, number: int, label: int, skip: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels and labels of some lines: at once if all cells are numbers, else cell by cell."""
    try:
        cells = np.loadtxt(
            lines, np.float32, comments=None, delimiter=None if delimiter == " " else delimiter, ndmin=2, quotechar='"'
        )
        if cells.shape[1] == width + skip:
            return _smallest(np.delete(cells[:, skip:], label - skip, axis=1)), cells[:, label]
    except ValueError:
        pass
    rows = list(_rows("".join(lines), delimiter))
    return _pixels(file, rows, number, label, skip, width), _labels([row[label].strip() for row in rows])


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in io.StringIO(text) if line.strip())
    return (row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row))


def _label_column(names: list[str], head: list[list[str]], skip: int) -> int:
    named = [number for number, name in enumerate(names) if name in _LABEL_NAMES]
    if named:
        return named[0]
    first, last = [row[skip] for row in head], [row[-1] for row in head]
    # A corner pixel is nearly always the same; the labels of many lines never are.
    return len(head[0]) - 1 if len(set(first)) == 1 < len(set(last)) else skip


def _pixels(file: str, block: list[list[str]], line: int, label: int, skip: int, width: int) -> np.ndarray:
    for number, row in enumerate(block, line):
        if len(row) != width + skip:
            raise DataError(
                "Line {line} of {file} has {n} columns instead of {expected}. Correct or remove it.",
                line=number,
                file=file,
                n=len(row),
                expected=width + skip,
            )
    cells = [row[skip:label] + row[label + 1 :] for row in block]
    try:
        pixels = np.array(cells, dtype=np.float32)
    except ValueError:
        wrong = next(number for number, row in enumerate(cells, line) if not all(map(_is_number, row)))
        raise DataError(
            "Line {line} of {file} contains a pixel that isn't a number. Correct or remove it.", line=wrong, file=file
        ) from None
    return _smallest(pixels)


def _smallest(pixels: np.ndarray) -> np.ndarray:
    """Return the pixels as uint8 if they are whole numbers from 0 to 255."""
    if not (pixels.min() >= 0 and pixels.max() <= 255):  # NaN fails as well
        return pixels
    whole = pixels.astype(np.uint8)
    return whole if (whole == pixels).all() else pixels


def _labels(words: list[str]) -> np.ndarray:
    if all(map(_is_number, words)):
        return np.array(words, dtype=np.float64)
    return np.array(words)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
