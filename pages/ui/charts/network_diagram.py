"""A network drawn from left to right as one inline SVG: the image, a stack of maps for each stage, bars for neurons.

Knows layers and SVG; knows nothing of Streamlit. Lines and words take the colour of the text around them, so the same
drawing is right on a light and on a dark page. Rows of four stages keep the words readable at 300 pixels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import log2

from model.networks.layers import (
    Activation,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
    Shape,
)
from model.networks.summary import LayerSummary

_WIDTH, _LARGEST = 300, 420  # units of the drawing; pixels beyond which its words would only grow
_A_ROW = 4  # stages
_ACCENT = "#3b6fe0"
_SIDE, _BAR, _LEAF = 34, 8, 2.4  # units: an image as large as the input, the width of a bar, from sheet to sheet
_TOP, _MIDDLE, _BOTTOM, _LINE = 14, 46, 86, 11  # units from a row's top: name, drawing, size; a line of small words


@dataclass(frozen=True)
class _Stage:
    """What is drawn as one thing: a layer, and small words for those behind it that change no picture."""

    name: str
    shape: Shape
    words: str  # the whole stage for a reader who does not see it
    notes: tuple[str, ...] = ()
    learns: bool = False


def diagram(rows: Sequence[LayerSummary], input_shape: Shape) -> str:
    """Return the drawing of a network's table for images `(height, width, channels)`, as wide as what it stands in."""
    stages = _stages(rows, input_shape)
    n_rows = -(-len(stages) // _A_ROW)
    a_row = -(-len(stages) // n_rows)
    parts, top = [], 0
    for first in range(0, len(stages), a_row):
        line = stages[first : first + a_row]
        height = _BOTTOM + _LINE * max(len(stage.notes) for stage in line) + 16
        cell = _WIDTH / a_row
        for number, stage in enumerate(line):
            middle = (number + 0.5) * cell
            parts.append(_drawn(stage, middle, top, input_shape))
            if number:
                parts.append(_arrow(line[number - 1], stage, middle, cell, top, input_shape))
        top += height
        if first + a_row < len(stages):
            parts.append(_turn((len(line) - 0.5) * cell, 0.5 * cell, top))
    words = escape(_words(stages, input_shape), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="100%" role="img" '
        f'aria-label="{words}" style="max-width: {_LARGEST}px" font-size="10" text-anchor="middle" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )


def _stages(rows: Iterable[LayerSummary], input_shape: Shape) -> list[_Stage]:
    rows = list(rows)
    stages = [_Stage("Image", input_shape, f"image of {_size(input_shape)}")]
    for number, row in enumerate(rows, 1):
        if isinstance(row.layer, BatchNormalization | Activation | Dropout | Flatten):
            before = stages.pop()
            words = f"{before.words}, {row.title}"
            stages.append(_Stage(before.name, before.shape, words, (*before.notes, _note(row)), before.learns))
        else:
            name = "Output" if number == len(rows) else _name(row.layer)
            words = f"{row.title} to {_size(row.shape)}"
            stages.append(_Stage(name, row.shape, words, _bend(row.layer), row.parameters > 0))
    return stages


def _name(layer: Layer) -> str:
    match layer:
        case Convolution(_, kernel):
            return f"Conv {kernel}×{kernel}"
        case MaxPooling(size):
            return f"MaxPool {size}×{size}"
        case GlobalAveragePooling():
            return "Average"
        case Dense():
            return "Dense"
    return layer.title()


def _bend(layer: Layer) -> tuple[str, ...]:
    """Return a layer's activation as small words."""
    if isinstance(layer, Convolution | Dense) and layer.activation != "linear":
        return (layer.title().split()[-1],)
    return ()


def _note(row: LayerSummary) -> str:
    match row.layer:
        case BatchNormalization():
            return "BatchNorm"
        case Flatten():
            return f"flat: {row.shape[0]:,}"
    return row.title


def _size(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _words(stages: Sequence[_Stage], input_shape: Shape) -> str:
    layers = "; ".join(stage.words for stage in stages[1:])
    flat = "".join(f" ({note})" for note in stages[0].notes)
    return f"The network from left to right. Images of {_size(input_shape)}{flat}; {layers}."


def _drawn(stage: _Stage, middle: float, top: float, input_shape: Shape) -> str:
    picture = _bar(stage, middle, top) if len(stage.shape) == 1 else _stack(stage, middle, top, input_shape)
    below = "".join(
        f'<text x="{middle:g}" y="{top + _BOTTOM + _LINE * number:g}" font-size="9" opacity=".7">{escape(note)}</text>'
        for number, note in enumerate(stage.notes, 1)
    )
    words = escape(stage.words, quote=True)
    return (
        f'<g class="stage" aria-label="{words}"><title>{words}</title>'
        f'<text x="{middle:g}" y="{top + _TOP}" font-weight="600">{escape(stage.name)}</text>{picture}'
        f'<text x="{middle:g}" y="{top + _BOTTOM}">{_size(stage.shape)}</text>{below}</g>'
    )


def _stack(stage: _Stage, middle: float, top: float, input_shape: Shape) -> str:
    """Draw sheets as large as the maps are against the input; twice as many maps are about one sheet more."""
    width, height, spread = _extent(stage, input_shape)
    left, upper = middle - (width + spread) / 2, top + _MIDDLE - (height + spread) / 2
    sheets = (spread - step for step in _steps(spread))
    return "".join(_sheet(left + at, upper + spread - at, width, height, stage.learns) for at in sheets)


def _extent(stage: _Stage, input_shape: Shape) -> tuple[float, float, float]:
    """Return the width and height of a sheet, and how far the sheets reach beyond it; a bar has one sheet."""
    if len(stage.shape) == 1:
        return _BAR, 6 + 4.6 * log2(stage.shape[0] + 1), 0.0
    scale = _SIDE / max(input_shape[:2])
    height, width = (max(scale * side, 4) for side in stage.shape[:2])
    return width, height, _LEAF * min(round(log2(stage.shape[2]) * 0.8), 7)


def _steps(spread: float) -> list[float]:
    return [_LEAF * number for number in range(round(spread / _LEAF) + 1)]


def _bar(stage: _Stage, middle: float, top: float) -> str:
    width, height, _ = _extent(stage, (1, 1))
    height = min(height, _BOTTOM - _TOP - 22)
    return _sheet(middle - width / 2, top + _MIDDLE - height / 2, width, height, stage.learns)


def _sheet(left: float, top: float, width: float, height: float, learns: bool) -> str:
    """Draw a rectangle: in the accent where something is learnt."""
    colour, fill = (_ACCENT, 0.22) if learns else ("currentColor", 0.07)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" fill="{colour}" '
        f'fill-opacity="{fill}" stroke="{colour}" stroke-opacity=".8"/>'
    )


def _arrow(before: _Stage, after: _Stage, middle: float, cell: float, top: float, input_shape: Shape) -> str:
    """Draw an arrow between two drawings of a row."""
    ends = []
    for stage in (before, after):
        width, _, spread = _extent(stage, input_shape)
        ends.append((width + spread) / 2 + 3)
    start, end, y = middle - cell + ends[0], middle - ends[1], top + _MIDDLE
    return _line(f"M{start:.1f} {y}H{end:.1f}M{end - 3:.1f} {y - 3}L{end:.1f} {y}L{end - 3:.1f} {y + 3}")


def _turn(right: float, left: float, y: float) -> str:
    """Draw the way from the end of a row to the beginning of the next, whose top is at `y`."""
    return _line(f"M{right:g} {y - 9:g}V{y - 3:g}H{left:g}V{y + 3:g}m-3 -3l3 3l3 -3")


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".55"/>'
