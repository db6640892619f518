"""Where it goes wrong: the confusion matrix and the table of classes. A click on a cell opens its images.

Knows charts and metrics; computes no figure of its own.
"""

from typing import Any, TypeGuard

import streamlit as st

from model.evaluation import analysis
from model.results import Metrics
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate import class_table
from pages.ui.shell.text import plain

Cell = tuple[int, int]  # true and predicted class

_BY = {
    evaluation_charts.COUNT: "Images",
    evaluation_charts.BY_TRUE: "Share of true",
    evaluation_charts.BY_PREDICTED: "Share of predicted",
}
_HEIGHT = 440
_SENTENCES = 6


def show(metrics: Metrics, key: str) -> Cell | None:
    """Draw matrix and classes side by side; return the cell that was clicked just now, or None.

    `key` tells runs apart, whose epochs share one chart.
    """
    matrix, classes = st.columns([1.15, 1], gap="medium")
    with matrix:
        cell = _matrix(metrics, key)
    with classes:
        _classes(metrics)
    return cell


def _matrix(metrics: Metrics, key: str) -> Cell | None:
    names = metrics.class_names
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
        description = (
            f"confusion matrix of {metrics.n:,} images and {len(names)} classes, true ones down, predicted ones across"
        )
        clicked = live_chart(figure, f"eval-matrix-{key}", _HEIGHT, description, clickable=True)
        st.caption(
            "Rows are true classes. Blue cells are right; the deeper the orange, the more often that mistake happens. "
            "**Click a cell to see its images.**"
        )
    return (clicked[0], clicked[1]) if _is_cell(clicked, len(names)) else None


def _is_cell(clicked: Any, n_classes: int) -> TypeGuard[list[int]]:
    """Check what a browser sends like any input."""
    return (
        isinstance(clicked, list)
        and len(clicked) == 2
        and all(isinstance(label, int) and 0 <= label < n_classes for label in clicked)
    )


def _classes(metrics: Metrics) -> None:
    confused = analysis.confused_pairs(metrics.confusion, metrics.class_names, _SENTENCES)
    with st.container(key="eval-classes"):
        st.subheader("Class by class")
        class_table.show(metrics)
        if confused:
            st.markdown("**Most often confused**")
            st.markdown(" · ".join(plain(pair.in_words()) for pair in confused))
