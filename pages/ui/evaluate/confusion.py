"""Where it goes wrong: which classes are taken for which, and how each class fares. A click on a cell shows its images.

Knows charts, metrics and the filter of the mistakes; computes no figure of its own.
"""

from typing import Any

import streamlit as st

from model.evaluation import analysis
from model.results import Metrics
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate import class_table, image_browser
from pages.ui.shell.text import plain

_BY = {
    evaluation_charts.COUNT: "Images",
    evaluation_charts.BY_TRUE: "Share of true",
    evaluation_charts.BY_PREDICTED: "Share of predicted",
}
_HEIGHT = 440
_SENTENCES = 6


def show(metrics: Metrics, key: str) -> None:
    """Draw matrix and classes side by side; `key` tells runs apart, whose epochs share one chart."""
    matrix, classes = st.columns([1.15, 1], gap="medium")
    with matrix:
        _confusion(metrics, key)
    with classes:
        _classes(metrics)


def _confusion(metrics: Metrics, key: str) -> None:
    names = [each.name for each in metrics.classes]
    with st.container(key="eval-confusion"):
        st.subheader("What is taken for what")
        by = st.segmented_control(
            "Numbers in the cells",
            list(_BY),
            format_func=_BY.__getitem__,
            default=evaluation_charts.COUNT,
            required=True,
            key="eval-by",
            label_visibility="collapsed",
        )
        figure = evaluation_charts.confusion_matrix(
            metrics.confusion, names, dark=st.context.theme.type == "dark", by=by
        )
        told = (
            f"confusion matrix of {metrics.n:,} images and {len(names)} classes, true ones down, predicted ones across"
        )
        cell = live_chart(figure, f"eval-matrix-{key}", _HEIGHT, told, clickable=True)
        if _is_cell(cell, len(names)):
            image_browser.choose(*cell)
        st.caption(
            "Rows are true classes. Blue cells are right; the deeper the orange, the more often that mistake happens. "
            "**Click a cell to see its images.**"
        )


def _is_cell(clicked: Any, n_classes: int) -> bool:
    """What a browser sends is checked like any input."""
    return (
        isinstance(clicked, list)
        and len(clicked) == 2
        and all(isinstance(each, int) and 0 <= each < n_classes for each in clicked)
    )


def _classes(metrics: Metrics) -> None:
    names = [each.name for each in metrics.classes]
    confused = analysis.confused_pairs(metrics.confusion, names, _SENTENCES)
    with st.container(key="eval-classes"):
        st.subheader("Class by class")
        class_table.show(metrics)
        if confused:
            st.markdown("**Most often confused**")
            st.markdown(" · ".join(plain(each.in_words()) for each in confused))
