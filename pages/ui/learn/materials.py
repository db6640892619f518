"""What the lesson shows: digits, drawings and three trained networks, loaded once for all visitors.

UCI digits, because every server has them. Knows the run store and Streamlit's caches; draws nothing.
"""

from math import cos, radians, sin

import numpy as np
import streamlit as st

from model.inference.digit_reader import DigitReader
from model.results import Array
from model.runs.run import FinishedRun
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, LESSON_RUNS
from pages.ui.shell import services
from pages.ui.shell.drawings import DRAWN

RUNS = dict(zip(("good", "augmented", "overfitted"), LESSON_RUNS, strict=True))
STAR = DRAWN[-1]
_TILT = 20  # degrees, clockwise
_BALANCED = 0.2  # sum of the weights of a kernel for edges
_CENTRE = 140  # of a drawing, canvas pixels


def networks() -> dict[str, FinishedRun]:
    """Return the lesson's networks by name. Raises RunError if one is missing or damaged."""
    return {name: services.store().open_finished(run_id) for name, run_id in RUNS.items()}


def readers() -> dict[str, DigitReader]:
    """Return the readers of the lesson's networks and of the Draw page's, called `deep`. Raises RunError."""
    runs = networks() | {"deep": services.store().open_finished(DEFAULT_RUN)}
    return {name: DigitReader(services.classifier(run)) for name, run in runs.items()}


@st.cache_data(show_spinner=False)
def digits() -> Array:
    """Return one test image of each digit, `(10, 28, 28)` uint8: the one nearest to the mean of its digit."""
    run = networks()["good"]
    images = services.test_images(run)[..., 0]
    labels = run.predictions().labels
    return np.stack([_most_typical(images[labels == digit]) for digit in range(10)])


def _most_typical(images: Array) -> Array:
    distance = np.linalg.norm((images - images.mean(axis=0)).reshape(len(images), -1), axis=1)
    return np.asarray(images[distance.argmin()])


@st.cache_data(show_spinner=False)
def learned_kernel() -> Array:
    """Return a filter of the classroom network's first layer, `(3, 3)` float64, rounded to two digits.

    Of those whose weights nearly add up to 0, so that they respond to edges instead of areas, the one with the largest
    weights.
    """
    filters = services.recognizer(services.store().open_finished(CLASSROOM_RUN)).first_filters()
    filters = filters[np.abs(filters.sum(axis=(1, 2))) < _BALANCED]
    return np.asarray(filters[np.linalg.norm(filters, axis=(1, 2)).argmax()].astype(np.float64).round(2))


def tilted_drawings() -> list[list[list[tuple[float, float]]]]:
    """Return the strokes of the drawn digits, tilted clockwise."""
    return [tilted(strokes, _TILT) for strokes in DRAWN[:-1]]


def tilted(strokes: list, degrees: float) -> list[list[tuple[float, float]]]:
    """Return strokes rotated clockwise around the middle of the canvas.

    >>> [[(round(x), round(y)) for x, y in stroke] for stroke in tilted([[(140, 40)]], 90)]
    [[(240, 140)]]
    """
    c, s = cos(radians(degrees)), sin(radians(degrees))
    centred = [[(x - _CENTRE, y - _CENTRE) for x, y in stroke] for stroke in strokes]
    return [[(_CENTRE + c * x - s * y, _CENTRE + s * x + c * y) for x, y in stroke] for stroke in centred]


def disagreed(runs: dict[str, FinishedRun], n: int) -> list[int]:
    """Return the first `n` test images by number that the networks don't all classify the same."""
    predicted = np.stack([run.predictions().predicted for run in runs.values()])
    return [int(index) for index in np.flatnonzero((predicted != predicted[0]).any(axis=0))[:n]]
