"""Home: what Digit Lab is, which networks and datasets are available, and the way through the app."""

import streamlit as st

from model.data import catalog
from model.messages import N_
from model.runs.run import FinishedRun
from pages.ui.home import showcase
from pages.ui.shell import frame, services
from pages.ui.shell.text import markdown, plain, run_title
from pages.ui.translation import _, ngettext, translate

frame.page("Digit Lab")

_LESSONS = (
    (
        "pages/draw.py",
        N_("Draw"),
        ":material/draw:",
        N_(
            "Draw a digit with mouse, pen or finger. The network makes a prediction after every stroke and shows you "
            "what it sees."
        ),
    ),
    (
        "pages/train.py",
        N_("Train"),
        ":material/model_training:",
        N_(
            "Train your own network. Watch loss and accuracy change with every batch; pause it, continue, or stop "
            "and save it."
        ),
    ),
    (
        "pages/evaluate.py",
        N_("Evaluate"),
        ":material/grid_on:",
        N_(
            "See how good a network is on 10,000 images it has never seen, which digits it confuses, and every "
            "single mistake."
        ),
    ),
)

_STYLE = """<style>
.st-key-home-lesson a { background: #3b6fe0; padding: .4rem .9rem; }
.st-key-home-lesson a:hover { background: #2f5bc0; }
.st-key-home-lesson a * { color: #fff !important; white-space: normal; }
</style>"""

_MAX_SHOWN = 8  # entries of a list


def start_lesson() -> None:
    """Draw the link to the lesson, which looks like a button: it is where to begin."""
    st.html(_STYLE)
    with st.container(key="home-lesson"):
        label = _("Start the lesson: from 784 pixels to a digit in seven steps")
        st.page_link("pages/learn.py", label=label, icon=":material/school:", width="content")


def show_drawings() -> None:
    """Show a few drawings with the predictions of the network that the Draw page uses by default."""
    runs, _damaged = services.usable_runs()
    if runs:
        showcase.show(services.default_run(runs))


def show_lessons() -> None:
    """Show the three steps of the app as cards."""
    for number, (column, (path, label, icon, text)) in enumerate(zip(st.columns(3), _LESSONS, strict=True), 1):
        with column, st.container(border=True, height="stretch"):
            st.page_link(path, label=f"**{number}. {_(label)}**", icon=icon)
            st.markdown(_(text))


def show_datasets() -> None:
    """Show which datasets are available and how to get the others."""
    st.subheader(_("Datasets"))
    for status in catalog.available():
        icon = ":material/error:" if status.damaged else ":material/cloud_download:"
        icon = ":material/check_circle:" if status.here else icon
        title, note, where = markdown(status.title), markdown(status.note), markdown(status.where)
        ready = _("ready to use") if status.here else where
        st.markdown(f"{icon} **{title}** · {note}  \n:small[{ready}]", help=where if status.here else None)
    if catalog.missing_folder():
        st.caption(_("The folder named by DIGIT_LAB_DATA doesn't exist on this server, so it adds no datasets."))


def show_networks() -> None:
    """Show which networks are available and which one the Draw page uses by default."""
    st.subheader(_("Networks"))
    runs, damaged = services.usable_runs()
    for run in runs[:_MAX_SHOWN]:
        title = plain(run_title(run))
        is_default = run == services.default_run(runs)
        text = _("{network} · used on the Draw page").format(network=title) if is_default else title
        st.markdown(f":material/neurology: {text}")
    if not runs:
        st.markdown(_("None yet. Train one first."))
    if damaged:
        n = len(damaged)
        text = ngettext("{n} damaged run; see the Evaluate page.", "{n} damaged runs; see the Evaluate page.", n)
        st.caption(text.format(n=n))


def show_unfinished_runs() -> None:
    """Show the runs without a finished network, each with a link to it."""
    unfinished = [run for run in services.store().list()[0] if not isinstance(run, FinishedRun)]
    if not unfinished:
        return
    st.subheader(_("Unfinished runs"))
    for run in unfinished[:_MAX_SHOWN]:
        label = f"{plain(run_title(run))} · **{translate(services.jobs().state(run))}**"
        st.page_link("pages/train.py", label=label, icon=":material/timeline:", query_params={"run": run.id})


st.title(_("How does a network read handwriting?"))
st.markdown(
    _(
        "Digit Lab trains small convolutional networks on handwritten digits while you watch, shows where they fail, "
        "and reads what you draw."
    )
)
start_lesson()
show_drawings()
show_lessons()
left, right = st.columns(2, gap="medium")
with left:
    show_networks()
    show_unfinished_runs()
with right:
    show_datasets()
frame.footer()
