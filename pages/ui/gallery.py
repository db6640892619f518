"""A grid of small images with a caption each, as one piece of HTML: sizes are fixed, so nothing moves when one loads.

Knows arrays and HTML; knows nothing of runs or pages. Captions are escaped: class names come from users' files.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

_STYLE = """<style>
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--side), 1fr)); gap: 12px 8px; }
.gallery figure { margin: 0; text-align: center; }
.gallery img { width: var(--side); height: var(--side); image-rendering: pixelated; border-radius: 6px;
  border: 1px solid rgba(128,128,128,.35); background: #000; }
.gallery figcaption { font-size: .8rem; line-height: 1.25; margin-top: 4px; overflow-wrap: anywhere; }
</style>"""


@dataclass(frozen=True)
class Tile:
    """One image, `(height, width, 1 or 3)` uint8, and the lines below it; `alt` says for screen readers what it is."""

    image: np.ndarray
    lines: tuple[str, ...]
    alt: str


def gallery(tiles: Iterable[Tile], side: int = 84) -> None:
    """Draw the tiles, `side` pixels wide, in as many columns as there is room for."""
    st.html(_STYLE + f'<div class="gallery" style="--side: {side}px">' + "".join(map(_figure, tiles)) + "</div>")


def picture(image: np.ndarray, side: int, alt: str) -> None:
    """Draw one image, `(height, width)` uint8, at `side` pixels, each of its pixels a square."""
    st.html(
        f'<img src="{data_uri(image)}" alt="{escape(alt)}" width="{side}" height="{side}" '
        'style="image-rendering: pixelated; border-radius: 6px; border: 1px solid rgba(128,128,128,.35)">'
    )


def data_uri(image: np.ndarray) -> str:
    """Return an image as a PNG in a data address; no second request, and nothing left on the server."""
    pixels = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _figure(tile: Tile) -> str:
    lines = "<br>".join(map(escape, tile.lines))
    return (
        f'<figure><img src="{data_uri(tile.image)}" alt="{escape(tile.alt)}"><figcaption>{lines}</figcaption></figure>'
    )
