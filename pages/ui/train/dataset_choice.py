"""The choice of the dataset, with a note on where it is and a look at its images. Starts no download."""

import streamlit as st

from model.config import TrainingConfig
from model.data import catalog
from model.data.catalog import DatasetStatus
from pages.ui import glossary
from pages.ui.shell import services
from pages.ui.shell.text import markdown, plain
from pages.ui.train import help, labels, preview
from pages.ui.train.setting_keys import key
from pages.ui.translation import _, translate

DIGIT_DATASETS = ("mnist", "uci-digits")  # the datasets to which drawings can be added
_USUAL_CLASSES = 10  # of a dataset whose classes are only known once it is loaded


def dataset_control() -> str:
    """Draw the choice of the dataset; return its name."""
    statuses = {status.name: status for status in catalog.available()}
    box = key("dataset")
    if st.session_state.get(box) not in statuses:  # not chosen yet, or its file no longer exists
        st.session_state[box] = services.default_dataset()
    chosen = st.selectbox(
        labels.setting("dataset"),
        list(statuses),
        key=box,
        persist_state="session",
        format_func=lambda name: translate(statuses[name].title) if name in statuses else name,
        help=f"{glossary.explain('Dataset')} {_(help.DATASET)}",
    )
    _describe(statuses[chosen], statuses["mnist"])
    if statuses[chosen].here:
        with st.popover(_("View images"), width="stretch", icon=":material/image:", on_change="rerun") as opened:
            if opened.open:
                preview.dataset(chosen)
    return chosen


def n_classes(dataset: str) -> int:
    """Return the number of classes of the network, including "not a digit" if that class is added."""
    known = catalog.BUILTINS.get(dataset)
    adds_drawings = dataset in DIGIT_DATASETS and st.session_state.get(key("drawings"), TrainingConfig.drawings)
    return (len(known.class_names) if known else _USUAL_CLASSES) + bool(adds_drawings)


def _describe(chosen: DatasetStatus, mnist: DatasetStatus) -> None:
    """Show how the images get here, and why UCI digits are the default."""
    if chosen.damaged:
        st.warning(markdown(chosen.where))
    elif not chosen.here and not services.reachable(chosen.name):
        text = _(help.NOT_AVAILABLE)
        st.caption(text.format(dataset=markdown(chosen.title), file=plain(f"{chosen.name}.npz")))
    elif not chosen.here and chosen.download_bytes:
        st.caption(_(help.DOWNLOAD_OF_SIZE).format(megabytes=f"{chosen.download_bytes / 1e6:.0f}"))
    elif not chosen.here:
        st.caption(_(help.DOWNLOAD))
    elif chosen.name == "uci-digits" and not mnist.here:
        st.caption(_(help.INSTEAD_OF_MNIST))
