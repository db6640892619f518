"""A menu to add one's own dataset: upload its files, delete uploads, and see what the server's folder can't use."""

import streamlit as st

from model.data import catalog, uploads
from model.errors import DigitLabError
from pages.ui.language import format_number
from pages.ui.shell import permission, services, session
from pages.ui.shell.text import markdown, plain
from pages.ui.train import help
from pages.ui.translation import _, ngettext

_CLEAN_S = 600
_MAX_LISTED = 30  # files that can't be used


def choose_new(box: str) -> None:
    """Choose the dataset that was just uploaded; call it before the select box is drawn."""
    if name := session.take_uploaded():
        st.session_state[box] = name


def menu() -> None:
    """Draw the menu, for visitors who may train."""
    if not permission.may_train():
        return
    _clean()
    with st.popover(_("Add your own"), icon=":material/upload_file:", key="train-upload-menu"):
        st.caption(_(help.UPLOAD))
        files = st.file_uploader(
            _("Files of a dataset"),
            accept_multiple_files=True,
            key=f"train-upload-{session.n_uploads()}",
            max_upload_size=uploads.MAX_FILE_MB,
            label_visibility="collapsed",
        )
        if files and st.button(_("Use these files"), key="train-upload-save", icon=":material/check:", type="primary"):
            _save([(file.name, file.getvalue()) for file in files])
        st.caption(_(help.UPLOAD_PRIVACY))
        for name in services.my_uploads().names():
            _upload(name)
        _unusable()


def _save(files: list[tuple[str, bytes]]) -> None:
    try:
        with st.spinner(_("Checking the files…")):
            name = services.my_uploads().save(files)
    except DigitLabError as error:
        st.warning(markdown(error))
        return
    session.set_uploaded(name)
    st.rerun()


def _upload(name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(uploads.title(name)), width="stretch")
        if st.button(_("Delete"), key=f"train-upload-delete-{name}", icon=":material/delete:"):
            services.my_uploads().delete(name)
            st.rerun()


def _unusable() -> None:
    """List the files in the server's folder that can't be used, with the reasons."""
    files = catalog.unusable()
    if not files:
        return
    text = ngettext(
        "{n} file in the folder named by DIGIT_LAB_DATA can't be used",
        "{n} files in the folder named by DIGIT_LAB_DATA can't be used",
        len(files),
    )
    with st.expander(text.format(n=format_number(len(files), ","))):
        for each in files[:_MAX_LISTED]:
            st.caption(f"**{plain(each.file)}** {markdown(each.reason)}")
        if len(files) > _MAX_LISTED:
            st.caption(_("… and {n} more").format(n=format_number(len(files) - _MAX_LISTED, ",")))


@st.cache_data(ttl=_CLEAN_S, show_spinner=False)
def _clean() -> None:
    """Delete the uploads of yesterday that no run uses, every ten minutes."""
    runs, _damaged = services.store().list()
    uploads.clean(services.store().home, {run.config.dataset for run in runs})
