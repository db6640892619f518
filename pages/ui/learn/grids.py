"""The components of the first three steps: an image as a grid of numbers, and the convolution playground.

Everything that happens in them happens in the browser. Knows arrays and Streamlit's components.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from model.results import Array
from pages.ui import language
from pages.ui.translation import _

_CSS = """
.lesson-grids { color: var(--st-text-color); font-size: .875rem; line-height: 1.35; }
.lesson-grids .grids { display: flex; flex-wrap: wrap; gap: 14px 16px; align-items: flex-start; }
.lesson-grids figure { margin: 0; width: min-content; }
.lesson-grids figure[hidden] { display: none; }
.lesson-grids canvas.grid { display: block; border-radius: 4px; background: #000; touch-action: pan-y; }
.lesson-grids canvas.grid:focus-visible { outline: 3px solid #3b6fe0; outline-offset: 2px; }
.lesson-grids canvas.paper { cursor: crosshair; touch-action: none; }
.lesson-grids figcaption { margin-top: 4px; font-size: .8rem; opacity: .85; }
.lesson-grids .place { font-size: 1.1rem; margin: .5rem 0 0; max-width: 230px; }
.lesson-grids .note { margin: 0 0 .5rem; opacity: .8; }
.lesson-grids .controls { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin-bottom: 10px; }
.lesson-grids label { display: inline-flex; gap: 6px; align-items: center; }
.lesson-grids .controls > [hidden] { display: none; }
.lesson-grids .walk { display: inline-flex; gap: 4px; }
.lesson-grids select, .lesson-grids button, .lesson-grids input[type=number] { font: inherit; color: inherit;
  background: var(--st-secondary-background-color); border: 1px solid rgba(128,128,128,.5); border-radius: 6px;
  padding: 3px 8px; min-height: 30px; }
.lesson-grids option { color: #111; background: #fff; }
.lesson-grids button { cursor: pointer; }
.lesson-grids button:hover { border-color: #3b6fe0; }
.lesson-grids button[hidden] { display: none; }
.lesson-grids :is(select, input):disabled { opacity: .6; }
.lesson-grids :is(select, button, input):focus-visible { outline: 2px solid #3b6fe0; outline-offset: 1px; }
.lesson-grids input[type=checkbox] { width: 16px; height: 16px; accent-color: #3b6fe0; }
.lesson-grids .middle { width: 228px; }
.lesson-grids .nine { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px; margin: 4px 0 8px; }
.lesson-grids .nine input { width: 100%; box-sizing: border-box; padding: 2px 4px; text-align: center;
  appearance: textfield; }
.lesson-grids .product { border: 1px solid rgba(128,128,128,.35); border-radius: 6px; text-align: center;
  padding: 2px 0; font-size: .75rem; font-variant-numeric: tabular-nums; }
.lesson-grids .product b { display: block; font-size: .9rem; }
.lesson-grids.narrow .middle { order: 1; width: 100%; display: grid; grid-template-columns: 2fr 3fr; gap: 0 16px; }
.lesson-grids.narrow .sum { grid-column: 1 / 3; }
.lesson-grids .sum { margin: 0; min-height: 3.9em; font-variant-numeric: tabular-nums; }
"""
_FOLDER = Path(__file__).parent


def _script(*files: str) -> str:
    return "\n".join((_FOLDER / file).read_text(encoding="utf-8") for file in files)


_pixels = st.components.v2.component(
    "digit-lab.pixel_grid",
    html='<div class="lesson-grids pixel-grid"></div>',
    css=_CSS,
    js=_script("grid.js", "pixel_grid.js"),
    isolate_styles=False,
)
_playground = st.components.v2.component(
    "digit-lab.playground",
    html='<div class="lesson-grids playground"></div>',
    css=_CSS,
    js=_script("grid.js", "arithmetic.js", "playground.js"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Start:
    """What the playground shows first."""

    image: str
    kernel: str
    position: tuple[int, int]  # row and column of the output
    stride: int = 1
    padding: bool = False
    relu: bool = False
    pooling: bool = False


def pixel_grid(image: Array, at: tuple[int, int], key: str, second: Array | None = None, about: str = "") -> None:
    """Draw an image `(h, w)` uint8 as numbers, with the pixel `at` (row, column) in a magnifier.

    A `second` image, described by `about`, is drawn beside it, with the pixels that are different in frames.
    """
    side = len(image)
    _pixels(
        key=key,
        data={
            "pixels": image.ravel().tolist(),
            "side": side,
            "row": at[0],
            "column": at[1],
            "second": None if second is None else second.ravel().tolist(),
            "texts": {
                "image": _("The image as a grid of numbers; the arrow keys move from pixel to pixel."),
                "size": _("{side} × {side} pixels").format(side=side),
                "moved": about,
                "place": _("Row {row}, column {column}: {value}"),
            },
        },
    )


def playground(
    images: Mapping[str, Array],
    kernels: Sequence[tuple[str, str, Array]],
    start: Start,
    key: str,
    locked: Collection[str] = (),
    hidden: Collection[str] = (),
) -> None:
    """Draw the convolution playground for named images `(h, w)` uint8 and kernels (id, name, `(3, 3)`).

    `locked` are the controls that can't be used until the question is answered: image, kernel, stride, padding, relu,
    pooling. `hidden` are those that aren't shown, which can also be walk, the buttons from position to position.
    """
    _playground(
        key=key,
        data={
            "side": len(next(iter(images.values()))),
            "images": [{"id": name, "name": name, "pixels": image.ravel().tolist()} for name, image in images.items()],
            "kernels": [{"id": id, "name": name, "values": values.ravel().tolist()} for id, name, values in kernels],
            "start": {
                "image": start.image,
                "kernel": start.kernel,
                "position": list(start.position),
                "stride": start.stride,
                "padding": start.padding,
                "relu": start.relu,
                "pooling": start.pooling,
            },
            "locked": sorted(locked),
            "hidden": sorted(hidden),
            "locale": language.tag(language.current()),
            "texts": _texts(),
        },
    )


def _texts() -> dict[str, str]:
    return {
        "image": _("Digit"),
        "drawn": _("draw your own"),
        "clear": _("Clear"),
        "kernel": _("Kernel"),
        "own": _("your own"),
        "stride": _("Stride"),
        "padding": _("Padding"),
        "relu": _("ReLU"),
        "pooling": _("Max pooling"),
        "back": _("◂ Step"),
        "next": _("Step ▸"),
        "play": _("▶ Play"),
        "pause": _("⏸ Pause"),
        "locked": _("Some controls are locked until you have answered the question."),
        "weights": _("Kernel"),
        "weight": _("Weight in row {row}, column {column}"),
        "products": _("Pixel × weight"),
        "sum": _("Row {row}, column {column} of the output: the nine products add up to {sum}."),
        "after_relu": _("After ReLU: {value}."),
        "largest": _("The largest of {four} is {value}."),
        "in_square": _("The largest in its square: {value}."),
        "output_label": _("The output; the arrow keys move from position to position."),
        "pooled_label": _("The output after max pooling; the arrow keys move from square to square."),
        "input_size": _("Image: {side} × {side}"),
        "draw_here": _("Draw here with the mouse, a pen or a finger."),
        "output_size": _("Output: {side} × {side} = {n} numbers."),
        "pooled_size": _("After max pooling: {side} × {side} = {n} numbers."),
        "negative": _("Blue is negative: the opposite of the pattern."),
    }
