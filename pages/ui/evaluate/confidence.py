"""Confidence: whether it matches accuracy, and what rejecting predictions with low confidence gains.

Knows scores, analyses and charts; computes no figures itself.
"""

import streamlit as st

from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from pages.ui import glossary
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.live_chart import live_chart
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
        filled = reliability.count > 0
        accuracies = zip(reliability.confidence[filled], reliability.accuracy[filled], strict=True)
        described = _("Accuracy of the predictions by their confidence: {points}.").format(
            points="; ".join(
                f"{format_number(confidence, '.1%')}: {format_number(accuracy, '.1%')}"
                for confidence, accuracy in accuracies
            )
        )
        live_chart(evaluation_charts.reliability(reliability), "eval-reliability", _HEIGHT, described)
        st.caption(_(help.CALIBRATION))
    with right:
        st.markdown(_("**Distribution of confidence**"), help=glossary.explain("Confidence"))
        counts = zip(reliability.edges[1:], reliability.count, strict=True)
        described = _("Number of images by confidence, up to each value: {points}.").format(
            points="; ".join(f"{format_number(edge, '.0%')}: {format_number(n, ',')}" for edge, n in counts)
        )
        live_chart(evaluation_charts.confidence_histogram(reliability), "eval-confidence", _HEIGHT, described)
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
        described = _(
            "Accuracy by the share of accepted images. At your threshold {share} are accepted, and {accuracy} of these "
            "are correct."
        ).format(
            share=format_number(point.share, ".1%"),
            accuracy=format_number(point.accuracy, ".2%") if point.share else "–",
        )
        live_chart(evaluation_charts.accuracy_by_coverage(curve, point), "eval-answered", 240, described)
