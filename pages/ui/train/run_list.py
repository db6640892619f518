"""The runs that are kept, newest first: each with its figures and a link, and up to five of them side by side.

Knows the run store and the comparison; starts nothing and changes nothing.
"""

import streamlit as st

from model.runs.run import FinishedRun, Run
from model.runs.store import DamagedRun
from pages.ui.charts.training import MAX_COMPARED
from pages.ui.shell import services
from pages.ui.shell.text import plain, run_title
from pages.ui.train import compare_runs

_A_PAGE = 8
# On a phone, too, a run is one row.
_STYLE = """<style>
[class*="st-key-train-row-"] { flex-wrap: nowrap; }
[class*="st-key-train-row-"] .stMarkdown { min-width: 0; overflow-wrap: anywhere; }
</style>"""


def show(watched: str | None) -> None:
    """Draw the list, the run on show marked in it, and below it what is compared."""
    runs, damaged = services.store().list()
    with st.container(key="train-runs"):
        st.html(_STYLE)
        st.subheader("Runs")
        st.caption(f"Tick up to {MAX_COMPARED} to lay their curves over one another.")
        pages = -(-len(runs) // _A_PAGE)
        page = st.pagination(pages, key="train-runs-page") if pages > 1 else 1
        chosen = [run for run in runs if st.session_state.get(_key(run))]
        for run in runs[(page - 1) * _A_PAGE : page * _A_PAGE]:
            _row(run, run.id == watched, full=len(chosen) >= MAX_COMPARED and run not in chosen)
        for damaged_run in damaged:
            _damaged(damaged_run)
        compare_runs.show([run for run in runs if st.session_state.get(_key(run))][:MAX_COMPARED])


def _key(run: Run) -> str:
    return f"train-compare-{run.id}"


def _row(run: Run, watched: bool, full: bool) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"train-row-{run.id}"):
        st.checkbox(
            f"Compare {run.id}",
            key=_key(run),
            label_visibility="collapsed",
            disabled=full,
            persist_state="session",
            width="content",
        )
        shown = " · **shown above**" if watched else _figures(run)
        note = f"  \n:small[{plain(run.metadata.note)}]" if run.metadata.note else ""
        st.markdown(f"{plain(run_title(run))}{shown}{note}", width="stretch")
        st.page_link("pages/train.py", label="Open", query_params={"run": run.id}, width="content")


def _figures(run: Run) -> str:
    """Say what the title does not: loss and epochs of a complete run, how the others stand."""
    if not isinstance(run, FinishedRun):
        return f" · {services.jobs().state(run)}"
    epochs = run.outcome.epochs
    return f" · loss {run.metrics.loss:.4f} · {epochs} epoch{'s' * (epochs != 1)}"


def _damaged(run: DamagedRun) -> None:
    st.warning(f"The folder {run.id} is damaged and left out: {run.reason}", icon=":material/folder_off:")
