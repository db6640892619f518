"""Figures of trainings for Plotly: one run's curves as they grow, and several runs in one chart.

Plain values, as Plotly's JavaScript takes them: a training is drawn over and over for everybody who watches it, and
Plotly's Python objects, which check each value, take ten times as long. Knows histories; no Streamlit, no files. All
stand over the number of images that were learnt from, so that runs with other batch sizes can be compared.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from model.history import History, smoothed, thin
from pages.ui.figures import BLUE, GREY, ORANGE

PlainFigure = dict[str, Any]  # `data`, a list of traces, and `layout`
POINTS = 400  # of a curve on the wire; more can't be seen on a screen
_PALE_BLUE = "rgba(59,111,224,.35)"
_SMOOTHED = 50  # batches
# Okabe and Ito's colours, and marks that tell the runs apart without them.
_RUNS = (
    ("#3b6fe0", "circle"), ("#e69f00", "diamond"), ("#009e73", "square"), ("#cc79a7", "triangle-up"), ("#d55e00", "x")
)  # fmt: skip
MOST_COMPARED = len(_RUNS)


def curve(history: History, name: str) -> PlainFigure:
    """Draw `name` (loss or accuracy) by batch on training images and by epoch on validation images."""
    value, images = getattr(history, name), history.images_a_step
    traces = []
    for of_batches, title, line in (
        (value, "training, by batch", {"color": _PALE_BLUE, "width": 1}),
        (smoothed(value, _SMOOTHED), f"mean of {_SMOOTHED} batches", {"color": BLUE, "width": 2}),
    ):
        x, y = thin(history.step * images, of_batches, POINTS)
        traces.append(_line(x, y, name=title, line=line))
    traces.append(
        {
            "type": "scatter",
            "x": [epoch["step"] * images for epoch in history.epochs],
            "y": [epoch[f"val_{name}"] for epoch in history.epochs],
            "mode": "lines+markers",
            "name": "validation, by epoch",
            "line": {"color": ORANGE, "width": 2.5},
            "marker": {"symbol": "diamond", "size": 9},
        }
    )
    return {"data": traces, "layout": _against_images(history) | {"yaxis": _scale(name)}}


def learning_rate(history: History) -> PlainFigure:
    """Draw the learning rate at every batch."""
    x, y = thin(history.step * history.images_a_step, history.learning_rate, POINTS)
    line = _line(x, y, name="learning rate", line={"color": BLUE, "width": 2})
    layout = _against_images(history) | {"showlegend": False, "yaxis": {"rangemode": "tozero", "tickformat": ".2g"}}
    return {"data": [line], "layout": layout}


def _line(x: np.ndarray, y: np.ndarray, **how: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x.tolist(), "y": y.tolist()} | how


def _against_images(history: History) -> dict[str, Any]:
    """Lay a figure out along the images that were learnt from, with a mark where a person changed the rate."""
    changes = [(step * history.images_a_step, rate) for step, rate in history.rate_changes]
    return {
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified",
        # The same for the whole run: zoom stays while points arrive.
        "uirevision": "run",
        "xaxis": {
            "title": {"text": "images seen"},
            "range": [0, 1.02 * max(_last_batch(history), 1) * history.images_a_step],
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
    ended = history.last.get("event") == "finished"
    return int(history.step[-1]) if ended and len(history.step) else history.total_steps


def comparison(runs: Sequence[tuple[str, History]], name: str) -> PlainFigure:
    """Draw `name` (loss or accuracy) of up to five named runs: dotted on training images, with marks on validation."""
    traces = []
    for (title, history), (colour, symbol) in zip(runs, _RUNS, strict=False):
        images, same = history.images_a_step, {"name": title, "legendgroup": title}
        x, y = thin(history.step * images, smoothed(getattr(history, name), _SMOOTHED), POINTS)
        in_training = {"hovertemplate": "%{y:.4g} in training<extra>%{fullData.name}</extra>", "showlegend": False}
        traces.append(_line(x, y, line={"color": colour, "width": 1.5, "dash": "dot"}, **in_training, **same))
        traces.append(
            {
                "type": "scatter",
                "x": [epoch["step"] * images for epoch in history.epochs],
                "y": [epoch[f"val_{name}"] for epoch in history.epochs],
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
        "yaxis": _scale(name),
    }
    return {"data": traces, "layout": layout}


def _scale(name: str) -> dict[str, Any]:
    return {"tickformat": ".0%"} if name == "accuracy" else {"rangemode": "tozero"}
