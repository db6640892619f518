"""The drawing canvas; the only file that knows `streamlit_drawable_canvas`. Returns strokes.

That package can be imported only while a Streamlit server runs, so nothing else lives here.
"""

from streamlit_drawable_canvas import st_canvas

from pages.ui.components.fabric_strokes import PEN, SIDE, Stroke, strokes_from_fabric

_PAPER, _INK = "#ffffff", "#1d2433"  # paper in both themes; a new background would clear the drawing


def canvas(key: str, pen: int = PEN, width: int = SIDE, height: int = SIDE) -> list[Stroke]:
    """Draw an empty canvas; return its strokes in canvas pixels, in the order they were drawn.

    `pen` can change while a drawing lies there, the size can't. Raises InkError for what is not a drawing of freehand
    strokes.
    """
    result = st_canvas(
        stroke_width=pen,
        stroke_color=_INK,
        background_color=_PAPER,
        height=height,
        width=width,
        drawing_mode="freedraw",
        key=key,
    )
    return strokes_from_fabric(result.json_data)
