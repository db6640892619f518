"""Teach it: a copy of the network learns my labelled drawings, in a training like any other; before and after.

Knows lessons, the job manager and permissions; learns nothing itself. What was tuned is found again by its owner.
"""

import numpy as np
import streamlit as st

from model.drawings import collection, fine_tuning
from model.drawings.collection import LabelledDrawing
from model.errors import DigitLabError
from model.runs.run import FinishedRun, Run
from pages.ui.draw.my_drawings import label_index
from pages.ui.shell import permission, services

_POLL_S = 1.0


def show(run: FinishedRun) -> None:
    """Offer to teach a copy of `run` the visitor's drawings; show how that went, or how far it is."""
    st.markdown("**Teach it my hand**")
    drawings = services.my_drawings().all()
    n_taught = len(fine_tuning.training_part(drawings))
    st.caption(
        f"A copy of this network goes on learning for three short epochs, from {n_taught} of my {len(drawings)} "
        f"drawings in many variations and from images of its own dataset. About one in four is held back, to see "
        "whether it has learnt my hand or only these drawings."
    )
    if not permission.may_train():
        st.caption("On this server only the teacher trains.")
    elif st.button(
        "Teach it",
        key="draw-teach",
        icon=":material/school:",
        disabled=len(drawings) < fine_tuning.MIN_DRAWINGS,
    ):
        _teach(run, drawings)
    if len(drawings) < fine_tuning.MIN_DRAWINGS:
        st.caption(f"It takes at least {fine_tuning.MIN_DRAWINGS} labelled drawings.")
    tuned = _newest(run)
    if tuned:
        moving = services.jobs().state(tuned).is_active
        st.fragment(_outcome, run_every=_POLL_S if moving else None)(run, tuned.id, moving)


def _teach(run: FinishedRun, drawings: list[LabelledDrawing]) -> None:
    try:
        config = fine_tuning.fine_tuning_config(run, len(drawings))
        services.jobs().start(config, permission.owned_metadata(), collection.to_jsonl(drawings))
    except DigitLabError as error:
        st.warning(str(error))


def _newest(run: FinishedRun) -> Run | None:
    """Return the last copy of this network that this visitor had tuned."""
    runs, _ = services.store().list()
    return next((other for other in runs if other.config.start_from == run.id and permission.owns(other)), None)


def _outcome(run: FinishedRun, tuned_id: str, moving: bool) -> None:
    try:
        tuned = services.store().open(tuned_id)
    except DigitLabError:  # its owner has deleted it meanwhile
        return
    state = services.jobs().state(tuned)
    if moving != state.is_active:
        st.rerun()
    if isinstance(tuned, FinishedRun):
        _before_and_after(run, tuned)
    else:
        st.progress(tuned.history().share_done, text=f"The copy is **{state}**.")
    where = "Draw with the copy" if isinstance(tuned, FinishedRun) else "Watch it learn"
    page = "pages/draw.py" if isinstance(tuned, FinishedRun) else "pages/train.py"
    st.page_link(page, label=where, icon=":material/arrow_forward:", query_params={"run": tuned.id}, width="content")


def _before_and_after(run: FinishedRun, tuned: FinishedRun) -> None:
    drawn = fine_tuning.read_drawings(tuned.path)
    rows = [
        (f"{len(part)} drawing{'s' * (len(part) != 1)} {what}", _accuracy(run, part), _accuracy(tuned, part))
        for what, part in (
            ("it was taught", fine_tuning.training_part(drawn)),
            ("held back", fine_tuning.held_out_part(drawn)),
        )
        if part
    ]
    rows.append((f"{tuned.metrics.n:,} test images", run.metrics.accuracy, tuned.metrics.accuracy))
    st.table(
        {
            "Read right": [what for what, _, _ in rows],
            "Before": [f"{before:.2%}" for _, before, _ in rows],
            "After": [f"{after:.2%}" for _, _, after in rows],
        },
        hide_index=True,
        border="horizontal",
    )
    st.caption(
        "What it was taught says little: it may know those drawings by heart. What was held back tells whether it "
        "reads your hand better, and the test images whether it has forgotten something."
    )


def _accuracy(run: FinishedRun, drawings: list[LabelledDrawing]) -> float:
    """Return the share read right; "no digit" counts as right where the network calls it so or refuses it."""
    images, labels = collection.render_all(drawings)
    predictions = services.classifier(run).predict(images)
    return float((np.array([label_index(prediction) for prediction in predictions]) == labels).mean())
