"""What a training will see, before it sees it: images of a dataset, and the same images moved.

Knows Streamlit, the shared samples and the gallery; computes nothing of its own: `augment` is what training calls.
"""

import numpy as np
import streamlit as st

from model.config import Augmentation
from model.data import catalog
from model.data.augmentation import augment
from model.errors import DigitLabError
from pages.ui.charts.common import class_balance
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.shell import services

_SHOWN = 20  # images of a dataset
_ROW = 4  # images that are moved
_SIDE = 52  # pixels of a picture on the screen: four in a row


def dataset(name: str) -> None:
    """Show images of a dataset with their labels, and how many there are of each class; say why where it can't."""
    sample = _sample(name)
    if sample is None:
        return
    names = sample.class_names
    image_grid(
        (
            Tile(image, (names[label],), f"a training image: {names[label]}")
            for image, label in list(zip(sample.images, sample.labels, strict=True))[:_SHOWN]
        ),
        side=_SIDE,
    )
    st.caption(f"{sample.counts.sum():,} training images in {len(names)} classes:")
    st.plotly_chart(
        class_balance(names, sample.counts),
        height=40 + 22 * len(names),
        config={"displayModeBar": False},
        key=f"class-balance-{name}",
    )


def augmented(name: str, how: Augmentation) -> None:
    """Show four training images as they are and, below each, as training would see them this time and the next."""
    if not how:
        st.caption("Nothing is moved: every epoch sees the same images.")
        return
    sample = _sample(name)
    if sample is None:
        return
    images = sample.images[:_ROW]
    rows = [images] + [augment(images, how, np.random.default_rng(seed)).round().astype(np.uint8) for seed in (0, 1, 2)]
    st.caption("As they are, and three times as training would see them:")
    image_grid(
        (
            Tile(image, (), f"{sample.class_names[label]}, {'as it is' if number == 0 else f'moved, {number}'}")
            for number, row in enumerate(rows)
            for image, label in zip(row, sample.labels, strict=False)
        ),
        side=_SIDE,
    )


def _sample(name: str) -> services.Sample | None:
    """Return images of a dataset that is on this machine; a preview downloads nothing, and says why it is not there."""
    if not catalog.status(name).here:
        st.caption("The preview comes with the images, which are downloaded when the training starts.")
        return None
    try:
        return services.training_sample(name)
    except DigitLabError as error:
        st.warning(str(error))
        return None
