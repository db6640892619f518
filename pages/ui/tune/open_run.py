"""Opens the run of a trial on the Train page, or offers a link to it."""

import streamlit as st

from model.errors import DigitLabError
from model.tuning.study import TrialResult
from pages.ui.shell import services
from pages.ui.translation import _
from pages.ui.tune import help


def open_run_of(number: int | None, trials: tuple[TrialResult, ...]) -> None:
    """Switch to the run of a trial, or explain why there is none."""
    trial = next((trial for trial in trials if trial.number == number), None)
    if trial is None:
        return
    try:
        run = services.store().open(trial.run)
    except DigitLabError:
        st.toast(_(help.NO_RUN), icon=":material/info:")
        return
    st.switch_page("pages/train.py", query_params={"run": run.id})


def link_to_run_of(trial: TrialResult) -> None:
    """Draw a link to the run of a trial, or explain why there is none."""
    try:
        run = services.store().open(trial.run)
    except DigitLabError:
        st.caption(_(help.NO_RUN))
        return
    st.page_link(
        "pages/train.py",
        label=_("Open the run of trial {number}").format(number=trial.number),
        icon=":material/timeline:",
        query_params={"run": run.id},
        width="content",
    )
