"""Confidence: whether it matches accuracy, and what rejecting predictions with low confidence gains.

Knows scores, analyses and charts; computes no figures itself.
"""

import streamlit as st

from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from pages.ui import glossary
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.evaluate import help
from pages.ui.language import format_number
from pages.ui.translation import _

_HEIGHT = 300


def show(result: EvaluationResult) -> None:
    """Draw the reliability diagram, the histogram of confidence, and the effect of a threshold."""
    reliability = analysis.reliability(result.predictions.correct, result.predictions.confidence)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(_("**Calibration**"), help=glossary.explain("Calibration"))
        _chart(evaluation_charts.reliability(reliability), "eval-reliability")
        st.caption(_(help.CALIBRATION))
    with right:
        st.markdown(_("**Distribution of confidence**"), help=glossary.explain("Confidence"))
        _chart(evaluation_charts.confidence_histogram(reliability), "eval-confidence")
        st.caption(_(help.CONFIDENCE_HISTOGRAM))
    _threshold(result)


def _threshold(result: EvaluationResult) -> None:
    st.markdown(_("**Accept only confident predictions**"))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        threshold = st.slider(
            _("Confidence threshold"),
            0.0,
            1.0,
            0.9,
            0.01,
            key="eval-threshold",
            format="percent",
            help=glossary.explain("Threshold"),
        )
        point = analysis.operating_point(result.predictions.correct, result.predictions.confidence, threshold)
        n = len(result.predictions.correct)
        with st.container(horizontal=True, gap="medium", key="eval-accepted"):
            st.metric(_("Accepted"), format_number(point.share, ".1%"), width="content")
            st.metric(
                _("Accuracy of these"), format_number(point.accuracy, ".2%") if point.share else "–", width="content"
            )
        st.caption(
            _("Of {n} images, {accepted} are accepted and {rejected} are rejected: a person would check those.").format(
                n=format_number(n, ","),
                accepted=format_number(round(point.share * n), ","),
                rejected=format_number(round((1 - point.share) * n), ","),
            )
        )
    with right:
        curve = analysis.risk_coverage_curve(result.predictions.correct, result.predictions.confidence)
        st.markdown(_("**Accuracy if fewer images are accepted**"))
        _chart(evaluation_charts.accuracy_by_coverage(curve, point), "eval-answered", 240)


def _chart(figure, key: str, height: int = _HEIGHT) -> None:
    st.plotly_chart(figure, height=height, config={"displayModeBar": False}, key=key)
