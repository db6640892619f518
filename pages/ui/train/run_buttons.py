"""What can be asked of a training, as one row of buttons: only the tab that started it has those that change it.

Knows the job manager and the permissions; draws no curves.
"""

from contextlib import suppress

import streamlit as st

from model.errors import RunError
from model.runs.curves import History
from model.runs.events import InterruptedEvent, RunState
from model.runs.run import FinishedRun, Run
from model.training.commands import Command, CommandName
from pages.ui.shell import permission, services, session
from pages.ui.train import downloads, run_menu

_LOWEST_RATE, _HIGHEST_RATE = 1e-8, 100.0  # that a training takes


def actions(run: Run, state: RunState, history: History) -> None:
    """Offer what this visitor can ask of the run now; a run of the command line is only watched."""
    if state is RunState.FAILED:
        st.error(run.reason or "The training failed.", icon=":material/error:")
        run_menu.menu(run)
    elif isinstance(run, FinishedRun):
        _after_the_end(run)
    elif state is RunState.INTERRUPTED:
        _of_interrupted(run, history)
    elif run.id not in services.jobs().active():
        st.caption("Started elsewhere: it can be watched here, and is steered where it was started.")
    elif not permission.may_control(run):
        _of_watchers(run)
    elif state is RunState.QUEUED:
        _button("Withdraw", "train-stop", ":material/close:", run, Command(CommandName.STOP))
    elif state is RunState.PAUSED:
        _rate_control(run, history)
        _button("Resume", "train-resume", ":material/play_arrow:", run, Command(CommandName.RESUME))
        _one_batch(run)
        _button("Stop and keep", "train-stop", ":material/stop:", run, Command(CommandName.STOP))
    elif state in (RunState.STARTING, RunState.RUNNING):
        _rate_control(run, history)
        _button("Pause", "train-pause", ":material/pause:", run, Command(CommandName.PAUSE))
        _button("Stop and keep", "train-stop", ":material/stop:", run, Command(CommandName.STOP))
    else:
        st.caption("Nothing to decide: the result is being kept.")


def _after_the_end(run: FinishedRun) -> None:
    for path, label, icon in (
        ("pages/evaluate.py", "See its mistakes", ":material/grid_on:"),
        ("pages/draw.py", "Draw with it", ":material/draw:"),
    ):
        st.page_link(path, label=label, icon=icon, width="content", query_params={"run": run.id})
    downloads.menu(run)
    if permission.may_train():
        run_menu.train_again(run)
    run_menu.menu(run)


def _of_interrupted(run: Run, history: History) -> None:
    if permission.may_resume(run):
        st.button("Resume", key="train-resume", icon=":material/play_arrow:", on_click=_resume, args=(run,))
    run_menu.menu(run)
    kept = (
        "Resume goes on from its last checkpoint."
        if run.latest_checkpoint()
        else "Resume starts it from the beginning."
    )
    reason = history.last.reason or "" if isinstance(history.last, InterruptedEvent) else ""
    if not permission.may_resume(run):
        kept = "Who started it can resume it."
    st.caption(f"{reason} {kept}", width="stretch")


def _resume(run: Run) -> None:
    with suppress(RunError):  # another visitor was faster; the state above tells how it stands
        services.jobs().resume(run.id)
        services.store().set_metadata(run.id, permission.metadata_for_resume(run))


def _of_watchers(run: Run) -> None:
    if permission.may_take_control(run):
        icon = ":material/sports_esports:"
        st.button("Steer from here", key="train-take-over", icon=icon, on_click=permission.take_control, args=(run,))
        st.caption("You are watching: you started it in another tab of this browser.", width="stretch")
    else:
        st.caption("You are watching: it is steered where it was started.", width="stretch")


def _rate_control(run: Run, history: History) -> None:
    """Offer another learning rate from the next batch on."""
    if not len(history.step):
        return
    # The field begins with the rate that was first seen here: one that moved would take away what is being typed.
    first = min(max(session.first_rate(run.id, float(history.learning_rate[-1])), _LOWEST_RATE), _HIGHEST_RATE)
    with st.popover("Learning rate", icon=":material/speed:"):
        key = f"train-live-rate-{run.id}"
        st.number_input("From the next batch on", _LOWEST_RATE, _HIGHEST_RATE, first, step=0.0005, format="%g", key=key)
        st.button(
            "Use it",
            key="train-set-rate",
            on_click=_set_rate,
            args=(run, key),
            help="A schedule keeps its shape and goes on from there.",
        )


def _set_rate(run: Run, key: str) -> None:
    """Read the field when the button is pressed: when it was drawn, what stands there now was not typed yet."""
    _tell(run, Command(CommandName.SET, learning_rate=float(st.session_state[key])))


def _button(label: str, key: str, icon: str, run: Run, command: Command) -> None:
    st.button(label, key=key, icon=icon, on_click=_tell, args=(run, command))


def _one_batch(run: Run) -> None:
    # Streamlit may call back twice for one click: each button counts once, and then another one stands there.
    number = session.steps_requested(run.id)
    with st.container(key="train-step", width="content"):
        st.button(
            "One batch", key=f"train-step-{number}", icon=":material/skip_next:", on_click=_step, args=(run, number)
        )


def _step(run: Run, number: int) -> None:
    if number == session.steps_requested(run.id):
        session.request_step(run.id)
        _tell(run, Command(CommandName.STEP))


def _tell(run: Run, command: Command) -> None:
    """Ask once more who asks: a button may still be drawn in a tab that steers no longer."""
    if permission.may_control(run):
        services.jobs().send(run.id, command)
