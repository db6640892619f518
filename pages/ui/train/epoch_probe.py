"""A training seen from inside: its answers to twenty validation images, and its first filters, as of the last epoch.

Knows the run folder, glimpses and the gallery; computes nothing of its own.
"""

import zlib
from collections.abc import Sequence
from zipfile import BadZipFile

import numpy as np
import streamlit as st

from model.runs.curves import History
from model.runs.run import Run
from model.training import epoch_probe
from model.training.epoch_probe import EpochProbe
from pages.ui.components.image_grid import Tile, image_grid

_SIDE, _FILTER_SIDE = 64, 40  # pixels on the screen
_LISTED = 12  # epochs in the sentence; more would fill the page
# Blue takes away, orange adds: told apart with any kind of colour vision, and by how bright they are.
_NEGATIVE, _NEUTRAL, _POSITIVE = np.array([20, 60, 160]), np.array([236, 236, 236]), np.array([250, 160, 20])


def show(run: Run, history: History) -> None:
    """Draw what the newest epoch answers and looks for; nothing where the run tells nothing of it."""
    images, labels = _images(run)
    packed = [(0, history.first_probe), *((event.epoch, event.probe) for event in history.epochs)]
    seen = [probe for epoch, fields in packed if (probe := epoch_probe.unpack(fields, epoch, len(labels)))]
    if not seen or not len(labels):
        return
    dataset = run.description.dataset
    names = dataset.class_names if dataset else [str(n) for n in range(int(labels.max()) + 1)]
    with st.container(key="train-glimpse"):
        st.markdown(f"**What it answers {_when(seen[-1])}**")
        image_grid((_tile(*item, names) for item in zip(images, labels, *_answers(seen[-1]), strict=True)), side=_SIDE)
        st.caption(_in_words(seen, labels))
    if seen[-1].filters is not None:
        with st.container(key="train-filters"):
            st.markdown(f"**What its first layer looks for {_when(seen[-1])}**")
            image_grid((_filter(*item) for item in enumerate(seen[-1].filters, 1)), side=_FILTER_SIDE)
            st.caption(
                "Each square is a filter of the first convolution, laid over the image at every place. Orange weights "
                "add what they lie on, blue ones take it away, so a filter answers to an edge, a stroke or a corner."
            )


def _images(run: Run) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(run.checkpoints / "glimpsed.npz", allow_pickle=False) as stored:
            images, labels = stored["images"], stored["labels"]
        return (images, labels) if images.ndim == 4 and len(images) == len(labels) else (images[:0], labels[:0])
    except (OSError, KeyError, ValueError, EOFError, BadZipFile, zlib.error):
        return np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64)  # a run of an earlier version has none


def _answers(seen: EpochProbe) -> tuple[np.ndarray, np.ndarray]:
    return seen.predicted, seen.probabilities


def _when(seen: EpochProbe) -> str:
    return f"after epoch {seen.epoch}" if seen.epoch else "before training"


def _tile(image: np.ndarray, label: int, answer: int, probability: float, names: Sequence[str]) -> Tile:
    read_as = names[answer] if 0 <= answer < len(names) else str(answer)
    true = names[label]
    right = answer == label
    return Tile(
        image,
        (f"{'✓' if right else '✗'} {read_as} · {probability:.0%}", *(() if right else (f"is {true}",))),
        f"a validation image, {true}, {'read right' if right else f'read as {read_as}'}",
        right=right,
    )


def _filter(number: int, weights: np.ndarray) -> Tile:
    """`weights` `(kernel, kernel, channels)` in [-1, 1]: three channels are shown in their own colours."""
    if weights.shape[-1] == 3:
        pixels = 127.5 * (1 + weights)
    else:
        mean = weights.mean(axis=-1, keepdims=True)
        towards = np.where(mean < 0, _NEGATIVE, _POSITIVE)
        pixels = _NEUTRAL + np.abs(mean) * (towards - _NEUTRAL)
    return Tile(pixels.clip(0, 255).astype(np.uint8), (), f"filter {number} of the first convolution")


def _in_words(seen: list[EpochProbe], labels: np.ndarray) -> str:
    """Say how many were right after each epoch; they never change, so that the counts can be compared."""
    counts = [f"{(probe.predicted == labels).sum()}" for probe in seen]
    shown = " → ".join(counts if len(counts) <= _LISTED else [*counts[:2], "…", *counts[2 - _LISTED :]])
    return (
        f"The same {len(labels)} validation images after each epoch, ✓ right and ✗ wrong, with the answer's "
        f"probability. Right so far: {shown}."
    )
