"""Several digits at once: the number, row by row, the canvas with a box around each digit, and the network's images.

Knows predictions, Pillow and the image grid; runs no network.
"""

from html import escape
from itertools import count

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from model.inference.digit_reader import DigitPrediction
from pages.ui.components.image_grid import Tile, data_uri, image_grid
from pages.ui.draw.sample import MultiDigitSample
from pages.ui.shell.text import percent
from pages.ui.translation import _, ngettext

_ACCEPTED, _REJECTED = (59, 111, 224), (230, 159, 0)
_TILE, _QUESTION_MARK = 72, 28  # pixels on the screen; of the sheet


def headline(number: MultiDigitSample | None, empty: str, hint: str) -> None:
    """Show the whole number in the first line."""
    if number is None or not number.predictions.digits:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    digits, rows = number.predictions.digits, number.predictions.rows
    # One headline, so that a screen reader reads the rows as one number.
    st.markdown("# " + "<br>".join("".join(map(_shown, row)) for row in rows), unsafe_allow_html=True)
    n, n_rejected = len(digits), sum(not digit.accepted for digit in digits)
    caption = ngettext("{n} digit, read on its own.", "{n} digits, read one by one.", n).format(n=n)
    if len(rows) > 1:
        in_rows = _("{n} rows, from top to bottom.").format(n=len(rows))
        caption = f"{caption} {in_rows}"
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
    places = count(1)
    for place, row in enumerate(number.predictions.rows, 1):
        if len(number.predictions.rows) > 1:
            st.caption(_("Row {n}").format(n=place))
        image_grid([_tile(next(places), digit) for digit in row], side=_TILE)


def _shown(digit: DigitPrediction) -> str:
    return digit.prediction.text


def _tile(place: int, digit: DigitPrediction) -> Tile:
    alt = _("digit {place}, read as {label}").format(place=place, label=digit.text)
    return Tile(digit.image, _lines(digit), alt, right=None if digit.accepted else False)


def _lines(digit: DigitPrediction) -> tuple[str, ...]:
    probability = percent(digit.probability)
    if digit.accepted:
        return (str(digit.digit), probability)
    if digit.is_sign:
        return ("?", _("too small for a digit"))
    return ("?", _("maybe {label}, {probability}").format(label=digit.digit, probability=probability))


def _boxed(number: MultiDigitSample) -> np.ndarray:
    """Return the sheet with a box around each digit and a question mark at rejected ones: `(h, w, 3)` uint8."""
    image = Image.fromarray(number.sheet).convert("RGB")
    draw = ImageDraw.Draw(image)
    for digit in number.predictions.digits:
        left, top, right, bottom = (side / number.zoom for side in digit.box)
        margin = number.margin
        around = (left - margin, top - margin, right + margin, bottom + margin)
        draw.rounded_rectangle(around, radius=6, outline=_ACCEPTED if digit.accepted else _REJECTED, width=3)
        if not digit.accepted:
            draw.text((left, top), "?", fill=_REJECTED, font=ImageFont.load_default(_QUESTION_MARK), anchor="lm")
    return np.asarray(image)
