"""Figures of trainings for Plotly: one run's curves as they grow, and several runs in one chart.

Plain values, as Plotly's JavaScript takes them: a training is drawn over and over for everybody who watches it, and
Plotly's Python objects, which check each value, take ten times as long. Knows histories; no Streamlit, no files. All
stand over the number of images that were learnt from, so that runs with other batch sizes can be compared.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from model.runs.curves import History, downsample_mean, downsample_minmax, moving_average
from model.runs.events import FinishedEvent
from model.training import schedules
from pages.ui.charts.common import BLUE, GREY, ORANGE

PlainFigure = dict[str, Any]  # `data`, a list of traces, and `layout`
_LEAST_LOSS = 1e-6  # below it a loss on a scale of powers of ten would only tell of rounding
POINTS = 400  # of a curve on the wire; more can't be seen on a screen
CLOSE_UP = (
    "The loss by powers of ten, and the accuracy from where it has come to: the first steps change so much that all "
    "later ones look flat beside them."
)
_PALE_BLUE, _PALER_BLUE = "rgba(59,111,224,.4)", "rgba(59,111,224,.18)"
_RAW_POINTS = 240  # of the jagged line, which costs a browser the most to draw anew
_SMOOTHED = 50  # batches
# Okabe and Ito's colours, and marks that tell the runs apart without them.
_RUNS = (
    ("#3b6fe0", "circle"),
    ("#e69f00", "diamond"),
    ("#009e73", "square"),
    ("#cc79a7", "triangle-up"),
    ("#d55e00", "x"),
)
MAX_COMPARED = len(_RUNS)


def curve(history: History, name: str, close: bool = False) -> PlainFigure:
    """Draw `name` (loss or accuracy) by batch on training images and by epoch on validation images.

    With `close` the scale leaves the first steps out of sight, which press all later ones flat.
    """
    value, images = getattr(history, name), history.images_per_step
    mean = moving_average(value, _SMOOTHED)
    raw = downsample_minmax(history.step * images, value, _RAW_POINTS)
    validation = [getattr(epoch, f"val_{name}") for epoch in history.epochs]
    traces = [
        _line(*raw, name="training, by batch", line={"color": _PALER_BLUE if close else _PALE_BLUE, "width": 1}),
        _line(
            *downsample_mean(history.step * images, mean, POINTS),
            name=f"mean of {_SMOOTHED} batches",
            line={"color": BLUE, "width": 2},
        ),
        {
            "type": "scatter",
            "x": [epoch.step * images for epoch in history.epochs],
            "y": validation,
            "mode": "lines+markers",
            "name": "validation, by epoch",
            "line": {"color": ORANGE, "width": 2.5},
            "marker": {"symbol": "diamond", "size": 9},
        },
    ]
    layout = _against_images(history) | {"yaxis": _scale(name, [_settled(mean, validation)] if close else [])}
    # Zoom stays while points arrive, and goes with the scale that it was made on.
    layout["uirevision"] = f"run, {'close' if close else 'whole'}"
    return {"data": traces, "layout": layout}


def learning_rate(history: History) -> PlainFigure:
    """Draw the learning rate at every batch."""
    x, y = downsample_mean(history.step * history.images_per_step, history.learning_rate, POINTS)
    line = _line(x, y, name="learning rate", line={"color": BLUE, "width": 2})
    layout = _against_images(history) | {"showlegend": False, "yaxis": {"rangemode": "tozero", "tickformat": "~g"}}
    return {"data": [line], "layout": layout}


def _line(x: np.ndarray, y: np.ndarray, **how: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x.tolist(), "y": y.tolist()} | how


def _against_images(history: History) -> dict[str, Any]:
    """Lay a figure out along the images that were learnt from, with a mark where a person changed the rate."""
    changes = [(step * history.images_per_step, rate) for step, rate in history.rate_changes]
    return {
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified",
        "uirevision": "run",  # zoom stays while points arrive
        "xaxis": {
            "title": {"text": "images seen"},
            "range": [0, 1.02 * max(_last_batch(history), 1) * history.images_per_step],
            "hoverformat": ",.0f",
        },
        "shapes": [
            {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain"}
            | {"line": {"color": GREY, "dash": "dot", "width": 1.5}}
            for x, _ in changes
        ],
        "annotations": [
            {"x": x, "y": 1, "yref": "y domain", "yanchor": "top", "xanchor": "left", "showarrow": False}
            | {"text": f"rate {rate:.2g}", "font": {"size": 11}}
            for x, rate in changes
        ],
    }


def _last_batch(history: History) -> int:
    """Room for the whole training while it goes on; what was trained once it has ended."""
    ended = isinstance(history.last, FinishedEvent)
    return int(history.step[-1]) if ended and len(history.step) else history.total_steps


def comparison(runs: Sequence[tuple[str, History]], name: str, close: bool = False) -> PlainFigure:
    """Draw `name` (loss or accuracy) of up to five named runs: dotted on training images, with marks on validation.

    `close` is that of `curve`.
    """
    traces, settled = [], []
    for (name_of_run, history), (colour, symbol) in zip(runs, _RUNS, strict=False):
        title = escape(name_of_run, quote=False)  # Plotly reads tags in texts
        images, same = history.images_per_step, {"name": title, "legendgroup": title}
        mean = moving_average(getattr(history, name), _SMOOTHED)
        validation = [getattr(epoch, f"val_{name}") for epoch in history.epochs]
        settled.append(_settled(mean, validation))
        x, y = downsample_mean(history.step * images, mean, POINTS)
        in_training = {"hovertemplate": "%{y:.4g} in training<extra>%{fullData.name}</extra>", "showlegend": False}
        traces.append(_line(x, y, line={"color": colour, "width": 1.5, "dash": "dot"}, **in_training, **same))
        traces.append(
            {
                "type": "scatter",
                "x": [epoch.step * images for epoch in history.epochs],
                "y": validation,
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2.5},
                "marker": {"symbol": symbol, "size": 9},
                "hovertemplate": "%{y:.4g} in validation<extra>%{fullData.name}</extra>",
            }
            | same
        )
    layout = {
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": {"title": {"text": "images seen"}, "rangemode": "tozero", "hoverformat": ",.0f"},
        "yaxis": _scale(name, settled if close else []),
        "uirevision": f"runs, {'close' if close else 'whole'}",
    }
    return {"data": traces, "layout": layout}


def _settled(mean: np.ndarray, validation: Sequence[float]) -> np.ndarray:
    """Return what a run came to after its first steps: nine tenths of its batches, smoothed, and its epochs."""
    return np.concatenate([mean[len(mean) // 10 :], validation])


def _scale(name: str, settled: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return the scale for all of a run, or the close one for what `settled`, where something did.

    Close is powers of ten for a loss, and for an accuracy the part from where it has settled.
    """
    values = np.concatenate([[], *settled])
    if not len(values):
        return {"tickformat": ".0%"} if name == "accuracy" else {"rangemode": "tozero"}
    low, high = float(values.min()), float(values.max())
    if name == "accuracy":
        room = max(0.05 * (1 - low), 0.001)
        return {"tickformat": ".1~%", "range": [low - room, min(high + room, 1 + room)]}
    low, high = max(low, _LEAST_LOSS), max(high, 2 * _LEAST_LOSS)
    return {"type": "log", "tickformat": "~g", "dtick": "D2", "range": [math.log10(low / 3), math.log10(high * 3)]}


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
