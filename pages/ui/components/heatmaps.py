"""Pictures of what happens inside a network: heat over an image, and the maps of its layers.

Knows arrays, colours and the gallery; knows nothing of networks or runs.
"""

import numpy as np
import streamlit as st

from pages.ui.components.image_grid import Tile, image_grid

_SIDE = 48  # pixels of a map on the screen
_MOST = 32  # maps of a layer; more would fill the page
_FOR, _AGAINST = np.array([240, 150, 10]), np.array([50, 110, 230])
_LAYERS = {
    "convolution_1": ("First convolution", "Each map shows where one filter found its edge or stroke."),
    "pooling_1": ("Pooling", "The strongest answer of each 2×2 square: half the size, and where exactly matters less."),
    "convolution_2": ("Second convolution", "Combinations of what the first one found: corners, ends and bows."),
}


def heat(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lay `values` `(h, w)`, positive orange and negative blue, over a paled `image` `(h, w, c)` uint8: RGB uint8."""
    grey = image.mean(axis=2, keepdims=True)
    base = np.repeat(40 + 0.55 * grey, 3, axis=2)
    share = np.abs(values) / max(float(np.abs(values).max()), 0.02)  # what hardly matters stays pale
    colour = np.where(values[..., None] > 0, _FOR, _AGAINST)
    return np.clip(base + 0.75 * share[..., None] * (colour - base), 0, 255).astype(np.uint8)


def layer_maps(maps: dict[str, np.ndarray]) -> None:
    """Draw the maps `(n, h, w)` uint8 of each layer with a sentence each."""
    for name, pictures in maps.items():
        title, meaning = _LAYERS.get(name, (name, ""))
        of = f", {_MOST} of {len(pictures)}" if len(pictures) > _MOST else ""
        st.markdown(f"**{title}** · {pictures.shape[1]}×{pictures.shape[2]}{of}")
        st.caption(meaning)
        shown = enumerate(pictures[:_MOST], 1)
        image_grid((Tile(picture, (), f"map {number} of the {title.lower()}") for number, picture in shown), side=_SIDE)
