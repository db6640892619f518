"""Tune: search for good hyperparameters with many short trainings, and see which settings mattered."""

import streamlit as st

from model.errors import DigitLabError, SchedulerError, SearchError
from model.messages import N_
from model.tuning.settings import TuningSettings, which_learning_rate
from pages.ui.shell import frame, identity, permission, services, session
from pages.ui.shell.durations import duration
from pages.ui.shell.text import markdown
from pages.ui.translation import _
from pages.ui.tune import help, settings_form, watch

frame.page(N_("Tune"))
identity.identify()
services.searches().resume_interrupted()

EXAMPLE = "which-learning-rate"  # the search that comes with Digit Lab
DOUBLE_CLICK_S = 3.0


def chosen_search() -> str:
    """Return the search to show: the one in the link, else the newest, else the example."""
    if "search" in st.query_params:
        return str(st.query_params["search"])
    records, _damaged = services.searches().store.list()
    return records[0].id if records else EXAMPLE


def start(settings: TuningSettings, here: bool = False) -> None:
    """Start a search and show it under a link that can be shared; a double click starts it once.

    `here`: train on this server even if there is a cluster, which is offered if that doesn't answer.
    """
    request = repr(settings)
    try:
        search_id = session.just_started(request, DOUBLE_CLICK_S)
        if search_id is None:
            search_id = services.searches().start(settings, permission.owned_metadata(), here).id
            session.set_last_start(request, search_id)
    except DigitLabError as error:
        st.warning(markdown(error))
        if isinstance(error, SchedulerError):
            label = _("Train on this server")
            st.button(label, key="tune-here", icon=":material/computer:", on_click=start, args=(settings, True))
    else:
        st.query_params["search"] = search_id


def ready_made() -> None:
    """Draw the search that needs no settings."""
    settings = which_learning_rate(services.default_dataset())
    with st.container(border=True, key="tune-ready"):
        title = _("Which learning rate?")
        st.markdown(f"**{title}**")
        time = duration(settings.seconds(services.n_slots()) or 0)
        st.caption(_(help.READY_MADE).format(time=time))
        if permission.may_train() and st.button(
            _("Start this search"), key="tune-ready-start", icon=":material/play_arrow:", width="stretch"
        ):
            start(settings)


def choose_and_start() -> None:
    """Draw the settings of a search, and above them the Start button: in sight without scrolling, but drawn last."""
    st.caption(_("Settings for a new search"))
    top = st.container()
    settings = settings_form.settings_controls()
    with top:
        if not permission.may_train():
            permission.key_field()
            return
        if start_button(disabled=settings is None) and settings is not None:
            start(settings)
        if settings is not None:
            st.caption(how_long(settings))


def start_button(disabled: bool) -> bool:
    """Draw the Start button; return whether it was just clicked."""
    return st.button(
        _("Start"),
        key="tune-start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=disabled,
    )


def how_long(settings: TuningSettings) -> str:
    """Return how long the search will take."""
    seconds, n = settings.seconds(services.n_slots()), settings.n_trials
    if seconds is None:
        return ""
    text = _(help.TIME) if n > 1 else _(help.TIME_ONE)
    return text.format(time=duration(seconds), n=n)


def show(search_id: str) -> None:
    """Show a search live."""
    if search_id == EXAMPLE:
        st.caption(_(help.EXAMPLE))
    try:
        watch.watch(search_id)
    except SearchError as error:
        st.warning(markdown(error))


st.markdown(_(help.INTRODUCTION))
settings_form.use_settings_in_link()
left, right = st.columns([1, 2.4], gap="medium")
with left:
    ready_made()
    choose_and_start()
with right:
    search_id = chosen_search()
    show(search_id)
watch.list_others(search_id)

frame.footer()
