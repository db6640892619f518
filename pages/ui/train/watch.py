"""A run as it happens: how it stands, what can be asked of it, charts that move, and what it sees.

While the run goes on, a fragment asks more than once a second what its event file holds; everybody who opens the run
sees the same. Knows the run store and the job manager through `services`; keeps nothing of its own.
"""

from contextlib import suppress

import streamlit as st

from model.errors import RunError
from model.runs.curves import History
from model.runs.events import RunState
from model.runs.run import FinishedRun, Run
from model.training import diagnosis
from pages.ui.charts import training as training_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.shell import frame, services
from pages.ui.train import epoch_probe as epoch_probe_panel
from pages.ui.train import run_buttons, run_status

# A batch is on the screen within a second; soon after Start somebody waits for the first one.
_POLL_S, _POLL_STARTING_S = 0.85, 0.2
_POLL_GLIMPSES_S = 3.0  # fifty pictures that change with each epoch alone
_CHART_HEIGHT, _RATE_HEIGHT = 300, 150


# The row of buttons keeps its height when the last one goes, so that the charts stay where they are. On a phone a run
# that is watched stands above the settings of the next one.
_STYLE = """<style>
.st-key-train-buttons { min-height: 2.5rem; }
@media (max-width: 640px) { .stColumn:has(> * .st-key-train-state) { order: -1; } }
</style>"""


def watch(run_id: str) -> None:
    """Draw a run, and go on drawing it while it moves. Raises RunError where there is none of this id."""
    run = services.store().open(run_id)
    pace = _pace(services.jobs().state(run), run.history())
    st.html(_STYLE)
    st.fragment(_draw, run_every=pace)(run_id, pace)
    st.fragment(_draw_glimpses, run_every=_POLL_GLIMPSES_S if pace else None)(run_id)


def _pace(state: RunState, history: History) -> float | None:
    """Return after how many seconds to look again; None where nothing moves any more."""
    if not state.is_active:
        return None
    awaits_first_point = state in (RunState.STARTING, RunState.RUNNING) and not len(history.step)
    return _POLL_STARTING_S if awaits_first_point else _POLL_S


def _draw(run_id: str, pace: float | None) -> None:
    try:
        run = services.store().open(run_id)
    except RunError as error:
        st.warning(str(error))
        return
    state, history = services.jobs().state(run), run.history()
    new_pace = _pace(state, history)
    if (pace is None) != (new_pace is None):
        st.rerun()  # the whole page, so that asking begins or ends
    with st.container(key="train-status"):
        run_status.show(run, state, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train-buttons"):
        run_buttons.actions(run, state, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _advice(run, history, state)
        close = st.toggle(
            "Close up", key="train-close", persist_state="session", width="content", help=training_charts.CLOSE_UP
        )
    _curves(run, history, "train", close)
    if pace is not None:
        frame.title(f"{1.0 if isinstance(run, FinishedRun) else history.share_done:.0%} · Train".replace("%", " %"))
    if pace != new_pace:
        st.rerun()  # after what is new was drawn: somebody waits for that


def _draw_glimpses(run_id: str) -> None:
    with suppress(RunError):  # told above
        run = services.store().open(run_id)
        epoch_probe_panel.show(run, run.history())


def _advice(run: Run, history: History, state: RunState) -> None:
    """Say in plain words what the curves show; the line keeps its place before there is anything to say."""
    with st.container(key="train-advice"):
        if not len(history.step):
            st.caption("What is happening is said here as soon as there is something to see.")
            return
        advice = diagnosis.diagnose(history, _n_classes(run))
        more = f" {advice.suggestion}" if state in (RunState.RUNNING, RunState.PAUSED) else ""
        st.caption(f":material/lightbulb: {advice.finding}{more}")


def _n_classes(run: Run) -> int:
    return len(run.description.dataset.class_names) if run.description.dataset else 10


def example(run: Run) -> None:
    """Draw the curves of a complete run, where there is no training to watch yet."""
    _curves(run, run.history(), "train-example")


def _curves(run: Run, history: History, prefix: str, close: bool = False) -> None:
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column, st.container(key=f"{prefix}-{name}"):
            st.markdown(f"**{name.capitalize()}**")
            figure = training_charts.curve(history, name, close)
            live_chart(figure, f"{prefix}-{name}-chart-{run.id}", _CHART_HEIGHT, _in_words(history, name))

    if len(history.step):
        with st.container(key=f"{prefix}-rate"):
            st.markdown("**Learning rate**")
            newest = f"learning rate by batch, newest {history.learning_rate[-1]:.3g}"
            live_chart(training_charts.learning_rate(history), f"{prefix}-rate-chart-{run.id}", _RATE_HEIGHT, newest)


def _in_words(history: History, name: str) -> str:
    if not len(history.step):
        return f"{name} by batch: no point yet"
    newest = f"{name} by batch, {len(history.step)} batches, newest {getattr(history, name)[-1]:.4g}"
    if not history.epochs:
        return newest
    validation = getattr(history.epochs[-1], f"val_{name}")
    return f"{newest}; on validation images after epoch {len(history.epochs)}: {validation:.4g}"
