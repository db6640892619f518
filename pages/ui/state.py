"""Every key of `st.session_state` that is not a widget's own, with a typed get and set.

Nothing of a training lives here: that is a run's folder. Widgets that outlive a page switch say so themselves
(`persist_state="session"`).
"""

import streamlit as st

_RUN_WATCHED = "run-watched"
_CANVAS_NUMBER = "canvas-number"
_LINK_FOLLOWED = "link-followed-"  # and the key of the widget it set


def run_watched() -> str | None:
    """Return the id of the run that this visitor watches on the Train page."""
    return st.session_state.get(_RUN_WATCHED)


def set_run_watched(run_id: str) -> None:
    """Remember which run the Train page shows."""
    st.session_state[_RUN_WATCHED] = run_id


def follow_link(widget: str, run_id: str | None, known: bool) -> None:
    """Set a run's widget to what the address asks for, once for each new address; later choices are the visitor's."""
    if run_id != st.session_state.get(_LINK_FOLLOWED + widget):
        st.session_state[_LINK_FOLLOWED + widget] = run_id
        if known:
            st.session_state[widget] = run_id


def canvas_number() -> int:
    """Return which sheet of paper lies on the Draw page."""
    return st.session_state.get(_CANVAS_NUMBER, 0)


def take_new_sheet() -> None:
    """Lay a new sheet: a canvas with a new key, so that nothing of the old one can come back."""
    st.session_state[_CANVAS_NUMBER] = canvas_number() + 1
