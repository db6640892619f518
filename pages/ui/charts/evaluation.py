"""Plotly figures of evaluations: the confusion matrix, how far confidence can be believed, robustness, a map of images.

Knows arrays, records of the model package and Plotly; no Streamlit, no files.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from model.evaluation.analysis import Reliability, RiskCoverageCurve
from model.evaluation.perturbations import PerturbationKind
from pages.ui.charts.common import BLUE, GREY, ORANGE

COUNT, BY_TRUE, BY_PREDICTED = "count", "true", "predicted"
_READABLE_CLASSES = 20  # of a matrix whose cells have room for a number
_MATRIX_PX = 370  # of the cells' side, about
# Ten classes told apart by colour and, where the mouse is, by name; Okabe and Ito's eight and two greys.
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


def confusion_matrix(confusion: np.ndarray, names: Sequence[str], dark: bool, by: str = COUNT) -> go.Figure:
    """Draw a matrix `(classes, classes)`, true classes down and predicted ones across, for a light or a dark page.

    `by` is count, or true or predicted for shares of a row or a column. The colour of a cell is its share of the other
    mistakes; the diagonal is left out of the scale, or its thousands would drown the rest. A class that no image is
    of, such as "no digit", has a column and no row. The last trace holds one square a cell, nearly transparent, whose
    `customdata` is (true, predicted): it is marked when it is clicked, as cells of a heatmap can't be.
    """
    rows = np.flatnonzero(confusion.any(axis=1))
    shares = _shares(confusion, by)
    off_diagonal = np.where(np.eye(len(names), dtype=bool), 0, shares)[rows]
    figure = go.Figure(layout_template="none")
    figure.add_heatmap(
        z=off_diagonal,
        x=list(names),
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
        as_ever = {"textfont": {"color": text["color"]}}  # Plotly would let all but the clicked cell's number fade
        figure.add_scatter(**_numbers(shares, names, by), textfont=text, unselected=as_ever)
    for row, column in enumerate(rows):
        edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", **edges, line={"color": BLUE, "width": 1.5}, fillcolor="rgba(59,111,224,.12)")
    figure.add_scatter(**_squares(confusion, rows, names))
    figure.update_layout(
        margin={"l": 24 + 7 * max(map(len, names)), "r": 8, "t": 8, "b": 50},
        xaxis=_of_classes("predicted") | {"range": [-0.5, len(names) - 0.5]},
        yaxis=_of_classes("true") | {"range": [len(rows) - 0.5, -0.5]},
        dragmode=False,
        clickmode="event+select",
        uirevision="matrix",  # the mark stays while the page is drawn again
        showlegend=False,
    )
    return figure


def _of_classes(title: str) -> dict:
    plain = {"fixedrange": True, "showgrid": False, "showline": False, "zeroline": False, "ticks": ""}
    return {"title": {"text": title, "standoff": 8}, "type": "category", **plain}


def _shares(confusion: np.ndarray, by: str) -> np.ndarray:
    if by == COUNT:
        return confusion
    sums = confusion.sum(axis=1, keepdims=True) if by == BY_TRUE else confusion.sum(axis=0, keepdims=True)
    return confusion / np.maximum(sums, 1)


def _numbers(shares: np.ndarray, names: Sequence[str], by: str) -> dict:
    """The numbers of a matrix as text: a heatmap's own guesses wrongly what is behind it where colours are translucent.

    Zeros stay empty: a matrix of zeros hides its few mistakes.
    """
    true, predicted = np.nonzero(shares)
    values = shares[true, predicted]
    return {
        "x": [names[int(i)] for i in predicted],
        "y": [names[int(i)] for i in true],
        "text": [f"{value}" if by == COUNT else f"{value:.1%}" for value in values],
        "mode": "text",
        "hoverinfo": "skip",
    }


def _squares(confusion: np.ndarray, rows: np.ndarray, names: Sequence[str]) -> dict:
    cells = [(int(true), predicted) for true in rows for predicted in range(len(names))]
    return {
        "x": [names[predicted] for _, predicted in cells],
        "y": [names[true] for true, _ in cells],
        "customdata": cells,
        "text": [f"{confusion[cell]:,}" for cell in cells],
        "hovertemplate": "true %{y}, predicted %{x}: %{text} images<extra></extra>",
        "mode": "markers",
        "marker": {"symbol": "square", "size": _MATRIX_PX / len(names), "color": BLUE, "opacity": 0.01},
        "selected": {"marker": {"opacity": 0.35}},
        "unselected": {"marker": {"opacity": 0.01}},
    }


def reliability(bins: Reliability) -> go.Figure:
    """Draw for each bin of confidence how often it was right, at how sure its answers were in mean."""
    figure = go.Figure(layout_template="none")
    middle, width = (bins.edges[1:] + bins.edges[:-1]) / 2, np.diff(bins.edges)
    there = bins.count > 0
    figure.add_bar(
        x=middle[there].tolist(),
        y=bins.accuracy[there].tolist(),
        width=(0.92 * width[there]).tolist(),
        marker={"color": BLUE, "opacity": 0.25},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=bins.confidence[there].tolist(),
        y=bins.accuracy[there].tolist(),
        mode="markers",
        name="right",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 10, "color": BLUE},
        customdata=bins.count[there].tolist(),
        hovertemplate="sure %{x:.2%}: %{y:.2%} of %{customdata:,} right<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="as sure as right",
        line={"color": GREY, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )
    return _shares_across(figure, "probability of the answer", "share that is right", [0, 1.02])


def confidence_histogram(bins: Reliability) -> go.Figure:
    """Draw how many answers there are in each bin of confidence; high bars would hide the low ones, so by powers."""
    figure = go.Figure(layout_template="none")
    figure.add_bar(
        x=((bins.edges[1:] + bins.edges[:-1]) / 2).tolist(),
        y=bins.count.tolist(),
        width=(0.92 * np.diff(bins.edges)).tolist(),
        marker={"color": BLUE},
        hovertemplate="sure %{x:.0%}: %{y:,} images<extra></extra>",
    )
    _shares_across(figure, "probability of the answer", "images", None)
    figure.update_yaxes(type="log", tickformat="~s", dtick=1)
    return figure


def answered(curve: RiskCoverageCurve, points: int = 400) -> go.Figure:
    """Draw the accuracy of what is answered against the share that is answered."""
    keep = np.unique(np.linspace(0, len(curve.share) - 1, min(points, len(curve.share))).astype(int))
    figure = go.Figure(layout_template="none")
    figure.add_scatter(
        x=curve.share[keep].tolist(),
        y=curve.accuracy[keep].tolist(),
        mode="lines",
        line={"color": BLUE, "width": 2},
        customdata=curve.threshold[keep].tolist(),
        hovertemplate="answers %{x:.1%}, %{y:.2%} of them right, from %{customdata:.3f} on<extra></extra>",
    )
    lowest = float(curve.accuracy[len(curve.accuracy) // 20 :].min(initial=1.0))
    return _shares_across(figure, "share of the images that is answered", "share that is right", [lowest - 0.002, 1])


def _shares_across(figure: go.Figure, x: str, y: str, y_range: list[float] | None) -> go.Figure:
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
    """Draw accuracy against the strength of one perturbation, the unperturbed point marked."""
    figure = go.Figure(layout_template="none")
    symbols = ["diamond" if strength == kind.neutral else "circle" for strength in strengths]
    figure.add_scatter(
        x=list(strengths),
        y=list(accuracies),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9, "symbol": symbols, "color": [ORANGE if s == "diamond" else BLUE for s in symbols]},
        hovertemplate="%{x:g}: %{y:.1%} right<extra></extra>",
    )
    figure.update_layout(
        margin={"l": 48, "r": 12, "t": 6, "b": 40},
        showlegend=False,
        xaxis={"title": {"text": kind.unit}, "tickvals": list(strengths), "fixedrange": True},
        yaxis={"range": [0, 1.03], "tickformat": ".0%", "fixedrange": True},
        dragmode=False,
    )
    return figure


def image_map(
    points: np.ndarray, labels: np.ndarray, predicted: np.ndarray, indices: np.ndarray, names: Sequence[str]
) -> go.Figure:
    """Draw images as points `(n, 2)`, coloured by true class; mistakes are crosses. `customdata` is the test image."""
    figure = go.Figure(layout_template="none")
    right = labels == predicted
    for label in np.unique(labels):
        for of, symbol, size in ((right, "circle", 5), (~right, "x", 10)):
            chosen = of & (labels == label)
            if chosen.any():
                figure.add_scatter(**_cloud(points, predicted, indices, names, int(label), chosen, symbol, size))
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        xaxis={"visible": False},
        yaxis={"visible": False},
        hovermode="closest",
        dragmode="pan",
    )
    return figure


def _cloud(
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
    return {
        "x": points[chosen, 0].tolist(),
        "y": points[chosen, 1].tolist(),
        "customdata": indices[chosen].tolist(),
        "mode": "markers",
        "name": names[label],
        "legendgroup": names[label],
        "showlegend": not wrong,
        "text": [f"{names[label]} read as {names[guess]}" if wrong else names[label] for guess in predicted[chosen]],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": symbol, "size": size, "color": colour, "opacity": 1 if wrong else 0.6}
        | ({"line": {"width": 1, "color": "#111"}} if wrong else {}),
    }
