"""A Plotly figure that is updated in place: for charts that move.

`st.plotly_chart` mounts a new chart at each change, which flickers and forgets zoom and hover; this component calls
`Plotly.react` on one node. plotly.min.js is served from the installed plotly package, so page and figures are
always of one version and nothing is fetched from elsewhere. Knows figures and Streamlit's components.
"""

import json
from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st

# Declared for its route alone, component/<name>/plotly.min.js; it is never mounted.
_FILES = st.components.v1.declare_component("plotly_files", path=str(Path(plotly.__file__).parent / "package_data"))

_chart = st.components.v2.component(
    "digit-lab.live_chart",
    html='<div class="live-chart"></div>',
    css=".live-chart { width: 100%; overflow: hidden; }",
    js=(Path(__file__).parent / "live_chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def live_chart(figure: go.Figure, key: str, height: int, description: str) -> None:
    """Draw or update a chart of `height` pixels; `description` says for screen readers what it shows now."""
    _chart(
        key=key,
        data={
            "figure": json.loads(figure.to_json()),
            "height": height,
            "description": description,
            "script": f"component/{_FILES.name}/plotly.min.js",
        },
        height=height,
    )
