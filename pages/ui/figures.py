"""Plotly figures from arrays and records; no Streamlit, no files, no computation of figures.

Colours are from Okabe and Ito's set, told apart with any kind of colour vision; nothing is said by colour alone.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from model import schedules
from model.history import History, smoothed, thin

BLUE, PALE_BLUE, ORANGE, GREY = "#3b6fe0", "rgba(59,111,224,.35)", "#e69f00", "#8a8f98"
_SMOOTHED = 50  # batches
_READABLE_CLASSES = 20  # of a matrix whose cells have room for a number
POINTS = 400  # of a curve on the wire; more can't be seen on a screen


def curve(history: History, name: str, percent: bool) -> go.Figure:
    """Draw `name` (loss or accuracy) by batch on training images and by epoch on validation images."""
    value = getattr(history, name)
    figure = go.Figure(layout_template="none")
    for of_batches, title, line in (
        (value, "training, by batch", {"color": PALE_BLUE, "width": 1}),
        (smoothed(value, _SMOOTHED), f"mean of {_SMOOTHED} batches", {"color": BLUE, "width": 2}),
    ):
        x, y = thin(history.step, of_batches, POINTS)
        figure.add_scatter(x=x.tolist(), y=y.tolist(), mode="lines", name=title, line=line)
    figure.add_scatter(
        x=[epoch["step"] for epoch in history.epochs],
        y=[epoch[f"val_{name}"] for epoch in history.epochs],
        mode="lines+markers",
        name="validation, by epoch",
        line={"color": ORANGE, "width": 2.5},
        marker={"symbol": "diamond", "size": 9},
    )
    _against_batches(figure, history)
    figure.update_yaxes(**{"tickformat": ".0%"} if percent else {"rangemode": "tozero"})
    return figure


def learning_rate(history: History) -> go.Figure:
    """Draw the learning rate by batch."""
    x, y = thin(history.step, history.learning_rate, POINTS)
    figure = go.Figure(layout_template="none")
    figure.add_scatter(x=x.tolist(), y=y.tolist(), mode="lines", name="learning rate", line={"color": BLUE, "width": 2})
    _against_batches(figure, history)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(rangemode="tozero", tickformat=".2g")
    return figure


def _against_batches(figure: go.Figure, history: History) -> None:
    """Lay the figure out along the batches of the run, with a mark where a person changed the learning rate."""
    figure.update_layout(
        margin={"l": 52, "r": 12, "t": 8, "b": 40},
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        # The same for the whole run: zoom stays while points arrive.
        uirevision="run",
        xaxis={"title": {"text": "batch"}, "range": [0, 1.02 * max(_last_batch(history), 1)]},
    )
    for step, rate in history.rate_changes:
        figure.add_vline(
            x=step, line={"color": GREY, "dash": "dot", "width": 1.5}, annotation_text=f"rate {rate:.2g}",
            annotation_font_size=11,
        )  # fmt: skip


def _last_batch(history: History) -> int:
    """Room for the whole training while it goes on; what was trained once it has ended."""
    ended = history.last.get("event") == "finished"
    return int(history.step[-1]) if ended and len(history.step) else history.total_steps


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


def confusion_matrix(confusion: np.ndarray, names: Sequence[str], dark: bool) -> go.Figure:
    """Draw counts, true classes down and predicted ones across, to be read on a light or a dark page.

    The colour of a cell is its share of the other mistakes; the diagonal is left out of the scale, or its thousands
    would drown the rest. A class that no image is of, such as "no digit", has a column and no row.
    """
    n_classes = len(names)
    rows = np.flatnonzero(confusion.any(axis=1))
    true_names = [names[i] for i in rows]
    off_diagonal = np.where(np.eye(n_classes, dtype=bool), 0, confusion)[rows]
    figure = go.Figure(layout_template="none")
    figure.add_heatmap(
        z=off_diagonal,
        x=list(names),
        y=true_names,
        customdata=confusion[rows],
        colorscale=[[0, "rgba(230,159,0,0)"], [0.4, "rgba(230,159,0,.5)"], [1, "rgba(213,94,0,.8)"]],
        zmin=0,
        zmax=max(int(off_diagonal.max(initial=0)), 1),
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="true %{y}, predicted %{x}: %{customdata:,} images<extra></extra>",
    )
    if n_classes <= _READABLE_CLASSES:
        figure.add_scatter(**_counts(confusion, names), textfont={"size": 13, "color": "#fff" if dark else "#111"})
    for row, column in enumerate(rows):
        edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", **edges, line={"color": BLUE, "width": 1.5}, fillcolor="rgba(59,111,224,.12)")
    figure.update_layout(
        margin={"l": 60, "r": 8, "t": 8, "b": 50},
        xaxis={"title": {"text": "predicted"}, "type": "category", "fixedrange": True, "showgrid": False},
        yaxis={"title": {"text": "true"}, "type": "category", "autorange": "reversed", "fixedrange": True}
        | {"showgrid": False},
        dragmode=False,
    )
    return figure


def _counts(confusion: np.ndarray, names: Sequence[str]) -> dict:
    """The numbers of a matrix as text: a heatmap's own guesses wrongly what is behind it where colours are translucent.

    Zeros stay empty: a matrix of zeros hides its few mistakes.
    """
    true, predicted = np.nonzero(confusion)
    return {
        "x": [names[i] for i in predicted],
        "y": [names[i] for i in true],
        "text": [f"{count}" for count in confusion[true, predicted]],
        "mode": "text",
        "hoverinfo": "skip",
        "showlegend": False,
    }
