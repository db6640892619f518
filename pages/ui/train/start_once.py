"""Begins a training once, however often its button was clicked in haste, and goes to it.

Knows the session and the address; what is begun, its caller knows.
"""

import time
from collections.abc import Callable

import streamlit as st

from model.errors import DigitLabError
from model.runs.run import Run
from pages.ui.shell import session

_HASTE_S = 3.0  # in which the same once more is a double click


def begin(what: str, make: Callable[[], Run]) -> bool:
    """Go to the run that `make` brings, or to the one of a moment ago that was `what`, too; say why it is refused."""
    last = session.last_start()
    try:
        if last and last[0] == what and time.monotonic() - last[2] < _HASTE_S:
            run_id = last[1]
        else:
            run_id = make().id
            session.set_last_start(what, run_id)
    except DigitLabError as error:
        st.warning(str(error))
        return False
    st.query_params["run"] = run_id
    return True
