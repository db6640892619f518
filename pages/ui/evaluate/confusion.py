"""The confusion matrix and the metrics per class. A click on a cell of the matrix opens its images.

Knows charts and metrics; computes no figures itself.
"""

from typing import Any, TypeGuard

import streamlit as st

from model.evaluation import analysis
from model.messages import N_
from model.results import Metrics
from pages.ui import glossary
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate import class_table, help
from pages.ui.shell.text import plain
from pages.ui.translation import _, class_label, translate

Cell = tuple[int, int]  # true and predicted class

_BY = {
    evaluation_charts.COUNT: N_("Count"),
    evaluation_charts.BY_TRUE: N_("% of true class"),
    evaluation_charts.BY_PREDICTED: N_("% of predicted class"),
}
_HEIGHT = 440
_PAIRS = 6  # of classes


def show(metrics: Metrics, key: str) -> Cell | None:
    """Draw the matrix beside the metrics per class; return the cell that was just clicked, or None.

    `key` distinguishes runs; the epochs of a run share one chart.
    """
    matrix, classes = st.columns([1.15, 1], gap="medium")
    with matrix:
        cell = _matrix(metrics, key)
    with classes:
        _classes(metrics)
    return cell


def _matrix(metrics: Metrics, key: str) -> Cell | None:
    names = [class_label(name) for name in metrics.class_names]
    with st.container(key="eval-confusion"):
        st.subheader(_("Confusion matrix"), help=glossary.explain("Confusion matrix"))
        by = st.segmented_control(
            _("Numbers in the cells"),
            list(_BY),
            format_func=lambda by: _(_BY[by]),
            default=evaluation_charts.COUNT,
            required=True,
            key="eval-by",
            label_visibility="collapsed",
        )
        figure = evaluation_charts.confusion_matrix(
            metrics.confusion, names, dark=st.context.theme.type == "dark", by=by
        )
        description = evaluation_charts.describe_matrix(metrics.confusion)
        clicked = live_chart(figure, f"eval-matrix-{key}", _HEIGHT, description, clickable=True)
        st.caption(_(help.MATRIX))
    return (clicked[0], clicked[1]) if _is_cell(clicked, len(names)) else None


def _is_cell(clicked: Any, n_classes: int) -> TypeGuard[list[int]]:
    """Check what the browser sent, as any input is checked."""
    return (
        isinstance(clicked, list)
        and len(clicked) == 2
        and all(type(label) is int and 0 <= label < n_classes for label in clicked)
    )


def _classes(metrics: Metrics) -> None:
    names = [class_label(name) for name in metrics.class_names]
    pairs = analysis.confused_pairs(metrics.confusion, names, _PAIRS)
    with st.container(key="eval-classes"):
        st.subheader(_("Metrics per class"))
        class_table.show(metrics)
        if pairs:
            st.markdown(_("**Most common confusions**"))
            st.markdown("  \n".join(plain(translate(pair.in_words())) for pair in pairs))
