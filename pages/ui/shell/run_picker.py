"""Select boxes for runs. Knows Streamlit and runs; starts nothing."""

from collections.abc import Iterable
from typing import Literal

import streamlit as st

from model.runs.run import FinishedRun
from pages.ui.shell import services, session
from pages.ui.shell.text import run_title
from pages.ui.translation import _


def run_control(label: str, key: str, runs: list[FinishedRun]) -> FinishedRun:
    """Draw a select box of runs, at least one; return the chosen run.

    The link (`?run=`) makes the first choice and follows later ones, so that it can be shared. A warning is shown for
    a run that isn't in the list.
    """
    by_id = {run.id: run for run in runs}
    linked = st.query_params.get("run")
    session.follow_link(key, linked, known=linked in by_id)
    if st.session_state.get(key) not in by_id:  # nothing has been chosen, or the run was deleted
        st.session_state[key] = services.default_run(runs).id
    chosen = st.selectbox(
        label,
        list(by_id),
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        key=key,
        persist_state="session",  # remembered when the visitor returns to the page
    )
    if linked and linked not in by_id:
        st.warning(_("The run in this link isn't available here. Choose one from the list above."))
    else:
        session.follow_link(key, chosen, known=False)
        st.query_params["run"] = chosen
    return by_id[chosen]


def other_run_control(
    key: str,
    runs: Iterable[FinishedRun],
    placeholder: str,
    disabled: bool = False,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> FinishedRun | None:
    """Draw a select box of runs to compare with, disabled if there are none; return the chosen run."""
    by_id = {run.id: run for run in runs}
    chosen = st.selectbox(
        _("Compare with"),
        list(by_id),
        index=None,
        key=key,
        placeholder=placeholder,
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        disabled=disabled or not by_id,
        label_visibility=label_visibility,
    )
    return by_id.get(chosen) if chosen else None
