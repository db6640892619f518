"""The downloads of a finished run, and a link to its settings. Starts nothing."""

import json

import streamlit as st

from model.config import settings_text
from model.runs.export import history_csv
from model.runs.run import FinishedRun
from pages.ui.report.report import report
from pages.ui.translation import _


def menu(run: FinishedRun) -> None:
    """Draw the downloads and the link to the settings; a file is read only when it is downloaded."""
    with st.popover(_("Download"), icon=":material/download:", key="train-downloads"):
        for label, name, read in (
            (_("Network (Keras)"), "model.keras", (run.path / "model.keras").read_bytes),
            (_("Network (LiteRT)"), "model.tflite", (run.path / "model.tflite").read_bytes),
            (_("Curves (CSV)"), "history.csv", lambda: history_csv(run.history())),
            (_("Report (HTML)"), "report.html", lambda: report(run)),
            (_("Settings (JSON)"), "settings.json", lambda: json.dumps(run.config.to_dict(), indent=1)),
        ):
            st.download_button(
                label,
                read,
                file_name=f"{run.id}-{name}",
                key=f"train-download-{name}",
                on_click="ignore",
                width="stretch",
            )
        st.markdown(_("**Link to these settings**"))
        st.code(f"{_page_url()}?settings={settings_text(run.config)}", language=None, wrap_lines=True)


def _page_url() -> str:
    return (st.context.url or "").split("?")[0]
