"""Variations of a drawn character, as if by other writers: slanted, stretched, bent, or with other habits.

Strokes are varied before they are rendered, which keeps lines sharp and equally thick; varying pixels couldn't. Knows
strokes and a random generator.
"""

from collections.abc import Callable

import numpy as np

from model.ink.render import FloatArray, Strokes

_ROTATION = 8.0  # degrees; a standard deviation, like the next three
_SLANT = 0.16  # sideways shift of the top, as a share of the height
_STRETCH = 0.14  # logarithm of the ratio of width to height
_BEND = 0.025  # share of the size, for each of a few slow waves
_PENS = (1.4, 3.6)  # narrowest and widest, in pixels of the 28x28 image
_HABIT = 0.15  # share of zeros that get a slash, and of sevens that get a bar


def vary_strokes(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Return a copy with a random slant, rotation, stretch and gentle bend, the same for all strokes."""
    points = np.concatenate(strokes)
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    size = max(np.ptp(points, axis=0).max(), 1.0)
    angle = np.deg2rad(rng.normal(0, _ROTATION))
    slant, stretch = rng.normal(0, _SLANT), np.exp(rng.normal(0, _STRETCH / 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ np.array([[stretch, slant], [0, 1 / stretch]])
    bend = _bend(rng)
    return Strokes(bend((stroke - middle) / size) @ change.T * size + middle for stroke in strokes)


def random_pen_width(rng: np.random.Generator) -> float:
    """Return a random pen width in pixels of the 28x28 image, mostly close to that of `ink.render`."""
    return float(rng.triangular(_PENS[0], 2.2, _PENS[1]))


def add_writing_habits(digit: int, strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Return the strokes, for some zeros with a slash and for some sevens with a bar."""
    if digit not in (0, 7) or rng.random() > _HABIT:
        return strokes
    points = np.concatenate(strokes)
    corner, size = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1.0)
    ends = [[0.0, 1.0], [1.0, 0.0]] if digit == 0 else [[0.15, 0.5], [0.95, 0.5]]
    slash = np.array(ends) + rng.normal(0, 0.09, (2, 2))
    return Strokes((*strokes, corner + slash * size))


def _bend(rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
    """Return a smooth map of the plane: every point is shifted by a sum of waves longer than the character."""
    waves = rng.normal(0, 2.5, (4, 2))
    phases = rng.uniform(0, 2 * np.pi, 4)
    pushes = rng.normal(0, _BEND, (4, 2))
    return lambda points: points + np.sin(points @ waves.T + phases) @ pushes
