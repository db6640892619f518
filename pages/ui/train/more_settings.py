"""The settings under "More settings": labels, validation, images and seed. Starts nothing."""

import streamlit as st

from model.config import KEPT, LOSSES
from pages.ui import glossary
from pages.ui.shell import labels
from pages.ui.train import help
from pages.ui.train.dataset_choice import ChosenDataset
from pages.ui.train.setting_keys import key_with_default
from pages.ui.translation import _


def more_settings(dataset: ChosenDataset) -> dict:
    """Draw the widgets; return their settings by name."""
    return _label_settings() | _validation_settings() | _image_settings(dataset) | {"seed": _seed_control()}


def _label_settings() -> dict:
    loss = st.selectbox(
        labels.setting("loss"),
        LOSSES,
        format_func=labels.option,
        key=key_with_default("loss"),
        persist_state="session",
        help=f"{glossary.explain('One-hot')} {_(help.LABELS)}",
    )
    smoothing = 0.0
    if loss == "categorical":
        smoothing = st.slider(
            labels.setting("label_smoothing"),
            0.0,
            0.3,
            step=0.01,
            key=key_with_default("label_smoothing"),
            persist_state="session",
            help=glossary.explain("Label smoothing"),
        )
    return {"loss": loss, "label_smoothing": smoothing}


def _validation_settings() -> dict:
    validation_share = st.slider(
        labels.setting("validation_share"),
        0.01,
        0.5,
        key=key_with_default("validation_share"),
        format="percent",
        persist_state="session",
        help=glossary.explain("Validation set"),
    )
    patience = st.number_input(
        labels.setting("patience"),
        0,
        100,
        key=key_with_default("patience"),
        persist_state="session",
        help=f"{glossary.explain('Early stopping')} {_(help.PATIENCE)}",
    )
    keep = st.selectbox(
        labels.setting("keep"),
        KEPT,
        format_func=labels.option,
        key=key_with_default("keep"),
        persist_state="session",
        help=_(help.KEEP),
    )
    return {"validation_share": validation_share, "patience": patience, "keep": keep}


def _image_settings(dataset: ChosenDataset) -> dict:
    train_images = st.number_input(
        labels.setting("train_images"),
        0,
        10_000_000,
        step=100,
        key=key_with_default("train_images"),
        persist_state="session",
        help=_(help.TRAIN_IMAGES),
    )
    drawings = False
    if dataset.has_digits:
        drawings = st.toggle(
            labels.setting("drawings"),
            key=key_with_default("drawings"),
            persist_state="session",
            help=f"{glossary.explain('Not a digit')} {_(help.DRAWINGS)}",
        )
    return {"train_images": train_images, "drawings": drawings}


def _seed_control() -> int:
    return st.number_input(
        labels.setting("seed"),
        0,
        2**31 - 1,
        key=key_with_default("seed"),
        persist_state="session",
        help=glossary.explain("Seed"),
    )
