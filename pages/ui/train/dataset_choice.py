"""The choice of the dataset, with a note on where it is and a look at its images. Starts no download."""

from dataclasses import dataclass

import streamlit as st

from model.config import TrainingConfig
from model.data import catalog
from model.data.catalog import DatasetStatus
from model.errors import DigitLabError
from model.inference.classifier import DIGITS
from pages.ui import glossary
from pages.ui.language import format_number
from pages.ui.shell import labels, services
from pages.ui.shell.text import markdown, plain
from pages.ui.train import dataset_upload, help, preview
from pages.ui.train.setting_keys import key, key_with_default
from pages.ui.translation import _, translate

DIGIT_DATASETS = ("mnist", "uci-digits")  # the built-in datasets to which drawings can be added
_INK_SHAPE = (28, 28, 1)
_USUAL_CLASSES = 10  # of a dataset that can't be read


@dataclass(frozen=True)
class ChosenDataset:
    """The chosen dataset, and what the other settings need to know about it."""

    name: str
    shape: tuple[int, int, int] | None  # height, width, channels; None if it can't be read
    class_names: tuple[str, ...] | None
    invert: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether a training can start."""
        return self.shape is not None

    @property
    def has_digits(self) -> bool:
        """Whether drawings of digits can be added to its images."""
        if self.name in catalog.BUILTINS:
            return self.name in DIGIT_DATASETS
        return self.shape == _INK_SHAPE and self.class_names == DIGITS

    @property
    def n_classes(self) -> int:
        """The number of classes of the network, including "not a digit" if that class is added."""
        adds_drawings = self.has_digits and st.session_state.get(key("drawings"), TrainingConfig.drawings)
        return (len(self.class_names) if self.class_names else _USUAL_CLASSES) + bool(adds_drawings)


def dataset_control() -> ChosenDataset:
    """Draw the choice of the dataset, and one look at it."""
    statuses = {status.name: status for status in services.datasets()}
    box = key("dataset")
    dataset_upload.choose_new(box)
    if st.session_state.get(box) not in statuses:  # not chosen yet, or its file no longer exists
        st.session_state[box] = services.default_dataset()
    name = st.selectbox(
        labels.setting("dataset"),
        list(statuses),
        key=box,
        persist_state="session",
        format_func=lambda name: translate(statuses[name].title) if name in statuses else name,
        help=f"{glossary.explain('Dataset')} {_(help.DATASET)}",
    )
    _describe(statuses[name], statuses["mnist"])
    chosen = _look_at(statuses[name])
    with st.container(horizontal=True, gap="small", key="train-data"):
        if statuses[name].here and chosen.is_usable:
            with st.popover(_("View images"), icon=":material/image:", on_change="rerun") as opened:
                if opened.open:
                    preview.dataset(name, chosen.invert)
        dataset_upload.menu()
    return chosen


def _look_at(status: DatasetStatus) -> ChosenDataset:
    """Return the chosen dataset; one of the visitor's own is inspected, and what would spoil a training is shown."""
    builtin = catalog.BUILTINS.get(status.name)
    if builtin:
        return ChosenDataset(status.name, builtin.image_shape, builtin.class_names)
    try:
        found = services.training_sample(status.name).inspection
    except DigitLabError as error:
        if not status.damaged:  # otherwise that was shown already
            st.warning(markdown(error))
        return ChosenDataset(status.name, None, None)
    for note in (*found.warnings, *found.notes):
        icon = ":material/warning:" if note in found.warnings else ":material/info:"
        st.caption(f"{icon} {markdown(note)}")
    invert = False
    if found.is_dark_on_light:
        invert = st.toggle(
            labels.setting("invert"), key=key_with_default("invert"), persist_state="session", help=_(help.INVERT)
        )
    return ChosenDataset(status.name, found.image_shape, found.class_names, invert)


def _describe(chosen: DatasetStatus, mnist: DatasetStatus) -> None:
    """Show how the images get here, and why UCI digits are the default."""
    if chosen.damaged:
        st.warning(markdown(chosen.where))
    elif not chosen.here and not services.reachable(chosen.name):
        text = _(help.NOT_AVAILABLE)
        st.caption(text.format(dataset=markdown(chosen.title), file=plain(f"{chosen.name}.npz")))
    elif not chosen.here and chosen.download_bytes:
        st.caption(_(help.DOWNLOAD_OF_SIZE).format(megabytes=format_number(chosen.download_bytes / 1e6, ".0f")))
    elif not chosen.here:
        st.caption(_(help.DOWNLOAD))
    elif chosen.name == "uci-digits" and not mnist.here:
        st.caption(_(help.INSTEAD_OF_MNIST))
