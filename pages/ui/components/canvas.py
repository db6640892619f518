"""The drawing canvas, and the only module that knows `streamlit_drawable_canvas`. Returns strokes.

That package can be imported only while a Streamlit server is running, so nothing else is in this module.
"""

from collections.abc import Sequence

from streamlit_drawable_canvas import st_canvas

from pages.ui.components.fabric_strokes import PEN, SIDE, Stroke, fabric_from_strokes, strokes_from_fabric

_PAPER, _INK = "#ffffff", "#1d2433"  # white in both themes; a new background would clear the drawing


def canvas(
    key: str, pen: int = PEN, width: int = SIDE, height: int = SIDE, first: Sequence[Stroke] = ()
) -> list[Stroke]:
    """Draw a canvas with the strokes `first`; return its strokes in canvas pixels, in the order they were drawn.

    `pen` can change during a drawing, the size and the first strokes can't. Raises InkError for anything but freehand
    strokes.
    """
    result = st_canvas(
        stroke_width=pen,
        stroke_color=_INK,
        background_color=_PAPER,
        height=height,
        width=width,
        drawing_mode="freedraw",
        initial_drawing=fabric_from_strokes(first, pen, _INK) if first else None,
        key=key,
    )
    return strokes_from_fabric(result.json_data)
