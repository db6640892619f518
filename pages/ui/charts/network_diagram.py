"""A diagram of a network from left to right as one inline SVG: the image, a stack of maps per stage, bars for neurons.

Knows layers and SVG, but not Streamlit. Lines and words have the colour of the surrounding text, so the same diagram
suits light and dark pages. Rows of four stages keep the words readable at 300 pixels.
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
from pages.ui.translation import _

_WIDTH, _LARGEST = 300, 420  # units of the diagram; pixels beyond which its words would only get larger
_STAGES_PER_ROW = 4
_ACCENT = "#3b6fe0"
_SIDE, _BAR, _OFFSET = 34, 8, 2.4  # units: side of the input image, width of a bar, distance between two sheets
_TOP, _MIDDLE, _BOTTOM, _LINE = 14, 46, 86, 11  # units from a row's top: name, shape, size; height of a note


@dataclass(frozen=True)
class _Stage:
    """A layer that is drawn, with notes for the layers after it that are not drawn."""

    name: str
    shape: Shape
    words: str  # a description of the whole stage for screen readers
    notes: tuple[str, ...] = ()
    trainable: bool = False


def diagram(rows: Sequence[LayerSummary], input_shape: Shape) -> str:
    """Return the diagram of a network's layers for images `(height, width, channels)`, as wide as its container."""
    stages = _stages(rows, input_shape)
    n_rows = -(-len(stages) // _STAGES_PER_ROW)
    per_row = -(-len(stages) // n_rows)
    parts, top = [], 0
    for first in range(0, len(stages), per_row):
        line = stages[first : first + per_row]
        height = _BOTTOM + _LINE * max(len(stage.notes) for stage in line) + 16
        cell = _WIDTH / per_row
        for number, stage in enumerate(line):
            middle = (number + 0.5) * cell
            parts.append(_draw_stage(stage, middle, top, input_shape))
            if number:
                parts.append(_arrow(line[number - 1], stage, middle, cell, top, input_shape))
        top += height
        if first + per_row < len(stages):
            parts.append(_arrow_to_next_row((len(line) - 0.5) * cell, 0.5 * cell, top))
    words = escape(_words(stages, input_shape), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="100%" role="img" '
        f'aria-label="{words}" style="max-width: {_LARGEST}px" font-size="10" text-anchor="middle" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )


def _stages(rows: Iterable[LayerSummary], input_shape: Shape) -> list[_Stage]:
    rows = list(rows)
    stages = [_Stage(_("Image"), input_shape, _("image of {size}").format(size=_size(input_shape)))]
    for number, row in enumerate(rows, 1):
        if isinstance(row.layer, BatchNormalization | Activation | Dropout | Flatten):
            before = stages.pop()
            words = f"{before.words}, {row.title}"
            stages.append(_Stage(before.name, before.shape, words, (*before.notes, _note(row)), before.trainable))
        else:
            name = _("Output") if number == len(rows) else _name(row.layer)
            words = _("{layer} to {size}").format(layer=row.title, size=_size(row.shape))
            stages.append(_Stage(name, row.shape, words, _activation(row.layer), row.parameters > 0))
    return stages


def _name(layer: Layer) -> str:
    match layer:
        case Convolution(kernel=side):
            return _("Conv {side}×{side}").format(side=side)
        case MaxPooling(size=side):
            return _("MaxPool {side}×{side}").format(side=side)
        case GlobalAveragePooling():
            return _("Average")
        case Dense():
            return _("Dense")
    return layer.title()


def _activation(layer: Layer) -> tuple[str, ...]:
    """Return the note with a layer's activation, if it has one."""
    if isinstance(layer, Convolution | Dense) and layer.activation != "linear":
        return (layer.title().split()[-1],)
    return ()


def _note(row: LayerSummary) -> str:
    match row.layer:
        case BatchNormalization():
            return _("BatchNorm")
        case Flatten():
            return _("flat: {n}").format(n=f"{row.shape[0]:,}")
    return row.title


def _size(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _words(stages: Sequence[_Stage], input_shape: Shape) -> str:
    layers = "; ".join(stage.words for stage in stages[1:])
    images = _size(input_shape) + "".join(f" ({note})" for note in stages[0].notes)
    return _("The network from left to right. Images of {images}; {layers}.").format(images=images, layers=layers)


def _draw_stage(stage: _Stage, middle: float, top: float, input_shape: Shape) -> str:
    picture = _bar(stage, middle, top) if len(stage.shape) == 1 else _stack(stage, middle, top, input_shape)
    below = "".join(
        f'<text x="{middle:g}" y="{top + _BOTTOM + _LINE * number:g}" font-size="9" opacity=".7">{escape(note)}</text>'
        for number, note in enumerate(stage.notes, 1)
    )
    words = escape(stage.words, quote=True)
    return (
        f'<g class="stage"><title>{words}</title>'
        f'<text x="{middle:g}" y="{top + _TOP}" font-weight="600">{escape(stage.name)}</text>{picture}'
        f'<text x="{middle:g}" y="{top + _BOTTOM}">{_size(stage.shape)}</text>{below}</g>'
    )


def _stack(stage: _Stage, middle: float, top: float, input_shape: Shape) -> str:
    """Draw sheets as large as the maps relative to the input; twice as many maps add about one sheet."""
    width, height, spread = _extent(stage, input_shape)
    left, upper = middle - (width + spread) / 2, top + _MIDDLE - (height + spread) / 2
    sheets = (spread - step for step in _sheet_offsets(spread))
    return "".join(_sheet(left + at, upper + spread - at, width, height, stage.trainable) for at in sheets)


def _extent(stage: _Stage, input_shape: Shape) -> tuple[float, float, float]:
    """Return the width and height of a sheet, and how far the other sheets extend beyond it; a bar is one sheet."""
    if len(stage.shape) == 1:
        return _BAR, 6 + 4.6 * log2(stage.shape[0] + 1), 0.0
    scale = _SIDE / max(input_shape[:2])
    height, width = (max(scale * side, 4) for side in stage.shape[:2])
    return width, height, _OFFSET * min(round(log2(stage.shape[2]) * 0.8), 7)


def _sheet_offsets(spread: float) -> list[float]:
    return [_OFFSET * number for number in range(round(spread / _OFFSET) + 1)]


def _bar(stage: _Stage, middle: float, top: float) -> str:
    width, height, spread = _extent(stage, (1, 1))
    height = min(height, _BOTTOM - _TOP - 22)
    return _sheet(middle - width / 2, top + _MIDDLE - height / 2, width, height, stage.trainable)


def _sheet(left: float, top: float, width: float, height: float, trainable: bool) -> str:
    """Draw a rectangle: in the accent colour with a thick outline if the layer has parameters."""
    colour, fill, stroke = (_ACCENT, 0.22, 1.6) if trainable else ("currentColor", 0.07, 0.8)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" fill="{colour}" '
        f'fill-opacity="{fill}" stroke="{colour}" stroke-opacity=".8" stroke-width="{stroke}"/>'
    )


def _arrow(before: _Stage, after: _Stage, middle: float, cell: float, top: float, input_shape: Shape) -> str:
    """Draw an arrow between two stages of a row."""
    ends = []
    for stage in (before, after):
        width, height, spread = _extent(stage, input_shape)
        ends.append((width + spread) / 2 + 3)
    start, end, y = middle - cell + ends[0], middle - ends[1], top + _MIDDLE
    return _line(f"M{start:.1f} {y}H{end:.1f}M{end - 3:.1f} {y - 3}L{end:.1f} {y}L{end - 3:.1f} {y + 3}")


def _arrow_to_next_row(right: float, left: float, y: float) -> str:
    """Draw an arrow from the end of a row to the start of the next row, whose top is at `y`."""
    return _line(f"M{right:g} {y - 9:g}V{y - 3:g}H{left:g}V{y + 3:g}m-3 -3l3 3l3 -3")


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".55"/>'
