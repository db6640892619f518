"""Home: what Digit Lab is, what is ready here, and the way through it."""

import streamlit as st

from model.data import catalog
from model.runs.run import FinishedRun
from pages.ui.home import showcase
from pages.ui.shell import frame, services
from pages.ui.shell.text import plain, run_title

frame.page("Digit Lab")

_LESSONS = (
    (
        "pages/draw.py",
        "Draw",
        ":material/draw:",
        "Draw a digit with mouse, pen or finger. The network answers with every stroke and shows what it sees.",
    ),
    (
        "pages/train.py",
        "Train",
        ":material/model_training:",
        "Teach a network of your own. Loss and accuracy move with every batch; pause it, go on, stop and keep it.",
    ),
    (
        "pages/evaluate.py",
        "Evaluate",
        ":material/grid_on:",
        "See how good it is on 10,000 images it never saw, what it takes for what, and each single mistake.",
    ),
)

_SHOWN = 8  # of a list


def show_what_it_says() -> None:
    """Show a few drawings with the answers of the network that answers on the Draw page."""
    runs, _ = services.usable_runs()
    if runs:
        showcase.show(services.default_run(runs))


def show_lessons() -> None:
    """Show the way through the app, as three cards."""
    for number, (column, (path, label, icon, text)) in enumerate(zip(st.columns(3), _LESSONS, strict=True), 1):
        with column, st.container(border=True, height="stretch"):
            st.page_link(path, label=f"**{number}. {label}**", icon=icon)
            st.markdown(text)


def show_datasets() -> None:
    """Show which datasets are here and what to do about the others."""
    st.subheader("Data")
    for status in catalog.available():
        icon = ":material/check_circle:" if status.here else ":material/cloud_download:"
        st.markdown(f"{icon} **{status.title}** · {status.where}")


def show_runs() -> None:
    """Show which networks are here and which one answers on the Draw page."""
    st.subheader("Networks")
    runs, damaged = services.usable_runs()
    for run in runs[:_SHOWN]:
        in_use = " · answers on the Draw page" if run == services.default_run(runs) else ""
        st.markdown(f":material/neurology: {plain(run_title(run))}{in_use}")
    if not runs:
        st.markdown("None yet: train one.")
    if damaged:
        st.caption(f"{len(damaged)} damaged, named on the Evaluate page.")


def show_trainings() -> None:
    """Show the trainings that have left no network yet, each with the way back to it."""
    unfinished = [run for run in services.store().list()[0] if not isinstance(run, FinishedRun)]
    if not unfinished:
        return
    st.subheader("Trainings")
    for run in unfinished[:_SHOWN]:
        label = f"{plain(run_title(run))} · **{services.jobs().state(run)}**"
        st.page_link("pages/train.py", label=label, icon=":material/timeline:", query_params={"run": run.id})


st.title("How does a network read handwriting?")
st.markdown(
    "Digit Lab trains small convolutional networks on handwritten digits in front of your eyes, "
    "shows where they fail, and reads what you draw."
)
show_what_it_says()
show_lessons()
left, right = st.columns(2, gap="medium")
with left:
    show_runs()
    show_trainings()
with right:
    show_datasets()
frame.footer()
