"""The drawing canvas; the only file that knows `streamlit_drawable_canvas`. Returns strokes.

That package can be imported only while a Streamlit server runs, so nothing else lives here.
"""

from streamlit_drawable_canvas import st_canvas

from pages.ui.fabric import Stroke, strokes_from_fabric

SIDE = 280
_PEN = 18
_PAPER, _INK = "#ffffff", "#1d2433"  # paper in both themes; a new background would clear the drawing


def canvas(key: str) -> list[Stroke]:
    """Draw an empty canvas of 280x280 pixels; return its strokes in canvas pixels, in the order they were drawn.

    Raises InkError for what is not a drawing of freehand strokes.
    """
    result = st_canvas(
        stroke_width=_PEN,
        stroke_color=_INK,
        background_color=_PAPER,
        height=SIDE,
        width=SIDE,
        drawing_mode="freedraw",
        key=key,
    )
    return strokes_from_fabric(result.json_data)
