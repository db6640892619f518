"""Lists of runs to choose from. Knows Streamlit and runs; starts nothing."""

from collections.abc import Iterable
from typing import Literal

import streamlit as st

from model.runs.run import FinishedRun
from pages.ui.shell import services, session
from pages.ui.shell.text import run_title


def run_control(label: str, key: str, runs: list[FinishedRun]) -> FinishedRun:
    """Draw a list of runs, which is not empty; return the chosen one.

    The address (`?run=`) chooses first and then follows the choice, so that it can be shared. One that is not in the
    list is said to be missing.
    """
    by_id = {run.id: run for run in runs}
    linked = st.query_params.get("run")
    session.follow_link(key, linked, known=linked in by_id)
    if st.session_state.get(key) not in by_id:  # none was chosen yet, or it was deleted
        st.session_state[key] = services.default_run(runs).id
    chosen = st.selectbox(
        label,
        list(by_id),
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        key=key,
        persist_state="session",  # as it was when its page is opened again
    )
    if linked and linked not in by_id:
        st.warning("The run of this address is not here or can't be used here; expected one of the list above.")
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
    """Draw a list of runs to compare with, disabled where it is empty; return the chosen one."""
    by_id = {run.id: run for run in runs}
    chosen = st.selectbox(
        "Compare with",
        list(by_id),
        index=None,
        key=key,
        placeholder=placeholder,
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        disabled=disabled or not by_id,
        label_visibility=label_visibility,
    )
    return by_id.get(chosen) if chosen else None
