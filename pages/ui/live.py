"""A run as it happens: status, progress, two charts that move, and the buttons that steer it.

While the run goes on, a fragment asks twice a second what its event file holds; everybody who opens the run sees the
same. Knows the run store and the job manager through `services`; keeps nothing of its own.
"""

from contextlib import suppress

import streamlit as st

from model import advice
from model.control import PAUSE, RESUME, SET, STEP, STOP, Command
from model.errors import DigitLabError, RunError
from model.history import History
from model.runs import Run
from pages.ui import figures, services, take_along
from pages.ui.live_chart import live_chart

_POLL_S = 0.5
_CHART_HEIGHT, _RATE_HEIGHT = 300, 150
_MOVING = ("queued", "starting", "running", "paused", "finishing")


# The row of buttons keeps its height when the last one goes, so that the charts stay where they are. On a phone a run
# that is watched stands above the settings of the next one.
_STYLE = """<style>
.st-key-train-buttons { min-height: 2.5rem; }
@media (max-width: 640px) { .stColumn:has(> * .st-key-train-status) { order: -1; } }
</style>"""


def watch(run_id: str) -> None:
    """Draw a run, and go on drawing it while it moves. Raises RunError where there is none of this id."""
    status = services.jobs().status(services.store().open(run_id))
    moving = status in _MOVING
    st.html(_STYLE)
    st.fragment(_draw, run_every=_POLL_S if moving else None)(run_id, moving)


def _draw(run_id: str, moving: bool) -> None:
    try:
        run = services.store().open(run_id)
    except RunError as error:
        st.warning(str(error))
        return
    status, history = services.jobs().status(run), run.follower.read()
    if moving != (status in _MOVING):
        st.rerun()  # the whole page, so that asking begins or ends
    with st.container(key="train-status"):
        _status(run, status, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train-buttons"):
        _actions(run, status, history)
    _advice(run, history, status)
    _curves(run, history, "train")


def _advice(run: Run, history: History, status: str) -> None:
    """Say in plain words what the curves show; the line keeps its place before there is anything to say."""
    with st.container(key="train-advice"):
        if not len(history.step):
            st.caption("What is happening is said here as soon as there is something to see.")
            return
        said = advice.advise(history, _n_classes(run))
        more = f" {said.suggestion}" if status in ("running", "paused") else ""
        st.caption(f":material/lightbulb: {said.happening}{more}")


def _n_classes(run: Run) -> int:
    return len(run.description.get("dataset", {}).get("class_names", ())) or 10


def example(run: Run) -> None:
    """Draw the curves of a complete run, where there is no training to watch yet."""
    _curves(run, run.follower.read(), "train-example")


def _curves(run: Run, history: History, prefix: str) -> None:
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column, st.container(key=f"{prefix}-{name}"):
            st.markdown(f"**{name.capitalize()}**")
            figure = figures.curve(history, name, percent=name == "accuracy")
            live_chart(figure, f"{prefix}-{name}-chart-{run.id}", _CHART_HEIGHT, _in_words(history, name))

    if len(history.step):
        with st.container(key=f"{prefix}-rate"):
            st.markdown("**Learning rate**")
            newest = f"learning rate by batch, newest {history.learning_rate[-1]:.3g}"
            live_chart(figures.learning_rate(history), f"{prefix}-rate-chart-{run.id}", _RATE_HEIGHT, newest)


def _status(run: Run, status: str, history: History) -> None:
    total = history.total_steps
    done = int(history.step[-1]) if len(history.step) else 0
    share = 1.0 if run.metrics else min(done / total, 1.0) if total else 0.0
    st.progress(share, text=f"**{status.capitalize()}** · {_what(run, status, history)}")
    per_second = run.config.batch_size * done / history.seconds if history.seconds else 0
    left = (total - done) * history.seconds / done if done and status in ("running", "paused") else None
    epoch = min(done // history.facts.get("batches_per_epoch", 1) + 1, run.config.epochs) if total else 0
    validation = history.epochs[-1]["val_accuracy"] if history.epochs else None
    figures_row = (
        ("Epoch", f"{epoch} of {run.config.epochs}"),
        ("Images a second", f"{per_second:,.0f}" if per_second else "–"),
        ("Time left", _duration(left) if left is not None else "–"),
        ("Validation accuracy", f"{validation:.2%}" if validation is not None else "–"),
    )
    with st.container(horizontal=True, gap="medium"):
        for label, value in figures_row:
            st.caption(f"{label} **{value}**", width="content")


def _what(run: Run, status: str, history: History) -> str:
    """Say in words what the run is doing."""
    last, place = history.last, services.jobs().place(run.id)
    if status == "queued":
        return f"place {place} in the queue; it starts by itself"
    if last.get("event") == "downloading" and status == "starting":
        return f"downloading {run.config.dataset}, {last.get('percent', 0)} %"
    if last.get("event") == "drawing" and status == "starting":
        return f"drawing the training images, {last.get('images', 0):,} so far"
    if status == "finishing":
        return "the network is kept and scored on the test images"
    if run.metrics:
        stored = f"{run.metrics.accuracy:.2%} of {run.metrics.n:,} test images right"
        return f"{stored}; kept from epoch {run.manifest['kept_epoch']} of {run.manifest['epochs']}"
    batches = f"batch {int(history.step[-1]):,} of {history.total_steps:,}" if len(history.step) else ""
    return {"starting": "reading the images and building the network", "failed": "see below"}.get(status, batches)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _actions(run: Run, status: str, history: History) -> None:
    """Offer what can be asked of the run now, in one row; a run of the command line is only watched."""
    if status == "failed":
        st.error(run.manifest.get("reason", "The training failed."), icon=":material/error:")
    elif run.metrics:
        take_along.menu(run)
        st.button(
            "Same start again", key="train-again", icon=":material/replay:", on_click=_again, args=(run,),
            help="The same settings and seed: the same first weights, the same order of images.",
        )  # fmt: skip
        for path, label, icon in (
            ("pages/evaluate.py", "See its mistakes", ":material/grid_on:"),
            ("pages/draw.py", "Draw with it", ":material/draw:"),
        ):
            st.page_link(path, label=label, icon=icon, width="content", query_params={"run": run.id})
    elif status == "interrupted":
        st.button("Resume", key="train-resume", icon=":material/play_arrow:", on_click=_resume, args=(run.id,))
        kept = (
            "Resume goes on from its last checkpoint." if run.resumption() else "Resume starts it from the beginning."
        )
        st.caption(f"{history.last.get('reason', '')} {kept}", width="stretch")
    elif run.id not in services.jobs().active():
        st.caption("Started elsewhere: it can be watched here, and is steered where it was started.")
    elif status == "queued":
        _button("Withdraw", "train-stop", ":material/close:", run, STOP)
    elif status == "paused":
        _rate_control(run, history)
        _button("Resume", "train-resume", ":material/play_arrow:", run, RESUME)
        _button("One batch", "train-step", ":material/skip_next:", run, STEP)
        _button("Stop and keep", "train-stop", ":material/stop:", run, STOP)
    elif status in ("starting", "running"):
        _rate_control(run, history)
        _button("Pause", "train-pause", ":material/pause:", run, PAUSE)
        _button("Stop and keep", "train-stop", ":material/stop:", run, STOP)
    else:
        st.caption("Nothing to decide: the result is being kept.")


def _rate_control(run: Run, history: History) -> None:
    """Offer another learning rate from the next batch on."""
    if not len(history.step):
        return
    with st.popover("Learning rate", icon=":material/speed:"):
        key = f"train-live-rate-{run.id}"
        st.session_state.setdefault(key, float(history.learning_rate[-1]))
        wanted = st.number_input("From the next batch on", 1e-8, 100.0, step=0.0005, format="%g", key=key)
        st.button(
            "Use it", key="train-set-rate", on_click=services.jobs().tell, args=(run.id, Command(SET, wanted)),
            help="A schedule keeps its shape and goes on from there.",
        )  # fmt: skip


def _again(run: Run) -> None:
    try:
        st.query_params["run"] = services.jobs().start(run.config).id
    except DigitLabError as error:
        st.toast(str(error), icon=":material/error:")


def _resume(run_id: str) -> None:
    with suppress(RunError):  # another visitor was faster; the status above tells how it stands
        services.jobs().resume(run_id)


def _button(label: str, key: str, icon: str, run: Run, do: str) -> None:
    st.button(label, key=key, icon=icon, on_click=services.jobs().tell, args=(run.id, Command(do)))


def _in_words(history: History, name: str) -> str:
    if not len(history.step):
        return f"{name} by batch: no point yet"
    newest = f"{name} by batch, {len(history.step)} batches, newest {getattr(history, name)[-1]:.4g}"
    if not history.epochs:
        return newest
    return f"{newest}; on validation images after epoch {len(history.epochs)}: {history.epochs[-1][f'val_{name}']:.4g}"
