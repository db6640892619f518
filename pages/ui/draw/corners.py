"""The photo with the outline of the paper that was found on it; a visitor can drag its corners or turn it off.

Knows Streamlit's components, images and the session; makes no predictions.
"""

import base64
import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from model.ink import image_file, photo, surface
from model.ink.render import SIDE
from model.messages import N_
from pages.ui.draw import help as help_texts
from pages.ui.translation import _

_VIEW = 600  # pixels of the longer side of a photo on the screen
_SMALL = 200  # the same in the first of the steps
_OUTLINE = (59, 111, 224)
_MOVED = "draw-corners-reset-count"
_CORNERS = (N_("Top left corner"), N_("Top right corner"), N_("Bottom right corner"), N_("Bottom left corner"))

_HTML = (
    '<div class="paper-photo"><img alt=""><svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
    "<polygon></polygon></svg>" + len(_CORNERS) * '<button type="button"></button>' + "</div>"
)
_CSS = """
.paper-photo { position: relative; width: fit-content; max-width: 100%; margin: 14px auto; line-height: 0; }
.paper-photo img { max-width: 100%; max-height: 320px; border-radius: 6px; user-select: none; pointer-events: none; }
.paper-photo svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; pointer-events: none; }
.paper-photo polygon { fill: rgba(59, 111, 224, .12); stroke: #3b6fe0; stroke-width: 3px;
  vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.paper-photo button { position: absolute; width: 28px; height: 28px; margin: -14px 0 0 -14px; padding: 0; border: none;
  background: none; cursor: grab; touch-action: none; border-radius: 50%; }
.paper-photo button::before { content: ""; position: absolute; inset: 6px; border-radius: 50%; background: #fff;
  border: 3px solid #3b6fe0; box-shadow: 0 1px 3px rgba(0, 0, 0, .4); }
.paper-photo button:active { cursor: grabbing; }
@media (max-width: 640px) { .paper-photo img { max-height: 230px; } }
.paper-photo button:focus-visible { outline: 3px solid #e69f00; outline-offset: -2px; }
"""

_editor = st.components.v2.component(
    "digit-lab.corners",
    html=_HTML,
    css=_CSS,
    js=(Path(__file__).parent / "corners.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True, eq=False)
class Paper:
    """A photo and where the paper is in it."""

    view: np.ndarray  # (h, w, 3) uint8, at most 600 pixels per side
    size: tuple[int, int]  # width and height of the image file
    corners: tuple[tuple[float, float], ...]  # in shares of the photo, clockwise from the top left; () for all of it

    def in_file(self) -> tuple[tuple[float, float], ...]:
        """Return the corners in pixels of the image file, as `photo.read_photo` takes them."""
        return tuple((x * self.size[0], y * self.size[1]) for x, y in self.corners)

    def outlined(self) -> np.ndarray:
        """Return the photo with the outline of the paper, small: `(h, w, 3)` uint8."""
        image = Image.fromarray(self.view)
        image.thumbnail((_SMALL, _SMALL))
        corners = [(x * image.width, y * image.height) for x, y in self.corners]
        ImageDraw.Draw(image).line([*corners, *corners[:2]], fill=_OUTLINE, width=4, joint="curve")
        return np.asarray(image)


@st.cache_data(max_entries=8, show_spinner=False)
def find(content: bytes, name: str) -> Paper:
    """Return the photo and the paper that `photo.read_photo` finds on it. Raises InkError for a file it can't read."""
    view, scale = image_file.open_scaled(content, name, _VIEW)
    size = (round(view.width * scale), round(view.height * scale))
    found = photo.find_paper(content, name)
    corners = () if found is None else tuple((float(x / size[0]), float(y / size[1])) for x, y in found)
    return Paper(np.asarray(view), size, corners)


def choose(content: bytes, name: str) -> Paper:
    """Draw the photo with the corners of the paper; return them as they were found or moved.

    Raises InkError like `find`.
    """
    paper = find(content, name)
    if max(paper.size) <= SIDE:  # an image like those of MNIST, not a photo
        return paper
    whole = Paper(paper.view, paper.size, ())
    if not st.toggle(
        _("Find the paper"), value=True, key="draw-paper", persist_state="session", help=_(help_texts.FIND_PAPER)
    ):
        return whole
    resets = st.session_state.get(_MOVED, 0)
    key = "-".join(("draw-corners", sha256(content).hexdigest()[:12], str(resets)))
    shown = paper.corners or ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    moved = _checked((st.session_state.get(key) or {}).get("corners"))
    with st.container(key="draw-corners"):
        _editor(
            key=key,
            data={
                "image": _jpeg_uri(paper.view),
                "alt": name,
                "corners": moved or shown,
                "labels": [_(label) for label in _CORNERS],
            },
            on_corners_change=lambda: None,
        )
        if moved:
            st.caption(_("Reading between the corners that you moved."))
            if st.button(_("Reset the corners"), icon=":material/undo:", key="draw-corners-reset"):
                st.session_state[_MOVED] = resets + 1
                st.rerun(scope="fragment")
        elif paper.corners:
            st.caption(_("Found the paper. Drag a corner to correct it."))
        else:
            st.caption(_("Reading the whole photo. Drag the corners to choose a part of it."))
    return Paper(paper.view, paper.size, moved) if moved else paper


def _checked(corners: Any) -> tuple[tuple[float, float], ...]:
    """Check the corners that a browser sent, like any other input; () unless they are a convex outline."""
    if not isinstance(corners, list) or len(corners) != len(_CORNERS):
        return ()
    if not all(isinstance(corner, list) and len(corner) == 2 and all(map(_is_share, corner)) for corner in corners):
        return ()
    # As in a photo of 1,000 pixels, so that the sides aren't too short.
    return tuple((float(x), float(y)) for x, y in corners) if surface.is_convex(1000 * np.array(corners)) else ()


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _jpeg_uri(image: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
