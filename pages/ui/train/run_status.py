"""How a run stands: a progress bar with words, and a row of figures.

Knows runs, histories and the queue; steers nothing.
"""

import streamlit as st

from model.runs.curves import History
from model.runs.events import DownloadingEvent, DrawingEvent, RunState
from model.runs.run import FinishedRun, Run
from pages.ui.shell import services


def show(run: Run, state: RunState, history: History) -> None:
    """Draw the progress bar and the figures below it."""
    total, done = history.total_steps, history.steps_done
    st.progress(
        1.0 if isinstance(run, FinishedRun) else history.share_done,
        text=f"**{state.capitalize()}** · {_what(run, state, history)}",
    )
    per_second = history.images_per_step * done / history.seconds if history.seconds else 0
    left = (total - done) * history.seconds / done if done and state in (RunState.RUNNING, RunState.PAUSED) else None
    epoch = min(done // max(history.plan.batches_per_epoch, 1) + 1, run.config.epochs) if total else 0
    if isinstance(run, FinishedRun):
        epoch = run.outcome.epochs
    validation = history.epochs[-1].val_accuracy if history.epochs else None
    figures_row = (
        ("Epoch", f"{epoch} of {run.config.epochs}"),
        ("Images a second", f"{per_second:,.0f}" if per_second else "–"),
        ("Time left", duration(left) if left is not None else "–"),
        ("Validation accuracy", f"{validation:.2%}" if validation is not None else "–"),
    )
    with st.container(horizontal=True, gap="medium"):
        for label, value in figures_row:
            st.caption(f"{label} **{value}**", width="content")


def duration(seconds: float) -> str:
    """Say a time in minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _what(run: Run, state: RunState, history: History) -> str:
    """Say in words what the run is doing."""
    last = history.last
    if state is RunState.QUEUED:
        return _in_the_queue(run)
    if isinstance(last, DownloadingEvent) and state is RunState.STARTING:
        return f"downloading {run.config.dataset}, {last.percent} %"
    if isinstance(last, DrawingEvent) and state is RunState.STARTING:
        return f"drawing the training images, {last.images:,} so far"
    if state is RunState.FINISHING:
        return "scoring the network on the test images, and keeping each epoch's to look back on"
    if isinstance(run, FinishedRun):
        return _result(run)
    batches = f"batch {history.steps_done:,} of {history.total_steps:,}" if len(history.step) else ""
    return {
        RunState.STARTING: "reading the images and building the network",
        RunState.FAILED: "see below",
    }.get(state, batches)


def _in_the_queue(run: Run) -> str:
    wait = services.jobs().estimated_wait(run.id)
    about = f", in about {duration(wait)}" if wait is not None else ""
    return f"place {services.jobs().queue_position(run.id)} in the queue; it starts by itself{about}"


def _result(run: FinishedRun) -> str:
    stored = f"{run.metrics.accuracy:.2%} of {run.metrics.n:,} test images right"
    why = f". {run.reason}" if run.reason else ""
    return f"{stored}; kept from epoch {run.kept_epoch} of {run.outcome.epochs}{why}"
