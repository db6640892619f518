"""The answers to the lesson's questions, computed from the images, networks and runs that the lesson shows.

Knows arrays, runs and networks; no Streamlit. Every function returns the number of the right option of its step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from model.inference.digit_reader import DigitReader
from model.networks.filtering import convolve, max_pool
from model.networks.layers import Shape
from model.networks.summary import summary
from model.results import Array, Predictions
from model.runs.run import FinishedRun
from pages.ui.learn.steps import BY_NAME, POOLING

VERTICAL = ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))
HORIZONTAL = ((-1, -1, -1), (0, 0, 0), (1, 1, 1))
SHAPE: Shape = (28, 28, 1)
_EQUALLY_BRIGHT = 0.05  # share of the brightness
_MANY_MORE = 1.5
_A_FEW = 100  # numbers of an image


@dataclass(frozen=True)
class Answer:
    """The number of the right option, and the figures for the sentence that says so."""

    option: int
    figures: Mapping[str, object] = field(default_factory=dict)


def pixels(image: Array) -> Answer:
    """Count the numbers of an image `(h, w)` that change when it moves one pixel to the right."""
    n = int((moved_right(image) != image).sum())
    return Answer(0 if n == 0 else 1 if n <= _A_FEW else 2, {"n": n, "total": image.size})


def moved_right(image: Array) -> Array:
    """Return an image `(h, w)` moved one pixel to the right; the first column becomes 0."""
    return np.pad(image, ((0, 0), (1, 0)))[:, :-1]


def convolution(image: Array) -> Answer:
    """Compare the positive outputs of the vertical and the horizontal kernel for an image `(h, w)`."""
    vertical, horizontal = (
        round(float(convolve(image, np.array(kernel), relu=True).sum())) for kernel in (VERTICAL, HORIZONTAL)
    )
    change = (horizontal - vertical) / max(vertical, 1)
    option = 1 if abs(change) <= _EQUALLY_BRIGHT else 0 if change > 0 else 2
    return Answer(option, {"vertical": vertical, "horizontal": horizontal})


def pooling(image: Array) -> Answer:
    """Count the numbers that are left of an image `(h, w)` after a convolution and max pooling."""
    pooled = max_pool(convolve(image, np.array(VERTICAL), relu=True))
    return Answer(BY_NAME[POOLING].options.index(str(pooled.size)), {"n": pooled.size, "side": len(pooled)})


def build(preset: str) -> Answer:
    """Find the layer with the most parameters, not counting the output layer."""
    rows = [row for row in summary(preset, SHAPE, 10) if row.parameters]
    option = max(range(len(rows) - 1), key=lambda number: rows[number].parameters)
    n, total = rows[option].parameters, sum(row.parameters for row in rows)
    return Answer(option, {"n": n, "total": total})


def train(wrong: Mapping[str, int]) -> Answer:
    """Compare the numbers of test images that the good and the overfitted network get wrong."""
    good, overfitted = wrong["good"], wrong["overfitted"]
    return Answer(0 if overfitted == 0 else 2 if overfitted >= _MANY_MORE * good else 1, wrong)


def n_wrong(run: FinishedRun) -> int:
    """Return how many test images a network gets wrong."""
    return len(run.metrics.mistakes)


def three_images(predictions: Predictions) -> tuple[int, ...]:
    """Return three test images by number: the most confident mistake, and two of other classes that were close calls.

    Those two are right, with the lowest confidence of all, so that they look as unusual as the first.
    """
    chosen = [int(predictions.indices_in_cell()[0])]
    for index in np.argsort(predictions.confidence, kind="stable"):
        classes = {int(predictions.labels[number]) for number in chosen}
        if predictions.correct[index] and int(predictions.labels[index]) not in classes:
            chosen.append(int(index))
        if len(chosen) == 3:
            break
    return tuple(sorted(chosen))


def mistakes(predictions: Predictions, shown: Sequence[int]) -> Answer:
    """Find the image among those `shown` that the network gets wrong."""
    (option,) = (number for number, index in enumerate(shown) if not predictions.correct[index])
    index = shown[option]
    figures = {
        "letter": "ABC"[option],
        "true": int(predictions.labels[index]),
        "predicted": int(predictions.predicted[index]),
        "confidence": float(predictions.confidence[index]),
    }
    return Answer(option, figures)


def draw(readers: Mapping[str, DigitReader], strokes: Sequence) -> Answer:
    """Read a drawing with the network of the Draw page, `deep`, and those of the lesson."""
    texts = {name: reader.read_strokes(strokes).digits[0].prediction.text for name, reader in readers.items()}
    return Answer(1 if texts["deep"] == "?" else 0, texts)
