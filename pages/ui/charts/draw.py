"""Plotly figures of the Draw page: bars of one or two networks, how an answer grew, where it flips.

Knows arrays and Plotly; no Streamlit.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts.common import BLUE, GREY, ORANGE, probability_bars


def bars(names: Sequence[str], probabilities: np.ndarray, beside: np.ndarray | None = None) -> go.Figure:
    """Draw one bar a class, and a thinner one for a second network where `beside` brings its probabilities."""
    figure = probability_bars(names, probabilities)
    if beside is not None:
        figure.data[0].update(name="first", text=None)
        figure.add_bar(
            x=beside.tolist(),
            y=list(names),
            orientation="h",
            name="second",
            marker={"color": ORANGE},
            hovertemplate="%{y}: %{x:.2%}<extra>second</extra>",
        )
        figure.update_layout(barmode="group", bargap=0.2)
    return figure


def course(x: Sequence[int], y: Sequence[float], labels: Sequence[str], what: str) -> go.Figure:
    """Draw how the probability of the final answer grew; `told` are the answers at each point, of a step `what`."""
    figure = go.Figure(layout_template="none")
    same = [label == labels[-1] for label in labels]
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers+text",
        text=list(labels),
        textposition="top center",
        line={"color": BLUE, "width": 2},
        cliponaxis=False,
        marker={"size": 9, "color": [BLUE if is_same else ORANGE for is_same in same]},
        hovertemplate=f"{what} %{{x}}: %{{y:.1%}}, answer %{{text}}<extra></extra>",
    )
    return _plain(figure, what, list(x), [0, 1.18])


def flipping(
    strengths: Sequence[float],
    probabilities: Sequence[float],
    flips: Sequence[tuple[float, str]],
    now: float,
    unit: str,
) -> go.Figure:
    """Draw the probability of the undisturbed answer by strength; `flips` are places and what it says there."""
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
        hovertemplate="now: %{y:.1%}<extra></extra>",
    )
    for place, label in flips:
        outside = "right" if place < np.mean(strengths) else "left"  # of its line, which would cross it out
        figure.add_vline(x=place, line={"color": ORANGE, "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=place, y=1.1, text=f" says {label} ", xanchor=outside, showarrow=False, font={"color": ORANGE}
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
