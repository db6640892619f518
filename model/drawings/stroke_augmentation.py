"""Variations of a drawn character, as other writers might draw it: leaned, stretched, bent, with other habits.

Knows strokes and a random generator. Changing strokes before they are drawn keeps the pen sharp and equally thick,
which changing pixels can't.
"""

from collections.abc import Callable

import numpy as np

from model.ink.render import FloatArray, Strokes

_ROTATION = 8.0  # degrees, standard deviation; so are the others of their kind
_LEAN = 0.16  # share of the height by which the top moves sideways
_STRETCH = 0.14  # of width against height, as a logarithm
_BEND = 0.025  # of the size, for each of a few slow waves
_PENS = (1.4, 3.6)  # pixels of the 28x28 image
_HABIT = 0.15  # share of the zeros that get a slash and of the sevens that get a bar


def vary_strokes(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Return a copy with one random lean, rotation, stretch and slow bend, the same for all its strokes."""
    points = np.concatenate(strokes)
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    size = max(np.ptp(points, axis=0).max(), 1.0)
    angle = np.deg2rad(rng.normal(0, _ROTATION))
    lean, stretch = rng.normal(0, _LEAN), np.exp(rng.normal(0, _STRETCH / 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ np.array([[stretch, lean], [0, 1 / stretch]])
    bend = _bend(rng)
    return Strokes(bend((stroke - middle) / size) @ change.T * size + middle for stroke in strokes)


def random_pen_width(rng: np.random.Generator) -> float:
    """Return a pen's width in pixels of the 28x28 image, mostly near the one that `ink.render` uses."""
    return float(rng.triangular(_PENS[0], 2.2, _PENS[1]))


def add_writing_habits(digit: int, strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Return a zero with a slash or a seven with a bar, now and then; any other digit as it is."""
    if digit not in (0, 7) or rng.random() > _HABIT:
        return strokes
    points = np.concatenate(strokes)
    corner, size = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1.0)
    ends = [[0.0, 1.0], [1.0, 0.0]] if digit == 0 else [[0.15, 0.5], [0.95, 0.5]]
    slash = np.array(ends) + rng.normal(0, 0.09, (2, 2))
    return Strokes((*strokes, corner + slash * size))


def _bend(rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
    """Return a smooth map of the plane: every point moves along a sum of waves that are longer than the character."""
    waves = rng.normal(0, 2.5, (4, 2))
    phases = rng.uniform(0, 2 * np.pi, 4)
    pushes = rng.normal(0, _BEND, (4, 2))
    return lambda points: points + np.sin(points @ waves.T + phases) @ pushes
