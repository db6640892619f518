"""Images of what happens inside a network: heatmaps over an image, and the feature maps of its layers.

Knows arrays, colours and the grid; knows nothing of networks or runs.
"""

import numpy as np
import streamlit as st

from model.messages import N_
from pages.ui import glossary
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.translation import _

_SIDE = 48  # pixels of a map on the screen
_MOST = 32  # maps of a layer; more would fill the page
_FOR, _AGAINST = np.array([240, 150, 10]), np.array([50, 110, 230])
_LAYERS = {
    "convolution_1": (
        N_("First convolution"),
        N_("Simple patterns, such as edges and strokes."),
    ),
    "pooling_1": (
        N_("Pooling"),
        N_("The strongest response in each 2×2 square: half the size, and exact positions matter less."),
    ),
    "convolution_2": (
        N_("Second convolution"),
        N_("Combinations of the patterns found by the first one: corners, ends and curves."),
    ),
}


def heat(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return RGB uint8: `values` `(h, w)`, positive orange and negative blue, on a faded `image` `(h, w, c)` uint8."""
    grey = image.mean(axis=2, keepdims=True)
    base = np.repeat(40 + 0.55 * grey, 3, axis=2)
    share = np.abs(values) / max(float(np.abs(values).max()), 0.02)  # small values stay pale
    colour = np.where(values[..., None] > 0, _FOR, _AGAINST)
    return np.clip(base + 0.75 * share[..., None] * (colour - base), 0, 255).astype(np.uint8)


def layer_maps(maps: dict[str, np.ndarray]) -> None:
    """Draw the maps `(n, h, w)` uint8 of each layer with a sentence about the layer."""
    st.caption(glossary.explain("Feature map"))
    # In the order of the network: pooling follows the second convolution in some networks, and then halves its maps.
    for name, images in sorted(maps.items(), key=lambda layer: -layer[1].shape[1]):
        title, meaning = _LAYERS.get(name, (name, ""))
        size = f"**{_(title)}** · {images.shape[1]}×{images.shape[2]}"
        if len(images) > _MOST:
            size += " · " + _("{shown} of {n} maps").format(shown=_MOST, n=len(images))
        st.markdown(size)
        if meaning:
            st.caption(_(meaning))
        image_grid((_tile(image, number, _(title)) for number, image in enumerate(images[:_MOST], 1)), side=_SIDE)


def _tile(image: np.ndarray, number: int, layer: str) -> Tile:
    return Tile(image, (), _("{layer}, map {number}").format(layer=layer, number=number))
