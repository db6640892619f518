"""The choices of the Evaluate page: a run, the epoch of its weights, and a run to compare it with."""

import streamlit as st

from model.evaluation import explain
from model.runs.run import FinishedRun
from pages.ui.shell.run_picker import other_run_control, run_control

_KEPT = "kept"


def choose(runs: list[FinishedRun]) -> tuple[FinishedRun, int | None, FinishedRun | None]:
    """Draw the choices; return the run, the epoch (None: the kept network), and the other run, if any."""
    with st.container(key="eval-run"):
        first, second, third = st.columns([2.2, 1.2, 2.2], gap="small", vertical_alignment="bottom")
        with first:
            run = run_control("Run", "eval-run-choice", runs)
        with second:
            epoch = _choose_epoch(run)
        with third:
            same = (other for other in runs if other.id != run.id and has_same_test_set(other, run))
            compared = other_run_control(f"eval-other-{run.id}", same, "no other run")
    return run, epoch, compared


def _choose_epoch(run: FinishedRun) -> int | None:
    """Draw the replay of the training: the network as it was after each epoch."""
    epochs: list[int | str] = list(explain.epoch_networks(run))
    if not epochs:
        return None
    epoch = st.select_slider(
        "After epoch",
        [*epochs, _KEPT],
        value=_KEPT,
        key=f"eval-epoch-{run.id}",
        format_func=str,
        help="The network as it was then: figures, matrix and images are its own. Epoch 0 has learnt nothing.",
    )
    return epoch if isinstance(epoch, int) else None


def has_same_test_set(a: FinishedRun, b: FinishedRun) -> bool:
    """Tell whether two runs seem to be scored on the same images; the comparison itself looks at every label."""
    supports = [[(row.name, row.support) for row in run.metrics.classes] for run in (a, b)]
    return a.config.dataset == b.config.dataset and supports[0] == supports[1]
