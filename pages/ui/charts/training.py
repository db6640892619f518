"""Plotly figures of trainings: the curves of one run while they grow, and several runs in one chart.

Curves are plotted against the number of images seen, so that runs with different batch sizes can be compared. Knows
histories; no Streamlit, no files.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from model.messages import N_
from model.runs.curves import History, downsample_mean, downsample_minmax, moving_average
from model.runs.events import FinishedEvent
from model.training import schedules
from pages.ui.charts.common import BLUE, GREY, ORANGE, PlainFigure, chart_text
from pages.ui.language import format_number
from pages.ui.translation import _

TITLES = {"loss": N_("Loss"), "accuracy": N_("Accuracy"), "learning_rate": N_("Learning rate")}
RATE_CHANGE = N_("rate {rate}")
_LEAST_LOSS = 1e-6  # on a log scale, smaller losses would only show rounding
POINTS = 400  # of a curve sent to the browser; a screen can't show more
_PALE_BLUE, _PALER_BLUE = "rgba(59,111,224,.4)", "rgba(59,111,224,.18)"
_RAW_POINTS = 240  # of the jagged line, which takes a browser the longest to redraw
_SMOOTHED = 50  # batches
# Okabe and Ito's colours, and markers that distinguish the runs without them.
_RUNS = (
    ("#3b6fe0", "circle"),
    ("#e69f00", "diamond"),
    ("#009e73", "square"),
    ("#cc79a7", "triangle-up"),
    ("#d55e00", "x"),
)
MAX_COMPARED = len(_RUNS)
_MARKERS = 8  # on a line of training batches


def curve(history: History, name: str, zoomed: bool = False) -> PlainFigure:
    """Draw `name` (loss or accuracy) of each batch of training images, and on the validation images after each epoch.

    With `zoomed` the axis leaves out the first steps, beside which all later ones look flat.
    """
    value, images = getattr(history, name), history.images_per_step
    mean = moving_average(value, _SMOOTHED)
    raw = downsample_minmax(history.step * images, value, _RAW_POINTS)
    validation = [getattr(epoch, f"val_{name}") for epoch in history.epochs]
    traces = [
        _line(*raw, name=_("training, each batch"), line={"color": _PALER_BLUE if zoomed else _PALE_BLUE, "width": 1}),
        _line(
            *downsample_mean(history.step * images, mean, POINTS),
            name=_("mean of {n} batches").format(n=_SMOOTHED),
            line={"color": BLUE, "width": 2},
        ),
        {
            "type": "scatter",
            "x": [epoch.step * images for epoch in history.epochs],
            "y": validation,
            "mode": "lines+markers",
            "name": _("validation, each epoch"),
            "line": {"color": ORANGE, "width": 2.5},
            "marker": {"symbol": "diamond", "size": 9},
        },
    ]
    plateau = _plateau(mean, validation)
    layout = _against_images(history) | {"yaxis": _axis(name, [plateau], zoomed)}
    # The user's zoom stays while points arrive, and is reset when the axis changes.
    layout["uirevision"] = "run-zoomed" if zoomed else "run-whole"
    return {"data": traces, "layout": layout}


def learning_rate(history: History) -> PlainFigure:
    """Draw the learning rate of every batch."""
    x, y = downsample_mean(history.step * history.images_per_step, history.learning_rate, POINTS)
    line = _line(x, y, name=_("learning rate"), line={"color": BLUE, "width": 2})
    layout = _against_images(history) | {"showlegend": False, "yaxis": {"rangemode": "tozero", "tickformat": "~g"}}
    return {"data": [line], "layout": layout}


def _line(x: np.ndarray, y: np.ndarray, **how: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x.tolist(), "y": y.tolist()} | how


def _against_images(history: History) -> dict[str, Any]:
    """Return a layout with the number of images seen on the x axis, and a mark where a user changed the rate."""
    changes = [(step * history.images_per_step, rate) for step, rate in history.rate_changes]
    return {
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified",
        "uirevision": "run",  # the user's zoom stays while points arrive
        "xaxis": {
            "title": {"text": _("images seen")},
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
            | {"text": _(RATE_CHANGE).format(rate=format_number(rate, ".2g")), "font": {"size": 11}}
            for x, rate in changes
        ],
    }


def _last_batch(history: History) -> int:
    """Return the last batch of the x axis: the planned one while the training is active, then the last trained one."""
    ended = isinstance(history.last, FinishedEvent)
    return int(history.step[-1]) if ended and len(history.step) else history.total_steps


def comparison(runs: Sequence[tuple[str, History]], name: str, zoomed: bool = False) -> PlainFigure:
    """Draw `name` (loss or accuracy) of up to five named runs: training dotted, validation with large markers.

    `zoomed` is that of `curve`.
    """
    traces, plateaus = [], []
    for (name_of_run, history), (colour, symbol) in zip(runs, _RUNS, strict=False):
        title = chart_text(name_of_run)
        images, same = history.images_per_step, {"name": title, "legendgroup": title}
        mean = moving_average(getattr(history, name), _SMOOTHED)
        validation = [getattr(epoch, f"val_{name}") for epoch in history.epochs]
        plateaus.append(_plateau(mean, validation))
        x, y = downsample_mean(history.step * images, mean, POINTS)
        hover = _("training: %{y:.4g}") + "<extra>%{fullData.name}</extra>"
        # A few small markers tell the dotted lines apart without their colours.
        training = {"hovertemplate": hover, "showlegend": False, "mode": "lines+markers"}
        marker = {"symbol": symbol, "size": 5, "maxdisplayed": _MARKERS}
        traces.append(
            _line(x, y, line={"color": colour, "width": 1.5, "dash": "dot"}, marker=marker, **training, **same)
        )
        traces.append(
            {
                "type": "scatter",
                "x": [epoch.step * images for epoch in history.epochs],
                "y": validation,
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2.5},
                "marker": {"symbol": symbol, "size": 9},
                "hovertemplate": _("validation: %{y:.4g}") + "<extra>%{fullData.name}</extra>",
            }
            | same
        )
    layout = {
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": {"title": {"text": _("images seen")}, "rangemode": "tozero", "hoverformat": ",.0f"},
        "yaxis": _axis(name, plateaus, zoomed),
        "uirevision": "runs-zoomed" if zoomed else "runs-whole",
    }
    return {"data": traces, "layout": layout}


def _plateau(mean: np.ndarray, validation: Sequence[float]) -> np.ndarray:
    """Return a run's values after its first steps: the last nine tenths of its batches, smoothed, and its epochs."""
    return np.concatenate([mean[len(mean) // 10 :], validation])


def _axis(name: str, plateaus: Sequence[np.ndarray], zoomed: bool) -> dict[str, Any]:
    """Return the y axis for the whole training, or zoomed in on the values of `plateaus` if there are any.

    Zoomed in, a loss has a log scale, and an accuracy starts just below its plateau.
    """
    values = np.concatenate([[], *plateaus])
    if not len(values) and name == "accuracy":
        return {"tickformat": ".0%", "range": [0, 1]}  # Plotly's own empty axis runs from -100% to 400%
    if not len(values) or not zoomed:
        return {"tickformat": ".0%"} if name == "accuracy" else {"rangemode": "tozero"}
    low, high = float(values.min()), float(values.max())
    if name == "accuracy":
        room = max(0.05 * (1 - low), 0.001)
        return {"tickformat": ".1~%", "range": [low - room, min(high + room, 1 + room)]}
    low, high = max(low, _LEAST_LOSS), max(high, 2 * _LEAST_LOSS)
    return {"type": "log", "tickformat": "~g", "dtick": "D2", "range": [math.log10(low / 3), math.log10(high * 3)]}


def schedule(name: str, peak: float) -> go.Figure:
    """Draw the learning rate from the first batch to the last, small, with only the highest rate as a number."""
    steps = 200
    rates = [schedules.learning_rate(name, peak, step, steps) for step in range(steps)]
    figure = go.Figure(layout_template="none")
    figure.add_scatter(
        x=[100 * step / steps for step in range(steps)],
        y=rates,
        mode="lines",
        line={"color": BLUE, "width": 2},
        hovertemplate=_("after %{x:.0f}%: %{y:.2g}") + "<extra></extra>",
    )
    axis = {"fixedrange": True, "tickmode": "array", "automargin": False}
    figure.update_layout(
        margin={"l": 48, "r": 16, "t": 6, "b": 26},
        showlegend=False,
        xaxis=axis
        | {"range": [0, 102], "tickvals": [0, 50, 100], "ticktext": ["0%", "50%", "100%"], "showgrid": False},
        yaxis=axis | {"range": [0, 1.1 * peak], "tickvals": [0, peak], "ticktext": ["0", format_number(peak, ".2g")]},
        dragmode=False,
    )
    return figure
