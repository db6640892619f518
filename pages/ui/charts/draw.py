"""Plotly figures of the Draw page: bars of one or two networks, how a prediction formed, where it flips.

Knows arrays and Plotly; no Streamlit.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts.common import BLUE, GREY, ORANGE, PlainFigure, chart_text, probability_bars
from pages.ui.translation import _


def bars(names: Sequence[str], probabilities: np.ndarray, second: np.ndarray | None = None) -> PlainFigure:
    """Draw one bar per class, or two thinner ones if `second` has the probabilities of another network."""
    figure = probability_bars(names, probabilities)
    if second is None:
        return figure
    (first,) = figure["data"]
    other = {
        "type": "bar",
        "x": second.tolist(),
        "y": list(map(chart_text, names)),
        "orientation": "h",
        "name": _("second"),
        "marker": {"color": ORANGE, "pattern": {"shape": "/", "fillmode": "overlay", "size": 6}},
        "hovertemplate": "%{y}: %{x:.2%}<extra>" + _("second") + "</extra>",
    }
    return {
        "data": [first | {"name": _("first"), "text": None}, other],
        "layout": figure["layout"] | {"barmode": "group", "bargap": 0.2},
    }


def course(x: Sequence[int], y: Sequence[float], labels: Sequence[str], x_title: str) -> go.Figure:
    """Draw the course of one class's probability; `labels` are the predictions at each point."""
    figure = go.Figure(layout_template="none")
    same = [label == labels[-1] for label in labels]
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers+text",
        text=list(map(chart_text, labels)),
        textposition="top center",
        line={"color": BLUE, "width": 2},
        cliponaxis=False,
        marker={"size": 9, "color": [BLUE if is_same else ORANGE for is_same in same]},
        hovertemplate=x_title + " %{x}: %{text}, %{y:.1%}<extra></extra>",
    )
    return _plain(figure, x_title, list(x), [0, 1.18])


def flipping(
    strengths: Sequence[float],
    probabilities: Sequence[float],
    flips: Sequence[tuple[float, str]],
    now: float,
    unit: str,
) -> go.Figure:
    """Draw the probability of the unperturbed prediction by strength; `flips` are strengths with the new prediction."""
    figure = go.Figure(layout_template="none")
    figure.add_scatter(
        x=list(strengths),
        y=list(probabilities),
        mode="lines",
        line={"color": BLUE, "width": 2},
        hovertemplate="%{x:g}: %{y:.1%}<extra></extra>",
    )
    at = int(np.abs(np.asarray(strengths) - now).argmin())
    figure.add_scatter(
        x=[strengths[at]],
        y=[probabilities[at]],
        mode="markers",
        marker={"size": 11, "color": BLUE},
        hovertemplate=_("now: {probability}").format(probability="%{y:.1%}") + "<extra></extra>",
    )
    for place, label in flips:
        side = "right" if place < np.mean(strengths) else "left"  # of its line, on the side with more room
        figure.add_vline(x=place, line={"color": ORANGE, "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=place,
            y=1.1,
            text=_(" flips to {label} ").format(label=chart_text(label)),
            xanchor=side,
            showarrow=False,
        )
    return _plain(figure, unit, None, [0, 1.2])


def _plain(figure: go.Figure, x_title: str, ticks: list | None, y_range: list[float]) -> go.Figure:
    x_axis = {"title": {"text": x_title}, "fixedrange": True, "zeroline": False, "linecolor": GREY}
    if ticks is not None:
        x_axis |= {"tickvals": ticks, "range": [min(ticks) - 0.4, max(ticks) + 0.4]}
    figure.update_layout(
        margin={"l": 44, "r": 16, "t": 6, "b": 40},
        showlegend=False,
        xaxis=x_axis,
        yaxis={"range": y_range, "tickvals": [0, 0.5, 1], "tickformat": ".0%", "fixedrange": True},
        dragmode=False,
    )
    return figure
