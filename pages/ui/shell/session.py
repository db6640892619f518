"""Every key of `st.session_state` that doesn't belong to a widget, with a typed getter and setter.

Training data is never stored here: it belongs in a run's folder. Widgets that keep their value when the visitor
switches pages have `persist_state="session"`.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from model.config import Design, TrainingConfig

_VISITOR = "visitor"
_LANGUAGE, _LANGUAGE_CHOSEN, _LANGUAGE_DRAWN = "visitor-language", "language-chosen", "language-drawn"
_RUN_WATCHED = "run-watched"
_FIRST_RATE, _STEPS_REQUESTED = "first-rate-", "steps-requested-"  # followed by the run's id
_LAST_START = "last-start"
_REQUESTED_RECIPE = "requested-recipe"
_LINKED_SETTINGS = "linked-settings"
_CANVAS_NUMBER = "canvas-number"
_SHEET = "sheet"
_CARRIED = "carried-strokes"
_SAVED_DRAWING = "saved-drawing"
_PAGE, _NOTICES = "page", "notices"
_UPLOADED, _N_UPLOADS = "uploaded", "n-uploads"
_LESSON_STEP, _LESSON_ANSWERS, _LESSON_DESIGN = "lesson-step", "lesson-answers", "lesson-design"
_LESSON_CELL, _LESSON_SHEET, _LESSON_ROUND = "lesson-cell", "lesson-sheet", "lesson-round"
_LINK_FOLLOWED = "link-followed-"  # followed by the key of the widget that it set


@dataclass(frozen=True)
class Visitor:
    """Two secrets that identify a visitor: one of the tab, one of its browser."""

    tab: str
    browser: str


def visitor() -> Visitor:
    """Return this session's visitor; a new one until the browser has sent its tokens."""
    return st.session_state.setdefault(_VISITOR, Visitor(secrets.token_urlsafe(16), secrets.token_urlsafe(16)))


def set_visitor(visitor: Visitor) -> None:
    """Remember the visitor whose tokens the browser sent."""
    st.session_state[_VISITOR] = visitor


def language() -> str | None:
    """Return the code of this visitor's language; None before the first page has found it out."""
    return st.session_state.get(_LANGUAGE)


def set_language(code: str, chosen: bool) -> None:
    """Remember a visitor's language, and whether they chose it, in the menu or by a link."""
    st.session_state[_LANGUAGE] = code
    st.session_state[_LANGUAGE_CHOSEN] = chosen


def language_has_changed() -> bool:
    """Return whether the language is another one than in the last call, and remember it."""
    before = st.session_state.get(_LANGUAGE_DRAWN, language())
    st.session_state[_LANGUAGE_DRAWN] = language()
    return before != language()


def chosen_language() -> str | None:
    """Return the code of the language that this visitor chose; None if it is the browser's."""
    return language() if st.session_state.get(_LANGUAGE_CHOSEN) else None


def enter_page(title: str) -> None:
    """Remember which page is shown, and forget the notices of another one."""
    if st.session_state.get(_PAGE) != title:
        st.session_state[_PAGE] = title
        set_notices([])


def notices() -> list[str]:
    """Return the sentences that this page shows until the visitor leaves it: a redraw must not remove them."""
    return st.session_state.get(_NOTICES, [])


def set_notices(sentences: list[str]) -> None:
    """Replace the notices of this page."""
    st.session_state[_NOTICES] = sentences


def run_watched() -> str | None:
    """Return the id of the run that this visitor is watching on the Train page."""
    return st.session_state.get(_RUN_WATCHED)


def set_run_watched(run_id: str | None) -> None:
    """Remember which run the Train page shows, or None."""
    st.session_state[_RUN_WATCHED] = run_id


def request_recipe(name: str) -> None:
    """Remember the chosen recipe until the settings are drawn again."""
    st.session_state[_REQUESTED_RECIPE] = name


def take_requested_recipe() -> str | None:
    """Return the recipe that was chosen since the settings were last drawn, only once."""
    return st.session_state.pop(_REQUESTED_RECIPE, None)


def n_uploads() -> int:
    """Return how many datasets this session has uploaded; a field with a new number is empty."""
    return st.session_state.get(_N_UPLOADS, 0)


def set_uploaded(dataset: str) -> None:
    """Remember the dataset that was just uploaded until the settings are drawn again."""
    st.session_state[_UPLOADED] = dataset
    st.session_state[_N_UPLOADS] = n_uploads() + 1


def take_uploaded() -> str | None:
    """Return the dataset that was just uploaded, only once."""
    return st.session_state.pop(_UPLOADED, None)


def first_rate(run_id: str, now: float) -> float:
    """Return the learning rate that a run had when this session first looked at it; `now` on the first call."""
    return st.session_state.setdefault(_FIRST_RATE + run_id, now)


def steps_requested(run_id: str) -> int:
    """Return how many single batches this session has requested from a run."""
    return st.session_state.get(_STEPS_REQUESTED + run_id, 0)


def request_step(run_id: str) -> None:
    """Count one more requested batch."""
    st.session_state[_STEPS_REQUESTED + run_id] = steps_requested(run_id) + 1


def last_start() -> tuple[str, str, float] | None:
    """Return the settings, run and time of the last start in this session; the time in seconds of a monotonic clock."""
    return st.session_state.get(_LAST_START)


def set_last_start(settings: str, run_id: str) -> None:
    """Remember that a run with these settings was started just now."""
    st.session_state[_LAST_START] = (settings, run_id, time.monotonic())


def just_started(settings: str, within_s: float) -> str | None:
    """Return what was started with the same settings less than `within_s` seconds ago: it was a double click."""
    last = last_start()
    return last[1] if last and last[0] == settings and time.monotonic() - last[2] < within_s else None


def linked_settings() -> TrainingConfig | None:
    """Return the settings of the link with which this visitor came to the Tune page."""
    return st.session_state.get(_LINKED_SETTINGS)


def set_linked_settings(config: TrainingConfig) -> None:
    """Remember the settings of a link to the Tune page."""
    st.session_state[_LINKED_SETTINGS] = config


def follow_link(widget: str, run_id: str | None, known: bool) -> None:
    """Set a select box to the run in the link, once for each new link; later choices are the visitor's."""
    if run_id != st.session_state.get(_LINK_FOLLOWED + widget):
        st.session_state[_LINK_FOLLOWED + widget] = run_id
        if known:
            st.session_state[widget] = run_id


def is_new_link(widget: str, value: str | None) -> bool:
    """Return whether the link has another value than in the last call, and remember it."""
    followed = st.session_state.get(_LINK_FOLLOWED + widget)
    st.session_state[_LINK_FOLLOWED + widget] = value
    return value != followed


def canvas_number() -> int:
    """Return the number of the current canvas on the Draw page."""
    return st.session_state.get(_CANVAS_NUMBER, 0)


def start_new_sheet(after: int) -> None:
    """Replace canvas `after` by the next one, whose new key ensures that no old stroke comes back."""
    if after == canvas_number():
        st.session_state[_CANVAS_NUMBER] = after + 1
        st.session_state.pop(_SHEET, None)


def carry_strokes(strokes: Any) -> None:
    """Show these strokes on the next canvas, which takes the current one's place."""
    start_new_sheet(canvas_number())
    st.session_state[_CARRIED] = (canvas_number(), strokes)


def carried_strokes() -> Any:
    """Return the strokes that the current canvas begins with; None for an empty canvas."""
    number, strokes = st.session_state.get(_CARRIED, (None, None))
    return strokes if number == canvas_number() else None


def sheet_id() -> str:
    """Return the id of the current drawing, unique among the drawings of all visitors."""
    return st.session_state.setdefault(_SHEET, secrets.token_hex(8))


def leave_sheet() -> None:
    """Give the next drawing a new id, because the canvas is empty."""
    st.session_state.pop(_SHEET, None)


def forget_saved_drawing() -> None:
    """Treat the drawing on the canvas as one that was never saved."""
    st.session_state.pop(_SHEET, None)
    st.session_state.pop(_SAVED_DRAWING, None)


def saved_drawing() -> tuple[str, int | str, str] | None:
    """Return id, label and strokes of the drawing that was last saved on the Draw page."""
    return st.session_state.get(_SAVED_DRAWING)


def set_saved_drawing(saved: tuple[str, int | str, str] | None) -> None:
    """Remember which drawing was last saved, so that a rerun of the page doesn't save it again."""
    st.session_state[_SAVED_DRAWING] = saved


def lesson_step() -> str | None:
    """Return the step of the lesson that this visitor saw last."""
    return st.session_state.get(_LESSON_STEP)


def set_lesson_step(name: str) -> None:
    """Remember which step of the lesson is shown."""
    st.session_state[_LESSON_STEP] = name


def lesson_answers() -> dict[str, int]:
    """Return the numbers of the chosen options by the name of their step."""
    return st.session_state.get(_LESSON_ANSWERS, {})


def answer_question(step: str, option: int) -> None:
    """Remember the option that was chosen first; a later one doesn't count, as the answer has been shown by then."""
    st.session_state[_LESSON_ANSWERS] = {step: option} | lesson_answers()


def lesson_round() -> int:
    """Return how often this session has started the lesson again."""
    return st.session_state.get(_LESSON_ROUND, 0)


def restart_lesson() -> None:
    """Forget the answers, the network and the drawing of the lesson."""
    st.session_state[_LESSON_ROUND] = lesson_round() + 1
    st.session_state[_LESSON_ANSWERS] = {}
    for key in (_LESSON_DESIGN, _LESSON_CELL):
        st.session_state.pop(key, None)
    start_lesson_sheet()


def lesson_design() -> Design | None:
    """Return the network that this visitor has built in the lesson; None for the classroom network."""
    return st.session_state.get(_LESSON_DESIGN)


def set_lesson_design(design: Design | None) -> None:
    """Remember the network that was built in the lesson."""
    st.session_state[_LESSON_DESIGN] = design


def lesson_cell() -> tuple[int, int] | None:
    """Return the cell of the lesson's confusion matrix, (true, predicted), that was clicked last."""
    return st.session_state.get(_LESSON_CELL)


def set_lesson_cell(cell: tuple[int, int]) -> None:
    """Remember which cell of the lesson's confusion matrix was clicked."""
    st.session_state[_LESSON_CELL] = cell


def lesson_sheet() -> tuple[int, str]:
    """Return the number of the lesson's current sheet, and the name of the drawing on it; empty for none."""
    return st.session_state.get(_LESSON_SHEET, (0, ""))


def start_lesson_sheet(drawing: str = "") -> None:
    """Begin the lesson's next sheet, empty or with a drawing."""
    st.session_state[_LESSON_SHEET] = (lesson_sheet()[0] + 1, drawing)
