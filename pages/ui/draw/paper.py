"""The canvas for one digit or for several, with the pen's width and Clear.

Knows the canvas component and the session; makes no predictions.
"""

from pathlib import Path

import streamlit as st

from model.errors import InkError
from model.ink.render import Strokes, parse_strokes
from pages.ui.components.canvas import canvas
from pages.ui.components.fabric_strokes import PEN, SIDE
from pages.ui.draw import help as help_texts
from pages.ui.shell import session
from pages.ui.shell.text import markdown
from pages.ui.translation import _

WIDE, LOW = 600, 240  # canvas pixels of the canvas for several digits
_PENS = (6, 10, 14, PEN, 22, 26, 30)

# A finger on the canvas draws; it neither scrolls nor refreshes the page. The old prediction fades while the pen is
# down and until the next one is there (paper.js), so that it is never mistaken for a prediction of the new drawing.
_STYLE = """<style>
.st-key-draw-canvas { touch-action: none; overscroll-behavior: contain; user-select: none; -webkit-user-select: none; }
.st-key-draw-answer, .st-key-draw-other, .st-key-draw-bars, .st-key-draw-seen, .st-key-draw-squeezed,
.st-key-draw-steps, .st-key-draw-meant { transition: opacity .1s; }
body:is(:has(.st-key-draw-canvas:active), .awaits-answer) :is(.st-key-draw-answer, .st-key-draw-other,
  .st-key-draw-bars, .st-key-draw-seen, .st-key-draw-squeezed, .st-key-draw-steps, .st-key-draw-meant) { opacity: .25; }
.st-key-toolbar-mover { display: none; }
.st-key-draw-hint { padding-bottom: 1.6rem; }
@media (max-width: 640px) {
  .st-key-draw-hint { max-width: 10.5rem; padding-bottom: 0; }
  .st-key-draw-canvas { zoom: 1.2; }
  .st-key-draw-canvas:has(.st-key-draw-wide) { zoom: .59; }
}
</style>"""

_mover = st.components.v2.component(
    "digit-lab.paper", html="<span></span>", js=(Path(__file__).parent / "paper.js").read_text(encoding="utf-8")
)


def show(several: bool = False) -> tuple[Strokes, float]:
    """Draw the canvas and the pen; return the strokes and the pen's current width."""
    st.html(_STYLE)
    with st.container(key="draw-hint"):  # above the canvas's own toolbar, or on a phone beside it
        st.caption(_("From left to right.") if several else _("Draw at any size, anywhere on the canvas."))
    key = f"{'wide-' * several}canvas-{session.canvas_number()}"
    with st.container(key="draw-canvas", gap=None):
        with st.container(key="toolbar-mover"):
            name = _(help_texts.WIDE_CANVAS) if several else _(help_texts.CANVAS)
            _mover(key="draw-toolbar-mover", data={"canvas": key, "name": name})
        pen = st.session_state.get("draw-pen", PEN)
        if several:
            with st.container(key="draw-wide"):
                strokes = _strokes(key, pen, WIDE, LOW)
        else:
            strokes = _strokes(key, pen, SIDE, SIDE)
    with st.container(horizontal=True, gap="small", width=SIDE):
        _clear()
        with st.popover(_("Pen width"), icon=":material/brush:", width="stretch"):
            st.select_slider(_("Pen width"), _PENS, value=PEN, key="draw-pen", persist_state="session")
            st.caption(_(help_texts.PEN_WIDTH))
    return strokes, float(pen)


def carry_to_wide_canvas(strokes: Strokes) -> None:
    """Let the wide canvas begin with strokes of the small one, shrunk to its height."""
    scale = LOW / SIDE
    session.carry_strokes([(stroke * scale).round(2).tolist() for stroke in strokes])


def _clear() -> None:
    number = session.canvas_number()
    with st.container(key="draw-clear"):
        # Streamlit may call this twice for one click, and the second call must not clear what was drawn in between: so
        # each canvas has its own button, which can start only the next one.
        st.button(
            _("Clear"),
            key=f"draw-clear-{number}",
            icon=":material/delete:",
            width="stretch",
            on_click=session.start_new_sheet,
            args=(number,),
        )


def _strokes(key: str, pen: int, width: int, height: int) -> Strokes:
    try:
        return parse_strokes(canvas(key, pen, width, height, session.carried_strokes() or ()))
    except InkError as error:
        st.warning(markdown(error))
        return Strokes()
