"""Add drawn digits and negatives to MNIST's images, so that a network learns to read drawings and to reject others.

Knows datasets, strokes and how they are rendered; knows nothing of Keras. The drawings come from DIGIT_LAB_DATA
(`corpus`); without them, the only digits are those of the dataset, and all negatives are random (`negatives`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from model.data.dataset import Dataset, Images, Labels
from model.data.splits import validation_split
from model.drawings import corpus
from model.drawings.corpus import Drawing
from model.drawings.negatives import random_negative
from model.drawings.photographs import photographed
from model.drawings.stroke_augmentation import add_writing_habits, random_pen_width, vary_strokes
from model.errors import DataError
from model.ink.render import SIDE, GreyImage, Strokes, box_of, render
from model.results import NO_DIGIT, ArrayRepr

OnProgress = Callable[[int], None]
_N_DIGITS = 10
_DIGITS = tuple(str(digit) for digit in range(_N_DIGITS))
# Variations per drawing, each with a different pen. Chosen so that there are about as many drawn digits as MNIST
# digits, and about a third of all images aren't digits.
_DIGIT_COPIES, _LETTER_COPIES = 6, 3
# Images per letter or symbol: about as many of a rare one as of a common one, and fewer of those that a reader takes
# for a digit in some hands.
_PER_CHARACTER, _PER_DOUBTFUL_CHARACTER = 600, 150
_PHOTOGRAPHED = 0.08  # share of the variations that are read from a simulated photo
_SCRIBBLES, _PAIRS = 9_000, 3_000
_VALIDATION_SCRIBBLES = 500


@dataclass(frozen=True, eq=False, repr=False)
class _Part(ArrayRepr):
    images: Images
    labels: Labels


def add_drawings(
    dataset: Dataset, validation_share: float, seed: int, on_progress: OnProgress = lambda images: None
) -> Dataset:
    """Return `dataset` with drawn training digits, an eleventh class, and separate validation images.

    The validation images are `validation_share` of the dataset's training images and all drawings of the validation
    writers, rendered once with the pen of `ink.render`. The test images don't change. The same seed gives the same
    images. `on_progress` is called with the number of images rendered so far. Raises DataError if the dataset isn't
    one of ten digits in 28x28 pixels.
    """
    check_digits(dataset)
    train, held_back = validation_split(dataset.y_train, validation_share, seed)
    rng = np.random.default_rng([seed, len(dataset.y_train)])
    training = _rendered(_training_drawings(rng), on_progress)
    validation = _rendered(_validation_drawings(np.random.default_rng(seed)), on_progress)
    x_train, y_train = _combined(dataset, train, training)
    return replace(
        dataset,
        x_train=x_train,
        y_train=y_train,
        validation=_combined(dataset, held_back, validation),
        class_names=(*dataset.class_names, NO_DIGIT),
    )


def check_digits(dataset: Dataset) -> None:
    """Raise DataError unless a dataset has the ten digits as its classes, in order, in images like those of the pen."""
    if dataset.image_shape != (SIDE, SIDE, 1) or dataset.class_names != _DIGITS:
        raise DataError(
            "Drawings of digits need a dataset of (28, 28, 1) images of the digits 0 to 9, but {dataset} has {shape} "
            "images in {n} classes, {first} to {last}. Choose mnist, or train without drawings.",
            dataset=dataset.name,
            shape=dataset.image_shape,
            n=len(dataset.class_names),
            first=dataset.class_names[0],
            last=dataset.class_names[-1],
        )


def calibration_images(dataset: Dataset, seed: int) -> tuple[Images, Labels]:
    """Return images and labels of the validation writers' drawings, or the validation set without drawings.

    Only drawings, because visitors draw: calibrated on MNIST's cleaner digits, the network would be overconfident.
    """
    drawn = _rendered(_validation_drawings(np.random.default_rng(seed)), lambda images: None)
    if dataset.validation is None or (drawn.labels < _N_DIGITS).any():
        return drawn.images, drawn.labels
    return dataset.validation


def _training_drawings(rng: np.random.Generator) -> Iterator[tuple[int, GreyImage]]:
    digits = corpus.load(corpus.DIGITS, corpus.TRAIN)
    for drawing in digits:
        digit = int(drawing.label)
        for _ in range(_DIGIT_COPIES):
            yield digit, _variation(add_writing_habits(digit, drawing.strokes, rng), rng)
    for drawing in corpus.load(corpus.LETTERS, corpus.TRAIN):
        for _ in range(_LETTER_COPIES):
            yield _N_DIGITS, _variation(drawing.strokes, rng)
    characters = [each for each in corpus.load(corpus.CHARACTERS, corpus.TRAIN) if each.label not in corpus.LIKE_DIGITS]
    frequency = Counter(each.label for each in characters)
    for drawing in characters:
        is_doubtful = drawing.label in corpus.SOMETIMES_LIKE_DIGITS
        wanted = _PER_DOUBTFUL_CHARACTER if is_doubtful else _PER_CHARACTER
        for _ in range(max(1, round(wanted / frequency[drawing.label]))):
            yield _N_DIGITS, _variation(drawing.strokes, rng)
    for _ in range(_SCRIBBLES):
        yield _N_DIGITS, _variation(random_negative(rng), rng)
    for _ in range(_PAIRS if digits else 0):
        yield _N_DIGITS, _variation(_pair(digits, rng), rng)
    yield _N_DIGITS, render(Strokes())


def _validation_drawings(rng: np.random.Generator) -> Iterator[tuple[int, GreyImage]]:
    for drawing in corpus.load(corpus.DIGITS, corpus.VALIDATION):
        yield int(drawing.label), render(drawing.strokes)
    for drawing in corpus.load(corpus.LETTERS, corpus.VALIDATION):
        yield _N_DIGITS, render(drawing.strokes)
    for drawing in corpus.load(corpus.CHARACTERS, corpus.VALIDATION):
        if drawing.label not in corpus.LIKE_DIGITS | corpus.SOMETIMES_LIKE_DIGITS:
            yield _N_DIGITS, render(drawing.strokes)
    for _ in range(_VALIDATION_SCRIBBLES):
        yield _N_DIGITS, render(vary_strokes(random_negative(rng), rng))


def render_variation(strokes: Strokes, rng: np.random.Generator) -> GreyImage:
    """Return the image `(28, 28)` uint8 of a drawing, varied as if by another writer with another pen."""
    return render(vary_strokes(strokes, rng), random_pen_width(rng))


def _variation(strokes: Strokes, rng: np.random.Generator) -> GreyImage:
    """Return an image like those of `render_variation`, or one that is read from a simulated photo."""
    photo = photographed(vary_strokes(strokes, rng), rng) if rng.random() < _PHOTOGRAPHED else None
    return render_variation(strokes, rng) if photo is None else photo


def _pair(digits: list[Drawing], rng: np.random.Generator) -> Strokes:
    """Return two digits side by side, which together aren't a digit."""
    left, right = (digits[index] for index in rng.integers(len(digits), size=2))
    (_, top, x1, bottom), (start, upper, _, lower) = box_of(left.strokes), box_of(right.strokes)
    scale = max(bottom - top, 1.0) / max(lower - upper, 1.0) * rng.uniform(0.85, 1.15)
    gap = rng.uniform(-0.05, 0.3) * (bottom - top)
    moved = ((stroke - (start, upper)) * scale + (x1 + gap, top) for stroke in right.strokes)
    return Strokes((*left.strokes, *moved))


def _rendered(labelled: Iterable[tuple[int, GreyImage]], on_progress: OnProgress) -> _Part:
    labels, images = [], []
    for label, image in labelled:
        labels.append(label)
        images.append(image)
        if len(images) % 1000 == 0:
            on_progress(len(images))
    return _Part(np.stack(images)[..., None], np.array(labels, dtype=np.int64))


def _combined(dataset: Dataset, chosen: np.ndarray, drawn: _Part) -> tuple[Images, Labels]:
    return (
        np.concatenate([dataset.x_train[chosen], drawn.images]),
        np.concatenate([dataset.y_train[chosen], drawn.labels]),
    )
