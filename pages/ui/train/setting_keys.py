"""The keys of the widgets of the settings: `train-` and the name of the setting, so recipes and links can set them."""

import streamlit as st

from model.config import TrainingConfig


def key(name: str) -> str:
    """Return the key of a setting's widget."""
    # The chart of the loss has the key train-loss.
    return "train-labels" if name == "loss" else f"train-{name.replace('_', '-')}"


def key_with_default(name: str) -> str:
    """Return the key of a setting's widget, after giving a new widget the value of the classroom exercise."""
    config = TrainingConfig()
    value = getattr(config, name) if hasattr(config, name) else getattr(config.augmentation, name)
    st.session_state.setdefault(key(name), value)
    return key(name)


def rate_key(optimizer: str, schedule: str) -> str:
    """Return the key of the learning rate, one for each pair: a rate that suits Adam makes SGD crawl."""
    return "-".join(("train-learning-rate", optimizer, schedule))
