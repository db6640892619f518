"""Several digits at once: the number, each digit with its box over the sheet, and what the network saw of each.

Knows readings, Pillow and the gallery; reads nothing itself.
"""

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from model.inference.digit_reader import DigitPrediction
from pages.ui.components.image_grid import Tile, data_uri, image_grid
from pages.ui.draw.sample import MultiDigitSample
from pages.ui.shell.text import percent

_BOX, _DOUBT = (59, 111, 224), (230, 159, 0)
_TILE = 72


def headline(number: MultiDigitSample | None, empty: str, hint: str) -> None:
    """Say the whole number in the first line."""
    if number is None or not number.predictions.digits:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    digits = number.predictions.digits
    st.markdown(f"# {''.join(digit.prediction.text for digit in digits)}")
    n = len(digits)
    doubtful = sum(not digit.accepted for digit in digits)
    doubt = f" {doubtful} of them {'does' if doubtful == 1 else 'do'} not look like a digit." if doubtful else ""
    st.caption(f"{n} digit{'s' * (n != 1)}, read one by one.{doubt}")


def seen(number: MultiDigitSample | None) -> None:
    """Show the sheet with a box around each digit, and each as the network saw it with its probability."""
    if number is None or not number.predictions.digits:
        st.caption("Each digit gets a box and an answer of its own.")
        return
    alt = f"the sheet with {len(number.predictions.digits)} boxes; read as {number.predictions.text}"
    st.html(
        f'<img src="{data_uri(_boxed(number))}" alt="{alt}" style="width: 100%; max-width: 600px; border-radius: 6px; '
        'border: 1px solid rgba(128,128,128,.35)">'
    )
    image_grid(
        (
            Tile(
                digit.image,
                _lines(digit),
                f"digit {place}: read as {digit.digit}",
                right=None if digit.accepted else False,
            )
            for place, digit in enumerate(number.predictions.digits, 1)
        ),
        side=_TILE,
    )


def _lines(digit: DigitPrediction) -> tuple[str, ...]:
    if digit.accepted:
        return (str(digit.digit), percent(digit.probability))
    return ("?", f"maybe {digit.digit}, {percent(digit.probability)}")


def _boxed(number: MultiDigitSample) -> np.ndarray:
    """Draw the boxes, numbered by what they are read as, over the sheet: `(h, w, 3)` uint8."""
    image = Image.fromarray(number.sheet).convert("RGB")
    draw = ImageDraw.Draw(image)
    for digit in number.predictions.digits:
        left, top, right, bottom = (side / number.zoom for side in digit.box)
        colour = _BOX if digit.accepted else _DOUBT
        more = number.margin
        around = (left - more, top - more, right + more, bottom + more)
        draw.rounded_rectangle(around, radius=6, outline=colour, width=3)
    return np.asarray(image)
