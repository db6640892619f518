"""Colours and small Plotly figures that several pages share. No Streamlit, no files.

The colours are from Okabe and Ito's set, distinct with any kind of colour vision; no figure relies on colour alone.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui.language import format_number
from pages.ui.translation import _

# A figure as Plotly's JavaScript takes it: `data`, a list of traces, and `layout`. Plotly's Python objects check every
# value, which takes ten times as long; charts that are redrawn all the time do without.
PlainFigure = dict[str, Any]

BLUE, ORANGE, GREY = "#3b6fe0", "#e69f00", "#8a8f98"


def chart_text(text: str) -> str:
    """Return text that Plotly shows as it is: it interprets tags in every text, such as <a href=…>.

    >>> chart_text("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return escape(text, quote=False)


def class_balance(names: Sequence[str], counts: np.ndarray) -> go.Figure:
    """Draw the number of images of each class."""
    figure = go.Figure(layout_template="none")
    figure.add_bar(
        x=counts.tolist(),
        y=list(map(chart_text, names)),
        orientation="h",
        marker={"color": BLUE},
        text=[format_number(n, ",") for n in counts],
        textposition="auto",
        textangle=0,
        hovertemplate=_("%{y}: %{x:,} images") + "<extra></extra>",
    )
    figure.update_layout(
        margin={"l": 16 + 7 * max(map(len, names)), "r": 8, "t": 4, "b": 24},
        bargap=0.25,
        xaxis={"fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True, "dtick": 1, "showgrid": False},
        dragmode=False,
    )
    return figure


def probability_bars(names: Sequence[str], probabilities: np.ndarray) -> PlainFigure:
    """Draw one bar per class with its number; the largest is highlighted."""
    top = int(probabilities.argmax()) if probabilities.max() > 0 else -1
    bars = {
        "type": "bar",
        "x": probabilities.tolist(),
        "y": list(map(chart_text, names)),
        "orientation": "h",
        "marker": {"color": [BLUE if i == top else GREY for i in range(len(names))]},
        "text": [format_number(p, ".1%") if p >= 0.0005 else "" for p in probabilities],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.2%}<extra></extra>",
    }
    layout = {
        "margin": {"l": 16 + 8 * max(map(len, names)), "r": 56, "t": 4, "b": 28},
        "bargap": 0.25,
        "showlegend": False,
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "fixedrange": True},
        "yaxis": {"type": "category", "autorange": "reversed", "fixedrange": True, "dtick": 1, "showgrid": False},
    }
    return {"data": [bars], "layout": layout}
