"""How sure: whether probabilities come true, and what a network gains by not answering where it doubts.

Knows scores, judgements and charts; computes no figure of its own.
"""

import streamlit as st

from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from pages.ui.charts import evaluation as evaluation_charts

_HEIGHT = 300


def show(result: EvaluationResult) -> None:
    """Draw the reliability diagram, the histogram, and what a threshold does."""
    reliability = analysis.reliability(result.predictions.correct, result.predictions.confidence)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Is it right as often as it says?**")
        _chart(evaluation_charts.reliability(reliability), "eval-reliability")
        st.caption(
            "A diamond stands for all answers of about the same probability: as far to the right as they claim to be, "
            "as high as the share that is right. Below the dashed line they are too sure, above it too modest. Those "
            "of few answers jump about: see the counts."
        )
    with right:
        st.markdown("**How sure is it?**")
        _chart(evaluation_charts.confidence_histogram(reliability), "eval-confidence")
        st.caption("How many test images get an answer of that probability. Each line is ten times the one below.")
    _threshold(result)


def _threshold(result: EvaluationResult) -> None:
    st.markdown("**What if it only answered where it is sure?**")
    left, right = st.columns([1, 1], gap="medium")
    with left:
        threshold = st.slider(
            "Answer from this probability on", 0.0, 1.0, 0.9, 0.01, key="eval-threshold", format="percent"
        )
        answered = analysis.operating_point(result.predictions.correct, result.predictions.confidence, threshold)
        n = len(result.predictions.correct)
        with st.container(horizontal=True, gap="medium"):
            st.metric("Answered", f"{answered.share:.1%}", width="content")
            st.metric("Of these right", f"{answered.accuracy:.2%}" if answered.share else "–", width="content")
        st.caption(
            f"{round(answered.share * n):,} of {n:,} images are answered, and {round((1 - answered.share) * n):,} left "
            "to a person."
        )
    with right:
        _chart(
            evaluation_charts.answered(
                analysis.risk_coverage_curve(result.predictions.correct, result.predictions.confidence)
            ),
            "eval-answered",
            240,
        )


def _chart(figure, key: str, height: int = _HEIGHT) -> None:
    st.plotly_chart(figure, height=height, config={"displayModeBar": False}, key=key)
