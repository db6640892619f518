"""Plotly figures of the lesson: the loss of one training by epoch, small, and the parameters of each layer.

Knows histories and Plotly; no Streamlit.
"""

from collections.abc import Sequence

import numpy as np

from model.runs.curves import History
from pages.ui.charts.common import BLUE, GREY, ORANGE, PlainFigure, chart_text
from pages.ui.language import format_number
from pages.ui.translation import _

_MOST_LOSS = 0.8  # of the axis, the same for all networks


def losses(history: History, with_validation: bool) -> PlainFigure:
    """Draw the mean training loss of each epoch, and the validation loss after it if `with_validation`."""
    epochs = [epoch.epoch for epoch in history.epochs]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": epochs,
            "y": training_losses(history),
            "name": _("training"),
            "line": {"color": BLUE, "width": 2.5},
            "hovertemplate": _("training: %{y:.3f}") + "<extra></extra>",
        }
    ]
    if with_validation:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": epochs,
                "y": [epoch.val_loss for epoch in history.epochs],
                "name": _("validation"),
                "line": {"color": ORANGE, "width": 2},
                "marker": {"symbol": "diamond", "size": 5},
                "hovertemplate": _("validation: %{y:.3f}") + "<extra></extra>",
            }
        )
    layout = {
        "margin": {"l": 48, "r": 8, "t": 6, "b": 36},
        "showlegend": False,
        "xaxis": {"title": {"text": _("epoch")}, "fixedrange": True, "range": [0, epochs[-1] + 0.5], "zeroline": False},
        "yaxis": {
            "title": {"text": _("loss")},
            "range": [0, _MOST_LOSS],
            "tickvals": [0, 0.4, 0.8],
            "fixedrange": True,
        },
        "hovermode": "x unified",
        "dragmode": False,
    }
    return {"data": traces, "layout": layout}


def training_losses(history: History) -> list[float]:
    """Return the mean loss of each epoch's batches."""
    ends = [epoch.step for epoch in history.epochs]
    numbers = np.searchsorted(ends, history.step)
    return [float(history.loss[numbers == number].mean()) for number in range(len(ends))]


def last_training_accuracy(history: History) -> float:
    """Return the share of training images that were classified correctly in the last epoch, in [0, 1]."""
    start = history.epochs[-2].step if len(history.epochs) > 1 else 0
    return float(history.accuracy[history.step > start].mean())


def parameters(names: Sequence[str], counts: Sequence[int]) -> PlainFigure:
    """Draw one bar for each layer with its number of parameters; the largest is highlighted."""
    largest = max(counts)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": list(counts),
        "y": [chart_text(name) for name in names],
        "text": [format_number(n, ",") for n in counts],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [BLUE if n == largest else GREY for n in counts]},
        "hovertemplate": "%{y}: %{x:,}<extra></extra>",
    }
    layout = {
        "margin": {"l": 16 + 7 * max(map(len, names)), "r": 76, "t": 4, "b": 8},
        "showlegend": False,
        "xaxis": {"visible": False, "fixedrange": True, "range": [0, largest]},
        "yaxis": {"type": "category", "autorange": "reversed", "fixedrange": True, "showgrid": False},
        "dragmode": False,
    }
    return {"data": [bars], "layout": layout}
