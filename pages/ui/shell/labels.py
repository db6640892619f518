"""The labels of settings and of their options, on the pages and in reports. Draws nothing."""

from collections.abc import Mapping
from typing import Any

from model.config import CUSTOM
from model.messages import N_
from pages.ui.shell.text import in_words
from pages.ui.translation import _

SETTINGS = {
    "dataset": N_("Dataset"),
    "preset": N_("Network"),
    "design": N_("Layers"),
    "start_from": N_("Fine-tuned from"),
    "epochs": N_("Epochs"),
    "batch_size": N_("Batch size"),
    "optimizer": N_("Optimizer"),
    "schedule": N_("Schedule"),
    "learning_rate": N_("Learning rate"),
    "rotation": N_("Rotation (degrees)"),
    "shift": N_("Shift (share of image size)"),
    "zoom": N_("Zoom (share of image size)"),
    "shear": N_("Shear (degrees)"),
    "elastic": N_("Elastic deformation (pixels)"),
    "flip": N_("Flip horizontally"),
    "loss": N_("Labels"),
    "label_smoothing": N_("Label smoothing"),
    "validation_share": N_("Validation share"),
    "patience": N_("Early stopping (epochs)"),
    "keep": N_("Weights to keep"),
    "invert": N_("Invert the images"),
    "train_images": N_("Use only this many images"),
    "drawings": N_('Add a "not a digit" class'),
    "seed": N_("Seed"),
    "precision": N_("Numeric precision"),
}
OPTIONS = {
    CUSTOM: N_("Custom network"),
    "constant": N_("Constant"),
    "step": N_("Step"),
    "cosine": N_("Cosine"),
    "one-cycle": N_("One-cycle"),
    "adam": N_("Adam"),
    "adamw": N_("AdamW"),
    "sgd": N_("SGD"),
    "sparse": N_("Sparse (class numbers)"),
    "categorical": N_("One-hot"),
    "best": N_("Best epoch on validation"),
    "last": N_("Last epoch"),
    "relu": N_("ReLU"),
    "elu": N_("ELU"),
    "gelu": N_("GELU"),
    "tanh": N_("Tanh"),
    "sigmoid": N_("Sigmoid"),
}


def setting(name: str) -> str:
    """Return the label of a setting, a field of `TrainingConfig` or `Augmentation`, in the visitor's language."""
    return _(SETTINGS[name])


def settings_table(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the label and the value of each setting, in words."""
    shown = ((name, option(value) if isinstance(value, str) else in_words(value)) for name, value in values.items())
    return [(setting(name) if name in SETTINGS else name.replace("_", " "), value) for name, value in shown]


def option(value: Any) -> str:
    """Return the label of an option in the visitor's language; a value without a label as it is."""
    return _(OPTIONS[value]) if isinstance(value, str) and value in OPTIONS else str(value)
