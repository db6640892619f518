"""The downloads of a search. Starts nothing."""

from collections.abc import Callable

import streamlit as st

from model.tuning import results
from model.tuning.record import SearchRecord
from model.tuning.study import TrialResult
from pages.ui.report.search_report import search_report
from pages.ui.translation import _


def menu(record: SearchRecord, trials: tuple[TrialResult, ...]) -> None:
    """Draw the downloads, and a link to the search; a file is built only when it is downloaded."""
    files: tuple[tuple[str, str, Callable[[], str]], ...] = (
        (_("Trials (CSV)"), "csv", lambda: results.as_csv(trials, record.settings)),
        (_("Search (JSON)"), "json", lambda: results.as_json(record, trials)),
        (_("Report (HTML)"), "html", lambda: search_report(record, trials)),
    )
    with st.popover(_("Download"), icon=":material/download:", key="tune-downloads"):
        for label, suffix, read in files:
            st.download_button(
                label,
                read,
                file_name=f"search-{record.id}.{suffix}",
                key=f"tune-download-{suffix}",
                on_click="ignore",
                width="stretch",
            )
        st.markdown(_("**Link to this search**"))
        st.code(f"{(st.context.url or '').split('?')[0]}?search={record.id}", language=None, wrap_lines=True)
