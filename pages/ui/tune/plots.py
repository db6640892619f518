"""The plots of a search: curves of all trials, then Optuna's, then a heat map. A click on a trial opens its run."""

from typing import Any

import streamlit as st

from model.messages import N_
from model.tuning.record import SearchRecord
from model.tuning.study import COMPLETE, TrialResult
from pages.ui import glossary
from pages.ui.charts import tuning as tuning_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.language import format_number
from pages.ui.translation import _
from pages.ui.tune import help
from pages.ui.tune.open_run import open_run_of
from pages.ui.tune.study_cache import figure

_HEIGHT, _REACH = 320, 28  # pixels; of a chart, and from a click to its point
_LEAST_TRIALS = 3
PLOTS = {
    "history": N_("Optimization history"),
    "slice": N_("Slices"),
    "parallel": N_("Parallel coordinates"),
    "importances": N_("Hyperparameter importance"),
    "heat": N_("Heat map"),
}


def curves(record: SearchRecord, trials: tuple[TrialResult, ...], best: TrialResult | None) -> None:
    """Draw the validation curves of all trials over one another."""
    title = _(tuning_charts.OBJECTIVES[record.settings.objective])
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(_("**{title} of every trial**").format(title=title), width="stretch")
        zoomed = st.toggle(_("Zoom in"), key="tune-zoom", persist_state="session", width="content")
    drawn = tuning_charts.curves(trials, record.settings, best, zoomed)
    if best and best.value is not None:
        text = _("{title} of {n} trials after each epoch; the best is trial {number} with {value}")
        described = text.format(title=title, n=len(trials), number=best.number, value=format_number(best.value, ".4g"))
    else:
        described = _("{title} of {n} trials after each epoch").format(title=title, n=len(trials))
    with st.container(key="tune-curves"):
        _chart(drawn, f"tune-curves-{record.id}", described, trials)
    st.caption(f"{_(help.DOTS)} {_(help.CLICK)}")


def more(record: SearchRecord, trials: tuple[TrialResult, ...]) -> None:
    """Draw the plot that the visitor has chosen, once there are enough trials."""
    if sum(trial.state == COMPLETE for trial in trials) < _LEAST_TRIALS:
        if trials:
            st.caption(_(help.MORE_PLOTS))
        return
    heat = tuning_charts.heat_map(trials, record.settings)
    missing = set() if heat else {"heat"}
    if len(record.settings.names) < 2:  # a single hyperparameter explains everything
        missing.add("importances")
    offered = [name for name in PLOTS if name not in missing]
    chosen = st.segmented_control(
        _("Plot"),
        offered,
        default="heat" if heat else "slice",
        key=f"tune-plot-{len(offered)}",
        format_func=lambda name: _(PLOTS[name]),
        required=True,
        label_visibility="collapsed",
    )
    with st.container(key="tune-plot"):
        if chosen == "slice":
            _slices(record, trials)
        elif chosen == "heat":
            _chart(heat, f"tune-heat-{record.id}", _(PLOTS[chosen]), trials)
        else:
            drawn = figure(record, trials, str(chosen))
            _chart(drawn, "-".join(("tune", str(chosen), record.id)), _(PLOTS[str(chosen)]), trials)
    if chosen == "parallel":
        st.caption(glossary.explain("Parallel coordinates"))
    elif chosen == "importances":
        st.caption(glossary.explain("Hyperparameter importance"))


def _slices(record: SearchRecord, trials: tuple[TrialResult, ...]) -> None:
    names = record.settings.names
    for start in range(0, len(names), 2):
        for column, name in zip(st.columns(min(len(names), 2)), names[start : start + 2], strict=False):
            with column:
                drawn = figure(record, trials, "slice", name)
                _chart(drawn, "-".join(("tune-slice", name, record.id)), _(tuning_charts.PARAMETERS[name]), trials)


def _chart(drawn: Any, key: str, description: str, trials: tuple[TrialResult, ...]) -> None:
    if drawn is None:
        st.caption(_(help.NO_IMPORTANCES))
        return
    clicked = live_chart(drawn, key, _HEIGHT, description, clickable=True, reach=_REACH)
    if clicked is not None:
        open_run_of(_number(clicked), trials)


def _number(clicked: Any) -> int | None:
    """Return the number of a trial in a browser's click: alone, or the last value of a list."""
    value = clicked[-1] if isinstance(clicked, list) and clicked else clicked
    return value if isinstance(value, int) and not isinstance(value, bool) else None
