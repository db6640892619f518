"""The parts of pages that a link can choose: `?show=step,kernel,walk` hides all others from a class.

A page shows the parts that the link names, and what has no name. Names that a page doesn't have are ignored, and a page
that has none of them shows everything. Hidden parts are drawn, but not displayed: their settings keep their values, and
no key reaches them. Knows the pages' keys; draws nothing.
"""

from dataclasses import dataclass

import streamlit as st

from model.messages import N_
from pages.ui.shell.links import SHOWN

LEARN, TRAIN, EVALUATE, DRAW = "learn", "train", "evaluate", "draw"
STEP, MENU, TRY, SETTINGS = "step", "menu", "try", "settings"


@dataclass(frozen=True)
class Part:
    """A part of a page: what a teacher reads, and the CSS selectors of its elements."""

    label: str
    selectors: tuple[str, ...] = ()


def _keys(*keys: str) -> tuple[str, ...]:
    """Return selectors of containers and widgets by their keys, and of the frame that leaves a gap around them."""
    selectors = ((f".st-key-{key}", f"[data-testid=stLayoutWrapper]:has(>.st-key-{key})") for key in keys)
    return tuple(selector for pair in selectors for selector in pair)


_MENU = Part(N_("Menu of the pages"), _keys("menu", "learn-teachers"))
# The playground hides its controls itself, because the weights stay in sight.
CONTROLS = ("image", "kernel", "stride", "padding", "relu", "pooling", "walk")

PARTS: dict[str, dict[str, Part]] = {
    LEARN: {
        STEP: Part(N_("The step itself")),  # never hidden: it stands for itself in a link without other names
        MENU: _MENU,
        "steps": Part(N_("Other steps"), _keys("learn-header", "learn-again")),
        TRY: Part(N_("Try it yourself"), _keys("learn-try")),
        "image": Part(N_("Digit")),
        "kernel": Part(N_("Kernel")),
        "stride": Part(N_("Stride")),
        "padding": Part(N_("Padding")),
        "relu": Part(N_("ReLU")),
        "pooling": Part(N_("Max pooling")),
        "walk": Part(N_("Step and Play")),
        "layers": Part(N_("Choice of the layers"), _keys("learn-layers")),
        "cells": Part(N_("Confusion matrix"), _keys("learn-matrix", "learn-cell")),
        "drawings": Part(N_("Drawings to choose from"), _keys("learn-ready-drawings")),
    },
    TRAIN: {
        MENU: _MENU,
        "start": Part(N_("Start, Pause and Stop"), _keys("train-start", "train-key", "train-buttons")),
        "curves": Part(
            N_("Curves"),
            _keys("train-loss", "train-accuracy", "train-rate", "train-comment", "train-example"),
        ),
        "predictions": Part(N_("Predictions after each epoch"), _keys("train-glimpse", "train-filters")),
        "recipe": Part(N_("Recipe"), _keys("train-recipes")),
        "dataset": Part(N_("Dataset"), _keys("train-datasets")),
        "network": Part(N_("Network"), _keys("train-network")),
        "epochs": Part(N_("Epochs"), _keys("train-epochs")),
        "batch": Part(N_("Batch size"), _keys("train-batch-size")),
        "optimizer": Part(N_("Optimizer and schedule"), _keys("train-optimizer", "train-schedule")),
        "rate": Part(N_("Learning rate"), _keys("train-rates")),
        "augmentation": Part(N_("Augmentation"), _keys("train-augmentation")),
        "more": Part(N_("More settings"), _keys("train-more", "train-search")),
        "runs": Part(N_("List of runs"), _keys("train-runs")),
    },
    EVALUATE: {
        MENU: _MENU,
        "network": Part(N_("Choice of the network"), _keys("eval-run")),
        "metrics": Part(N_("Metrics"), _keys("eval-metrics", "eval-card")),
        "downloads": Part(N_("Downloads"), _keys("eval-downloads")),
        "matrix": Part(N_("Confusion matrix"), (".stColumn:has(.st-key-eval-confusion)",)),
        "classes": Part(N_("Metrics per class"), (".stColumn:has(.st-key-eval-classes)",)),
        "images": Part(N_("Test images"), _keys("eval-errors")),
        "analyses": Part(N_("More analyses"), _keys("eval-deeper")),
    },
    DRAW: {
        MENU: _MENU,
        "network": Part(N_("Choice of the network"), _keys("draw-networks")),
        "input": Part(
            N_("Choice of the input"), _keys("draw-way", "draw-back", "draw-image-choice", "draw-image-index")
        ),
        "bars": Part(N_("Probabilities"), _keys("draw-bars")),
        "pixels": Part(N_("What the network sees"), _keys("draw-pixels")),
        "label": Part(N_("Saving drawings"), _keys("draw-meant")),
        "sections": Part(N_("Choice of the sections below"), _keys("draw-part")),
    },
}
# One name for several.
GROUPS = {
    SETTINGS: ("recipe", "dataset", "network", "epochs", "batch", "optimizer", "rate", "augmentation", "more"),
}
# A column is hidden when none of its parts is shown.
_COLUMNS = ((TRAIN, ".stColumn:has(.st-key-train-settings)", ("start", *GROUPS[SETTINGS])),)


def shown(page: str) -> frozenset[str]:
    """Return the names of the parts that the link of this page shows: all of them if it names none."""
    named = {name.strip() for name in st.query_params.get(SHOWN, "").split(",")}
    named |= {name for group in named & GROUPS.keys() for name in GROUPS[group]}
    parts = PARTS.get(page, {})
    return frozenset(named & parts.keys() or parts)


def hidden(page: str) -> frozenset[str]:
    """Return the names of the parts that the link of this page hides."""
    return frozenset(PARTS.get(page, {})) - shown(page) - {STEP}


def style(page: str) -> str:
    """Return the style sheet that hides parts; empty if nothing is hidden."""
    names = hidden(page)
    selectors = [selector for name in PARTS.get(page, {}) if name in names for selector in PARTS[page][name].selectors]
    selectors += [selector for owner, selector, parts in _COLUMNS if owner == page and names.issuperset(parts)]
    return f"{', '.join(selectors)} {{ display: none !important; }}" if selectors else ""


def is_limited() -> bool:
    """Return whether the link chooses parts."""
    return SHOWN in st.query_params


def show_everything() -> None:
    """Remove the choice of parts from the link."""
    st.query_params.pop(SHOWN, None)
