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
from pages.ui.components.live_chart import live_chart
from pages.ui.language import format_number
from pages.ui.shell import services
from pages.ui.shell.text import markdown, plain
from pages.ui.train import help
from pages.ui.translation import _, class_label, ngettext

_N_SAMPLES = 20  # images of a dataset
_N_AUGMENTED = 4  # images that are transformed
_MAX_SKIPPED = 12  # files listed by name
_SIDE = 52  # pixels of an image on the screen: four fit in a row


def dataset(name: str, invert: bool = False) -> None:
    """Show images of a dataset with their labels, and what it contains, or why they aren't available."""
    sample = _sample(name)
    if sample is None:
        return
    names = [class_label(each) for each in sample.class_names]
    images = 255 - sample.images if invert else sample.images
    image_grid(
        (
            Tile(image, (names[label],), _("Training image: {label}").format(label=names[label]))
            for image, label in list(zip(images, sample.labels, strict=True))[:_N_SAMPLES]
        ),
        side=_SIDE,
    )
    _facts(sample)
    text = _("{images} training images and {test} test images in {classes} classes. Training images of each class:")
    n_test = sum(sample.inspection.test_counts)
    st.caption(
        text.format(images=format_number(sample.counts.sum(), ","), test=format_number(n_test, ","), classes=len(names))
    )
    counts = "; ".join(f"{label}: {format_number(n, ',')}" for label, n in zip(names, sample.counts, strict=True))
    description = _("Training images of each class: {counts}.").format(counts=counts)
    live_chart(class_balance(names, sample.counts), f"class-balance-{name}", 40 + 22 * len(names), description)
    _skipped(sample)


def _facts(sample: services.Sample) -> None:
    """Show shape, range, and ink and ground; then what was changed to fit."""
    found = sample.inspection
    height, width, channels = found.image_shape
    ground = _(help.DARK_INK) if found.is_dark_on_light else _(help.LIGHT_INK)
    shape = _(help.SHAPE).format(
        size=f"{height}×{width}",
        colours=_("grey") if channels == 1 else _("colour"),
        low=format_number(found.lowest, "g"),
        high=format_number(found.highest, "g"),
    )
    st.caption(f"{shape} {ground}" if channels == 1 else shape)
    for note in sample.origin.notes:
        st.caption(markdown(note))


def _skipped(sample: services.Sample) -> None:
    """List the files of the dataset that aren't used, with the reasons."""
    files = sample.origin.skipped
    if not files:
        return
    text = ngettext("{n} file isn't used:", "{n} files aren't used:", len(files)).format(
        n=format_number(len(files), ",")
    )
    st.caption(text)
    for each in files[:_MAX_SKIPPED]:
        st.caption(f"**{plain(each.file)}** {markdown(each.reason)}")
    if len(files) > _MAX_SKIPPED:
        st.caption(_("… and {n} more").format(n=format_number(len(files) - _MAX_SKIPPED, ",")))


def augmented(name: str, augmentation: Augmentation, invert: bool = False) -> None:
    """Show four training images and, below each, three variants as training would use them."""
    if not augmentation:
        st.caption(_(help.NO_AUGMENTATION))
        return
    sample = _sample(name)
    if sample is None:
        return
    images = sample.images[:_N_AUGMENTED]
    images = 255 - images if invert else images
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
