"""Lists of runs to choose from. Knows Streamlit and runs; starts nothing."""

import streamlit as st

from model.runs.run import Run
from pages.ui import services, state

_MARKDOWN = frozenset(r"\`*_{}[]()<>#+-.!|$~:&")


def run_control(label: str, key: str, runs: list[Run]) -> Run:
    """Draw a list of runs, which is not empty; return the chosen one.

    The address (`?run=`) chooses first and then follows the choice, so that it can be shared. One that is not in the
    list is said to be missing.
    """
    by_id = {run.id: run for run in runs}
    linked = st.query_params.get("run")
    state.follow_link(key, linked, known=linked in by_id)
    if st.session_state.get(key) not in by_id:  # none was chosen yet, or it was deleted
        st.session_state[key] = services.default_run(runs).id
    chosen = st.selectbox(
        label,
        list(by_id),
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        key=key,
        persist_state="session",  # as it was when its page is opened again
    )
    if linked and linked not in by_id:
        st.warning("The run of this address is not here or can't be used here; expected one of the list above.")
    else:
        state.follow_link(key, chosen, known=False)
        st.query_params["run"] = chosen
    return by_id[chosen]


def run_title(run: Run) -> str:
    """Name a run so that a person can tell it from others."""
    name = f"{run.label.name} · " if run.label.name else ""
    figures = f" · {run.metrics.accuracy:.2%}" if run.metrics else ""
    images = run.config.dataset + (" and drawings" if run.config.drawings else "")
    network = "own network" if run.config.design else run.config.preset
    return f"{name}{network} · {images}{figures} · {created(run)}"


def created(run: Run) -> str:
    """Say when a run was begun, in UTC to the minute."""
    return "shipped" if run.shipped else run.description.get("created", "")[:16].replace("T", " ")


def plain(text: str) -> str:
    """Return what somebody typed so that Markdown shows it as it is, in one line."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in " ".join(text.split()))


def percent(probability: float) -> str:
    """No network is ever wholly sure, and rounding shall not say so."""
    if probability > 0.9995:
        return "over 99.9%"
    return f"{probability:.1%}" if probability >= 0.0005 else "under 0.1%"
