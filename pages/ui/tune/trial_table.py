"""The table of trials: state, value, parameters and duration. Selecting a row opens the trial's run.

The arrow keys select one cell after another, so that a cell only offers a link.
"""

import streamlit as st

from model.tuning.record import SearchRecord
from model.tuning.study import TrialResult
from pages.ui.charts.tuning import OBJECTIVES, PARAMETERS, STATES, shown_value
from pages.ui.language import format_number
from pages.ui.translation import _
from pages.ui.tune.open_run import link_to_run_of, open_run_of

_ROW, _MOST_ROWS = 35, 9  # height of a row in pixels; rows in sight


def show(record: SearchRecord, trials: tuple[TrialResult, ...], best: TrialResult | None) -> None:
    """Draw the table, the best trial first and the others by number."""
    if not trials:
        return
    ordered = sorted(trials, key=lambda trial: (trial != best, trial.number))
    rows = [_row(record, trial, trial == best) for trial in ordered]
    with st.container(key="tune-table"):
        chosen = st.dataframe(
            rows,
            key=f"tune-rows-{record.id}",
            hide_index=True,
            on_select="rerun",
            selection_mode=["single-row", "single-cell"],
            height=_ROW * min(len(rows) + 1, _MOST_ROWS) + 3,
        )
        selection = chosen["selection"]
        cells = [row for row, _column in selection["cells"] if row < len(ordered)]
        if cells:
            link_to_run_of(ordered[cells[0]])
    rows_chosen = [row for row in selection["rows"] if row < len(ordered)]
    if rows_chosen:
        open_run_of(ordered[rows_chosen[0]].number, trials)


def _row(record: SearchRecord, trial: TrialResult, is_best: bool) -> dict[str, str]:
    value = (
        "–"
        if trial.value is None
        else format_number(trial.value, ".2%")
        if record.settings.maximize
        else format_number(trial.value, ".4f")
    )
    name = f"{trial.number} ★" if is_best else str(trial.number)
    if trial.repeats is not None:
        name = _("{number} (repeats {original})").format(number=trial.number, original=trial.repeats)
    row = {_("Trial"): name, _("State"): _(STATES[trial.state]), _(OBJECTIVES[record.settings.objective]): value}
    for parameter in record.settings.names:
        row[_(PARAMETERS[parameter])] = shown_value(trial.parameters.get(parameter, "–"))
    row[_("Seconds")] = "–" if trial.seconds is None else format_number(trial.seconds, ".0f")
    row[_("Note")] = _(trial.reason)
    return row
