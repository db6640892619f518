"""Plotly figures of a search: validation curves of all trials, Optuna's plots in our theme, and a heat map.

Points that belong to a trial have its number as `customdata`, so that they can be clicked. No Streamlit, no files.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from model.messages import N_
from model.tuning.settings import TuningSettings
from model.tuning.study import COMPLETE, FAILED, PRUNED, RUNNING, TrialResult
from pages.ui.charts.common import BLUE, GREY, ORANGE, PlainFigure, chart_text
from pages.ui.language import format_number
from pages.ui.translation import _

if TYPE_CHECKING:
    import optuna
    import plotly.graph_objects as go

STATES = {RUNNING: N_("running"), COMPLETE: N_("complete"), PRUNED: N_("stopped early"), FAILED: N_("failed")}
OBJECTIVES = {"accuracy": N_("Validation accuracy"), "loss": N_("Validation loss")}
PARAMETERS = {
    "learning_rate": N_("Learning rate"),
    "batch_size": N_("Batch size"),
    "epochs": N_("Epochs"),
    "optimizer": N_("Optimizer"),
    "schedule": N_("Schedule"),
    "preset": N_("Network"),
    "blocks": N_("Blocks of convolutions"),
    "filters": N_("Filters of the first block"),
    "dense_units": N_("Neurons of the dense layer"),
    "dropout": N_("Dropout"),
    "augmentation": N_("Augmentation strength"),
    "train_images": N_("Training images"),
}

_SCALE: list[tuple[float, str]] = [
    (0.0, "#9aa3b2"),
    (0.5, "#5f8be8"),
    (1.0, "#e69f00"),
]  # worst to best; each is visible in both themes
_MARGIN = {"l": 56, "r": 12, "t": 8, "b": 40}
_MOST_CELLS = 20  # values of one hyperparameter in a heat map
_DASHES = {RUNNING: "dash", PRUNED: "dot"}  # how the line of a trial that isn't complete is drawn


def shown_value(value: object) -> str:
    """Return the value of a hyperparameter with three digits; whole numbers have all of theirs."""
    return format_number(value, ".3g") if isinstance(value, float) else str(value)


def curves(
    trials: Sequence[TrialResult], settings: TuningSettings, best: TrialResult | None, zoomed: bool = False
) -> PlainFigure:
    """Draw the objective of every trial after each epoch, the best one on top and in colour.

    Pruned trials are dotted, running ones dashed. With `zoomed` the axis shows the better half of the trials.
    """
    ordered = sorted((trial for trial in trials if trial.curve), key=lambda trial: trial == best)
    traces = [_curve(trial, trial == best) for trial in ordered]
    epochs = max((trial.curve[-1][0] for trial in ordered), default=1)
    layout = {
        "margin": _MARGIN,
        "showlegend": False,
        "hovermode": "closest",
        "uirevision": f"curves-{zoomed}",
        "xaxis": {"title": {"text": _("epoch")}, "range": [0.7, epochs + 0.3], "dtick": max(1, epochs // 10)},
        "yaxis": _value_axis(settings) | (_zoomed_range(ordered, settings) if zoomed else {}),
    }
    return {"data": traces, "layout": layout}


def _curve(trial: TrialResult, is_best: bool) -> dict[str, Any]:
    colour = BLUE if is_best else ORANGE if trial.state == RUNNING else GREY
    label = chart_text(_("trial {number}").format(number=trial.number))
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [epoch for epoch, _value in trial.curve],
        "y": [value for _epoch, value in trial.curve],
        "name": label,
        "customdata": [trial.number] * len(trial.curve),
        "line": {"color": colour, "width": 3 if is_best else 1.5, "dash": _DASHES.get(trial.state, "solid")},
        "marker": {"size": 9 if is_best else 6, "symbol": "diamond" if is_best else "circle"},
        "hovertemplate": "%{y:.4g} · " + hover_parameters(trial) + f"<extra>{label}</extra>",
    }


def hover_parameters(trial: TrialResult) -> str:
    """Return a trial's hyperparameters, one per line, for the label under the mouse."""
    lines = (f"{_(PARAMETERS[name])} {shown_value(value)}" for name, value in trial.parameters.items())
    return "<br>".join(map(chart_text, lines))


def _zoomed_range(trials: Sequence[TrialResult], settings: TuningSettings) -> dict[str, Any]:
    """Return the range of the values that the better half of the trials reached."""
    ends = sorted((trial.curve[-1][1] for trial in trials), reverse=settings.maximize)
    if len(ends) < 2:
        return {}
    values = [
        value for trial in trials if trial.curve[-1][1] in ends[: (len(ends) + 1) // 2] for _e, value in trial.curve
    ]
    low, high = min(values), max(values)
    room = max(0.05 * (high - low), 1e-4)
    return {"range": [low - room, high + room]}


def _value_axis(settings: TuningSettings) -> dict[str, Any]:
    title = {"text": _(OBJECTIVES[settings.objective])}
    return {"title": title, "tickformat": ".1~%" if settings.maximize else "~g", "automargin": True}


def optimization_history(study: "optuna.Study", settings: TuningSettings) -> PlainFigure:
    """Draw the value of each complete trial, and the best value so far."""
    from optuna.visualization import plot_optimization_history

    figure = _plain(plot_optimization_history(study, target_name=_(OBJECTIVES[settings.objective])))
    figure["data"] = [trace for trace in figure["data"] if trace["x"]]
    for trace in figure["data"]:
        is_best = trace.get("mode") == "lines"
        trace["name"] = _("best so far") if is_best else _("trial")
        trace |= {"line": {"color": BLUE, "shape": "hv"}} if is_best else {"marker": {"color": ORANGE, "size": 8}}
        if not is_best:
            trace["customdata"] = list(trace["x"])
    figure["layout"] |= {"yaxis": _value_axis(settings), "xaxis": {"title": {"text": _("trial")}, "dtick": None}}
    return figure


def slices(study: "optuna.Study", settings: TuningSettings, name: str) -> PlainFigure:
    """Draw the value of each complete trial against one of its hyperparameters."""
    from optuna.visualization import plot_slice

    figure = _plain(plot_slice(study, params=[name], target_name=_(OBJECTIVES[settings.objective])))
    for trace in figure["data"]:
        numbers = list(trace["marker"]["color"])
        trace["x"] = [x.strip("'") if isinstance(x, str) else x for x in trace["x"]]
        trace["customdata"] = numbers
        trace["marker"] = {"color": BLUE, "size": 10}
        label = _("trial {number}").format(number="%{customdata}")
        trace["hovertemplate"] = "%{x}: %{y:.4g}" + f"<extra>{label}</extra>"
    axis = figure["layout"].get("xaxis", {})
    figure["layout"] |= {
        "yaxis": _value_axis(settings),
        "xaxis": {"type": axis.get("type"), "title": {"text": _(PARAMETERS[name])}, "tickformat": "~g"},
    }
    return figure


def parallel_coordinates(study: "optuna.Study", settings: TuningSettings) -> PlainFigure:
    """Draw one line per complete trial, across one axis for each hyperparameter and one for the value."""
    from optuna.visualization import plot_parallel_coordinate

    figure = _plain(plot_parallel_coordinate(study, target_name=_(OBJECTIVES[settings.objective])))
    # Optuna sorts the lines by some of the hyperparameters and doesn't number them; the same plot of the numbers does.
    numbered = plot_parallel_coordinate(study, target=lambda trial: trial.number, target_name="number")
    numbers = [int(trace["customdata"][0][1]) for trace in _lines(_plain(numbered))]
    values = {trial.number: trial.value or 0.0 for trial in study.get_trials(deepcopy=False)}
    ranked = sorted(numbers, key=lambda number: values[number], reverse=not settings.maximize)
    lines = _lines(figure)
    for trace, number in zip(lines, numbers, strict=True):
        trace["customdata"] = [[*map(str, cell), number] for cell in trace["customdata"]]
        trace["line"] |= {"color": _colour(ranked.index(number) / max(len(ranked) - 1, 1)), "width": 2}
        trace |= {"opacity": 0.9, "mode": "lines+markers", "marker": {"size": 6, "color": trace["line"]["color"]}}
    figure["data"] = lines  # without the colour bar: the first axis shows the values
    layout = figure["layout"]
    layout["xaxis"]["ticktext"] = [_title(text) for text in layout["xaxis"]["ticktext"]]
    layout["margin"] = {"l": 48, "r": 48, "t": 12, "b": 32}
    for tick in layout.get("annotations", ()):  # in the page's colour, also in the dark theme
        tick["font"] = {"size": 11}
    return figure


def _lines(figure: PlainFigure) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace.get("mode") == "lines" and trace.get("customdata")]


def _title(name: str) -> str:
    return chart_text(_(PARAMETERS[name]) if name in PARAMETERS else name)


def importances(study: "optuna.Study") -> PlainFigure:
    """Draw the share of the values' variance that each hyperparameter explains (fANOVA)."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    names = [chart_text(_(PARAMETERS[name])) for name in shares]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": list(shares.values()),
        "y": names,
        "marker": {"color": BLUE},
        "text": [format_number(share, ".0%") for share in shares.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    layout = {
        "margin": {"l": 8, "r": 48, "t": 8, "b": 40},
        "xaxis": {"title": {"text": _("share of the variance")}, "tickformat": ".0%", "range": [0, 1.05]},
        "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False},
        "uirevision": "importances",
    }
    return {"data": [bars], "layout": layout}


def heat_map(trials: Sequence[TrialResult], settings: TuningSettings) -> PlainFigure | None:
    """Draw the mean value of each combination of the two hyperparameters that vary; None if it would be no grid."""
    if len(settings.names) != 2:
        return None
    complete = [trial for trial in trials if trial.state == COMPLETE and trial.value is not None]
    across, down = settings.names
    columns, rows = (_sorted({trial.parameters[name] for trial in complete}) for name in (across, down))
    if not complete or max(len(columns), len(rows)) > _MOST_CELLS or len(columns) * len(rows) > 2 * len(complete):
        return None
    cells: dict[tuple[Any, Any], list[TrialResult]] = {}
    for trial in complete:
        cells.setdefault((trial.parameters[across], trial.parameters[down]), []).append(trial)
    means = [[_mean(cells.get((column, row))) for column in columns] for row in rows]
    firsts = [
        (column, row, cells[column, row][0].number) for row in rows for column in columns if (column, row) in cells
    ]
    x, y = [list(map(shown_value, values)) for values in (columns, rows)]
    written = ".1%" if settings.maximize else ".3g"
    heat = {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": means,
        "colorscale": [[0.0, "#e8edf8"], [1.0, BLUE]],
        "reversescale": not settings.maximize,
        "text": [["" if mean is None else format(mean, written) for mean in row] for row in means],
        "texttemplate": "%{text}",
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hovertemplate": "%{x}, %{y}: %{text}<extra></extra>",
    }
    clicks = {
        "type": "scatter",
        "mode": "markers",
        "x": [shown_value(column) for column, _row, _number in firsts],
        "y": [shown_value(row) for _column, row, _number in firsts],
        "customdata": [number for _column, _row, number in firsts],
        "marker": {"opacity": 0, "size": 20},
        "hoverinfo": "skip",
    }
    layout = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 40},
        "showlegend": False,
        "uirevision": "heat-map",
        "xaxis": {"type": "category", "title": {"text": _(PARAMETERS[across])}, "showgrid": False, "fixedrange": True},
        "yaxis": {"type": "category", "title": {"text": _(PARAMETERS[down])}, "automargin": True}
        | {"showgrid": False, "fixedrange": True},
    }
    return {"data": [heat, clicks], "layout": layout}


def _sorted(values: set[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def _mean(trials: list[TrialResult] | None) -> float | None:
    return sum(trial.value or 0.0 for trial in trials) / len(trials) if trials else None


def _colour(share: float) -> str:
    """Return the colour of a share from 0 (worst) to 1 (best)."""
    for (low, first), (high, last) in pairwise(_SCALE):
        if low <= share <= high:
            part = (share - low) / (high - low)
            mixed = [
                round(int(a, 16) + part * (int(b, 16) - int(a, 16)))
                for a, b in ((first[i : i + 2], last[i : i + 2]) for i in (1, 3, 5))
            ]
            return "#" + "".join(f"{channel:02x}" for channel in mixed)
    return str(_SCALE[-1][1])


def _plain(figure: "go.Figure") -> PlainFigure:
    """Return one of Optuna's figures as plain values without its title, colours and template: ours is the page's."""
    values: PlainFigure = json.loads(figure.to_json(engine="json"))
    layout = values["layout"]
    for name in ("template", "title", "plot_bgcolor", "paper_bgcolor", "width", "height"):
        layout.pop(name, None)
    layout |= {"margin": _MARGIN, "uirevision": "study"}
    layout["legend"] = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    return values
