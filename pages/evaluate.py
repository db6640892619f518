"""Evaluate: choose a run, then see how good it is, where it goes wrong, on which images, and why."""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation import explain
from model.runs.run import Run
from pages.ui.evaluate import confidence, confusion, downloads, feature_map, image_browser, on_drawings, summary
from pages.ui.evaluate import robustness as robustness_panel
from pages.ui.shell import frame, predictions, services
from pages.ui.shell.predictions import Score
from pages.ui.shell.run_picker import run_control
from pages.ui.shell.text import run_title

_KEPT = -1  # the weights that the run keeps
_DEEPER = {
    "sure": "How sure?",
    "robust": "How robust?",
    "drawn": "On drawings",
    "map": "A map",
}

frame.page("Evaluate")


def choose(runs: list[Run]) -> tuple[Run, int, Run | None]:
    """Draw the choices: a run, the epoch of its weights, and a run to compare it with."""
    with st.container(key="eval-run"):
        chosen, weights, against = st.columns([2.2, 1.2, 2.2], gap="small", vertical_alignment="bottom")
        with chosen:
            run = run_control("Run", "eval-run-choice", runs)
        with weights:
            epoch = choose_epoch(run)
        with against:
            other = choose_other(run, runs)
    return run, epoch, other


def choose_epoch(run: Run) -> int:
    """Draw the replay of the training: the network as it was after each epoch."""
    epochs = list(explain.epoch_networks(run))
    if not epochs:
        return _KEPT
    return st.select_slider(
        "After epoch",
        [*epochs, _KEPT],
        value=_KEPT,
        key=f"eval-epoch-{run.id}",
        format_func=lambda epoch: "kept" if epoch == _KEPT else f"{epoch}",
        help="The network as it was then: figures, matrix and images are its own. Epoch 0 has learnt nothing.",
    )


def choose_other(run: Run, runs: list[Run]) -> Run | None:
    """Draw the list of runs that were scored on the same test images."""
    same = {each.id: each for each in runs if each.id != run.id and same_test_set(each, run)}
    chosen = st.selectbox(
        "Compare with",
        list(same),
        index=None,
        key=f"eval-other-{run.id}",
        placeholder="no other run",
        format_func=lambda run_id: run_title(same[run_id]) if run_id in same else run_id,
        disabled=not same,
    )
    return same.get(chosen)


def same_test_set(a: Run, b: Run) -> bool:
    """Tell whether two runs seem to be scored on the same images; the comparison itself looks at every label."""
    of_each = [[(each.name, each.support) for each in run.metrics.classes] for run in (a, b)]
    return a.config.dataset == b.config.dataset and of_each[0] == of_each[1]


def score_of(run: Run, epoch: int) -> Score | None:
    """Return the answers to show; say why where they can't be had."""
    try:
        return predictions.stored(run) if epoch == _KEPT else predictions.after_epoch(run, epoch)
    except DigitLabError as error:
        st.warning(str(error))
        return None


def show(run: Run, epoch: int, other: Run | None) -> None:
    """Show one network from its figures down to its single mistakes."""
    score = score_of(run, epoch)
    metrics = score.metrics if score else run.metrics
    shown_epoch = run.manifest["kept_epoch"] if epoch == _KEPT or not score else epoch
    summary.show(run, metrics, score, shown_epoch)
    with st.container(horizontal=True, gap="small"):
        summary.card(run)
        if score:
            downloads.menu(run, score, None if epoch == _KEPT else epoch)
    compared = summary.compare(run, score, other) if score and other else None
    confusion.show(metrics, run.id)
    if score:
        differ = (
            compared is not None
            and len(compared.differ)
            and st.toggle("Only the images on which A and B differ", key=image_browser.DIFFER)
        )
        image_browser.show(run, score, None if epoch == _KEPT else epoch, compared.differ if differ else None)
        show_deeper(run, score, epoch)


def show_deeper(run: Run, score: Score, epoch: int) -> None:
    """Show what takes longer to compute, one part at a time."""
    with st.container(key="eval-deeper"):
        st.subheader("Further questions")
        part = st.segmented_control(
            "Part",
            list(_DEEPER),
            format_func=_DEEPER.__getitem__,
            default="sure",
            required=True,
            key="eval-part",
            label_visibility="collapsed",
        )
        if part == "sure":
            confidence.show(score)
        else:
            show_of_the_kept_network(part, run, epoch)


def show_of_the_kept_network(part: str, run: Run, epoch: int) -> None:
    """Show what is measured of the network that a run keeps, whatever epoch is looked at above."""
    kept = score_of(run, _KEPT)
    if kept is None:
        return
    if epoch != _KEPT:
        st.caption(f":material/info: Of the network that is kept, not of the one after epoch {epoch}.")
    try:
        if part == "robust":
            robustness_panel.show(run)
        elif part == "drawn":
            on_drawings.show(run, kept)
        else:
            feature_map.show(run, kept)
    except DigitLabError as error:
        st.warning(str(error))


runs, damaged = services.usable_runs()
if runs:
    show(*choose(runs))
else:
    st.info("There is no finished run yet. Train a network, and its figures appear here.", icon=":material/grid_on:")
    st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
for each in damaged:
    st.warning(f"The folder {each.id} is damaged and left out: {each.reason}", icon=":material/folder_off:")

frame.footer()
