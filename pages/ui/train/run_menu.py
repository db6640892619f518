"""What an owner does with a run that has ended: name it, note something, train it for longer, delete it.

Knows the run store, the job manager and the permissions. Everything is asked in place, because Streamlit may call a
callback twice for one click.
"""

from collections.abc import Callable

import streamlit as st

from model.errors import DigitLabError
from model.runs.metadata import RunMetadata
from model.runs.run import Run
from pages.ui.shell import permission, services, session
from pages.ui.train import start_once


def menu(run: Run) -> None:
    """Draw the name and note of an own run with the fields to change them; nothing for anybody else's."""
    if not permission.owns(run):
        return
    label = run.metadata
    with st.popover("Name and note", icon=":material/edit:"):
        with st.form(f"train-label-{run.id}", border=False):
            name = st.text_input("Name", label.name, max_chars=60, help="A named run is never deleted to make room.")
            note = st.text_area("Note", label.note, max_chars=500, height=90)
            if st.form_submit_button("Save", key="train-label-save", icon=":material/save:"):
                _save(run, name, note)
        sure = st.checkbox("Delete this run for good", key=f"train-delete-sure-{run.id}")
        if st.button("Delete", key="train-delete", icon=":material/delete:", disabled=not sure):
            _delete(run)


def _save(run: Run, name: str, note: str) -> None:
    label = run.metadata
    try:
        services.store().set_metadata(run.id, RunMetadata(name=name, note=note, tab=label.tab, browser=label.browser))
    except DigitLabError as error:
        st.warning(str(error))
    else:
        st.rerun()


def _delete(run: Run) -> None:
    try:
        # By its status, as its worker may still be leaving; and as it is now: another tab may have resumed it.
        if services.jobs().state(services.store().open(run.id)).is_active:
            st.warning("This run is under way; stop it first.")
            return
        services.store().delete(run.id)
    except DigitLabError as error:
        st.warning(str(error))
    else:
        session.set_run_watched(None)
        st.query_params.pop("run", None)
        st.rerun()


def train_again(run: Run) -> None:
    """Offer the same start once more, and to go on where an own run ended; each makes a new run."""
    with st.popover("Train again", icon=":material/replay:"):
        if st.button("Same start again", key="train-again", icon=":material/replay:", width="stretch"):
            _begin(f"again {run.id}", lambda: services.jobs().start(run.config, permission.owned_metadata()))
        st.caption("The same settings and seed: the same first weights, the same order of images.")
        if permission.owns(run) and any(run.checkpoints.glob("epoch-*.keras")):
            _more_epochs(run)


def _more_epochs(run: Run) -> None:
    most = services.limits().epochs
    epochs = st.number_input("Epochs to add", 1, most, min(5, most), key=f"train-more-{run.id}")
    if st.button("Train on", key="train-more-start", icon=":material/play_arrow:", width="stretch"):
        _begin(f"{epochs} more {run.id}", lambda: services.jobs().extend(run.id, epochs, permission.owned_metadata()))
    st.caption(
        "A new run that begins with this one's curve and goes on from its last epoch. A schedule is laid out over all "
        "epochs, so a learning rate that had fallen rises again."
    )


def _begin(what: str, make: Callable[[], Run]) -> None:
    if start_once.begin(what, make):
        st.rerun()
