"""One test image in detail: its prediction, the parts of the image that it depends on, and the feature maps.

Knows explanations, scores and the grid; computes nothing itself.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import explain
from model.evaluation.evaluate import EvaluationResult
from model.inference.litert import Recognizer
from model.results import NO_DIGIT
from model.runs.run import FinishedRun
from pages.ui import glossary
from pages.ui.charts.common import probability_bars
from pages.ui.components import image_grid
from pages.ui.components.heatmaps import heat, layer_maps
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate import help
from pages.ui.language import format_number
from pages.ui.shell import predictions, services
from pages.ui.shell.text import markdown, percent, plain
from pages.ui.translation import _, class_label

_SIDE, _SMALL = 168, 56  # pixels on the screen
_NEIGHBOURS = 8


def show(run: FinishedRun, result: EvaluationResult, index: int, epoch: int | None) -> None:
    """Open a dialog on test image `index`; `epoch` None is the final network."""
    st.dialog(_("Image details"), width="large")(_show)(run, result, index, epoch)


def _show(run: FinishedRun, result: EvaluationResult, index: int, epoch: int | None) -> None:
    try:
        _details(run, result, index, epoch)
    except DigitLabError as error:
        st.warning(markdown(error))


def _details(run: FinishedRun, result: EvaluationResult, index: int, epoch: int | None) -> None:
    names = [class_label(name) for name in result.metrics.class_names]
    image = services.test_images(run)[index]
    probabilities = result.predictions.probabilities[index]
    true, best = int(result.predictions.labels[index]), int(result.predictions.predicted[index])
    text = (
        _("Test image {index}: **{true}**, classified correctly with a confidence of {confidence}.")
        if true == best
        else _("Test image {index}: **{true}**, misclassified as **{predicted}** with a confidence of {confidence}.")
    )
    st.markdown(
        text.format(
            index=index,
            true=plain(names[true]),
            predicted=plain(names[best]),
            confidence=percent(probabilities[best]),
        )
    )
    path = run.network if epoch is None else explain.epoch_networks(run)[epoch]
    recognizer = services.network(path)
    left, middle, bars = st.columns([1, 1, 1.3], gap="small")
    with left:
        image_grid.picture(
            _grey_or_colour(image), _SIDE, _("Test image {index}: {true}").format(index=index, true=names[true])
        )
        st.caption(_("What the network sees."))
    with middle:
        image_grid.picture(heat(image, explain.occlusion(recognizer, image, best)), _SIDE, _("Occlusion map"))
        st.caption(_(help.OCCLUSION).format(prediction=plain(names[best])), help=glossary.explain("Occlusion map"))
    with bars:
        description = _("Probabilities of {labels}. Prediction: {prediction}.")
        live_chart(
            probability_bars(names, probabilities),
            "closeup-bars",
            60 + 21 * len(names),
            description.format(labels=", ".join(names), prediction=names[best]),
        )
    _draw_link(run, index, epoch)
    _layers(recognizer, image)
    _epochs(run, image, names, true)
    _neighbours(run, image, names)


def _grey_or_colour(image: np.ndarray) -> np.ndarray:
    return image[..., 0] if image.shape[-1] == 1 else image


def _draw_link(run: FinishedRun, index: int, epoch: int | None) -> None:
    st.page_link(
        "pages/draw.py",
        label=_("Open on the Draw page") if epoch is None else _("Open on the Draw page with the final network"),
        icon=":material/draw:",
        width="content",
        query_params={"run": run.id, "image": str(index)},
    )


def _layers(recognizer: Recognizer, image: np.ndarray) -> None:
    maps = explain.feature_maps(recognizer, image)
    if maps:
        with st.expander(_("Feature maps"), icon=":material/layers:", key="closeup-layers"):
            layer_maps(maps)


def _epochs(run: FinishedRun, image: np.ndarray, names: Sequence[str], true: int) -> None:
    try:
        after_epochs = explain.predict_after_each_epoch(run, image, services.network)
    except DigitLabError as error:
        st.caption(markdown(error))
        return
    if not after_epochs:
        return
    of_true = _("P({name})").format(name=plain(names[true]))
    with st.expander(_("Prediction after each epoch"), icon=":material/timeline:", key="closeup-epochs"):
        st.table(
            {
                _("Epoch"): [f"{epoch}" for epoch, probs in after_epochs],
                _("Prediction"): [
                    f"{'✓' if probs.argmax() == true else '✗'} {_name(names, probs)}" for epoch, probs in after_epochs
                ],
                _("Confidence"): [percent(probs.max()) for epoch, probs in after_epochs],
                of_true: [percent(probs[true]) for epoch, probs in after_epochs],
            },
            hide_index=True,
            border="horizontal",
        )
        st.caption(_("{symbol} is the probability of the true class.").format(symbol=of_true))


def _name(names: Sequence[str], probabilities: np.ndarray) -> str:
    """Return the predicted class; the only one beyond the classes of the test set is "not a digit"."""
    best = int(probabilities.argmax())
    return plain(names[best] if best < len(names) else class_label(NO_DIGIT))


def _neighbours(run: FinishedRun, image: np.ndarray, names: Sequence[str]) -> None:
    """Draw the nearest neighbours in the final network's embedding; those of two networks can't be compared."""
    with st.expander(
        _("Most similar training images"),
        icon=":material/group_work:",
        key="closeup-neighbours",
        on_change="rerun",
    ) as opened:
        if not opened.open:
            return
        try:
            known = predictions.neighbours(run)
            of_image = services.recognizer(run).features(image[None])[0]
            nearest, distances = explain.nearest_neighbours(known.features, of_image, _NEIGHBOURS)
        except DigitLabError as error:
            st.caption(markdown(error))
            return
        image_grid.image_grid((_neighbour(known.images[i], names[known.labels[i]]) for i in nearest), side=_SMALL)
        st.caption(
            _(help.NEIGHBOURS).format(n=format_number(len(known.labels), ",")), help=glossary.explain("Embedding")
        )


def _neighbour(image: np.ndarray, name: str) -> image_grid.Tile:
    return image_grid.Tile(image, (name,), _("Training image of {name}").format(name=name))
