"""Negatives: random scribbles, signs and shapes that are not digits, as strokes.

A network that is trained only on digits predicts a digit for everything; from negatives and real letters it
learns to reject. Knows arrays and a random generator. Coordinates range from about 0 to 1, to the right and downwards.
"""

from collections.abc import Callable, Sequence

import numpy as np

from model.ink.render import FloatArray, Strokes


def random_negative(rng: np.random.Generator) -> Strokes:
    """Return random strokes, about 200 canvas pixels in size, that aren't a digit.

    >>> strokes = random_negative(np.random.default_rng(0))
    >>> all(stroke.shape[1] == 2 for stroke in strokes)
    True
    """
    return Strokes(200 * stroke for stroke in _KINDS[rng.choice(len(_KINDS), p=_SHARES)](rng))


def _walk(rng: np.random.Generator) -> list[FloatArray]:
    """Return one to four strokes of a pen that wanders and turns smoothly."""
    strokes = []
    count = rng.integers(1, 5)
    for _ in range(count):
        n = rng.integers(90 if count == 1 else 40, 160)  # a single short one could be a 1
        heading = np.cumsum(rng.normal(0, rng.uniform(0.25, 0.8), n)) + rng.uniform(0, 2 * np.pi)
        steps = np.column_stack([np.cos(heading), np.sin(heading)]) * rng.uniform(0.02, 0.05)
        strokes.append(rng.random(2) + np.cumsum(steps, axis=0))
    return strokes


def _jumps(rng: np.random.Generator) -> list[FloatArray]:
    """Return straight lines between many random points."""
    return [rng.random((rng.integers(6, 30), 2)) for _ in range(rng.integers(1, 4))]


def _few_jumps(rng: np.random.Generator) -> list[FloatArray]:
    """Return a few short, unrelated strokes."""
    return [rng.random((rng.integers(2, 5), 2)) for _ in range(rng.integers(3, 7))]


def _smooth(rng: np.random.Generator) -> list[FloatArray]:
    """Return a smooth closed doodle: a sum of sines of random strength."""
    t = np.linspace(0, 2 * np.pi, 120)[:, None]
    waves = np.arange(1, rng.integers(4, 8))
    strength = rng.normal(0, 1, (2, len(waves))) / np.sqrt(waves)
    phase = rng.uniform(0, 2 * np.pi, (2, len(waves)))
    return [np.column_stack([(np.sin(t * waves + phase[i]) * strength[i]).sum(axis=1) for i in (0, 1)])]


def _zigzag(rng: np.random.Generator) -> list[FloatArray]:
    """Return a zigzag, from a loose one to a filled square."""
    n = rng.integers(6, 40)
    along, across = np.linspace(0, 1, n), np.arange(n) % 2 * rng.uniform(0.3, 1.2)
    line = np.column_stack([along, across]) + rng.normal(0, 0.03, (n, 2))
    return [line[:, ::-1] if rng.random() < 0.5 else line]


def _spiral(rng: np.random.Generator) -> list[FloatArray]:
    """Return a spiral of at least two turns."""
    t = np.linspace(0, rng.uniform(2.2, 6) * 2 * np.pi, 200)
    inner = rng.uniform(0, 0.25)  # with a wider hole it would look like a 0
    return [np.column_stack([np.cos(t), np.sin(t)]) * (inner + t / t[-1] * (1 - inner))[:, None]]


def _dots(rng: np.random.Generator) -> list[FloatArray]:
    """Return one to six dots."""
    return [rng.random((1, 2)) for _ in range(rng.integers(1, 7))]


def _dash(rng: np.random.Generator) -> list[FloatArray]:
    """Return one or two flat lines."""
    lines = [np.array([[0.0, y], [1.0, y + rng.normal(0, 0.12)]]) for y in (0.0, 0.45)]
    return lines[: rng.integers(1, 3)]


def _hatching(rng: np.random.Generator) -> list[FloatArray]:
    """Return hatching: parallel lines, crossed by others."""
    n = rng.integers(2, 6)
    positions = np.linspace(0, 1, n) + rng.normal(0, 0.03, n)
    lines = [np.array([[x, 0.0], [x, 1.0]]) for x in positions]
    return lines + [line[:, ::-1] for line in lines] if rng.random() < 0.7 else [*lines, lines[0][:, ::-1] + [[0, 0.5]]]


def _sign(rng: np.random.Generator) -> list[FloatArray]:
    """Return a sign or a shape that visitors are likely to try."""
    lines = [np.array(line, dtype=np.float64) for line in _SIGNS[rng.choice(list(_SIGNS))]]
    return [line + rng.normal(0, 0.0 if len(line) > 12 else 0.035, line.shape) for line in lines]


def _arc(start: float = 0.0, end: float = 1.0, x: float = 0.5, y: float = 0.5, radius: float = 0.5) -> FloatArray:
    """Return an arc around (x, y); `start` and `end` are in turns, clockwise on the screen from the right."""
    t = np.linspace(start, end, 24) * 2 * np.pi
    return np.column_stack([x + radius * np.cos(t), y + radius * np.sin(t)])


_Line = Sequence[Sequence[float]] | FloatArray
_SIGNS: dict[str, list[_Line]] = {
    "plus": [[[0.5, 0], [0.5, 1]], [[0, 0.5], [1, 0.5]]],
    "cross": [[[0, 0], [1, 1]], [[1, 0], [0, 1]]],
    "star of lines": [[[0, 0.2], [1, 0.8]], [[1, 0.2], [0, 0.8]], [[0.5, 0], [0.5, 1]]],
    "star": [[[0.2, 1], [0.5, 0], [0.8, 1], [0, 0.38], [1, 0.38], [0.2, 1]]],
    "triangle": [[[0.5, 0], [1, 1], [0, 1], [0.5, 0]]],
    "square": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]],
    "crossed square": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]], [[0, 0], [1, 1]], [[1, 0], [0, 1]]],
    "house": [[[0, 1], [0, 0.4], [0.5, 0], [1, 0.4], [1, 1], [0, 1]]],
    "arrow": [[[0, 0.5], [1, 0.5]], [[0.7, 0.2], [1, 0.5], [0.7, 0.8]]],
    "up": [[[0.5, 1], [0.5, 0]], [[0.15, 0.35], [0.5, 0], [0.85, 0.35]]],
    "hash": [[[0.35, 0], [0.25, 1]], [[0.75, 0], [0.65, 1]], [[0, 0.33], [1, 0.33]], [[0, 0.66], [1, 0.66]]],
    "equals": [[[0, 0.3], [1, 0.3]], [[0, 0.7], [1, 0.7]]],
    "tick": [[[0, 0.6], [0.35, 1], [1, 0]]],
    "heart": [[[0.5, 1], [0, 0.45], [0.05, 0.1], [0.3, 0], [0.5, 0.25], [0.7, 0], [0.95, 0.1], [1, 0.45], [0.5, 1]]],
    "wave": [[[0, 0.5], [0.2, 0.1], [0.4, 0.5], [0.6, 0.9], [0.8, 0.5], [1, 0.1]]],
    "question mark": [[[0.1, 0.2], [0.4, 0], [0.8, 0.15], [0.75, 0.4], [0.45, 0.55], [0.45, 0.75]], [[0.45, 0.97]]],
    "exclamation mark": [[[0.5, 0], [0.5, 0.7]], [[0.5, 0.97]]],
    "per cent": [_arc(x=0.2, y=0.2, radius=0.17), _arc(x=0.8, y=0.8, radius=0.17), [[1, 0], [0, 1]]],
    "face": [_arc(), [[0.35, 0.35]], [[0.65, 0.35]], _arc(0.08, 0.42, y=0.52, radius=0.27)],
    "crossed circle": [_arc(), [[0.5, 0], [0.5, 1]], [[0, 0.5], [1, 0.5]]],
    "eye": [_arc(), _arc(radius=0.22)],
    "flower": [_arc(x=a, y=b, radius=0.28) for a, b in ((0.25, 0.5), (0.75, 0.5), (0.5, 0.25), (0.5, 0.75))],
    "letter B": [[[0, 0], [0, 1]], [[0, 0], [0.6, 0.05], [0.6, 0.4], [0, 0.48], [0.75, 0.55], [0.75, 0.95], [0, 1]]],
    "letter P": [[[0, 1], [0, 0], [0.6, 0.05], [0.65, 0.4], [0, 0.52]]],
    "letter L": [[[0, 0], [0, 1], [0.6, 1]]],
    "letter V": [[[0, 0], [0.45, 1], [0.9, 0]]],
    "letter Y": [[[0, 0], [0.45, 0.5]], [[0.9, 0], [0.45, 0.5], [0.45, 1]]],
    "letter C": [_arc(0.12, 0.88)],
    "letter U": [[[0, 0], [0, 0.7], [0.2, 1], [0.6, 1], [0.8, 0.7], [0.8, 0]]],
    "letter e": [[[0.05, 0.5], [0.9, 0.5], [0.85, 0.2], [0.5, 0], [0.1, 0.25], [0.05, 0.7], [0.4, 1], [0.9, 0.85]]],
    "letter Q": [_arc(), [[0.6, 0.65], [1.05, 1.1]]],
}

_Kind = Callable[[np.random.Generator], list[FloatArray]]
_KINDS: tuple[_Kind, ...] = (
    _walk,
    _jumps,
    _few_jumps,
    _smooth,
    _zigzag,
    _spiral,
    _dots,
    _dash,
    _hatching,
    _sign,
)
_SHARES = (0.14, 0.12, 0.08, 0.14, 0.07, 0.04, 0.02, 0.02, 0.05, 0.32)
