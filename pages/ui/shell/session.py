"""Every key of `st.session_state` that is not a widget's own, with a typed get and set.

Nothing of a training lives here: that is a run's folder. Widgets that outlive a page switch say so themselves
(`persist_state="session"`).
"""

import secrets
import time
from dataclasses import dataclass

import streamlit as st

_VISITOR = "visitor"
_RUN_WATCHED = "run-watched"
_FIRST_RATE, _STEPS_ASKED = "first-rate-", "steps-asked-"  # and the run's id
_LAST_START = "begun"
_WANTED_RECIPE = "wanted-recipe"
_CANVAS_NUMBER = "canvas-number"
_SHEET = "sheet"
_SAVED_DRAWING = "kept-drawing"
_LINK_FOLLOWED = "link-followed-"  # and the key of the widget it set


@dataclass(frozen=True)
class Visitor:
    """Two secrets that tell visitors apart: of the tab, and of the browser that it is in."""

    tab: str
    browser: str


def visitor() -> Visitor:
    """Return this session's visitor; a new one until the browser has told which it is."""
    return st.session_state.setdefault(_VISITOR, Visitor(secrets.token_urlsafe(16), secrets.token_urlsafe(16)))


def set_visitor(visitor: Visitor) -> None:
    """Remember who the browser says its visitor is."""
    st.session_state[_VISITOR] = visitor


def run_watched() -> str | None:
    """Return the id of the run that this visitor watches on the Train page."""
    return st.session_state.get(_RUN_WATCHED)


def set_run_watched(run_id: str | None) -> None:
    """Remember which run the Train page shows; None for none."""
    st.session_state[_RUN_WATCHED] = run_id


def want_recipe(name: str) -> None:
    """Remember a recipe that was chosen, for the next time the settings are drawn."""
    st.session_state[_WANTED_RECIPE] = name


def take_wanted_recipe() -> str | None:
    """Return the recipe that was chosen when the settings were drawn last, once."""
    return st.session_state.pop(_WANTED_RECIPE, None)


def first_rate(run_id: str, now: float) -> float:
    """Return the learning rate that a running training had when it was first asked for here; `now` the first time."""
    return st.session_state.setdefault(_FIRST_RATE + run_id, now)


def steps_asked(run_id: str) -> int:
    """Return how many single batches were asked of a run here."""
    return st.session_state.get(_STEPS_ASKED + run_id, 0)


def ask_step(run_id: str) -> None:
    """Count one more single batch."""
    st.session_state[_STEPS_ASKED + run_id] = steps_asked(run_id) + 1


def last_start() -> tuple[str, str, float] | None:
    """Return what was begun here last, the run that came of it, and when, in seconds of a clock that never jumps."""
    return st.session_state.get(_LAST_START)


def set_last_start(what: str, run_id: str) -> None:
    """Remember that `what` was begun just now as a run."""
    st.session_state[_LAST_START] = (what, run_id, time.monotonic())


def follow_link(widget: str, run_id: str | None, known: bool) -> None:
    """Set a run's widget to what the address asks for, once for each new address; later choices are the visitor's."""
    if run_id != st.session_state.get(_LINK_FOLLOWED + widget):
        st.session_state[_LINK_FOLLOWED + widget] = run_id
        if known:
            st.session_state[widget] = run_id


def is_new_link(widget: str, value: str | None) -> bool:
    """Tell whether the address asks for something else than when this was asked last, and remember it."""
    followed = st.session_state.get(_LINK_FOLLOWED + widget)
    st.session_state[_LINK_FOLLOWED + widget] = value
    return value != followed


def canvas_number() -> int:
    """Return which sheet of paper lies on the Draw page."""
    return st.session_state.get(_CANVAS_NUMBER, 0)


def take_new_sheet(after: int) -> None:
    """Lay the sheet after sheet `after`: a canvas with a new key, so that nothing of the old one can come back."""
    if after == canvas_number():
        st.session_state[_CANVAS_NUMBER] = after + 1
        st.session_state.pop(_SHEET, None)


def sheet() -> str:
    """Return a name that no other sheet of paper has, of this or any other visitor."""
    return st.session_state.setdefault(_SHEET, secrets.token_hex(8))


def leave_sheet() -> None:
    """Let whatever is drawn next be another drawing: nothing lies on the paper any more."""
    st.session_state.pop(_SHEET, None)


def forget_sheet() -> None:
    """Let what lies on the sheet be a drawing that was never kept."""
    st.session_state.pop(_SHEET, None)
    st.session_state.pop(_SAVED_DRAWING, None)


def saved_drawing() -> tuple[str, int | str, str] | None:
    """Return sheet, label and strokes of the drawing that was kept last on the Draw page."""
    return st.session_state.get(_SAVED_DRAWING)


def set_saved_drawing(kept: tuple[str, int | str, str] | None) -> None:
    """Remember which drawing was kept last, so that a rerun of the page does not keep it again."""
    st.session_state[_SAVED_DRAWING] = kept
