"""The images: misclassified ones, one cell of the confusion matrix, correct ones with a low margin, or a sample.

The chosen classes live in two select boxes, which a clicked cell fills. Knows predictions, test images and the grid.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from model.errors import DataError
from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.components import image_grid
from pages.ui.evaluate import image_detail
from pages.ui.evaluate.confusion import Cell
from pages.ui.shell import services
from pages.ui.shell.text import percent, plain

IMAGES_PER_PAGE = 24
_SIDE = 84
_MAX_LOW_MARGIN = 240
_TRUE, _PREDICTED, _WHAT, _DIFFER = "eval-true", "eval-predicted", "eval-what", "eval-differ"
_CELLS_CLICKED = "eval-cells-clicked"  # how many cells were clicked in this session
_ANY = -1
_MISTAKES, _NEARLY, _SAMPLE = "Mistakes", "Nearly wrong", "A sample"


def show(
    run: FinishedRun,
    result: EvaluationResult,
    epoch: int | None,
    cell: Cell | None = None,
    differ: np.ndarray | None = None,
) -> None:
    """Draw the images of a result; `epoch` None is the kept network.

    `cell` is the cell of the confusion matrix that was clicked just now, `differ` the images `(n,)` on which two
    networks differ, where two are compared.
    """
    names = result.metrics.class_names
    if cell:
        _choose(cell)
    with st.container(key="eval-errors"):
        only_differing = (
            differ is not None
            and len(differ) > 0
            and st.toggle("Only the images on which A and B differ", key=_key(_DIFFER))
        )
        st.subheader("The images")
        if only_differing and differ is not None:
            chosen, description = differ, "on which the two networks differ"
        else:
            chosen, description = _filter(result, names)
        try:
            images = services.test_images(run)
        except DataError as error:
            st.info(str(error), icon=":material/image_not_supported:")
            _without_pictures(result, chosen, names)
            return
        count = "1 image" if len(chosen) == 1 else f"{len(chosen):,} images"
        st.caption(f"{count} {description}. Click one to look closer.")
        if len(chosen):
            page = _page_of(chosen, f"{run.id}-{epoch}-{description}")
            opened = _grid(images, result, page.tolist(), names)
            if opened is not None:
                image_detail.show(run, result, opened, epoch)


def _choose(cell: Cell) -> None:
    """Show one cell of the matrix in new widgets: a browser that has not got them yet still sends the old ones' values.

    Called before the widgets are drawn that hold the choice.
    """
    st.session_state[_CELLS_CLICKED] = st.session_state.get(_CELLS_CLICKED, 0) + 1
    st.session_state[_key(_TRUE)], st.session_state[_key(_PREDICTED)] = cell


def _key(widget: str) -> str:
    """Return a widget's key, which each clicked cell renews."""
    n_clicked = st.session_state.get(_CELLS_CLICKED, 0)
    return f"{widget}-{n_clicked}" if n_clicked else widget


def _filter(result: EvaluationResult, names: Sequence[str]) -> tuple[np.ndarray, str]:
    """Draw the choices and return the images `(n,)` that they leave, with words for them."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        what = st.segmented_control(
            "What",
            [_MISTAKES, _NEARLY, _SAMPLE],
            default=_MISTAKES,
            required=True,
            key=_key(_WHAT),
            label_visibility="collapsed",
            width="content",
        )
        if what == _MISTAKES:
            true, predicted = _class_box("True", _key(_TRUE), names), _class_box("Read as", _key(_PREDICTED), names)
    if what == _NEARLY:
        low_margin = analysis.low_margin_predictions(result.predictions, _MAX_LOW_MARGIN)
        indices = np.array([prediction.index for prediction in low_margin], np.int64)
        return indices, "read right, those first that were nearly wrong"
    if what == _SAMPLE:
        order = np.random.default_rng(0).permutation(len(result.predictions))
        return np.sort(order[: 4 * IMAGES_PER_PAGE]), "drawn from the test set, right or wrong"
    return _of_cell(result, true, predicted, [plain(name) for name in names])


def _class_box(label: str, key: str, names: Sequence[str]) -> int:
    if st.session_state.get(key, _ANY) >= len(names):
        st.session_state[key] = _ANY
    return st.selectbox(
        label,
        [_ANY, *range(len(names))],
        key=key,
        width=170,
        format_func=lambda i: "any class" if i == _ANY else names[i] if i < len(names) else str(i),
    )


def _of_cell(result: EvaluationResult, true: int, predicted: int, names: list[str]) -> tuple[np.ndarray, str]:
    indices = result.predictions.indices_in_cell(
        None if true == _ANY else true, None if predicted == _ANY else predicted
    )
    if true == predicted != _ANY:
        return indices, f"of {names[true]} read right, the surest first"
    of = "" if true == _ANY else f"of {names[true]} "
    how = "read wrong" if predicted == _ANY else f"wrongly read as {names[predicted]}"
    return indices, f"{of}{how}, the surest mistake first"


def _page_of(chosen: np.ndarray, of: str) -> np.ndarray:
    """Return the images of one page; each choice of images has a page of its own, starting with the first."""
    pages = -(-len(chosen) // IMAGES_PER_PAGE)
    page = st.pagination(pages, key=f"eval-page-{of}") if pages > 1 else 1
    return chosen[(page - 1) * IMAGES_PER_PAGE : page * IMAGES_PER_PAGE]


def _grid(images: np.ndarray, result: EvaluationResult, shown: Sequence[int], names: Sequence[str]) -> int | None:
    predictions = result.predictions

    def tile(index: int) -> image_grid.Tile:
        probabilities = predictions.probabilities[index]
        second, best = (int(i) for i in np.argsort(probabilities)[-2:])
        true = int(predictions.labels[index])
        read = f"{names[true]} read as {names[best]}" if best != true else f"✓ {names[true]}"
        alt = f"Test image {index}: a {names[true]}, read as {names[best]}"
        lines = (read, f"{percent(probabilities[best])} sure", f"then {names[second]}")
        return image_grid.Tile(images[index], lines, alt, right=best == true)

    return image_grid.clickable_image_grid(((index, tile(index)) for index in shown), "eval-gallery", _SIDE)


def _without_pictures(result: EvaluationResult, chosen: np.ndarray, names: Sequence[str]) -> None:
    shown = chosen[:IMAGES_PER_PAGE]
    predictions = result.predictions
    st.table(
        {
            "Test image": [f"{index}" for index in shown],
            "True": [plain(names[label]) for label in predictions.labels[shown]],
            "Read as": [plain(names[label]) for label in predictions.predicted[shown]],
            "Sure": [f"{probability:.1%}" for probability in predictions.confidence[shown]],
        },
        hide_index=True,
        border="horizontal",
    )
