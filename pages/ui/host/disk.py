"""The saved runs: how many the teacher wants to keep, and a button that deletes the oldest others.

Knows the run store and its limits. A fragment of its own: the panel's updates would disturb what is being typed.
"""

from dataclasses import replace

import streamlit as st

from model.runs import retention
from model.runs.retention import PrunedRun
from pages.ui.host import help
from pages.ui.shell import permission, services
from pages.ui.translation import _, ngettext


def show() -> None:
    """Draw the menu that prunes."""
    st.fragment(_draw)()


def _draw() -> None:
    st.subheader(_("Saved runs"))
    with st.popover(_("Prune"), icon=":material/delete_sweep:", key="host-prune-menu", on_change="rerun") as opened:
        if not opened.open:
            return
        stored, limits = services.stored_size(), services.limits()
        most = max(min(stored.runs, limits.runs), 0)
        n_kept = st.number_input(_("Runs to keep"), 0, limits.runs, most, key="host-prune-keep")
        chosen = replace(limits, runs=n_kept)
        runs = retention.runs_to_prune(services.store(), chosen, services.jobs().active())
        st.caption(_(help.PRUNE))
        label = _confirmation(runs)
        if not runs and n_kept < stored.runs:
            st.caption(_(help.NOTHING_TO_PRUNE))
        if st.button(label, key="host-prune", icon=":material/delete:", type="primary", disabled=not runs):
            _prune(chosen)


def _confirmation(runs: list[PrunedRun]) -> str:
    size = f"{sum(run.megabytes for run in runs):,.1f}"
    text = ngettext("Delete {n} run ({size} MB)", "Delete {n} runs ({size} MB)", len(runs))
    return text.format(n=len(runs), size=size)


def _prune(chosen) -> None:
    if not permission.is_teacher():
        return
    pruned = retention.prune(services.store(), chosen, services.jobs().active())
    services.forget_stored_size()
    st.toast(ngettext("{n} run deleted.", "{n} runs deleted.", len(pruned)).format(n=len(pruned)))
    st.rerun()
