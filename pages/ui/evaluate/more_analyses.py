"""Analyses that take longer to compute: confidence, robustness, drawings and the embedding, one at a time."""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation.evaluate import EvaluationResult
from model.messages import N_
from model.runs.run import FinishedRun
from pages.ui.evaluate import confidence, drawings, embedding, help, robustness
from pages.ui.shell import predictions
from pages.ui.shell.text import markdown
from pages.ui.translation import _

# Four words have no room in one line of a phone with Streamlit's padding.
_STYLE = "<style>@media (max-width: 640px) { .st-key-eval-part button { padding: 0 .6rem; } }</style>"
_ANALYSES = {
    "sure": N_("Confidence"),
    "robust": N_("Robustness"),
    "drawn": N_("New handwriting"),
    "map": N_("Embedding"),
}


def show(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> None:
    """Draw the choice of an analysis, and that analysis; `epoch` None is the final network."""
    with st.container(key="eval-deeper"):
        st.html(_STYLE)
        st.subheader(_("More analyses"))
        analysis = st.segmented_control(
            _("Analysis"),
            list(_ANALYSES),
            format_func=lambda analysis: _(_ANALYSES[analysis]),
            default="sure",
            required=True,
            key="eval-part",
            label_visibility="collapsed",
        )
        if analysis == "sure":
            confidence.show(result)
        else:
            _show_of_final_network(analysis, run, epoch)


def _show_of_final_network(analysis: str, run: FinishedRun, epoch: int | None) -> None:
    """Show an analysis of the run's final network, whatever epoch is chosen above."""
    if epoch is not None:
        st.caption(_(help.FINAL_NETWORK).format(epoch=epoch))
    try:
        if analysis == "robust":
            robustness.show(run)
        elif analysis == "drawn":
            drawings.show(run, predictions.stored(run))
        else:
            embedding.show(run, predictions.stored(run))
    except DigitLabError as error:
        st.warning(markdown(error))
