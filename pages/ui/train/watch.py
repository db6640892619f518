"""A run live: its state, its controls, moving charts, and its predictions so far.

While a run is active, charts and texts fetch its feed, which is the same for everybody who watches; the script runs
again only when the state changes or an epoch ends. Knows the run store and the job manager through `services`.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from model.errors import DigitLabError, RunError
from model.messages import N_
from model.runs.curves import History
from model.runs.events import RunState
from model.runs.run import FinishedRun, Run
from model.training import diagnosis
from pages.ui import glossary, language
from pages.ui.charts import training as training_charts
from pages.ui.charts.common import PlainFigure
from pages.ui.components.live_chart import live_chart
from pages.ui.components.live_text import Follow, html_of, live_text
from pages.ui.language import format_number
from pages.ui.shell import frame, permission, services
from pages.ui.shell.text import markdown
from pages.ui.train import epoch_probe as epoch_probe_panel
from pages.ui.train import help, run_buttons, run_status
from pages.ui.train.live_feed import INTERVAL_S, Contents, LiveFeed
from pages.ui.translation import _, translate

_FOLDER = Path(tempfile.mkdtemp(prefix="digit-lab-feed-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
# Declared only for its route, component/<name>/<file>; never mounted.
_FILES = st.components.v1.declare_component("training_feed", path=str(_FOLDER))

TAB_TITLE = N_("{percent} · Train")
_SEPARATOR = "."  # between the parts of a feed's name
_STARTING_S = 0.25  # between two looks after Start: somebody is waiting for the first point
_ZOOMED = "zoomed"  # in the name of a feed: its charts are zoomed in
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
    st.html(_STYLE)
    st.fragment(_draw)(run_id, services.jobs().state(run).is_active)


def _draw(run_id: str, was_active: bool) -> None:
    try:
        run = services.store().open(run_id)
    except RunError as error:
        st.warning(markdown(error))
        return
    state, history = services.jobs().state(run), run.history()
    if state.is_active != was_active:
        st.rerun()  # the whole page, because the list of runs has changed, too
    status = st.container(key="train-status")
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train-buttons"):
        run_buttons.show(run, state, history)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train-comment"):
        advice = st.container(key="train-advice")
        key = "train-close"
        explanation = f"{_(help.ZOOM_IN)} {glossary.explain('Log scale')}"
        zoomed = st.toggle(_("Zoom in"), key=key, persist_state="session", width="content", help=explanation)
    contents, follow = _feed(run_id, zoomed, state)
    parts = contents["parts"]
    if not parts:  # deleted while this was drawn
        st.rerun(scope="fragment")
    with status:
        # The version of what this script run has drawn: the contents may be newer.
        version, at_once = _version(run_id, state, history), permission.may_control(run)
        live_text(parts["status"]["html"], f"train-status-{run_id}", follow("status"), version, at_once)
    with advice:
        live_text(parts["advice"]["html"], f"train-advice-{run_id}", follow("advice"))
    _curves(parts, "train", run_id, follow)
    if state.is_active:
        frame.title(contents["title"])
    epoch_probe_panel.show(run, history)


def _feed(run_id: str, zoomed: bool, state: RunState) -> tuple[Contents, Callable[[str], Follow | None]]:
    """Return a run's contents now, and a function that lets a component follow one of their parts."""
    name = _SEPARATOR.join((language.current(), _ZOOMED * zoomed, run_id))
    if not state.is_active:
        return _contents(name), lambda part: None
    file, contents = _live_feed().follow(name)
    return contents, partial(Follow, f"component/{_FILES.name}/{file}")


def _version(run_id: str, state: RunState, history: History) -> str:
    """Return a text that changes whenever more than the feed's parts has to be drawn again."""
    here = run_id in services.jobs().active()
    return "/".join(map(str, (state, here, len(history.epochs), len(history.step) > 0)))


@st.cache_resource(show_spinner=False)
def _live_feed() -> LiveFeed:
    """Return the feed of this server's runs."""
    return LiveFeed(_contents, _FOLDER)


def _contents(name: str) -> Contents:
    """Return all that changes while a run goes on; `name` has a language, _ZOOMED for charts zoomed in, and its id."""
    code, zoomed, run_id = name.split(_SEPARATOR, maxsplit=2)
    with language.using(code):
        return _contents_of(run_id, zoomed == _ZOOMED)


def _contents_of(run_id: str, zoomed: bool) -> Contents:
    try:
        run = services.store().open(run_id)
        state, history = services.jobs().state(run), run.history()
    except DigitLabError:  # deleted: another version brings the script run that shows the error
        return {"version": "", "seconds": 0, "title": "", "parts": {}}
    awaits_first_point = state in (RunState.STARTING, RunState.RUNNING) and not len(history.step)
    interval = (_STARTING_S if awaits_first_point else INTERVAL_S) if state.is_active else 0
    share = 1.0 if isinstance(run, FinishedRun) else history.share_done
    parts = {
        "status": {"html": run_status.html(run, state, history)},
        "advice": {"html": _advice(run, history, state)},
        "loss": _chart(training_charts.curve(history, "loss", zoomed), _description(history, "loss")),
        "accuracy": _chart(training_charts.curve(history, "accuracy", zoomed), _description(history, "accuracy")),
    }
    if len(history.step):
        parts["rate"] = _chart(training_charts.learning_rate(history), _rate_description(history))
    return {
        "version": _version(run_id, state, history),
        "seconds": interval,
        "title": _(TAB_TITLE).format(percent=format_number(share, ".0%")),
        "parts": parts,
    }


def _chart(figure: PlainFigure, description: str) -> dict[str, Any]:
    return {"figure": figure, "description": description}


def _advice(run: Run, history: History, state: RunState) -> str:
    """Return a comment on the curves; before there are any, a placeholder keeps the space."""
    if not len(history.step):
        text = _("Comments on the curves will appear here.")
        return f"<p>{html_of(text)}</p>"
    advice = diagnosis.diagnose(history, _n_classes(run))
    text = translate(advice.finding)
    if advice.name == "learning" and not state.is_active:
        text = _(help.COULD_LEARN_MORE)
    if state in (RunState.RUNNING, RunState.PAUSED):
        text += f" {translate(advice.suggestion)}"
    return f'<p><span class="icon" aria-hidden="true">lightbulb</span> {html_of(text)}</p>'


def _n_classes(run: Run) -> int:
    return len(run.description.dataset.class_names) if run.description.dataset else 10


def example(run: Run) -> None:
    """Draw the curves of a finished run as an example."""
    _curves(_contents_of(run.id, False)["parts"], "train-example", run.id, lambda part: None)


def _curves(parts: dict[str, Any], prefix: str, run_id: str, follow: Callable[[str], Follow | None]) -> None:
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column, st.container(key=f"{prefix}-{name}"):
            st.markdown(f"**{_(training_charts.TITLES[name])}**")
            live_chart(**parts[name], key=f"{prefix}-{name}-chart-{run_id}", height=_CHART_HEIGHT, follow=follow(name))
    if "rate" in parts:
        with st.container(key=f"{prefix}-rate"):
            st.markdown(f"**{_(training_charts.TITLES['learning_rate'])}**")
            key = f"{prefix}-rate-chart-{run_id}"
            live_chart(**parts["rate"], key=key, height=_RATE_HEIGHT, follow=follow("rate"))


def _rate_description(history: History) -> str:
    rate = format_number(history.learning_rate[-1], ".3g")
    return _("Learning rate of each batch, latest: {rate}").format(rate=rate)


def _description(history: History, name: str) -> str:
    """Return what a chart shows, for screen readers."""
    curve = _(training_charts.TITLES[name])
    if not len(history.step):
        return _("{curve} of each batch: no data yet").format(curve=curve)
    latest = format_number(getattr(history, name)[-1], ".4g")
    if not history.epochs:
        text = _("{curve} of each batch, latest: {latest} in batch {batch}")
        return text.format(curve=curve, latest=latest, batch=len(history.step))
    text = _(
        "{curve} of each batch, latest: {latest} in batch {batch}; on the validation images after epoch {epoch}: "
        "{validation}"
    )
    validation = format_number(getattr(history.epochs[-1], f"val_{name}"), ".4g")
    return text.format(
        curve=curve, latest=latest, batch=len(history.step), epoch=len(history.epochs), validation=validation
    )
