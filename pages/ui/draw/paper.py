"""The paper: a canvas for one digit or for several, the pen's width, and Clear.

Knows the canvas and the session; reads nothing that is drawn.
"""

from pathlib import Path

import streamlit as st

from model.errors import InkError
from model.ink.render import Strokes, parse_strokes
from pages.ui.components.canvas import canvas
from pages.ui.components.fabric_strokes import PEN, SIDE
from pages.ui.shell import session

WIDE, LOW = 600, 240  # canvas pixels of the sheet for several digits
_PENS = (6, 10, 14, PEN, 22, 26, 30)

# A finger on the paper draws, and neither scrolls nor refreshes the page. The old answer pales while the pen is down
# and until the next one is there (paper.js), so that it never looks like the answer to what is being drawn.
_STYLE = """<style>
.st-key-draw-canvas { touch-action: none; overscroll-behavior: contain; user-select: none; -webkit-user-select: none; }
.st-key-draw-answer, .st-key-draw-other, .st-key-draw-bars, .st-key-draw-seen, .st-key-draw-squeezed,
.st-key-draw-steps, .st-key-draw-meant { transition: opacity .1s; }
body:is(:has(.st-key-draw-canvas:active), .awaits-answer) :is(.st-key-draw-answer, .st-key-draw-other,
  .st-key-draw-bars, .st-key-draw-seen, .st-key-draw-squeezed, .st-key-draw-steps, .st-key-draw-meant) { opacity: .25; }
.st-key-toolbar-mover { display: none; }
@media (max-width: 640px) {
  .st-key-draw-canvas { zoom: 1.2; }
  .st-key-draw-canvas:has(.st-key-draw-wide) { zoom: .59; }
}
</style>"""

_mover = st.components.v2.component(
    "digit-lab.paper", html="<span></span>", js=(Path(__file__).parent / "paper.js").read_text(encoding="utf-8")
)


def show(several: bool = False) -> tuple[Strokes, float]:
    """Draw paper and pen; return the strokes, and how thick the pen is now."""
    st.html(_STYLE)
    # Stands where the canvas's own toolbar appears.
    st.caption("Digits from left to right." if several else "Any size, anywhere.")
    key = f"{'wide-' * several}canvas-{session.canvas_number()}"
    with st.container(key="draw-canvas", gap=None):
        with st.container(key="toolbar-mover"):
            _mover(key="draw-toolbar-mover", data={"canvas": key})
        pen = st.session_state.get("draw-pen", PEN)
        if several:
            with st.container(key="draw-wide"):
                strokes = _strokes(key, pen, WIDE, LOW)
        else:
            strokes = _strokes(key, pen, SIDE, SIDE)
    with st.container(horizontal=True, gap="small", width=SIDE):
        _clear()
        with st.popover("Pen", icon=":material/brush:", width="stretch"):
            st.select_slider("Width of the pen", _PENS, value=PEN, key="draw-pen", persist_state="session")
            st.caption("For the eye: strokes are read, not their width. Only the squeezed picture shows it.")
    return strokes, float(pen)


def _clear() -> None:
    number = session.canvas_number()
    with st.container(key="draw-clear"):
        # Streamlit may call this twice for one click, and the second time what is drawn by then must stay: so each
        # sheet has a button of its own, which can lay the next one and no other.
        st.button(
            "Clear",
            key=f"draw-clear-{number}",
            icon=":material/delete:",
            width="stretch",
            on_click=session.take_new_sheet,
            args=(number,),
        )


def _strokes(key: str, pen: int, width: int, height: int) -> Strokes:
    try:
        return parse_strokes(canvas(key, pen, width, height))
    except InkError as error:
        st.warning(str(error))
        return Strokes()
