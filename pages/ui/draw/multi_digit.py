"""Several digits at once: the number, the canvas with a box around each digit, and the network's image of each.

Knows predictions, Pillow and the image grid; runs no network.
"""

from html import escape

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from model.inference.digit_reader import DigitPrediction
from pages.ui.components.image_grid import Tile, data_uri, image_grid
from pages.ui.draw.sample import MultiDigitSample
from pages.ui.shell.text import percent
from pages.ui.translation import _, ngettext

_ACCEPTED, _REJECTED = (59, 111, 224), (230, 159, 0)
_TILE = 72


def headline(number: MultiDigitSample | None, empty: str, hint: str) -> None:
    """Show the whole number in the first line."""
    if number is None or not number.predictions.digits:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    digits = number.predictions.digits
    st.markdown(f"# {''.join(digit.prediction.text for digit in digits)}")
    n, n_rejected = len(digits), sum(not digit.accepted for digit in digits)
    caption = ngettext("{n} digit, read on its own.", "{n} digits, read one by one.", n).format(n=n)
    if n_rejected:
        rejected = ngettext("{n} of them doesn't look like a digit.", "{n} of them don't look like digits.", n_rejected)
        caption = f"{caption} {rejected.format(n=n_rejected)}"
    st.caption(caption)


def seen(number: MultiDigitSample | None) -> None:
    """Show the sheet with a box around each digit, and the network's image of each digit with its prediction."""
    if number is None or not number.predictions.digits:
        st.caption(_("Each digit gets its own box and its own prediction."))
        return
    n = len(number.predictions.digits)
    alt = ngettext("{n} digit in a box, read as {text}", "{n} digits in boxes, read as {text}", n)
    alt = escape(alt.format(n=n, text=number.predictions.text))
    st.html(
        f'<img src="{data_uri(_boxed(number))}" alt="{alt}" style="width: 100%; max-width: 600px; border-radius: 6px; '
        'border: 1px solid rgba(128,128,128,.35)">'
    )
    tiles = (_tile(place, digit) for place, digit in enumerate(number.predictions.digits, 1))
    image_grid(tiles, side=_TILE)


def _tile(place: int, digit: DigitPrediction) -> Tile:
    alt = _("digit {place}, read as {label}").format(place=place, label=digit.digit)
    return Tile(digit.image, _lines(digit), alt, right=None if digit.accepted else False)


def _lines(digit: DigitPrediction) -> tuple[str, ...]:
    probability = percent(digit.probability)
    if digit.accepted:
        return (str(digit.digit), probability)
    return ("?", _("maybe {label}, {probability}").format(label=digit.digit, probability=probability))


def _boxed(number: MultiDigitSample) -> np.ndarray:
    """Return the sheet with a box around each digit, coloured by whether it was accepted: `(h, w, 3)` uint8."""
    image = Image.fromarray(number.sheet).convert("RGB")
    draw = ImageDraw.Draw(image)
    for digit in number.predictions.digits:
        left, top, right, bottom = (side / number.zoom for side in digit.box)
        margin = number.margin
        around = (left - margin, top - margin, right + margin, bottom + margin)
        draw.rounded_rectangle(around, radius=6, outline=_ACCEPTED if digit.accepted else _REJECTED, width=3)
    return np.asarray(image)
