"""The saved runs: how much room they take, and a dialog that deletes the oldest ones.

Knows the run store and its limits; stops no training.
"""

from dataclasses import replace

import streamlit as st

from model.limits import Limits
from model.messages import N_
from model.runs import retention
from model.runs.retention import PrunedRun
from pages.ui.host import help
from pages.ui.language import format_number
from pages.ui.shell import permission, services
from pages.ui.translation import _, ngettext

_UPDATE_S = 10.0  # slower than the panel: it visits every file


def show() -> None:
    """Draw how many runs are saved, and the button that opens the dialog."""
    st.subheader(_("Saved runs"))
    with st.container(key="host-disk", horizontal=True, vertical_alignment="center"):
        st.fragment(_size, run_every=_UPDATE_S)()
        if st.button(_("Prune"), key="host-prune", icon=":material/delete_sweep:", width="content"):
            st.dialog(_(_TITLE))(_dialog)()


_TITLE = N_("Delete the oldest runs")


def _size() -> None:
    stored, limits = services.stored_size(), services.limits()
    share = max(stored.runs / limits.runs, stored.megabytes / limits.disk_mb)
    text = _("**{n}** of {most} runs · **{size}** of {most_size} MB").format(
        n=format_number(stored.runs, ","),
        most=format_number(limits.runs, ","),
        size=format_number(stored.megabytes, ",.0f"),
        most_size=format_number(limits.disk_mb, ","),
    )
    st.progress(min(share, 1.0), text=text, width="stretch")


def _dialog() -> None:
    limits = services.limits()
    stored = retention.stored_size(services.store())
    most = min(stored.runs, limits.runs)
    n_kept = st.number_input(_("Runs to keep"), 0, limits.runs, most, key="host-prune-keep")
    chosen = replace(limits, runs=n_kept)
    runs = retention.runs_to_prune(services.store(), chosen, services.jobs().active())
    st.caption(_(help.PRUNE))
    if not runs and n_kept < stored.runs:
        st.caption(_(help.NOTHING_TO_PRUNE))
    key, icon = "host-prune-confirm", ":material/delete:"
    if st.button(_confirmation(runs), key=key, icon=icon, type="primary", disabled=not runs):
        _prune(chosen)


def _confirmation(runs: list[PrunedRun]) -> str:
    size = format_number(sum(run.megabytes for run in runs), ",.1f")
    text = ngettext("Delete {n} run ({size} MB)", "Delete {n} runs ({size} MB)", len(runs))
    return text.format(n=len(runs), size=size)


def _prune(chosen: Limits) -> None:
    if permission.is_teacher():
        pruned = retention.prune(services.store(), chosen, services.jobs().active())
        services.forget_stored_size()
        st.toast(ngettext("{n} run deleted.", "{n} runs deleted.", len(pruned)).format(n=len(pruned)))
    st.rerun()
