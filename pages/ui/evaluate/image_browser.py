"""Test images: misclassified ones, one cell of the confusion matrix, close calls, or a random sample.

The chosen classes are the values of two select boxes, which a click on a cell sets. Knows predictions, test images and
the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from model.errors import DataError
from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from model.messages import N_
from model.runs.run import FinishedRun
from pages.ui.components import image_grid
from pages.ui.evaluate import help, image_detail
from pages.ui.evaluate.confusion import Cell
from pages.ui.language import format_number
from pages.ui.shell import services
from pages.ui.shell.text import markdown, percent, plain
from pages.ui.translation import _, class_label, ngettext

IMAGES_PER_PAGE = 24
_SIDE = 84
_MAX_CLOSE_CALLS = 240
_TRUE, _PREDICTED, _LIST, _DIFFER = "eval-true", "eval-predicted", "eval-what", "eval-differ"
_N_CLICKED = "eval-cells-clicked"  # how many cells were clicked in this session
_ANY = -1
_MISCLASSIFIED, _CLOSE_CALLS, _SAMPLE = "misclassified", "close", "sample"
_LISTS = {
    _MISCLASSIFIED: N_("Misclassified"),
    _CLOSE_CALLS: N_("Close calls"),
    _SAMPLE: N_("Random sample"),
}


@dataclass(frozen=True, eq=False)
class Selection:
    """The images to browse, `(n,)` by their numbers; `key` distinguishes one selection from another."""

    indices: np.ndarray
    key: str
    description: str


def show(
    run: FinishedRun,
    result: EvaluationResult,
    epoch: int | None,
    cell: Cell | None = None,
    differ: np.ndarray | None = None,
) -> None:
    """Draw the images of a result; `epoch` None is the final network.

    `cell` is the cell of the confusion matrix that was just clicked. `differ` are the images `(n,)` on which two
    compared networks differ.
    """
    names = [class_label(name) for name in result.metrics.class_names]
    if cell:
        _choose(cell)
    with st.container(key="eval-errors"):
        only_differing = (
            differ is not None
            and len(differ) > 0
            and st.toggle(_("Only images on which A and B differ"), key=_key(_DIFFER))
        )
        st.subheader(_("Test images"))
        if only_differing and differ is not None:
            selection = Selection(differ, _DIFFER, describe_differing(len(differ)))
        else:
            selection = _select(result, names)
        try:
            images = services.test_images(run)
        except DataError as error:
            st.info(markdown(error), icon=":material/image_not_supported:")
            _table(result, selection.indices, names)
            return
        st.caption(f"{selection.description} {_(help.TILES)}" if len(selection.indices) else selection.description)
        if len(selection.indices):
            page = _page_of(selection.indices, f"{run.id}-{epoch}-{selection.key}")
            opened = _grid(images, result, page.tolist(), names)
            if opened is not None:
                image_detail.show(run, result, opened, epoch)


def describe_differing(n: int) -> str:
    """Return the caption of the images on which two compared networks differ."""
    return ngettext(
        "{n} image on which the two networks differ.", "{n} images on which the two networks differ.", n
    ).format(n=format_number(n, ","))


def describe_cell(n: int, true: str | None = None, predicted: str | None = None) -> str:
    """Return the caption of the n images in a cell, a row or a column of the matrix, or of all misclassified ones."""
    if true is not None and true == predicted:
        text = ngettext(
            "{n} image of {true} classified correctly, most confident first.",
            "{n} images of {true} classified correctly, most confident first.",
            n,
        )
    elif true is not None and predicted is not None:
        text = ngettext(
            "{n} image of {true} misclassified as {predicted}, most confident first.",
            "{n} images of {true} misclassified as {predicted}, most confident first.",
            n,
        )
    elif true is not None:
        text = ngettext(
            "{n} image of {true} misclassified, most confident first.",
            "{n} images of {true} misclassified, most confident first.",
            n,
        )
    elif predicted is not None:
        text = ngettext(
            "{n} image misclassified as {predicted}, most confident first.",
            "{n} images misclassified as {predicted}, most confident first.",
            n,
        )
    else:
        text = ngettext(
            "{n} misclassified image, most confident first.", "{n} misclassified images, most confident first.", n
        )
    return text.format(n=format_number(n, ","), true=true, predicted=predicted)


def _choose(cell: Cell) -> None:
    """Show one cell of the matrix in new widgets, because the browser may still send the values of the old ones.

    Must be called before those widgets are drawn.
    """
    st.session_state[_N_CLICKED] = st.session_state.get(_N_CLICKED, 0) + 1
    st.session_state[_key(_TRUE)], st.session_state[_key(_PREDICTED)] = cell


def _key(widget: str) -> str:
    """Return a widget's key, which changes with every click on a cell."""
    n_clicked = st.session_state.get(_N_CLICKED, 0)
    return f"{widget}-{n_clicked}" if n_clicked else widget


def _select(result: EvaluationResult, names: Sequence[str]) -> Selection:
    """Draw the lists and filters; return the images that match."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        chosen = st.segmented_control(
            _("List"),
            list(_LISTS),
            format_func=lambda chosen: _(_LISTS[chosen]),
            default=_MISCLASSIFIED,
            required=True,
            key=_key(_LIST),
            label_visibility="collapsed",
            width="content",
        )
        if chosen == _MISCLASSIFIED:
            true = _class_box(_("True class"), _key(_TRUE), names)
            predicted = _class_box(_("Predicted class"), _key(_PREDICTED), names)
            return _of_cell(result, true, predicted, [plain(name) for name in names])
    if chosen == _CLOSE_CALLS:
        close_calls = analysis.low_margin_predictions(result.predictions, _MAX_CLOSE_CALLS)
        indices = np.array([prediction.index for prediction in close_calls], np.int64)
        text = ngettext(
            "{n} image classified correctly, but only just.",
            "{n} images classified correctly, but only just; closest calls first.",
            len(indices),
        )
    else:
        order = np.random.default_rng(0).permutation(len(result.predictions))
        indices = np.sort(order[: 4 * IMAGES_PER_PAGE])
        text = ngettext("{n} random test image.", "{n} random test images.", len(indices))
    return Selection(indices, chosen, text.format(n=format_number(len(indices), ",")))


def _class_box(label: str, key: str, names: Sequence[str]) -> int:
    if st.session_state.get(key) not in (None, _ANY, *range(len(names))):  # of another run, or not from this box
        st.session_state[key] = _ANY
    return st.selectbox(
        label,
        [_ANY, *range(len(names))],
        key=key,
        width=170,
        format_func=lambda i: _("any class") if i == _ANY else names[i] if i < len(names) else str(i),
    )


def _of_cell(result: EvaluationResult, true: int, predicted: int, names: Sequence[str]) -> Selection:
    indices = result.predictions.indices_in_cell(
        None if true == _ANY else true, None if predicted == _ANY else predicted
    )
    text = describe_cell(
        len(indices), None if true == _ANY else names[true], None if predicted == _ANY else names[predicted]
    )
    return Selection(indices, f"{true}-{predicted}", text)


def _page_of(indices: np.ndarray, key: str) -> np.ndarray:
    """Return the images of one page; each selection has its own page number, starting with the first."""
    pages = -(-len(indices) // IMAGES_PER_PAGE)
    page = st.pagination(pages, key=f"eval-page-{key}") if pages > 1 else 1
    return indices[(page - 1) * IMAGES_PER_PAGE : page * IMAGES_PER_PAGE]


def _grid(images: np.ndarray, result: EvaluationResult, shown: Sequence[int], names: Sequence[str]) -> int | None:
    predictions = result.predictions

    def tile(index: int) -> image_grid.Tile:
        probabilities = predictions.probabilities[index]
        second, best = (int(i) for i in np.argsort(probabilities)[-2:])
        true = int(predictions.labels[index])
        classes = f"{names[true]} → {names[best]}" if best != true else f"✓ {names[true]}"
        alt = _("Test image {index}: {true}, predicted as {predicted}").format(
            index=index, true=names[true], predicted=names[best]
        )
        lines = (classes, percent(probabilities[best]), _("second: {name}").format(name=names[second]))
        return image_grid.Tile(images[index], lines, alt, right=best == true)

    return image_grid.clickable_image_grid(((index, tile(index)) for index in shown), "eval-gallery", _SIDE)


def _table(result: EvaluationResult, indices: np.ndarray, names: Sequence[str]) -> None:
    """Draw the first predictions without their images."""
    shown = indices[:IMAGES_PER_PAGE]
    predictions = result.predictions
    st.table(
        {
            _("Test image"): [f"{index}" for index in shown],
            _("True class"): [plain(names[label]) for label in predictions.labels[shown]],
            _("Predicted class"): [plain(names[label]) for label in predictions.predicted[shown]],
            _("Confidence"): [format_number(probability, ".1%") for probability in predictions.confidence[shown]],
        },
        hide_index=True,
        border="horizontal",
    )
