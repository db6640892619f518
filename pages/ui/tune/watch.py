"""A search live: its state, its trials, and what they show so far.

Drawn again every two seconds while it runs; the figures are built once per change of the study, and updated in place,
so that hover and zoom stay. Knows searches through `services`.
"""

import streamlit as st

from model.config import settings_text
from model.errors import DigitLabError, SearchError
from model.runs.run import FinishedRun
from model.tuning import results
from model.tuning.record import SearchRecord
from model.tuning.study import RUNNING, TrialResult
from pages.ui.shell import frame, permission, services
from pages.ui.shell.durations import duration
from pages.ui.shell.text import markdown, plain
from pages.ui.translation import _, ngettext
from pages.ui.tune import downloads, help, plots, trial_table
from pages.ui.tune.settings_form import summary
from pages.ui.tune.study_cache import trials_of

_UPDATE_S = 2.0
# On a phone, a search is shown above the settings of the next one.
_STYLE = """<style>
@media (max-width: 640px) { .stColumn:has(> * .st-key-tune-status) { order: -1; } }
</style>"""


def watch(search_id: str) -> None:
    """Draw a search, and update it while it runs. Raises SearchError if it doesn't exist."""
    running = services.searches().is_running(services.searches().store.open(search_id))
    st.html(_STYLE)
    st.fragment(_draw, run_every=_UPDATE_S if running else None)(search_id, running)


def _draw(search_id: str, was_running: bool) -> None:
    try:
        record = services.searches().store.open(search_id)
        running = services.searches().is_running(record)
        if running != was_running:
            st.rerun()  # the whole page, because the list of searches has changed, too
        trials = trials_of(record)
    except SearchError as error:
        st.warning(markdown(error), icon=":material/folder_off:")
        return
    best = results.best(trials, record.settings)
    with st.container(key="tune-status"):
        _status(record, trials, running)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="tune-buttons"):
        _buttons(record, trials, best, running)
    if trials and not running:
        _verdict(record, trials)
    plots.curves(record, trials, best)
    trial_table.show(record, trials, best)
    plots.more(record, trials)
    if running:
        ended = sum(trial.state != RUNNING for trial in trials)
        frame.title(_("{n} of {total} · Tune").format(n=ended, total=record.settings.n_trials))


def _status(record: SearchRecord, trials: tuple[TrialResult, ...], running: bool) -> None:
    ended = [trial for trial in trials if trial.state != RUNNING]
    total = max(record.settings.n_trials, len(trials))
    text = _("{n} of {total} trials ended").format(n=len(ended), total=total)
    if running:
        left = _seconds_left(ended, total)
        words = [_("**Running**"), text, _("about {time} left").format(time=duration(left)) if left else ""]
    elif record.ended == "stopped":
        words = [_("**Stopped**"), text, markdown(record.reason)]
    else:
        words = [_("**Finished**") if record.ended else _("**Interrupted**"), text]
    st.markdown(f"{summary(record.settings)}  \n:small[{plain(record.id)}]")
    st.progress(min(len(ended) / total, 1.0), text=" · ".join(filter(None, words)))
    if not running and not record.ended:
        advice = _(help.INTERRUPTED if record.owner.browser else help.FROM_COMMAND_LINE)
        st.caption(advice.format(search=record.id))


def _seconds_left(ended: list[TrialResult], total: int) -> float | None:
    seconds = [trial.seconds for trial in ended if trial.seconds]
    if not seconds:
        return None
    return (total - len(ended)) * sum(seconds) / len(seconds) / services.n_slots()


def _buttons(record: SearchRecord, trials: tuple[TrialResult, ...], best: TrialResult | None, running: bool) -> None:
    may_control = permission.may_control_search(record.owner)
    if running:
        if may_control:
            st.button(_("Stop the search"), key="tune-stop", icon=":material/stop:", on_click=_stop, args=(record.id,))
        else:
            st.caption(_(help.VIEW_ONLY if record.owner.browser else help.ELSEWHERE), width="stretch")
    run = None if running else run_of(best)
    if run:
        for path, label, icon in (
            ("pages/evaluate.py", _("See its mistakes"), ":material/grid_on:"),
            ("pages/draw.py", _("Draw with it"), ":material/draw:"),
        ):
            st.page_link(path, label=label, icon=icon, width="content", query_params={"run": run.id})
    if best and not running:
        config = record.settings.config_of(best.parameters)
        st.page_link(
            "pages/train.py",
            label=_("Use its settings"),
            icon=":material/link:",
            width="content",
            query_params={"settings": settings_text(config)},
        )
    if trials:
        downloads.menu(record, trials)
    can_repeat = not running and record.ended and not record.shipped and may_control
    if (
        can_repeat
        and len(results.ranking(trials, record.settings)) > 1
        and not results.repeated(trials, record.settings)
    ):
        st.button(
            _("Train the best three again"),
            key="tune-repeat",
            icon=":material/casino:",
            help=_(help.REPEAT),
            on_click=_repeat,
            args=(record.id,),
        )


def run_of(trial: TrialResult | None) -> FinishedRun | None:
    """Return the run of a trial if it has finished and still exists."""
    if trial is None or not trial.run:
        return None
    try:
        return services.store().open_finished(trial.run)
    except DigitLabError:
        return None


def _stop(search_id: str) -> None:
    """Stop a search after checking again: somebody else may use this tab since the button was drawn."""
    try:
        if permission.may_control_search(services.searches().store.open(search_id).owner):
            services.searches().stop(search_id)
    except DigitLabError as error:
        st.warning(markdown(error))


def _repeat(search_id: str) -> None:
    try:
        if permission.may_control_search(services.searches().store.open(search_id).owner):
            services.searches().repeat_best(search_id)
    except DigitLabError as error:
        st.warning(markdown(error))


def _verdict(record: SearchRecord, trials: tuple[TrialResult, ...]) -> None:
    """Say what was found, and how certain that is."""
    sentences = [markdown(message) for message in results.verdict(trials, record.settings)]
    if again := results.repeat_verdict(trials, record.settings):
        sentences.append(markdown(again))
    with st.container(key="tune-verdict", border=True):
        st.markdown(" ".join(sentences))


def list_others(shown: str) -> None:
    """List the other searches, newest first, and those that can't be read."""
    records, damaged = services.searches().store.list()
    others = [record for record in records if record.id != shown]
    if others or damaged:
        st.subheader(_("Searches"))
    for record in others[:20]:
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"tune-row-{record.id}"):
            when = _("built-in") if record.shipped else plain(record.created[:16].replace("T", " "))
            n = record.settings.n_trials
            count = ngettext("{n} trial", "{n} trials", n).format(n=n)
            st.markdown(f"{summary(record.settings)} · {count} · {when}", width="stretch")
            st.page_link("pages/tune.py", label=_("Open"), query_params={"search": record.id}, width="content")
    for error in damaged:
        st.warning(markdown(error), icon=":material/folder_off:")
