"""A preview of the training images: samples of a dataset, and the effect of the augmentation.

Knows Streamlit, the shared samples and the image grid. It computes nothing itself: training calls the same `augment`.
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
from pages.ui.shell.text import markdown
from pages.ui.train import help
from pages.ui.translation import _, class_label

_N_SAMPLES = 20  # images of a dataset
_N_AUGMENTED = 4  # images that are transformed
_SIDE = 52  # pixels of an image on the screen: four fit in a row


def dataset(name: str) -> None:
    """Show images of a dataset with their labels, and the number of images per class, or why they aren't available."""
    sample = _sample(name)
    if sample is None:
        return
    names = [class_label(each) for each in sample.class_names]
    image_grid(
        (
            Tile(image, (names[label],), _("Training image: {label}").format(label=names[label]))
            for image, label in list(zip(sample.images, sample.labels, strict=True))[:_N_SAMPLES]
        ),
        side=_SIDE,
    )
    text = _("{images} training images in {classes} classes:")
    st.caption(text.format(images=f"{sample.counts.sum():,}", classes=len(names)))
    st.plotly_chart(
        class_balance(names, sample.counts),
        height=40 + 22 * len(names),
        config={"displayModeBar": False},
        key=f"class-balance-{name}",
    )


def augmented(name: str, augmentation: Augmentation) -> None:
    """Show four training images and, below each, three variants as training would use them."""
    if not augmentation:
        st.caption(_(help.NO_AUGMENTATION))
        return
    sample = _sample(name)
    if sample is None:
        return
    images = sample.images[:_N_AUGMENTED]
    variants = (augment(images, augmentation, np.random.default_rng(seed)) for seed in range(3))
    rows = [images, *(variant.round().astype(np.uint8) for variant in variants)]
    st.caption(_(help.AUGMENTED))
    image_grid(
        (
            Tile(image, (), _description(class_label(sample.class_names[label]), number))
            for number, row in enumerate(rows)
            for image, label in zip(row, sample.labels, strict=False)
        ),
        side=_SIDE,
    )


def _description(label: str, number: int) -> str:
    if number == 0:
        return _("{label}, original").format(label=label)
    return _("{label}, variant {number}").format(label=label, number=number)


def _sample(name: str) -> services.Sample | None:
    """Return images of a dataset on this machine. Downloads nothing; if there is no sample, shows why."""
    status = catalog.status(name)
    if not status.here and not status.damaged:
        st.caption(_(help.NO_PREVIEW))
        return None
    try:
        return services.training_sample(name)
    except DigitLabError as error:
        st.warning(markdown(error))
        return None
