"""Render strokes as a 28x28 image like those of MNIST, with the steps in between.

Uses NumPy, Pillow and canvas pixels: no networks, no pages, no photos (see `photo`). A drawing is a list of strokes, a
stroke is a list of [x, y] in canvas pixels, with y pointing down. `parse_strokes` checks it once and returns `Strokes`,
which everything else trusts.

The method is MNIST's (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"): the ink's bounding
box is scaled to fit 20x20 pixels, keeping its aspect ratio, and centred in 28x28 by its centre of mass. Here, the
strokes are redrawn at that size instead of shrinking pixels, so the pen is equally thick in large and small writing.
"""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from model.errors import InkError
from model.messages import Message
from model.results import ArrayRepr

SIDE = 28  # pixels, of the network's input
BOX = 20  # pixels, of the ink's longer side including the pen

# The position of the centre of mass, as a pixel number. MNIST was rounded to whole pixels: its 70,000 centres are
# evenly distributed in [13.5, 14.5], around 14, half a pixel right of and below the true centre. Three plain networks
# trained on that read 95.3% of 10,415 drawn digits centred on 14.0, and 94.4% of them centred on 13.5.
MIDDLE = 14.0

# In pixels of the result. 1.6, 1.8 … 3.2 were tried on 5,268 drawings by 138 writers: 2.2 was best (95.8%), 1.6 to 2.6
# were within 0.2 points. On 5,147 drawings by the other 139 writers: 94.8%.
PEN_WIDTH = 2.2
CANVAS_PEN = 20.0  # in images of the canvas, in canvas pixels

MAX_STROKES = 2_000
MAX_POINTS = 500_000
MAX_KEPT_POINTS = 50_000  # longer drawings keep every second, third … point; real ones have about 50
FARTHEST = 1_000_000  # canvas pixels from the corner
DOT = 9.0  # canvas pixels, half the width of the page's usual pen: what people draw is a dot up to this size
TINY = 0.5  # of strokes of any scale: a point, which is never enlarged

_SPACING = 0.75  # the longest segment of a stroke, in pixels of the result
_NEAR = 0.03  # points closer than this along the stroke make no difference in 8 bits
_CHUNK = 4_096  # segments painted at a time, so that even the wildest scribble needs only about 10 MB
_MARGIN = 4  # around the painted image: as far as a segment inside it can reach
_VIEW = 280  # the longest side of a cropped drawing for display

UNNAMED = Message("The drawing")

FloatArray = npt.NDArray[np.float64]
GreyImage = npt.NDArray[np.uint8]  # (height, width), ink bright on black


class Strokes(tuple[FloatArray, ...]):
    """The strokes of one drawing: `(n, 2)` float64 arrays of canvas pixels, n at least 1. Empty if there is no ink.

    Trusted: raw lists become `Strokes` only in `parse_strokes`. Code that computes strokes from other strokes may
    create them directly.
    """

    __slots__ = ()

    def select(self, indices: Sequence[int]) -> Self:
        """Return the strokes with these indices, in that order."""
        return type(self)(self[index] for index in indices)

    def __repr__(self) -> str:
        return f"Strokes({len(self)} of {sum(map(len, self))} points)"


@dataclass(frozen=True, eq=False, repr=False)
class InkSteps(ArrayRepr):
    """The steps from ink to the network's image: grey images, uint8 in [0, 255], ink bright on black."""

    drawn: GreyImage  # (height, width): the whole canvas, or the original photo
    cropped: GreyImage  # the ink's bounding box, any size
    scaled: GreyImage  # (20, 20): the box scaled, keeping its aspect ratio
    centred: GreyImage  # (28, 28): centred by its centre of mass
    box: tuple[float, float, float, float]  # of the ink: left, top, right, bottom in pixels of the canvas or the photo
    row: int = 0  # of several digits, from top to bottom
    is_sign: bool = False  # too small beside the digits to be one

    @property
    def image(self) -> GreyImage:
        """The network's input: `(28, 28)` uint8."""
        return self.centred


def parse_strokes(raw: Any, source: str | Message = UNNAMED) -> Strokes:
    """Check untrusted strokes and return them as `Strokes`, without empty ones. `Strokes` are returned unchanged.

    Error messages start with `source`, such as "drawings.jsonl, line 3,". Drawings of more than 50,000 points are
    thinned evenly. Raises InkError for anything but a list of lists of pairs of finite numbers, and for more than 2,000
    strokes or 500,000 points.

    >>> strokes = parse_strokes([[[60, 60], [180, 60], [110, 220]], [], [[90, 140], [170, 140]]])
    >>> [stroke.shape for stroke in strokes]
    [(3, 2), (2, 2)]
    >>> parse_strokes(strokes) is strokes
    True
    """
    if isinstance(raw, Strokes):
        return raw
    if not isinstance(raw, list | tuple):
        raise InkError(
            "{source} must be a list of strokes, each a list of [x, y], got {value}.",
            source=source,
            value=_short_repr(raw),
        )
    if len(raw) > MAX_STROKES:
        raise InkError(
            "{source} must have at most {high:,} strokes, got {n_strokes:,}.",
            source=source,
            high=MAX_STROKES,
            n_strokes=len(raw),
        )
    plain = [stroke.tolist() if isinstance(stroke, np.ndarray) else stroke for stroke in raw]
    for number, stroke in enumerate(plain, 1):
        if not isinstance(stroke, list | tuple):
            raise InkError(
                "{source} must have a list of points [x, y] as stroke {stroke}, got {value}.",
                source=source,
                stroke=number,
                value=_short_repr(stroke),
            )
    total = sum(map(len, plain))
    if total > MAX_POINTS:
        raise InkError(
            "{source} must have at most {high:,} points, got {n_points:,}.",
            source=source,
            high=MAX_POINTS,
            n_points=total,
        )
    for number, stroke in enumerate(plain, 1):
        _check_points(stroke, source, number)
    strokes = (np.array(stroke, dtype=np.float64) for stroke in plain if stroke)
    every = max(1, -(-total // MAX_KEPT_POINTS))
    return Strokes(
        stroke if every == 1 else _with_ends(stroke, np.arange(len(stroke)) % every == 0) for stroke in strokes
    )


def box_of(strokes: Sequence[FloatArray]) -> tuple[float, float, float, float]:
    """Return the bounding box (left, top, right, bottom) of one or more strokes `(n, 2)`, in canvas pixels.

    >>> box_of(parse_strokes([[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]))
    (60.0, 60.0, 180.0, 220.0)
    """
    points = np.concatenate(strokes)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right, bottom


def is_dot(strokes: Strokes, dot: float = DOT) -> bool:
    """Return whether the ink of a drawing is at most `dot` canvas pixels wide and high.

    >>> is_dot(parse_strokes([[[140, 140], [142, 141]]])), is_dot(parse_strokes([[[140, 60], [140, 220]]]))
    (True, False)
    """
    left, top, right, bottom = box_of(strokes)
    return max(right - left, bottom - top) <= dot


def render(strokes: Any, pen: float = PEN_WIDTH, dot: float = TINY, line: float = 0.0) -> GreyImage:
    """Return strokes as an MNIST-like image `(28, 28)` uint8, ink bright on black; all black if there is no ink.

    Position, size, direction and order of the strokes make no difference, except that ink of at most `dot` pixels
    becomes a blob of the pen's width: a tap on a canvas moves by a few pixels, up to DOT. `pen` is the width of the pen
    in pixels of the result. A sign in a row of digits stays small: `line` is the row's height in canvas pixels. The ink
    never leaves the frame, even if its centre of mass is then off-centre. Raises InkError like `parse_strokes`.

    >>> image = render([[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]])
    >>> image.shape, image.dtype.name, int(image.max())
    ((28, 28), 'uint8', 255)
    """
    parsed = parse_strokes(strokes)
    if not parsed:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    start, step, half = _fitted(parsed, pen, dot, line)
    return _grey(_paint(start + shift_to_middle(_paint(start, step, pen), half), step, pen))


def render_steps(
    strokes: Any, width: int = 280, height: int = 280, pen: float = CANVAS_PEN, dot: float = TINY
) -> InkSteps | None:
    """Return every step from a canvas of `width` x `height` to the image, or None if there is no ink.

    `pen` is the width of the pen on the canvas. This is for display: `render` returns the same image faster. Raises
    InkError like `parse_strokes`.
    """
    parsed = parse_strokes(strokes)
    if not parsed:
        return None
    start, step, half = _fitted(parsed, dot=dot)
    scaled = _paint(start, step)
    edge = (SIDE - BOX) // 2
    return InkSteps(
        drawn=_canvas(parsed, width, height, pen),
        cropped=_cropped(parsed, pen if is_dot(parsed, dot) else 0.0),
        scaled=_grey(scaled[edge:-edge, edge:-edge]),
        centred=_grey(_paint(start + shift_to_middle(scaled, half), step)),
        box=box_of(parsed),
    )


def squeeze_canvas(strokes: Any, width: int = 280, height: int = 280, pen: float = CANVAS_PEN) -> GreyImage:
    """Shrink the whole canvas to `(28, 28)` uint8, as most apps of this kind do: the reason why `render` exists.

    `pen` is the width of the pen in canvas pixels: unlike in `render`, a thin pen fades. The networks that read 95.3%
    of 10,415 rendered drawings read 34.6% of the same drawings squeezed. Raises InkError like `parse_strokes`.
    """
    canvas = Image.fromarray(_canvas(parse_strokes(strokes), width, height, pen))
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BOX))


def shift_to_middle(ink: np.ndarray, half: FloatArray) -> FloatArray:
    """Return the shift (right, down) that moves the centre of mass of `ink` `(28, 28)` to MIDDLE.

    `half` is half the ink's width and height; its box must be in the middle of the image. The shift is limited so that
    the ink stays in the frame.
    """
    room = np.maximum(SIDE / 2 - half, 0)
    return np.clip(MIDDLE - centre_of_mass(ink), -room, room)


def centre_of_mass(ink: np.ndarray) -> FloatArray:
    """Return column and row, as pixel numbers, of the centre of mass of a grey image with some ink."""
    rows, columns = map(np.arange, ink.shape)
    return np.array([ink.sum(axis=0) @ columns, ink.sum(axis=1) @ rows], np.float64) / float(ink.sum())


def _check_points(stroke: Sequence[Any], source: str | Message, number: int) -> None:
    for index, point in enumerate(stroke, 1):
        pair = isinstance(point, list | tuple) and len(point) == 2
        if not pair or not all(map(_is_coordinate, point)):
            raise InkError(
                "{source} must have [x, y] within {high:,} as point {point} of stroke {stroke}, got {value}.",
                source=source,
                high=FARTHEST,
                point=index,
                stroke=number,
                value=_short_repr(point),
            )


def _is_coordinate(value: object) -> bool:
    # NaN and infinity fail the comparison, too.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FARTHEST


def _short_repr(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        return f"a {type(value).__name__}"


def _with_ends(stroke: FloatArray, keep: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the points of a stroke that `keep` `(n,)` bool selects, and always the first and the last one."""
    keep[[0, -1]] = True
    return stroke[keep]


def _fitted(
    strokes: Strokes, pen: float = PEN_WIDTH, dot: float = TINY, line: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit strokes, or a row of the height `line`, into the 20x20 box in the middle of the image.

    Returns the starts `(m, 2)` of the segments, the steps `(m, 2)` to their ends, and half the ink's size `(2,)`.
    """
    left, top, right, bottom = box_of(strokes)
    size = np.array([right - left, bottom - top])
    scale = (BOX - pen) / max(size.max(), line) if size.max() > dot else 0.0
    centre = np.array([left + right, top + bottom]) / 2
    start, step = _segments([(stroke - centre) * scale + (SIDE - 1) / 2 for stroke in strokes])
    return start, step, (size * scale + pen) / 2


def _segments(strokes: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Cut polylines into segments of at most _SPACING: (m, 2) starts and (m, 2) steps to their ends."""
    lines = [_without_close_points(stroke) for stroke in strokes]
    start = np.concatenate([line[:-1] for line in lines])
    step = np.concatenate([np.diff(line, axis=0) for line in lines])
    count = np.maximum(1, np.ceil(np.hypot(step[:, 0], step[:, 1]) / _SPACING)).astype(int)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    step = np.repeat(step / count[:, None], count, axis=0)
    return np.repeat(start, count, axis=0) + step * nth[:, None], step


def _without_close_points(stroke: FloatArray) -> FloatArray:
    if len(stroke) == 1:
        return np.repeat(stroke, 2, axis=0)
    hop = np.diff(stroke, axis=0, prepend=stroke[:1])
    mark = np.cumsum(np.hypot(hop[:, 0], hop[:, 1])) // _NEAR
    return _with_ends(stroke, np.diff(mark, prepend=-1) > 0)


def _paint(start: FloatArray, step: FloatArray, pen: float = PEN_WIDTH) -> FloatArray:
    """Draw segments with a round, anti-aliased pen: (28, 28) float64 in [0, 1].

    The ink of a pixel is how far the pen reaches beyond its centre, from the exact distance to the nearest segment.
    Each segment considers only the few pixels around it.
    """
    reach = pen / 2 + 0.5
    around = reach + _SPACING / 2
    window = np.arange(int(2 * around) + 1)
    side = SIDE + 2 * _MARGIN
    nearest = np.full(side * side, np.inf)
    for first in range(0, len(start), _CHUNK):
        origin, along = start[first : first + _CHUNK], step[first : first + _CHUNK]
        corner = np.ceil(origin + along / 2 - around).astype(int)
        x, y = (corner - origin).T[:, :, None] + window
        dx, dy = along.T[:, :, None]
        length = np.maximum(dx * dx + dy * dy, 1e-12)
        share = np.clip(((y * dy)[:, :, None] + (x * dx)[:, None, :]) / length[:, :, None], 0, 1)
        square = (x[:, None, :] - share * dx[:, :, None]) ** 2 + (y[:, :, None] - share * dy[:, :, None]) ** 2
        column, row = (corner + _MARGIN).T[:, :, None] + window
        np.minimum.at(nearest, (row[:, :, None] * side + column[:, None, :]).ravel(), square.ravel())
    ink: FloatArray = np.clip(reach - np.sqrt(nearest), 0, 1).reshape(side, side)
    return ink[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _grey(ink: FloatArray) -> GreyImage:
    return np.rint(ink * 255).astype(np.uint8)


def _cropped(strokes: Strokes, least_pen: float) -> GreyImage:
    left, top, right, bottom = box_of(strokes)
    size = np.array([right - left, bottom - top])
    scale = min(1.0, _VIEW / max(*size, TINY))
    pen = max(3.0, least_pen, PEN_WIDTH / (BOX - PEN_WIDTH) * size.max() * scale)
    moved = [(stroke - (left, top)) * scale + pen / 2 for stroke in strokes]
    width, height = np.ceil(size * scale + pen).astype(int).tolist()
    return _canvas(moved, width, height, pen)


def _canvas(strokes: Sequence[FloatArray], width: int, height: int, pen: float) -> GreyImage:
    """Draw strokes in place: (height, width) uint8. Drawn at twice the size and halved, for smooth edges."""
    image = Image.new("L", (2 * width, 2 * height))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        twice = [tuple(point) for point in (2 * stroke).tolist()]
        draw.line(twice, fill=255, width=round(2 * pen))
        for x, y in twice:  # round joins and ends
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(image.reduce(2))
