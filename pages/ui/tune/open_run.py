"""Opens the run of a trial on the Train page."""

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
