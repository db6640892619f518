"""Evaluate: choose a run, then see how good it is, where it goes wrong, on which images, and why."""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.evaluate import choices, closer_look, confusion, downloads, image_browser, summary
from pages.ui.shell import frame, predictions, services

frame.page("Evaluate")


def result_of(run: FinishedRun, epoch: int | None) -> EvaluationResult | None:
    """Return the predictions to show; show why where there are none. `epoch` None is the kept network."""
    try:
        return predictions.stored(run) if epoch is None else predictions.after_epoch(run, epoch)
    except DigitLabError as error:
        st.warning(str(error))
        return None


def show(run: FinishedRun, epoch: int | None, other: FinishedRun | None) -> None:
    """Show one network from its figures down to its single mistakes."""
    result = result_of(run, epoch)
    metrics = result.metrics if result else run.metrics
    summary.show(run, metrics, result, run.kept_epoch if epoch is None or not result else epoch)
    with st.container(horizontal=True, gap="small"):
        summary.card(run)
        if result:
            downloads.menu(run, result, epoch)
    comparison = summary.compare(result, other) if result and other else None
    cell = confusion.show(metrics, run.id)
    if result:
        image_browser.show(run, result, epoch, cell, comparison.differ if comparison else None)
        closer_look.show(run, result, epoch)


runs, damaged = services.usable_runs()
if runs:
    show(*choices.choose(runs))
else:
    st.info("There is no finished run yet. Train a network, and its figures appear here.", icon=":material/grid_on:")
    st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
for folder in damaged:
    st.warning(f"The folder {folder.id} is damaged and left out: {folder.reason}", icon=":material/folder_off:")

frame.footer()
