"""The list of saved runs, newest first: each with its figures and a link, and a comparison of up to five.

Knows the run store and the comparison; starts and changes nothing.
"""

import streamlit as st

from model.runs.run import FinishedRun, Run
from model.runs.store import DamagedRun
from pages.ui.charts.training import MAX_COMPARED
from pages.ui.language import format_number
from pages.ui.shell import services
from pages.ui.shell.text import markdown, plain, run_title
from pages.ui.train import compare_runs
from pages.ui.train.run_status import STATES
from pages.ui.translation import _, ngettext

_RUNS_PER_PAGE = 8
# One row for each run, on a phone too.
_STYLE = """<style>
[class*="st-key-train-row-"] { flex-wrap: nowrap; }
[class*="st-key-train-row-"] .stMarkdown { min-width: 0; overflow-wrap: anywhere; }
</style>"""


def show(watched: str | None) -> None:
    """Draw the list, with a mark at the run shown above, and below it the comparison."""
    runs, damaged = services.store().list()
    with st.container(key="train-runs"):
        st.html(_STYLE)
        st.subheader(_("Runs"))
        st.caption(
            _("Accuracy and loss are measured on the test images. Select up to {n} runs to compare.").format(
                n=MAX_COMPARED
            )
        )
        pages = -(-len(runs) // _RUNS_PER_PAGE)
        page = st.pagination(pages, key="train-runs-page") if pages > 1 else 1
        chosen = [run for run in runs if st.session_state.get(_key(run))]
        for run in runs[(page - 1) * _RUNS_PER_PAGE : page * _RUNS_PER_PAGE]:
            _row(run, run.id == watched, full=len(chosen) >= MAX_COMPARED and run not in chosen)
        for damaged_run in damaged:
            _damaged(damaged_run)
        compare_runs.show([run for run in runs if st.session_state.get(_key(run))][:MAX_COMPARED])


def _key(run: Run) -> str:
    return f"train-compare-{run.id}"


def _row(run: Run, watched: bool, full: bool) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"train-row-{run.id}"):
        st.checkbox(
            _("Compare {run}").format(run=plain(run.id)),
            key=_key(run),
            label_visibility="collapsed",
            disabled=full,
            persist_state="session",
            width="content",
        )
        details = _("**shown above**") if watched else _details(run)
        note = f"  \n:small[{plain(run.metadata.note)}]" if run.metadata.note else ""
        st.markdown(f"{plain(run_title(run))} · {details}{note}", width="stretch")
        st.page_link("pages/train.py", label=_("Open"), query_params={"run": run.id}, width="content")


def _details(run: Run) -> str:
    """Return what the title leaves out: the loss and epochs of a finished run, the state of any other."""
    if not isinstance(run, FinishedRun):
        return _(STATES[services.jobs().state(run)])
    n = run.outcome.epochs
    text = ngettext("loss {loss} · {n} epoch", "loss {loss} · {n} epochs", n)
    return text.format(loss=format_number(run.metrics.loss, ".4f"), n=n)


def _damaged(run: DamagedRun) -> None:
    text = _("Run {run} is damaged and isn't listed: {reason}")
    st.warning(text.format(run=plain(run.id), reason=markdown(run.reason)), icon=":material/folder_off:")
