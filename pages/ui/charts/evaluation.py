"""Plotly figures of evaluations: the confusion matrix, calibration, robustness and the embedding.

Knows arrays, records of the model package and Plotly; no Streamlit, no files.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from model.evaluation.analysis import OperatingPoint, Reliability, RiskCoverageCurve
from model.evaluation.perturbations import PerturbationKind
from pages.ui.charts.common import BLUE, GREY, ORANGE, chart_text
from pages.ui.language import format_number
from pages.ui.translation import _, ngettext, translate

COUNT, BY_TRUE, BY_PREDICTED = "count", "true", "predicted"
_READABLE_CLASSES = 20  # with more, the cells of a matrix have no room for numbers
_MATRIX_PX = 370  # the height of all cells, roughly
# One colour and one symbol per class: Okabe and Ito's eight and two greys. Hovering shows the name.
_CLASSES = (
    "#3b6fe0",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#56b4e9",
    "#b8a900",
    "#7a5195",
    "#8a8f98",
    "#4d3b2f",
)
_SYMBOLS = (
    "circle",
    "diamond",
    "square",
    "triangle-up",
    "star",
    "triangle-down",
    "cross",
    "pentagon",
    "hourglass",
    "hexagram",
)

_CLASS_NAME = {"font": {"size": 15, "color": "#111"}, "bgcolor": "rgba(255,255,255,.8)", "borderpad": 2}


def confusion_matrix(confusion: np.ndarray, names: Sequence[str], dark: bool, by: str = COUNT) -> go.Figure:
    """Draw a matrix `(classes, classes)`, row = true class, column = predicted class, for a light or a dark page.

    `by` is count, or true or predicted for shares of a row or a column. Mistakes are coloured relative to the most
    common one; the diagonal is left out of the colour scale, because its thousands would hide the rest. A class without
    images, such as "not a digit", has a column but no row. The last trace has a nearly transparent square in each cell
    with `customdata` (true, predicted), so that cells can be clicked.
    """
    longest = max(map(len, names))
    names = list(map(chart_text, names))
    rows = np.flatnonzero(confusion.any(axis=1))
    shares = _shares(confusion, by)
    off_diagonal = np.where(np.eye(len(names), dtype=bool), 0, shares)[rows]
    figure = go.Figure(layout_template="none")
    figure.add_heatmap(
        z=off_diagonal,
        x=names,
        y=[names[int(i)] for i in rows],
        colorscale=[[0, "rgba(230,159,0,0)"], [0.4, "rgba(230,159,0,.5)"], [1, "rgba(213,94,0,.8)"]],
        zmin=0,
        zmax=float(off_diagonal.max(initial=0)) or 1,
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    if len(names) <= _READABLE_CLASSES:
        text = {"size": 13 if by == COUNT else 11, "color": "#fff" if dark else "#111"}
        figure.add_scatter(**_numbers(shares, names, by), textfont=text)
    for row, column in enumerate(rows):
        edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", **edges, line={"color": BLUE, "width": 1.5}, fillcolor="rgba(59,111,224,.12)")
    figure.add_scatter(**_squares(confusion, rows, names))
    figure.update_layout(
        margin={"l": 24 + 7 * longest, "r": 8, "t": 8, "b": 50},
        xaxis=_class_axis(_("Predicted class")) | {"range": [-0.5, len(names) - 0.5]},
        yaxis=_class_axis(_("True class")) | {"range": [len(rows) - 0.5, -0.5]},
        dragmode=False,
        showlegend=False,
    )
    return figure


def describe_matrix(confusion: np.ndarray) -> str:
    """Return the description of a matrix for screen readers."""
    text = _("Confusion matrix of {n} images in {classes} classes: true classes in rows, predicted classes in columns.")
    return text.format(n=format_number(confusion.sum(), ","), classes=len(confusion))


def _class_axis(title: str) -> dict:
    plain = {"fixedrange": True, "showgrid": False, "showline": False, "zeroline": False, "ticks": ""}
    return {"title": {"text": title, "standoff": 8}, "type": "category", **plain}


def _shares(confusion: np.ndarray, by: str) -> np.ndarray:
    if by == COUNT:
        return confusion
    sums = confusion.sum(axis=1, keepdims=True) if by == BY_TRUE else confusion.sum(axis=0, keepdims=True)
    return confusion / np.maximum(sums, 1)


def _numbers(shares: np.ndarray, names: Sequence[str], by: str) -> dict:
    """Return the numbers of a matrix as a text trace. A heatmap's own text gets the wrong colour on translucent cells.

    Zeros are left out, because a matrix full of zeros hides its few mistakes.
    """
    true, predicted = np.nonzero(shares)
    values = shares[true, predicted]
    return {
        "x": [names[int(i)] for i in predicted],
        "y": [names[int(i)] for i in true],
        "text": [f"{value}" if by == COUNT else format_number(value, ".1%") for value in values],
        "mode": "text",
        "hoverinfo": "skip",
    }


def _squares(confusion: np.ndarray, rows: np.ndarray, names: Sequence[str]) -> dict:
    cells = [(int(true), predicted) for true in rows for predicted in range(len(names))]
    return {
        "x": [names[predicted] for _, predicted in cells],
        "y": [names[true] for true, _ in cells],
        "customdata": cells,
        "text": [
            ngettext("{n} image", "{n} images", n).format(n=format_number(n, ","))
            for n in (confusion[cell] for cell in cells)
        ],
        "hovertemplate": _("true class %{y}, predicted as %{x}: %{text}<extra></extra>"),
        "mode": "markers",
        "marker": {"symbol": "square", "size": _MATRIX_PX / len(names), "color": BLUE, "opacity": 0.01},
    }


def reliability(bins: Reliability) -> go.Figure:
    """Draw the accuracy of each bin of predictions against their mean confidence."""
    figure = go.Figure(layout_template="none")
    middle, width = (bins.edges[1:] + bins.edges[:-1]) / 2, np.diff(bins.edges)
    filled = bins.count > 0
    figure.add_bar(
        x=middle[filled].tolist(),
        y=bins.accuracy[filled].tolist(),
        width=(0.92 * width[filled]).tolist(),
        marker={"color": BLUE, "opacity": 0.25},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=bins.confidence[filled].tolist(),
        y=bins.accuracy[filled].tolist(),
        mode="markers",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 10, "color": BLUE},
        customdata=bins.count[filled].tolist(),
        hovertemplate=_("confidence %{x:.2%}: %{y:.2%} of %{customdata:,} correct<extra></extra>"),
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )
    return _percent_axes(figure, _("Confidence"), _("Accuracy"), [0, 1.02])


def confidence_histogram(bins: Reliability) -> go.Figure:
    """Draw how many predictions each bin of confidence has, on a log scale because high bars would hide low ones."""
    figure = go.Figure(layout_template="none")
    figure.add_bar(
        x=((bins.edges[1:] + bins.edges[:-1]) / 2).tolist(),
        y=bins.count.tolist(),
        width=(0.92 * np.diff(bins.edges)).tolist(),
        marker={"color": BLUE},
        hovertemplate=_("confidence %{x:.0%}, images: %{y:,}<extra></extra>"),
    )
    _percent_axes(figure, _("Confidence"), _("Images"), None)
    figure.update_yaxes(type="log", tickformat="~s", dtick=1)
    return figure


def accuracy_by_coverage(curve: RiskCoverageCurve, chosen: OperatingPoint, points: int = 400) -> go.Figure:
    """Draw the accuracy of the accepted predictions against their share of all images, with the chosen point."""
    keep = np.unique(np.linspace(0, len(curve.share) - 1, min(points, len(curve.share))).astype(int))
    figure = go.Figure(layout_template="none")
    figure.add_scatter(
        x=curve.share[keep].tolist(),
        y=curve.accuracy[keep].tolist(),
        mode="lines",
        line={"color": BLUE, "width": 2},
        customdata=curve.threshold[keep].tolist(),
        hovertemplate=_("threshold %{customdata:.3f}: %{x:.1%} accepted, %{y:.2%} of these correct<extra></extra>"),
    )
    if chosen.share:
        figure.add_scatter(
            x=[chosen.share],
            y=[chosen.accuracy],
            mode="markers",
            marker={"size": 11, "color": ORANGE},
            hovertemplate=_("your threshold: %{x:.1%} accepted, %{y:.2%} of these correct<extra></extra>"),
        )
    lowest = float(curve.accuracy[len(curve.accuracy) // 20 :].min(initial=1.0))
    room = 0.1 * (1 - lowest) + 0.0005
    return _percent_axes(figure, _("Accepted images"), _("Accuracy of these"), [lowest - room, 1 + room])


def _percent_axes(figure: go.Figure, x: str, y: str, y_range: list[float] | None) -> go.Figure:
    figure.update_layout(
        margin={"l": 56, "r": 12, "t": 8, "b": 44},
        showlegend=False,
        xaxis={"title": {"text": x}, "range": [0, 1.005], "tickformat": ".0%", "fixedrange": True},
        yaxis={"title": {"text": y}, "fixedrange": True}
        | ({"range": y_range, "tickformat": ".3~p"} if y_range else {}),
        dragmode=False,
    )
    return figure


def robustness(kind: PerturbationKind, strengths: Sequence[float], accuracies: Sequence[float]) -> go.Figure:
    """Draw accuracy against the strength of one perturbation; a diamond marks the unperturbed images."""
    figure = go.Figure(layout_template="none")
    symbols = ["diamond" if strength == kind.neutral else "circle" for strength in strengths]
    figure.add_scatter(
        x=list(strengths),
        y=list(accuracies),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9, "symbol": symbols, "color": [ORANGE if s == "diamond" else BLUE for s in symbols]},
        hovertemplate=_("%{x:g}: accuracy %{y:.1%}<extra></extra>"),
    )
    figure.update_layout(
        margin={"l": 48, "r": 12, "t": 6, "b": 40},
        showlegend=False,
        xaxis={"title": {"text": translate(kind.unit)}, "tickvals": list(strengths), "fixedrange": True},
        yaxis={"range": [0, 1.03], "tickformat": ".0%", "fixedrange": True},
        dragmode=False,
    )
    return figure


def embedding(
    points: np.ndarray, labels: np.ndarray, predicted: np.ndarray, indices: np.ndarray, names: Sequence[str]
) -> go.Figure:
    """Draw images as points `(n, 2)`, by true class, named in the middle of its points; misclassified ones as crosses.

    `customdata` is the number of the test image.
    """
    names = list(map(chart_text, names))
    figure = go.Figure(layout_template="none")
    right = labels == predicted
    for label in np.unique(labels):
        for group, symbol, size in ((right, _SYMBOLS[label % len(_SYMBOLS)], 6), (~right, "x", 10)):
            chosen = group & (labels == label)
            if chosen.any():
                figure.add_scatter(**_points(points, predicted, indices, names, int(label), chosen, symbol, size))
        x, y = np.median(points[labels == label], axis=0).tolist()
        figure.add_annotation(x=x, y=y, text=f"<b>{names[label]}</b>", showarrow=False, **_CLASS_NAME)
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        xaxis={"visible": False},
        yaxis={"visible": False},
        hovermode="closest",
        dragmode="pan",
    )
    return figure


def _points(
    points: np.ndarray,
    predicted: np.ndarray,
    indices: np.ndarray,
    names: Sequence[str],
    label: int,
    chosen: np.ndarray,
    symbol: str,
    size: int,
) -> dict:
    colour = _CLASSES[label % len(_CLASSES)]
    wrong = symbol == "x"
    misclassified = _("{true} predicted as {predicted}")
    return {
        "x": points[chosen, 0].tolist(),
        "y": points[chosen, 1].tolist(),
        "customdata": indices[chosen].tolist(),
        "mode": "markers",
        "name": names[label],
        "legendgroup": names[label],
        "showlegend": not wrong,
        "text": [
            misclassified.format(true=names[label], predicted=names[k]) if wrong else names[label]
            for k in predicted[chosen]
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": symbol, "size": size, "color": colour, "opacity": 1 if wrong else 0.6}
        | ({"line": {"width": 1, "color": "#111"}} if wrong else {}),
    }
