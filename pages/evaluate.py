"""Evaluate: choose a run, then see its metrics, its confusion matrix, its test images and more analyses."""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation.evaluate import EvaluationResult
from model.messages import N_
from model.runs.run import FinishedRun
from pages.ui.evaluate import choices, confusion, downloads, image_browser, more_analyses, summary
from pages.ui.shell import frame, parts, predictions, services
from pages.ui.shell.text import markdown, plain
from pages.ui.translation import _

frame.page(N_("Evaluate"), parts.EVALUATE)


def result_of(run: FinishedRun, epoch: int | None) -> EvaluationResult | None:
    """Return the predictions to show, or show why there are none. `epoch` None is the final network."""
    try:
        return predictions.stored(run) if epoch is None else predictions.after_epoch(run, epoch)
    except DigitLabError as error:
        st.warning(markdown(error))
        return None


def show(run: FinishedRun, epoch: int | None, other: FinishedRun | None) -> None:
    """Show one network, from its metrics down to its single mistakes."""
    result = result_of(run, epoch)
    metrics = result.metrics if result else run.metrics
    with st.container(key="eval-metrics"):
        summary.show(run, metrics, result, run.kept_epoch if epoch is None or not result else epoch)
    if result:
        downloads.menu(run, result, epoch)
    with st.container(key="eval-card"):
        summary.card(run)
    comparison = summary.compare(result, other) if result and other else None
    cell = confusion.show(metrics, run.id)
    if result:
        image_browser.show(run, result, epoch, cell, comparison.differ if comparison else None)
        more_analyses.show(run, result, epoch)


runs, damaged = services.usable_runs()
if runs:
    show(*choices.choose(runs))
else:
    st.info(_("There are no finished runs yet. Train a network to see its metrics here."), icon=":material/grid_on:")
    st.page_link("pages/train.py", label=_("Train a network"), icon=":material/model_training:")
for folder in damaged:
    st.warning(
        _("Run {run} is damaged and can't be used: {reason}").format(
            run=plain(folder.id), reason=markdown(folder.reason)
        ),
        icon=":material/folder_off:",
    )

frame.footer()
