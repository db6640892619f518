"""A grid of small images with captions, to look at or to click. Sizes are fixed, so nothing moves while images load.

Knows arrays and HTML; knows nothing of runs or pages. Captions are escaped, because class names come from users' files.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

_CSS = """
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--shown), 1fr)); gap: 12px 8px;
  --shown: var(--side); }
.gallery figure { margin: 0; text-align: center; }
.gallery img { width: var(--shown); height: var(--shown); image-rendering: pixelated; border-radius: 6px;
  border: 1px solid rgba(128,128,128,.35); background: #000; }
.gallery .right img { border: 2px solid #3b6fe0; }
.gallery .wrong img { border: 2px dashed #e69f00; }
.gallery figcaption { font-size: .8rem; line-height: 1.25; margin-top: 4px; overflow-wrap: anywhere; }
.gallery button { all: unset; cursor: pointer; text-align: center; font-size: .8rem; line-height: 1.25;
  overflow-wrap: anywhere; border-radius: 8px; padding: 4px 0; }
.gallery button:hover { background: rgba(128,128,128,.15); }
.gallery button:focus-visible { outline: 2px solid #3b6fe0; }
.gallery button img { display: block; margin: 0 auto 4px; }
"""

_clickable = st.components.v2.component(
    "digit-lab.tiles",
    html='<div class="gallery"></div>',
    css=_CSS,
    js=(Path(__file__).parent / "image_grid.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


_FRAMES = {True: "right", False: "wrong", None: ""}


@dataclass(frozen=True)
class Tile:
    """One image, `(height, width, 1 or 3)` uint8, and the lines below it; `alt` describes it to screen readers."""

    image: np.ndarray
    lines: tuple[str, ...]
    alt: str
    right: bool | None = (
        None  # the frame of the image; the lines must show it too, for people who can't see the colours
    )


def image_grid(tiles: Iterable[Tile], side: int = 84) -> None:
    """Draw the tiles, `side` pixels wide, in as many columns as fit."""
    st.html(
        f"<style>{_CSS}</style>"
        + f'<div class="gallery" style="--side: {side}px">'
        + "".join(map(_figure, tiles))
        + "</div>"
    )


def clickable_image_grid(tiles: Iterable[tuple[int, Tile]], key: str, side: int = 84) -> int | None:
    """Draw numbered tiles that can be clicked; return the number of the one that was just clicked, or None."""
    shown = [
        {
            "number": number,
            "image": data_uri(tile.image),
            "alt": tile.alt,
            "lines": list(tile.lines),
            "frame": _FRAMES[tile.right],
        }
        for number, tile in tiles
    ]
    clicked = _clickable(key=key, data={"tiles": shown, "side": side}, on_opened_change=lambda: None).get("opened")
    # Compared with the type, as the browser can send anything: 1.0 and True are equal to 1.
    return clicked if type(clicked) is int and clicked in [tile["number"] for tile in shown] else None


def picture(image: np.ndarray, side: int, alt: str) -> None:
    """Draw one image, `(height, width)` uint8, enlarged to `side` pixels without smoothing."""
    st.html(
        f'<img src="{data_uri(image)}" alt="{escape(alt)}" width="{side}" height="{side}" '
        'style="image-rendering: pixelated; border-radius: 6px; border: 1px solid rgba(128,128,128,.35)">'
    )


def data_uri(image: np.ndarray) -> str:
    """Return an image as a PNG in a data URI: no second request, and nothing stays on the server."""
    pixels = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _figure(tile: Tile) -> str:
    lines = "<br>".join(map(escape, tile.lines))
    frame = f' class="{_FRAMES[tile.right]}"' if _FRAMES[tile.right] else ""
    image = f'<img src="{data_uri(tile.image)}" alt="{escape(tile.alt)}">'
    return f"<figure{frame}>{image}<figcaption>{lines}</figcaption></figure>"
