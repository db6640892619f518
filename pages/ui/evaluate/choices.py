"""The choices on the Evaluate page: a run, the epoch of its weights, and a run to compare it with."""

import streamlit as st

from model.evaluation import explain
from model.runs.run import FinishedRun
from pages.ui import glossary
from pages.ui.evaluate import help
from pages.ui.shell.run_picker import other_run_control, run_control
from pages.ui.translation import _

_FINAL = "kept"


def choose(runs: list[FinishedRun]) -> tuple[FinishedRun, int | None, FinishedRun | None]:
    """Draw the choices; return the run, the epoch (None: the final network), and the other run, if any."""
    with st.container(key="eval-run"):
        first, second, third = st.columns([2.2, 1.2, 2.2], gap="small", vertical_alignment="bottom")
        with first:
            run = run_control(_("Run"), "eval-run-choice", runs)
        with second:
            epoch = _choose_epoch(run)
        with third:
            others = [other for other in runs if other.id != run.id and has_same_test_set(other, run)]
            placeholder = _("Choose a run") if others else _("No other run has this test set")
            compared = other_run_control(f"eval-other-{run.id}", others, placeholder)
    return run, epoch, compared


def _choose_epoch(run: FinishedRun) -> int | None:
    """Draw the slider over the epochs, which shows the network as it was after each of them."""
    epochs: list[int | str] = list(explain.epoch_networks(run))
    if not epochs:
        return None
    epoch = st.select_slider(
        _("After epoch"),
        [*epochs, _FINAL],
        value=_FINAL,
        key=f"eval-epoch-{run.id}",
        format_func=lambda epoch: _("final") if epoch == _FINAL else str(epoch),
        help=" ".join((glossary.explain("Epoch"), _(help.EPOCH))),
    )
    return epoch if isinstance(epoch, int) else None


def has_same_test_set(a: FinishedRun, b: FinishedRun) -> bool:
    """Return whether two runs seem to be scored on the same images; the comparison itself checks every label."""
    supports = [[(row.name, row.support) for row in run.metrics.classes] for run in (a, b)]
    return a.config.dataset == b.config.dataset and supports[0] == supports[1]
