"""Train: choose the settings, start a training, watch it live and save the network."""

import streamlit as st

from model.config import TrainingConfig, settings_from, settings_text
from model.errors import ConfigError, DigitLabError
from model.messages import N_
from model.runs.run import Run
from model.runs.store import CLASSROOM_RUN
from model.training import estimates
from pages.ui.language import format_number
from pages.ui.shell import frame, identity, parts, permission, services, session
from pages.ui.shell.durations import duration
from pages.ui.shell.text import markdown, plain
from pages.ui.train import help, run_list, settings_form, start_once, watch
from pages.ui.translation import _, translate

FEW_SECONDS = 5  # a start takes about as long

frame.page(N_("Train"), parts.TRAIN)
identity.identify()
services.jobs().warm_up()
services.searches()  # resumes those that an earlier server left


def chosen_run() -> str | None:
    """Return the run to show: the one in the link, else the one last watched, else one that is active."""
    active = services.jobs().active()
    return st.query_params.get("run") or session.run_watched() or (active[0] if active else None)


def start(config: TrainingConfig) -> None:
    """Start a training and show it under a link that can be shared."""

    def create(here: bool) -> Run:
        return services.jobs().start(config, permission.owned_metadata(), here=here)

    if start_once.start(settings_text(config), create):
        session.set_notices([])


def use_settings_in_link() -> None:
    """Set the widgets to the settings in a link, once, and explain what can't be used until a training starts."""
    text = st.query_params.pop("settings", None)
    if text is not None:
        try:
            session.set_notices(settings_form.fill(settings_from(text), dataset=True))
        except ConfigError as error:
            session.set_notices([translate(error)])
    for problem in session.notices():
        st.warning(plain(problem))  # it may quote the link, which anybody can have written


def choose_and_start() -> None:
    """Draw the settings, and above them the Start button: in sight without scrolling, but drawn last."""
    st.caption(_("Settings for a new run"))
    top = st.container()
    config = settings_form.training_controls(top)
    with top:
        if not permission.may_train():
            with st.container(key="train-key"):
                permission.key_field()
        elif start_button(disabled=config is None) and config:
            start(config)
        if config is not None:
            st.caption(how_long(config) + memory_warning(config))
            search_link(config)


def start_button(disabled: bool) -> bool:
    """Draw the Start button; return whether it was just clicked."""
    return st.button(
        _("Start"),
        key="train-start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=disabled,
    )


def search_link(config: TrainingConfig) -> None:
    """Draw a link to the Tune page, which takes these settings for everything that doesn't vary."""
    with st.container(key="train-search"):
        st.page_link(
            "pages/tune.py",
            label=_("Search for better settings"),
            icon=":material/tune:",
            width="content",
            query_params={"settings": settings_text(config)},
        )


def how_long(config: TrainingConfig) -> str:
    """Return how long the training will take, whether the time limit ends it, and whether it has to wait."""
    seconds = estimates.estimate_seconds(config, services.inspection(config.dataset))
    minutes = services.limits().minutes
    sentences = []
    if seconds is not None:
        text = _(help.TIME_SHORT if seconds < FEW_SECONDS else help.TIME)
        sentences.append(text.format(time=duration(seconds)))
    if seconds is not None and seconds > 60 * minutes:
        sentences.append(_(help.TIME_LIMIT).format(minutes=format_number(minutes, "g")))
    if not services.jobs().free_slots():
        sentences.append(_(help.WAITS))
    return " ".join(sentences)


def memory_warning(config: TrainingConfig) -> str:
    """Return a warning if the training needs more memory than is free; an empty text if it doesn't or is unknown."""
    needed = estimates.estimate_memory(config, services.inspection(config.dataset))
    free = services.jobs().free_memory()
    if needed is None or free is None or needed <= free:
        return ""
    return "  \n" + _(help.MEMORY).format(
        needed=format_number(needed / 1e6, ",.0f"), free=format_number(free / 1e6, ",.0f")
    )


def show_example() -> None:
    """Show the curves of a finished run as long as there is no training to watch."""
    with st.container(key="train-example"):
        st.subheader(_("Watch a network learn"))
        st.markdown(_(help.WATCH))
        st.caption(_("As an example, the curves of the classroom network that comes with Digit Lab:"))
        watch.example(services.store().open(CLASSROOM_RUN))


def watch_run(run_id: str) -> None:
    """Show a run live."""
    try:
        watch.watch(run_id)
        session.set_run_watched(run_id)
    except DigitLabError as error:
        st.warning(markdown(error))
        session.set_run_watched(None)  # the run was deleted, so the next visit shows the example


use_settings_in_link()
settings, watching = st.columns([1, 2.4], gap="medium")
with settings, st.container(key="train-settings"):
    choose_and_start()
with watching:
    run_id = chosen_run()
    if run_id is None:
        show_example()
    else:
        watch_run(run_id)
run_list.show(run_id)

frame.footer()
