"""Starts a training only once, even if its button is double-clicked, and shows it.

Knows the session and the page's link, but not what is started: the caller passes that in.
"""

import time
from collections.abc import Callable

import streamlit as st

from model.errors import DigitLabError, SchedulerError
from model.runs.run import Run
from pages.ui.shell import session
from pages.ui.shell.text import markdown
from pages.ui.translation import _

_DOUBLE_CLICK_S = 3.0  # within which the same request counts as a double click


def start(request: str, create: Callable[[bool], Run], here: bool = False) -> bool:
    """Show the run that `create` returns, or the one just started by the same `request`.

    `create` gets `here`: whether to train on this server even if there is a cluster. Returns False, after showing why,
    if no run can be created; if the cluster doesn't answer, with a button that trains here.
    """
    last = session.last_start()
    try:
        if last and last[0] == request and time.monotonic() - last[2] < _DOUBLE_CLICK_S:
            run_id = last[1]
        else:
            run_id = create(here).id
            session.set_last_start(request, run_id)
    except DigitLabError as error:
        st.warning(markdown(error))
        if isinstance(error, SchedulerError):
            offer_here(lambda: start(request, create, here=True))
        return False
    st.query_params["run"] = run_id
    return True


def offer_here(train: Callable[[], object]) -> None:
    """Draw a button that calls `train`."""

    def clicked() -> None:
        train()

    st.button(_("Train on this server"), key="train-here", icon=":material/computer:", on_click=clicked)
