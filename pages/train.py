"""Train: choose, start, watch live, keep."""

import streamlit as st

from model.config import TrainingConfig, settings_from, settings_text
from model.errors import ConfigError, DigitLabError
from model.runs.store import CLASSROOM_RUN
from model.training import estimates
from pages.ui.shell import frame, identity, permission, services, session
from pages.ui.shell.text import plain
from pages.ui.train import run_list, run_status, settings_form, start_once, watch

frame.page("Train")
identity.identify()
services.jobs().warm_up()


def chosen_run() -> str | None:
    """Return the run to show: the address's, else the one last watched here, else one that is under way."""
    active = services.jobs().active()
    return st.query_params.get("run") or session.run_watched() or (active[0] if active else None)


def start(config: TrainingConfig) -> None:
    """Start a training and show it; its address can be shared."""
    start_once.begin(settings_text(config), lambda: services.jobs().start(config, permission.owned_metadata()))


def take_settings_of_the_address() -> None:
    """Fill the widgets with the settings that a link carries, once; what is no such link is told."""
    text = st.query_params.pop("settings", None)
    if text is not None:
        try:
            for problem in settings_form.fill(settings_from(text), dataset=True):
                st.warning(plain(problem))
        except ConfigError as error:
            st.warning(plain(str(error)))  # it repeats what somebody sent


def choose_and_start() -> None:
    """Draw the settings, and Start above them, which is reached without scrolling and needs what is set below."""
    top = st.container()
    config = settings_form.training_controls(top)
    with top:
        if not permission.may_train():
            permission.key_field()
        elif start_button(disabled=config is None) and config:
            start(config)
        if config is not None:
            st.caption(how_long(config))


def start_button(disabled: bool) -> bool:
    """Draw the Start button; tell whether it was clicked just now."""
    return st.button(
        "Start",
        key="train-start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=disabled,
    )


def how_long(config: TrainingConfig) -> str:
    """Say how long a training of these settings takes, and whether it has to wait."""
    seconds, minutes = estimates.estimate_seconds(config), services.limits().minutes
    takes = f"About {run_status.duration(seconds)} on two cores." if seconds is not None else ""
    if seconds is not None and seconds > 60 * minutes:
        takes += f" After {minutes:g} minutes it is stopped, and what it has learnt is kept."
    if not services.jobs().free_slots():
        takes += " Another one is under way: this one waits its turn and starts by itself."
    return takes


def show_example() -> None:
    """Show what there will be to watch, where there is no training yet."""
    st.subheader("Watch a network learn")
    st.markdown(
        "Choose the images and the network, then press **Start**. Loss and accuracy move with every batch; "
        "after each epoch the network is tried on validation images that it never learns from. The training "
        "goes on when you leave this page, and the address of this page brings you back to it."
    )
    st.caption("This is how the classroom network that comes with Digit Lab learnt:")
    watch.example(services.store().open(CLASSROOM_RUN))


def watch_run(run_id: str) -> None:
    """Show a run as it happens."""
    try:
        watch.watch(run_id)
        session.set_run_watched(run_id)
    except DigitLabError as error:
        st.warning(str(error))
        session.set_run_watched(None)  # it was deleted; the next visit begins anew


take_settings_of_the_address()
settings, watching = st.columns([1, 2.4], gap="medium")
with settings:
    choose_and_start()
with watching:
    run_id = chosen_run()
    if run_id is None:
        show_example()
    else:
        watch_run(run_id)
run_list.show(run_id)

frame.footer()
