"""Train it on my handwriting: fine-tune a copy of the network on the visitor's drawings, and compare before and after.

Knows fine-tuning, the job manager and permissions; trains nothing itself. The owner finds the copy again later.
"""

import numpy as np
import streamlit as st

from model.drawings import collection, fine_tuning
from model.drawings.collection import LabelledDrawing
from model.errors import DigitLabError
from model.runs.run import FinishedRun, Run
from pages.ui import glossary
from pages.ui.draw import help as help_texts
from pages.ui.draw.my_drawings import label_index
from pages.ui.language import format_number
from pages.ui.shell import permission, services
from pages.ui.shell.text import markdown
from pages.ui.translation import _, ngettext, translate

_POLL_S = 1.0


def show(run: FinishedRun) -> None:
    """Offer to fine-tune a copy of `run` on the visitor's drawings; show its progress or its result."""
    st.markdown(_("**Train the network on my handwriting**"), help=glossary.explain("Fine-tuning"))
    drawings = services.my_drawings().all()
    st.caption(_(help_texts.FINE_TUNING))
    if not permission.may_train():
        st.caption(_("On this server, only the teacher can train."))
    elif st.button(
        _("Train a copy"),
        key="draw-teach",
        icon=":material/school:",
        disabled=len(drawings) < fine_tuning.MIN_DRAWINGS,
    ):
        _start(run, drawings)
    if len(drawings) < fine_tuning.MIN_DRAWINGS:
        st.caption(_("You need at least {n} labelled drawings.").format(n=fine_tuning.MIN_DRAWINGS))
    tuned = _newest(run)
    if tuned:
        is_active = services.jobs().state(tuned).is_active
        st.fragment(_result, run_every=_POLL_S if is_active else None)(run, tuned.id, is_active)


def _start(run: FinishedRun, drawings: list[LabelledDrawing]) -> None:
    try:
        config = fine_tuning.fine_tuning_config(run, len(drawings))
        services.jobs().start(config, permission.owned_metadata(), collection.to_jsonl(drawings))
    except DigitLabError as error:
        st.warning(markdown(error))


def _newest(run: FinishedRun) -> Run | None:
    """Return this visitor's newest fine-tuned copy of the network."""
    runs, _damaged = services.store().list()
    return next((other for other in runs if other.config.start_from == run.id and permission.owns(other)), None)


def _result(run: FinishedRun, tuned_id: str, was_active: bool) -> None:
    try:
        tuned = services.store().open(tuned_id)
    except DigitLabError:  # its owner has deleted it in the meantime
        return
    state = services.jobs().state(tuned)
    if was_active != state.is_active:
        st.rerun()
    if isinstance(tuned, FinishedRun):
        _before_and_after(run, tuned)
        page, label = "pages/draw.py", _("Draw with the copy")
    else:
        st.progress(tuned.history().share_done, text=_("State of the copy: **{state}**").format(state=translate(state)))
        page, label = "pages/train.py", _("Watch the training")
    st.page_link(page, label=label, icon=":material/arrow_forward:", query_params={"run": tuned.id}, width="content")


def _before_and_after(run: FinishedRun, tuned: FinishedRun) -> None:
    drawings = fine_tuning.read_drawings(tuned.path)
    training, held_out = fine_tuning.training_part(drawings), fine_tuning.held_out_part(drawings)
    n_training, n_held_out, n_test = len(training), len(held_out), tuned.metrics.n
    rows = []
    if training:
        text = ngettext("{n} drawing it was trained on", "{n} drawings it was trained on", n_training)
        rows.append((text.format(n=n_training), _accuracy(run, training), _accuracy(tuned, training)))
    if held_out:
        text = ngettext("{n} held-back drawing", "{n} held-back drawings", n_held_out)
        rows.append((text.format(n=n_held_out), _accuracy(run, held_out), _accuracy(tuned, held_out)))
    text = ngettext("{n} test image", "{n} test images", n_test)
    rows.append((text.format(n=format_number(n_test, ",")), run.metrics.accuracy, tuned.metrics.accuracy))
    st.table(
        {
            _("Accuracy on"): [images for images, _before, _after in rows],
            _("Before"): [format_number(before, ".2%") for _images, before, _after in rows],
            _("After"): [format_number(after, ".2%") for _images, _before, after in rows],
        },
        hide_index=True,
        border="horizontal",
    )
    st.caption(_(help_texts.BEFORE_AND_AFTER))


def _accuracy(run: FinishedRun, drawings: list[LabelledDrawing]) -> float:
    """Return the accuracy on labelled drawings; for one that isn't a digit, rejection counts as correct."""
    images, labels = collection.render_all(drawings)
    predictions = services.classifier(run).predict(images)
    return float((np.array([label_index(prediction) for prediction in predictions]) == labels).mean())
