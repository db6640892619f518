"""What a visitor can take along from a run, and how to send its settings to somebody. Starts nothing."""

import json

import streamlit as st

from model.config import settings_text
from model.runs.export import history_csv
from model.runs.run import FinishedRun
from pages.ui.report.report import report


def menu(run: FinishedRun) -> None:
    """Draw the downloads of a complete run and the link to its settings; files are read when they are asked for."""
    with st.popover("Take along", icon=":material/download:"):
        for label, name, read in (
            ("Network for Keras", "model.keras", (run.path / "model.keras").read_bytes),
            ("Network for LiteRT", "model.tflite", (run.path / "model.tflite").read_bytes),
            ("Curves as CSV", "history.csv", lambda: history_csv(run.history())),
            ("Report as HTML", "report.html", lambda: report(run)),
            ("Settings as JSON", "settings.json", lambda: json.dumps(run.config.to_dict(), indent=1)),
        ):
            st.download_button(
                label,
                read,
                file_name=f"{run.id}-{name}",
                key=f"train-download-{name}",
                on_click="ignore",
                width="stretch",
            )
        st.markdown("**A link to these settings**")
        st.code(f"{_address()}?settings={settings_text(run.config)}", language=None, wrap_lines=True)


def _address() -> str:
    return (st.context.url or "").split("?")[0]
