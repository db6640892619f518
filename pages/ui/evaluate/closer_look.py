"""What takes longer to compute: confidence, robustness, drawings, a map; one part at a time."""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.evaluate import confidence, feature_map, on_drawings, robustness
from pages.ui.shell import predictions

_PARTS = {
    "sure": "How sure?",
    "robust": "How robust?",
    "drawn": "On drawings",
    "map": "A map",
}


def show(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> None:
    """Draw the choice of a part, and that part; `epoch` None is the kept network."""
    with st.container(key="eval-deeper"):
        st.subheader("Further questions")
        part = st.segmented_control(
            "Part",
            list(_PARTS),
            format_func=_PARTS.__getitem__,
            default="sure",
            required=True,
            key="eval-part",
            label_visibility="collapsed",
        )
        if part == "sure":
            confidence.show(result)
        else:
            _show_of_kept_network(part, run, epoch)


def _show_of_kept_network(part: str, run: FinishedRun, epoch: int | None) -> None:
    """Show what is measured for the network that a run keeps, whichever epoch is chosen above."""
    if epoch is not None:
        st.caption(f":material/info: Of the network that is kept, not of the one after epoch {epoch}.")
    try:
        if part == "robust":
            robustness.show(run)
        elif part == "drawn":
            on_drawings.show(run, predictions.stored(run))
        else:
            feature_map.show(run, predictions.stored(run))
    except DigitLabError as error:
        st.warning(str(error))
