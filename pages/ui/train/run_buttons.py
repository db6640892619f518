"""The controls of a run, as one row of buttons; only the tab that started the run can control it.

Knows the job manager and the permissions; draws no curves.
"""

import streamlit as st

from model.errors import RunError, SchedulerError
from model.runs.curves import History
from model.runs.events import InterruptedEvent, RunState
from model.runs.run import FinishedRun, Run
from model.training.commands import Command, CommandName
from pages.ui.shell import permission, services, session
from pages.ui.shell.text import markdown
from pages.ui.train import downloads, help, run_menu, start_once
from pages.ui.translation import _

_LOWEST_RATE, _HIGHEST_RATE = 1e-8, 100.0  # the range that a training accepts


def show(run: Run, state: RunState, history: History) -> None:
    """Draw what this visitor can do with the run now; a run of the command line can only be viewed."""
    if state is RunState.FAILED:
        st.error(markdown(run.reason) if run.reason else _("The training failed."), icon=":material/error:")
        run_menu.menu(run)
    elif isinstance(run, FinishedRun):
        _finished(run)
    elif state is RunState.INTERRUPTED:
        _interrupted(run, history)
    elif run.id not in services.jobs().active():
        st.caption(_(help.VIEW_ONLY))
    elif not permission.may_control(run):
        _view_only(run)
    elif state is RunState.QUEUED:
        _button(_("Leave the queue"), "train-stop", ":material/close:", run, Command(CommandName.STOP))
    elif state is RunState.PAUSED:
        _rate_control(run, history)
        _button(_("Resume"), "train-resume", ":material/play_arrow:", run, Command(CommandName.RESUME))
        _one_batch(run)
        _button(_("Stop and save"), "train-stop", ":material/stop:", run, Command(CommandName.STOP))
    elif state in (RunState.STARTING, RunState.RUNNING):
        _rate_control(run, history)
        _button(_("Pause"), "train-pause", ":material/pause:", run, Command(CommandName.PAUSE))
        _button(_("Stop and save"), "train-stop", ":material/stop:", run, Command(CommandName.STOP))
    else:
        st.caption(_("The training is over and the results are being saved."))


def _finished(run: FinishedRun) -> None:
    for path, label, icon in (
        ("pages/evaluate.py", _("See its mistakes"), ":material/grid_on:"),
        ("pages/draw.py", _("Draw with it"), ":material/draw:"),
    ):
        st.page_link(path, label=label, icon=icon, width="content", query_params={"run": run.id})
    downloads.menu(run)
    if permission.may_train():
        run_menu.train_again(run)
    run_menu.menu(run)


def _interrupted(run: Run, history: History) -> None:
    may_resume = permission.may_resume(run)
    if may_resume and st.button(_("Resume"), key="train-resume", icon=":material/play_arrow:") and _resume(run):
        st.rerun()
    run_menu.menu(run)
    if not may_resume:
        note = _(help.RESUME_BY_OWNER)
    elif run.latest_checkpoint():
        note = _(help.RESUME_FROM_CHECKPOINT)
    else:
        note = _(help.RESUME_FROM_START)
    reason = _reason(history)
    st.caption(f"{markdown(reason)} {note}" if reason else note, width="stretch")


def _reason(history: History) -> str | None:
    """Return why the last worker ended; None if none has started, or if there is nothing to explain."""
    if isinstance(history.last, InterruptedEvent):
        return history.last.reason
    return help.NO_REASON if history.last else None


def _resume(run: Run, here: bool = False) -> bool:
    """Resume the run after checking again: somebody else may own it since the button was drawn.

    `here`: on this server even if there is a cluster. Returns False, after showing why, if that isn't possible.
    """
    if not permission.may_resume(run):
        return False
    try:
        services.jobs().resume(run.id, here)
        services.store().set_metadata(run.id, permission.metadata_for_resume(run))
    except RunError as error:
        if services.jobs().state(run) is RunState.INTERRUPTED:
            st.warning(markdown(error))
            if isinstance(error, SchedulerError):
                start_once.offer_here(lambda: _resume(run, here=True))
            return False
        # Another visitor was faster; the page shows the run's new state.
    return True


def _view_only(run: Run) -> None:
    if permission.may_take_control(run):
        icon = ":material/sports_esports:"
        if st.button(_("Take control"), key="train-take-over", icon=icon):
            _take_control(run)
        st.caption(_(help.OTHER_TAB), width="stretch")
    else:
        st.caption(_(help.VIEW_ONLY), width="stretch")


def _take_control(run: Run) -> None:
    try:
        permission.take_control(run)
    except RunError as error:  # the run was deleted, or its folder isn't writable any more
        st.warning(markdown(error))
    else:
        st.rerun()


def _rate_control(run: Run, history: History) -> None:
    """Draw a field for another learning rate from the next batch on."""
    if not len(history.step):
        return
    # The field starts with the rate that this session saw first: if it followed the schedule, it would overwrite what
    # the visitor is typing.
    first = min(max(session.first_rate(run.id, float(history.learning_rate[-1])), _LOWEST_RATE), _HIGHEST_RATE)
    with st.popover(_("Change the learning rate"), icon=":material/speed:", key="train-rate-menu"):
        key = f"train-live-rate-{run.id}"
        label = _("From the next batch on")
        st.number_input(label, _LOWEST_RATE, _HIGHEST_RATE, first, step=0.0005, format="%g", key=key)
        st.button(_("Apply"), key="train-set-rate", on_click=_set_rate, args=(run, key), help=_(help.RATE))


def _set_rate(run: Run, key: str) -> None:
    """Read the field when the button is clicked: when it was drawn, the new rate hadn't been typed yet."""
    _send(run, Command(CommandName.SET, learning_rate=float(st.session_state[key])))


def _button(label: str, key: str, icon: str, run: Run, command: Command) -> None:
    st.button(label, key=key, icon=icon, on_click=_send, args=(run, command))


def _one_batch(run: Run) -> None:
    # Streamlit can run a callback twice for one click, so each button counts once and is then replaced by another.
    number = session.steps_requested(run.id)
    key = f"train-step-{number}"
    with st.container(key="train-step", width="content"):
        st.button(_("Train one batch"), key=key, icon=":material/skip_next:", on_click=_step, args=(run, number))


def _step(run: Run, number: int) -> None:
    if number == session.steps_requested(run.id):
        session.request_step(run.id)
        _send(run, Command(CommandName.STEP))


def _send(run: Run, command: Command) -> None:
    """Send a command after checking again: a tab that has lost control may still show the button."""
    if permission.may_control(run):
        try:
            services.jobs().send(run.id, command)
        except SchedulerError as error:
            st.toast(markdown(error), icon=":material/warning:")
