"""A run live: its state, its controls, moving charts, and its predictions so far.

While a run is active, a fragment reads its event file more than once a second; everybody who opens the run sees the
same. Knows the run store and the job manager through `services`; stores nothing.
"""

from contextlib import suppress

import streamlit as st

from model.errors import RunError
from model.messages import N_
from model.runs.curves import History
from model.runs.events import RunState
from model.runs.run import FinishedRun, Run
from model.training import diagnosis
from pages.ui.charts import training as training_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.shell import frame, services
from pages.ui.train import epoch_probe as epoch_probe_panel
from pages.ui.train import help, run_buttons, run_status
from pages.ui.translation import _, translate

TAB_TITLE = N_("{percent} · Train")
# A batch is on the screen within a second; after Start, the first one appears even sooner.
_POLL_S, _POLL_STARTING_S = 0.85, 0.2
_POLL_PROBES_S = 3.0  # slower: about fifty images, which only change with each epoch
_CHART_HEIGHT, _RATE_HEIGHT = 300, 150


# The row of buttons keeps its height when it is empty, so that the charts don't move. On a phone, a run is shown above
# the settings of the next one.
_STYLE = """<style>
.st-key-train-buttons { min-height: 2.5rem; }
@media (max-width: 640px) { .stColumn:has(> * .st-key-train-status) { order: -1; } }
</style>"""


def watch(run_id: str) -> None:
    """Draw a run, and update it while it is active. Raises RunError if the run doesn't exist."""
    run = services.store().open(run_id)
    interval = _interval(services.jobs().state(run), run.history())
    st.html(_STYLE)
    st.fragment(_draw, run_every=interval)(run_id, interval)
    st.fragment(_draw_probes, run_every=_POLL_PROBES_S if interval else None)(run_id)


def _interval(state: RunState, history: History) -> float | None:
    """Return the seconds until the next update, or None for a run that doesn't change any more."""
    if not state.is_active:
        return None
    awaits_first_point = state in (RunState.STARTING, RunState.RUNNING) and not len(history.step)
    return _POLL_STARTING_S if awaits_first_point else _POLL_S


def _draw(run_id: str, interval: float | None) -> None:
    try:
        run = services.store().open(run_id)
    except RunError as error:
        st.warning(translate(error))
        return
    state, history = services.jobs().state(run), run.history()
    new_interval = _interval(state, history)
    if (interval is None) != (new_interval is None):
        st.rerun()  # the whole page, so that the updates start or stop
    with st.container(key="train-status"):
        run_status.show(run, state, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train-buttons"):
        run_buttons.show(run, state, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _advice(run, history, state)
        key = "train-close"
        zoomed = st.toggle(_("Zoom in"), key=key, persist_state="session", width="content", help=_(help.ZOOM_IN))
    _curves(run, history, "train", zoomed)
    if interval is not None:
        share = 1.0 if isinstance(run, FinishedRun) else history.share_done
        frame.title(_(TAB_TITLE).format(percent=f"{share:.0%}"))
    if interval != new_interval:
        st.rerun()  # after the first point was drawn, because somebody is waiting for it


def _draw_probes(run_id: str) -> None:
    with suppress(RunError):  # `_draw` shows the error
        run = services.store().open(run_id)
        epoch_probe_panel.show(run, run.history())


def _advice(run: Run, history: History, state: RunState) -> None:
    """Comment on the curves; before there are any, a placeholder keeps the space."""
    with st.container(key="train-advice"):
        if not len(history.step):
            st.caption(_("Comments on the curves will appear here."))
            return
        advice = diagnosis.diagnose(history, _n_classes(run))
        text = translate(advice.finding)
        if advice.name == "learning" and not state.is_active:
            text = _(help.COULD_LEARN_MORE)
        if state in (RunState.RUNNING, RunState.PAUSED):
            text += f" {translate(advice.suggestion)}"
        st.caption(f":material/lightbulb: {text}")


def _n_classes(run: Run) -> int:
    return len(run.description.dataset.class_names) if run.description.dataset else 10


def example(run: Run) -> None:
    """Draw the curves of a finished run as an example."""
    _curves(run, run.history(), "train-example")


def _curves(run: Run, history: History, prefix: str, zoomed: bool = False) -> None:
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column, st.container(key=f"{prefix}-{name}"):
            st.markdown(f"**{_(training_charts.TITLES[name])}**")
            figure = training_charts.curve(history, name, zoomed)
            live_chart(figure, f"{prefix}-{name}-chart-{run.id}", _CHART_HEIGHT, _description(history, name))

    if len(history.step):
        with st.container(key=f"{prefix}-rate"):
            st.markdown(f"**{_(training_charts.TITLES['learning_rate'])}**")
            description = _("Learning rate of each batch, latest: {rate}")
            live_chart(
                training_charts.learning_rate(history),
                f"{prefix}-rate-chart-{run.id}",
                _RATE_HEIGHT,
                description.format(rate=f"{history.learning_rate[-1]:.3g}"),
            )


def _description(history: History, name: str) -> str:
    """Return what a chart shows, for screen readers."""
    curve = _(training_charts.TITLES[name])
    if not len(history.step):
        return _("{curve} of each batch: no data yet").format(curve=curve)
    latest = f"{getattr(history, name)[-1]:.4g}"
    if not history.epochs:
        text = _("{curve} of each batch, latest: {latest} in batch {batch}")
        return text.format(curve=curve, latest=latest, batch=len(history.step))
    text = _(
        "{curve} of each batch, latest: {latest} in batch {batch}; on the validation images after epoch {epoch}: "
        "{validation}"
    )
    validation = f"{getattr(history.epochs[-1], f'val_{name}'):.4g}"
    return text.format(
        curve=curve, latest=latest, batch=len(history.step), epoch=len(history.epochs), validation=validation
    )
