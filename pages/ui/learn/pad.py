"""A small square to draw a digit on. Knows Streamlit's components and strokes; makes no predictions."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from model.errors import InkError
from model.ink.render import Strokes, parse_strokes
from pages.ui.components.fabric_strokes import PEN, SIDE
from pages.ui.shell.text import markdown
from pages.ui.translation import _

_pad = st.components.v2.component(
    "digit-lab.pad",
    html='<canvas class="lesson-pad" role="img"></canvas>',
    css=""".lesson-pad { display: block; width: 224px; height: 224px; background: #fff; border-radius: 8px;
  cursor: crosshair; border: 1px solid rgba(128,128,128,.5); touch-action: none; }""",
    js=(Path(__file__).parent / "pad.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def pad(key: str, first: Sequence = ()) -> Strokes:
    """Draw a sheet that begins with the strokes `first`; return its strokes. Another `key` is another sheet."""
    start = [[list(map(float, point)) for point in stroke] for stroke in first]
    label = _("A square to draw a digit on with the mouse, a pen or a finger")
    sent = _pad(
        key=key,
        data={"side": SIDE, "pen": PEN, "sheet": key, "strokes": start, "label": label},
        on_strokes_change=lambda: None,
    ).get("strokes")
    try:
        return parse_strokes(start if sent is None else sent)
    except InkError as error:
        st.warning(markdown(error))
        return Strokes()
