"""Starts a training only once, even if its button is double-clicked, and shows it.

Knows the session and the page's link, but not what is started: the caller passes that in.
"""

import time
from collections.abc import Callable

import streamlit as st

from model.errors import DigitLabError
from model.runs.run import Run
from pages.ui.shell import session
from pages.ui.shell.text import markdown

_DOUBLE_CLICK_S = 3.0  # within which the same request counts as a double click


def start(request: str, create: Callable[[], Run]) -> bool:
    """Show the run that `create` returns, or the one just started by the same `request`.

    Returns False, after showing why, if no run can be created.
    """
    last = session.last_start()
    try:
        if last and last[0] == request and time.monotonic() - last[2] < _DOUBLE_CLICK_S:
            run_id = last[1]
        else:
            run_id = create().id
            session.set_last_start(request, run_id)
    except DigitLabError as error:
        st.warning(markdown(error))
        return False
    st.query_params["run"] = run_id
    return True
