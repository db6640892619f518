"""Inside the network: on which ink its answer hangs, what its layers make of it, and how the answer grew.

Knows explanations and charts; computes nothing of its own.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import explain
from model.inference.classifier import Prediction
from pages.ui.charts import draw as draw_charts
from pages.ui.components.heatmaps import heat, layer_maps
from pages.ui.components.image_grid import picture
from pages.ui.components.live_chart import live_chart
from pages.ui.draw.sample import Sample
from pages.ui.shell import services
from pages.ui.shell.text import plain

_SIDE, _CHART = 196, 190  # pixels on the screen


def show(sample: Sample) -> None:
    """Draw the occlusion map and the maps of the layers."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.markdown("**Where it looks**")
        hidden = explain.occlusion(sample.network.classifier.recognizer, sample.image, sample.prediction.class_index)
        picture(heat(sample.image, hidden), _SIDE, "occlusion map")
        name = plain(sample.prediction.label)
        st.caption(f"Orange: covered, the network believes less in {name}. Blue: it believes more.")
    with right:
        maps = explain.feature_maps(sample.network.classifier.recognizer, sample.image)
        if maps:
            layer_maps(maps)
        else:
            st.caption("This network tells probabilities alone; train one with this version to see its layers.")


def growth(sample: Sample) -> None:
    """Draw the probability of the answer after each stroke, and after each epoch of the training."""
    strokes, epochs = st.columns(2, gap="medium")
    with strokes:
        st.markdown("**After each stroke**")
        _strokes(sample)
    with epochs:
        st.markdown("**After each epoch of its training**")
        _epochs(sample)


def _strokes(sample: Sample) -> None:
    if not sample.strokes:
        st.caption("Only what is drawn here has strokes.")
        return
    after_strokes = explain.predict_after_each_stroke(sample.network.reader, sample.strokes)
    predictions = [digits.digits[0].prediction for _, digits in after_strokes]
    _course([n_strokes for n_strokes, _ in after_strokes], predictions, sample, "stroke", "draw-strokes-chart")
    if len(predictions) == 1:
        st.caption("One stroke, one answer. Draw another, or a 4 or a 5, and see the answer change.")


def _epochs(sample: Sample) -> None:
    run = sample.network.run
    try:
        after_epochs = explain.predict_after_each_epoch(run, sample.image, services.network)
    except DigitLabError as error:
        st.caption(str(error))
        return
    if not after_epochs:
        st.caption("This run has kept no networks of its epochs.")
        return
    predictions = [_prediction(sample, probabilities) for _, probabilities in after_epochs]
    _course([epoch for epoch, _ in after_epochs], predictions, sample, "epoch", "draw-epochs-chart")
    first, epoch = predictions[0], after_epochs[0][0]
    settled = _settled([prediction.label for prediction in predictions])
    st.caption(
        f"Epoch {epoch} guessed {plain(first.label)} at {first.probability:.0%}"
        f"{' before it had learnt anything' if epoch == 0 else ''}. From epoch {after_epochs[settled][0]} on it says "
        f"{plain(predictions[-1].label)}."
    )


def _prediction(sample: Sample, probabilities: np.ndarray) -> Prediction:
    """Return an epoch's prediction without rejection: its network has no calibrated threshold."""
    names = sample.prediction.class_names
    classes = probabilities[: len(sample.network.classifier.class_names)]
    return Prediction(names, probabilities, int(classes.argmax()))


def _settled(labels: list[str]) -> int:
    """Return from which place on the answers are the last one."""
    changes = [i for i in range(1, len(labels)) if labels[i] != labels[i - 1]]
    return changes[-1] if changes else 0


def _course(places: list[int], predictions: list[Prediction], sample: Sample, what: str, key: str) -> None:
    best = sample.prediction.class_index
    figure = draw_charts.course(
        places,
        [float(prediction.probabilities[best]) for prediction in predictions],
        [prediction.text for prediction in predictions],
        what,
    )
    name = sample.prediction.label
    spoken = ", ".join(
        f"{what} {place}: {prediction.text}" for place, prediction in zip(places, predictions, strict=True)
    )
    live_chart(figure, key, _CHART, f"probability of {name} after each {what}; answers: {spoken}")
    st.caption(f"Probability of {plain(name)}; the answer stands at each point, other ones in orange.")
