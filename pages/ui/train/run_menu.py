"""What the owner can do with a run that has ended: name it, add a note, train it for longer, delete it.

Knows the run store, the job manager and the permissions. Clicks are handled in the script instead of in callbacks,
because Streamlit can run a callback twice for one click.
"""

from collections.abc import Callable

import streamlit as st

from model.data import uploads
from model.errors import DigitLabError
from model.runs.metadata import RunMetadata
from model.runs.run import Run
from pages.ui.shell import permission, services, session
from pages.ui.shell.text import markdown
from pages.ui.train import help, start_once
from pages.ui.translation import _


def menu(run: Run) -> None:
    """Draw the owner's menu with name, note and deletion; other visitors don't see it."""
    if not permission.owns(run):
        return
    metadata = run.metadata
    with st.popover(_("Name and note"), icon=":material/edit:", key="train-label"):
        with st.form(f"train-label-{run.id}", border=False):
            key = f"train-label-name-{run.id}"
            name = st.text_input(_("Name"), metadata.name, max_chars=60, help=_(help.NAME), key=key)
            key = f"train-label-note-{run.id}"
            note = st.text_area(_("Note"), metadata.note, max_chars=500, height=90, key=key)
            if st.form_submit_button(_("Save"), key="train-label-save", icon=":material/save:"):
                _save(run, name, note)
        sure = st.checkbox(_("Delete this run permanently"), key=f"train-delete-sure-{run.id}")
        if st.button(_("Delete"), key="train-delete", icon=":material/delete:", disabled=not sure):
            _delete(run)


def _save(run: Run, name: str, note: str) -> None:
    owner = run.metadata
    try:
        services.store().set_metadata(run.id, RunMetadata(name=name, note=note, tab=owner.tab, browser=owner.browser))
    except DigitLabError as error:
        st.warning(markdown(error))
    else:
        st.rerun()


def _delete(run: Run) -> None:
    try:
        # The state decides, as the worker of an ended run may still be exiting; it is read again, as another tab may
        # have resumed the run.
        if services.jobs().state(services.store().open(run.id)).is_active:
            st.warning(_("This run is still active. Stop it first."))
            return
        services.store().delete(run.id)
        left = (other.config.dataset for other in services.store().list()[0])
        uploads.delete_with_run(services.store().home, run.config.dataset, left)
    except DigitLabError as error:
        st.warning(markdown(error))
    else:
        session.set_run_watched(None)
        st.query_params.pop("run", None)
        st.rerun()


def train_again(run: Run) -> None:
    """Draw a menu to train with the same settings again and, for the owner, to continue; each creates a new run."""
    with st.popover(_("Train again"), icon=":material/replay:", key="train-again-menu"):
        if st.button(_("With the same seed"), key="train-again", icon=":material/replay:", width="stretch"):
            metadata = permission.owned_metadata()
            _start(f"again {run.id}", lambda here: services.jobs().start(run.config, metadata, here=here))
        st.caption(_(help.SAME_SEED))
        if permission.owns(run) and any(run.checkpoints.glob("epoch-*.keras")):
            _more_epochs(run)


def _more_epochs(run: Run) -> None:
    most = services.limits().epochs
    epochs = st.number_input(_("Epochs to add"), 1, most, min(5, most), key=f"train-more-{run.id}")
    if st.button(_("Continue training"), key="train-more-start", icon=":material/play_arrow:", width="stretch"):
        metadata = permission.owned_metadata()
        _start(f"{epochs} more {run.id}", lambda here: services.jobs().extend(run.id, epochs, metadata, here))
    st.caption(_(help.CONTINUE))


def _start(request: str, create: Callable[[bool], Run]) -> None:
    if start_once.start(request, create):
        st.rerun()
