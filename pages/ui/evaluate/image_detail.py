"""One test image, looked at closely: what the network answers, on which parts that hangs, what its layers see.

Knows explanations, scores and the gallery; computes nothing of its own.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import explain
from model.evaluation.evaluate import EvaluationResult
from model.inference.litert import Recognizer
from model.runs.run import FinishedRun
from pages.ui.charts.common import probability_bars
from pages.ui.components import image_grid
from pages.ui.components.heatmaps import heat, layer_maps
from pages.ui.shell import predictions, services
from pages.ui.shell.text import percent, plain

_SIDE, _SMALL = 168, 56  # pixels on the screen
_NEIGHBOURS = 8


@st.dialog("One image", width="large")
def show(run: FinishedRun, result: EvaluationResult, index: int, epoch: int | None) -> None:
    """Open a dialog on test image `index`; `epoch` None is the kept network."""
    try:
        _show(run, result, index, epoch)
    except DigitLabError as error:
        st.warning(str(error))


def _show(run: FinishedRun, result: EvaluationResult, index: int, epoch: int | None) -> None:
    names = result.metrics.class_names
    image = services.test_images(run)[index]
    probabilities = result.predictions.probabilities[index]
    true, best = int(result.predictions.labels[index]), int(result.predictions.predicted[index])
    right = "rightly" if true == best else "wrongly"
    read = f"{right} read as **{plain(names[best])}** ({percent(probabilities[best])})"
    st.markdown(f"Test image {index}, **{plain(names[true])}**, is {read}.")
    path = run.network if epoch is None else explain.epoch_networks(run)[epoch]
    recognizer = services.network(path)
    left, middle, bars = st.columns([1, 1, 1.3], gap="small")
    with left:
        image_grid.picture(_grey_or_colour(image), _SIDE, f"test image {index}, {names[true]}")
        st.caption("As the network sees it.")
    with middle:
        image_grid.picture(heat(image, explain.occlusion(recognizer, image, best)), _SIDE, "occlusion map")
        st.caption(f"Orange: covered, the network believes less in {plain(names[best])}. Blue: it believes more.")
    with bars:
        st.plotly_chart(
            probability_bars(names, probabilities),
            height=60 + 21 * len(names),
            config={"displayModeBar": False},
            key="closeup-bars",
        )
    _canvas_link(run, index, epoch)
    _layers(recognizer, image)
    _epochs(run, image, names, true)
    _neighbours(run, image, names)


def _grey_or_colour(image: np.ndarray) -> np.ndarray:
    return image[..., 0] if image.shape[-1] == 1 else image


def _canvas_link(run: FinishedRun, index: int, epoch: int | None) -> None:
    kept = "" if epoch is None else ", to the network that is kept"
    st.page_link(
        "pages/draw.py",
        label=f"Send to the canvas{kept}",
        icon=":material/draw:",
        width="content",
        query_params={"run": run.id, "image": str(index)},
    )


def _layers(recognizer: Recognizer, image: np.ndarray) -> None:
    maps = explain.feature_maps(recognizer, image)
    if maps:
        with st.expander("What its layers see", icon=":material/layers:"):
            layer_maps(maps)


def _epochs(run: FinishedRun, image: np.ndarray, names: Sequence[str], true: int) -> None:
    try:
        after_epochs = explain.predict_after_each_epoch(run, image, services.network)
    except DigitLabError as error:
        st.caption(str(error))
        return
    if not after_epochs:
        return
    with st.expander("The same image after each epoch", icon=":material/timeline:"):
        st.table(
            {
                "Epoch": [f"{epoch}" for epoch, _ in after_epochs],
                "Answer": [
                    f"{'✓' if probs.argmax() == true else '✗'} {_name(names, probs)}" for _, probs in after_epochs
                ],
                "Sure": [percent(probs.max()) for _, probs in after_epochs],
                f"Probability of {plain(names[true])}": [percent(probs[true]) for _, probs in after_epochs],
            },
            hide_index=True,
            border="horizontal",
        )


def _name(names: Sequence[str], probabilities: np.ndarray) -> str:
    """Name an answer; what is beyond the test set's classes is "no digit"."""
    best = int(probabilities.argmax())
    return plain(names[best]) if best < len(names) else "no digit"


def _neighbours(run: FinishedRun, image: np.ndarray, names: Sequence[str]) -> None:
    """Draw what the kept network finds alike: what two networks make of images can't be compared."""
    with st.expander("Training images that it finds alike", icon=":material/group_work:", on_change="rerun") as opened:
        if not opened.open:
            return
        try:
            known = predictions.neighbours(run)
            of_image = services.recognizer(run).features(image[None])[0]
            nearest, _ = explain.nearest_neighbours(known.features, of_image, _NEIGHBOURS)
        except DigitLabError as error:
            st.caption(str(error))
            return
        image_grid.image_grid(
            (
                image_grid.Tile(
                    known.images[i], (names[known.labels[i]],), f"a training image of {names[known.labels[i]]}"
                )
                for i in nearest
            ),
            side=_SMALL,
        )
        st.caption(
            f"The nearest of {len(known.labels):,} training images, by what the last layer decides from: the network "
            "that is kept takes these for the same."
        )
