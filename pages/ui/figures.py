"""Plotly figures from arrays and records; no Streamlit, no files, no computation of figures.

Colours are from Okabe and Ito's set, told apart with any kind of colour vision; nothing is said by colour alone.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from model.training import schedules

BLUE, ORANGE, GREY = "#3b6fe0", "#e69f00", "#8a8f98"


def schedule(name: str, peak: float) -> go.Figure:
    """Draw the learning rate from the first batch to the last, small and without numbers but the highest."""
    steps = 200
    rates = [schedules.learning_rate(name, peak, step, steps) for step in range(steps)]
    figure = go.Figure(layout_template="none")
    figure.add_scatter(
        x=[100 * step / steps for step in range(steps)],
        y=rates,
        mode="lines",
        line={"color": BLUE, "width": 2},
        hovertemplate="after %{x:.0f} %: %{y:.2g}<extra></extra>",
    )
    figure.update_layout(
        margin={"l": 48, "r": 8, "t": 6, "b": 18},
        showlegend=False,
        xaxis={"fixedrange": True, "showgrid": False, "tickvals": [0, 50, 100], "ticksuffix": " %"},
        yaxis={"fixedrange": True, "rangemode": "tozero", "tickvals": [0, peak], "tickformat": ".2g"},
        dragmode=False,
    )
    return figure


def class_balance(names: Sequence[str], counts: np.ndarray) -> go.Figure:
    """Draw how many images there are of each class."""
    figure = go.Figure(layout_template="none")
    figure.add_bar(
        x=counts.tolist(), y=list(names), orientation="h", marker={"color": BLUE}, text=[f"{n:,}" for n in counts],
        textposition="auto", hovertemplate="%{y}: %{x:,} images<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        margin={"l": 16 + 7 * max(map(len, names)), "r": 8, "t": 4, "b": 24},
        bargap=0.25,
        xaxis={"fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True, "dtick": 1, "showgrid": False},
        dragmode=False,
    )
    return figure


def probability_bars(names: Sequence[str], probabilities: np.ndarray) -> go.Figure:
    """Draw one bar a class; the largest is darker and all carry their number."""
    top = int(probabilities.argmax()) if probabilities.max() > 0 else -1
    figure = go.Figure(layout_template="none")
    figure.add_bar(
        x=probabilities.tolist(),
        y=list(names),
        orientation="h",
        marker={"color": [BLUE if i == top else GREY for i in range(len(names))]},
        text=[f"{p:.1%}" if p >= 0.0005 else "" for p in probabilities],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2%}<extra></extra>",
    )
    figure.update_layout(
        margin={"l": 16 + 8 * max(map(len, names)), "r": 56, "t": 4, "b": 28},
        bargap=0.25,
        showlegend=False,
        xaxis={"range": [0, 1], "tickformat": ".0%", "fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True, "dtick": 1, "showgrid": False},
    )
    return figure
