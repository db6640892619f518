"""A report on a search: one HTML file with its figures and trials, which can be read offline.

Knows searches, Plotly and HTML; draws nothing with Streamlit. Everything that comes from files is escaped.
"""

from contextlib import suppress
from html import escape

import plotly.graph_objects as go

from model.tuning import results
from model.tuning.record import SearchRecord
from model.tuning.study import COMPLETE, TrialResult, open_study
from pages.ui.charts import tuning as tuning_charts
from pages.ui.charts.common import PlainFigure
from pages.ui.language import format_number
from pages.ui.report.report import chart, heading, page, table
from pages.ui.shell.labels import settings_table
from pages.ui.translation import _, translate


def search_report(record: SearchRecord, trials: tuple[TrialResult, ...]) -> str:
    """Return the report on a search as one HTML page of about 5 MB, most of it Plotly itself."""
    settings, best = record.settings, results.best(trials, record.settings)
    messages = [*results.verdict(trials, settings), results.repeat_verdict(trials, settings)]
    title = _("Search {search}").format(search=record.id)
    body = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{escape(translate(message))}</p>" for message in messages if message),
        heading(_("Validation curves")),
        _drawn(tuning_charts.curves(trials, settings, best), ""),
        *_figures(record, trials),
        heading(_("Trials")),
        _trials(record, trials),
        heading(_("Settings that did not vary")),
        table((_("Setting"), _("Value")), _settings(record)),
    ]
    return page(title, body)


def _figures(record: SearchRecord, trials: tuple[TrialResult, ...]) -> list[str]:
    settings = record.settings
    if sum(trial.state == COMPLETE for trial in trials) < 3:
        return []
    study = open_study(record)
    drawn = [heading(_("What mattered"))]
    drawn += [
        _drawn(tuning_charts.slices(study, settings, name), _(tuning_charts.PARAMETERS[name]))
        for name in settings.names
    ]
    heat = tuning_charts.heat_map(trials, settings)
    drawn += [_drawn(heat, _("Heat map"))] if heat else []
    drawn.append(_drawn(tuning_charts.optimization_history(study, settings), _("Optimization history")))
    drawn.append(_drawn(tuning_charts.parallel_coordinates(study, settings), _("Parallel coordinates")))
    with suppress(ValueError, RuntimeError):  # all trials have the same value
        drawn.append(_drawn(tuning_charts.importances(study), _("Hyperparameter importance")))
    return drawn


def _drawn(figure: PlainFigure, title: str) -> str:
    return chart(go.Figure(figure), 340, title)


def _trials(record: SearchRecord, trials: tuple[TrialResult, ...]) -> str:
    settings = record.settings
    names = [_(tuning_charts.PARAMETERS[name]) for name in settings.names]
    rows = [
        (
            str(trial.number),
            _(tuning_charts.STATES[trial.state]),
            "–" if trial.value is None else format_number(trial.value, ".4f"),
            *(tuning_charts.shown_value(trial.parameters.get(name, "–")) for name in settings.names),
            trial.run,
            _(trial.reason),
        )
        for trial in trials
    ]
    value = _(tuning_charts.OBJECTIVES[settings.objective])
    return table((_("Trial"), _("State"), value, *names, _("Run"), _("Note")), rows)


def _settings(record: SearchRecord) -> list[tuple[str, str]]:
    values = record.settings.config.to_dict()
    values |= values.pop("augmentation")
    return settings_table({name: value for name, value in values.items() if name not in record.settings.names})
