"""Which images: a gallery of mistakes, or of one cell of the matrix, or of the right answers that were nearly wrong.

Knows scores, test images and the gallery; the chosen classes live in two list boxes, which a click on a cell fills.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from model.errors import DataError
from model.evaluation import analysis
from model.runs.run import Run
from pages.ui.components import image_grid
from pages.ui.evaluate import image_detail
from pages.ui.shell import services
from pages.ui.shell.predictions import Score
from pages.ui.shell.text import percent, plain

A_PAGE = 24
_SIDE = 84
_MOST_NEARLY = 240
_TRUE, _PREDICTED, _WHAT = "eval-true", "eval-predicted", "eval-what"
DIFFER = "eval-differ"  # the switch for the images on which two networks differ
_ANY = -1
_MISTAKES, _NEARLY, _SAMPLE = "Mistakes", "Nearly wrong", "A sample"


def choose(true: int, predicted: int) -> None:
    """Let the gallery show one cell of the matrix; called before its list boxes are drawn."""
    st.session_state[_TRUE], st.session_state[_PREDICTED] = true, predicted
    st.session_state[_WHAT] = _MISTAKES
    st.session_state[DIFFER] = False


def show(run: Run, score: Score, epoch: int | None, only: np.ndarray | None = None) -> None:
    """Draw the gallery; `only` are the images on which two networks differ, where that was asked for."""
    names = [each.name for each in score.metrics.classes]
    with st.container(key="eval-errors"):
        st.subheader("The images")
        chosen, told = (only, "on which the two networks differ") if only is not None else _filter(score, names)
        try:
            images = services.test_images(run)
        except DataError as error:
            st.info(str(error), icon=":material/image_not_supported:")
            _without_pictures(score, chosen, names)
            return
        st.caption(f"{len(chosen):,} {'image' if len(chosen) == 1 else 'images'} {told}. Click one to look closer.")
        if len(chosen):
            opened = _gallery(images, score, _page_of(chosen, f"{run.id}-{epoch}-{told}"), names)
            if opened is not None:
                image_detail.show(run, score, opened, epoch)


def _filter(score: Score, names: list[str]) -> tuple[np.ndarray, str]:
    """Draw the choices and return the images `(n,)` that they leave, with words for what they are."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.session_state.setdefault(_WHAT, _MISTAKES)
        what = st.segmented_control(
            "What",
            [_MISTAKES, _NEARLY, _SAMPLE],
            required=True,
            key=_WHAT,
            label_visibility="collapsed",
            width="content",
        )
        if what == _MISTAKES:
            for label, key in (("True", _TRUE), ("Read as", _PREDICTED)):
                if st.session_state.get(key, _ANY) >= len(names):
                    st.session_state[key] = _ANY
                st.selectbox(
                    label,
                    [_ANY, *range(len(names))],
                    key=key,
                    width=170,
                    format_func=lambda i: "any class" if i == _ANY else names[i] if i < len(names) else str(i),
                )
    if what == _NEARLY:
        nearly = analysis.low_margin_predictions(score.evaluation, _MOST_NEARLY)
        return np.array([each.index for each in nearly], np.int64), "read right, those first that were nearly wrong"
    if what == _SAMPLE:
        n = len(score.evaluation.labels)
        return np.sort(np.random.default_rng(0).permutation(n)[: 4 * A_PAGE]), "drawn from the test set, right or wrong"
    true, predicted = st.session_state[_TRUE], st.session_state[_PREDICTED]
    return _of_cell(score, true, predicted, [plain(name) for name in names])


def _of_cell(score: Score, true: int, predicted: int, names: list[str]) -> tuple[np.ndarray, str]:
    found = score.evaluation.indices_in_cell(None if true == _ANY else true, None if predicted == _ANY else predicted)
    if true == predicted != _ANY:
        return found, f"of {names[true]} read right, the surest first"
    of = "" if true == _ANY else f"of {names[true]} "
    as_what = "read wrong" if predicted == _ANY else f"wrongly read as {names[predicted]}"
    return found, f"{of}{as_what}, the surest mistake first"


def _page_of(chosen: np.ndarray, of: str) -> np.ndarray:
    """Return the images of one page; each choice of images has a page of its own, and begins with the first."""
    pages = -(-len(chosen) // A_PAGE)
    page = st.pagination(pages, key=f"eval-page-{of}") if pages > 1 else 1
    return chosen[(page - 1) * A_PAGE : page * A_PAGE]


def _gallery(images: np.ndarray, score: Score, shown: Sequence[int], names: list[str]) -> int | None:
    def tile(index: int) -> image_grid.Tile:
        said = score.evaluation.probabilities[index]
        second, best = (int(i) for i in np.argsort(said)[-2:])
        true = int(score.evaluation.labels[index])
        read = f"{names[true]} read as {names[best]}" if best != true else f"✓ {names[true]}"
        alt = f"Test image {index}: a {names[true]}, read as {names[best]}"
        lines = (read, f"{percent(said[best])} sure", f"then {names[second]}")
        return image_grid.Tile(images[index], lines, alt, right=best == true)

    return image_grid.clickable_image_grid(((int(index), tile(int(index))) for index in shown), "eval-gallery", _SIDE)


def _without_pictures(score: Score, chosen: np.ndarray, names: list[str]) -> None:
    shown = chosen[:A_PAGE]
    said = score.evaluation.probabilities[shown]
    st.table(
        {
            "Test image": [f"{index}" for index in shown],
            "True": [plain(names[label]) for label in score.evaluation.labels[shown]],
            "Read as": [plain(names[answer]) for answer in said.argmax(axis=1)],
            "Sure": [f"{probability:.1%}" for probability in said.max(axis=1)],
        },
        hide_index=True,
        border="horizontal",
    )
