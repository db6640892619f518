"""A look inside a training after its last epoch: predictions for twenty validation images, and first-layer filters.

Knows the run folder, epoch probes and the image grid; computes nothing itself.
"""

import zlib
from collections.abc import Sequence
from zipfile import BadZipFile

import numpy as np
import streamlit as st

from model.results import MAX_CLASSES
from model.runs.curves import History
from model.runs.run import Run
from model.training import epoch_probe
from model.training.epoch_probe import EpochProbe
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.language import format_number
from pages.ui.train import help
from pages.ui.translation import _, class_label

_SIDE, _FILTER_SIDE = 64, 40  # pixels on the screen
_MAX_LISTED = 12  # epochs in the caption; more would fill the page
# Blue for negative and orange for positive weights: distinct with any kind of colour vision, and in brightness.
_NEGATIVE, _NEUTRAL, _POSITIVE = np.array([20, 60, 160]), np.array([236, 236, 236]), np.array([250, 160, 20])


def show(run: Run, history: History) -> None:
    """Draw the predictions and filters of the newest epoch, or nothing if the run has no probes."""
    dataset = run.description.dataset
    names = dataset.class_names if dataset else tuple(map(str, range(MAX_CLASSES)))
    images, labels = _images(run, len(names))
    packed = [(0, history.first_probe), *((event.epoch, event.probe) for event in history.epochs)]
    probes = [probe for epoch, fields in packed if (probe := epoch_probe.unpack(fields, epoch, len(labels)))]
    if not probes or not len(labels):
        return
    newest = probes[-1]
    with st.container(key="train-glimpse"):
        title = (
            _(help.AFTER_EPOCH).format(epoch=newest.epoch) if newest.epoch else _("Validation images before training")
        )
        st.markdown(f"**{title}**")
        predictions = zip(images, labels, newest.predicted, newest.probabilities, strict=True)
        image_grid((_tile(*prediction, names) for prediction in predictions), side=_SIDE)
        st.caption(_(help.PREDICTIONS).format(n=len(labels), counts=_counts(probes, labels)))
    if newest.filters is not None:
        with st.container(key="train-filters"):
            _show_filters(newest.epoch, newest.filters)


def _show_filters(epoch: int, filters: np.ndarray) -> None:
    title = _("**First-layer filters after epoch {epoch}**") if epoch else _("**First-layer filters before training**")
    st.markdown(title.format(epoch=epoch))
    image_grid((_filter(*numbered) for numbered in enumerate(filters, 1)), side=_FILTER_SIDE)
    st.caption(_(help.COLOUR_FILTERS if _has_colours(filters) else help.FILTERS))


def _images(run: Run, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the validation images `(n, h, w, c)` uint8 and their labels `(n,)`; none if the file isn't valid."""
    try:
        with np.load(run.checkpoints / "glimpsed.npz", allow_pickle=False) as stored:
            images, labels = stored["images"], stored["labels"]
        is_valid = images.dtype == np.uint8 and images.ndim == 4 and images.size and images.shape[3] in (1, 3)
        are_labels = labels.dtype.kind in "iu" and labels.shape == images.shape[:1]
        if is_valid and are_labels and labels.min() >= 0 and labels.max() < n_classes:
            return images, labels
    except (OSError, KeyError, ValueError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error):
        pass  # runs of earlier versions have no such file
    return np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64)


def _tile(image: np.ndarray, label: int, predicted: int, confidence: float, names: Sequence[str]) -> Tile:
    true = class_label(names[label])
    if predicted == label:
        alt = _("Validation image of {true}, predicted correctly").format(true=true)
        return Tile(image, (f"✓ {true} · {format_number(confidence, '.0%')}",), alt, right=True)
    prediction = class_label(names[predicted]) if 0 <= predicted < len(names) else str(predicted)
    return Tile(
        image,
        (f"✗ {prediction} · {format_number(confidence, '.0%')}", _("true: {true}").format(true=true)),
        _("Validation image of {true}, predicted as {prediction}").format(true=true, prediction=prediction),
        right=False,
    )


def _filter(number: int, weights: np.ndarray) -> Tile:
    """`weights` is `(kernel, kernel, channels)` in [-1, 1]; three channels are shown as red, green and blue."""
    if _has_colours(weights):
        pixels = 127.5 * (1 + weights)
    else:
        mean = weights.mean(axis=-1, keepdims=True)
        towards = np.where(mean < 0, _NEGATIVE, _POSITIVE)
        pixels = _NEUTRAL + np.abs(mean) * (towards - _NEUTRAL)
    alt = _("Filter {number} of the first convolution").format(number=number)
    return Tile(pixels.clip(0, 255).astype(np.uint8), (), alt)


def _has_colours(weights: np.ndarray) -> bool:
    return weights.shape[-1] == 3


def _counts(probes: list[EpochProbe], labels: np.ndarray) -> str:
    """Return the number of correct predictions after each epoch, comparable because the images never change."""
    counts = [f"{(probe.predicted == labels).sum()}" for probe in probes]
    return " → ".join(counts if len(counts) <= _MAX_LISTED else [*counts[:2], "…", *counts[2 - _MAX_LISTED :]])
