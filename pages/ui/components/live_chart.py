"""A Plotly figure that is updated in place, for charts that change while people watch.

`st.plotly_chart` mounts a new chart for each change, which flickers and loses zoom and hover; this component calls
`Plotly.react` on one node. plotly.min.js is served from the installed plotly package, so page and figures always have
the same version and nothing is loaded from other servers. Knows figures and Streamlit's components.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st

from pages.ui import language
from pages.ui.components.live_text import FEED_JS, Follow
from pages.ui.translation import _

# Declared only for its route, component/<name>/plotly.min.js; never mounted.
_FILES = st.components.v1.declare_component("plotly_files", path=str(Path(plotly.__file__).parent / "package_data"))

_CSS = """
.live-chart { width: 100%; overflow: hidden; }
.live-chart:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
.live-chart-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.live-chart.clickable .nsewdrag { cursor: pointer !important; }
:has(> .live-chart) { position: relative; }
.live-chart-picture { position: absolute; pointer-events: none; border: 2px solid #3b6fe0; border-radius: 6px;
  image-rendering: pixelated; z-index: 5; background-color: #000; }
"""

_FOLDER = Path(__file__).parent
_SCRIPTS = ("chart_projector.js", "chart_keys.js", "live_chart.js")
_CLICKED = "-clicked"  # suffix of a chart's key: the click that the chart hasn't returned yet

_chart = st.components.v2.component(
    "digit-lab.live_chart",
    html='<div class="live-chart"></div>',
    css=_CSS,
    js=FEED_JS + "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Pictures:
    """Small square images in one sheet, row by row; a point shows the image whose number is its `customdata`."""

    sheet: str  # a data URI
    side: int  # pixels of one image in the sheet
    columns: int
    zoom: float  # factor by which images are enlarged on the screen


def live_chart(
    figure: go.Figure | dict[str, Any],
    key: str,
    height: int,
    description: str,
    pictures: Pictures | None = None,
    clickable: bool = False,
    reach: int = 0,
    follow: Follow | None = None,
) -> Any:
    """Draw or update a chart of `height` pixels; `description` describes its current content to screen readers.

    `figure` is a Plotly figure or a dictionary of plain values with `data` and `layout`. With `pictures` the point
    under the mouse shows its image. With `clickable` the chart marks the cell of a clicked point and returns the
    point's `customdata` once, as the browser sent it; None if nothing was clicked. With `reach`, only clicks at most
    so many pixels from a point count, and nothing is marked.
    """
    _chart(
        key=key,
        data={
            "figure": figure if isinstance(figure, dict) else json.loads(figure.to_json()),
            "height": height,
            "separators": language.separators(),
            "description": description,
            "pictures": asdict(pictures) if pictures else None,
            "clickable": clickable,
            "keys": _("The arrow keys move from point to point, Enter opens one.") if clickable else "",
            "reach": reach,
            "follow": follow and asdict(follow),
            "script": f"component/{_FILES.name}/plotly.min.js",
            "failure": _("The chart can't be shown ({reason}). Reload the page."),
        },
        height=height,
        on_clicked_change=lambda: _remember_click(key),
    )
    return st.session_state.pop(key + _CLICKED, None)


def _remember_click(key: str) -> None:
    """Keep a click until the chart returns it: a script run that another widget interrupts would lose it."""
    clicked = st.session_state[key].get("clicked")
    if clicked is not None:
        st.session_state[key + _CLICKED] = clicked
