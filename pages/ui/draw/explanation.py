"""Inside the network: which ink its prediction depends on, what its layers see, and how the prediction formed.

Knows explanations and charts; the computations are in `model.evaluation.explain`.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import explain
from model.inference.classifier import Prediction
from pages.ui import glossary
from pages.ui.charts import draw as draw_charts
from pages.ui.components.heatmaps import heat, layer_maps
from pages.ui.components.image_grid import picture
from pages.ui.components.live_chart import live_chart
from pages.ui.draw import help as help_texts
from pages.ui.draw.sample import Sample
from pages.ui.shell import services
from pages.ui.shell.text import markdown, percent, plain
from pages.ui.translation import _, class_label

_SIDE, _CHART = 196, 190  # pixels on the screen


def show(sample: Sample) -> None:
    """Draw the occlusion map and the feature maps."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.markdown(_("**Occlusion map**"), help=glossary.explain("Occlusion map"))
        occlusion = explain.occlusion(sample.network.classifier.recognizer, sample.image, sample.prediction.class_index)
        picture(heat(sample.image, occlusion), _SIDE, _("occlusion map"))
        st.caption(_(help_texts.OCCLUSION).format(label=_label(sample)))
    with right:
        maps = explain.feature_maps(sample.network.classifier.recognizer, sample.image)
        if maps:
            layer_maps(maps)
        else:
            st.caption(_(help_texts.NO_LAYERS))


def growth(sample: Sample) -> None:
    """Draw the probability of the predicted class after each stroke, and after each epoch of training."""
    strokes, epochs = st.columns(2, gap="medium")
    with strokes:
        st.markdown(_("**After each stroke**"))
        _strokes(sample)
    with epochs:
        st.markdown(_("**During its training**"))
        _epochs(sample)


def _strokes(sample: Sample) -> None:
    if not sample.strokes:
        st.caption(_("Only digits drawn on the canvas have strokes."))
        return
    after_strokes = explain.predict_after_each_stroke(sample.network.reader, sample.strokes)
    predictions = [digits.digits[0].prediction for _n_strokes, digits in after_strokes]
    _course([n_strokes for n_strokes, _digits in after_strokes], predictions, sample, _("Stroke"), "draw-strokes-chart")
    if len(predictions) == 1:
        st.caption(_(help_texts.ONE_STROKE))


def _epochs(sample: Sample) -> None:
    run = sample.network.run
    try:
        after_epochs = explain.predict_after_each_epoch(run, sample.image, services.network)
    except DigitLabError as error:
        st.caption(markdown(error))
        return
    if not after_epochs:
        st.caption(_("This run has no checkpoints of its epochs."))
        return
    predictions = [_prediction(sample, probabilities) for _epoch, probabilities in after_epochs]
    _course([epoch for epoch, _probabilities in after_epochs], predictions, sample, _("Epoch"), "draw-epochs-chart")
    first_epoch, settled_epoch = after_epochs[0][0], after_epochs[_settled(predictions)][0]
    first = (
        _("Before training, the network predicted {label} with {probability} confidence.")
        if first_epoch == 0
        else _("After epoch {epoch}, the network predicted {label} with {probability} confidence.")
    ).format(
        epoch=first_epoch,
        label=plain(class_label(predictions[0].label)),
        probability=percent(predictions[0].probability),
    )
    last = _("From epoch {epoch} on, it predicts {label}.").format(
        epoch=settled_epoch, label=plain(class_label(predictions[-1].label))
    )
    with st.container(key="draw-epochs-summary"):
        calibrated = _(help_texts.CALIBRATED) if run.calibration.is_fitted else ""
        st.caption(f"{first} {last} {calibrated}")


def _prediction(sample: Sample, probabilities: np.ndarray) -> Prediction:
    """Return an epoch's prediction without rejection: its network has no calibrated threshold."""
    names = sample.prediction.class_names
    classes = probabilities[: len(sample.network.classifier.class_names)]
    return Prediction(names, probabilities, int(classes.argmax()))


def _settled(predictions: list[Prediction]) -> int:
    """Return the index from which on all predictions are the same."""
    labels = [prediction.label for prediction in predictions]
    changes = [i for i in range(1, len(labels)) if labels[i] != labels[i - 1]]
    return changes[-1] if changes else 0


def _label(sample: Sample) -> str:
    return plain(class_label(sample.prediction.label))


def _course(x: list[int], predictions: list[Prediction], sample: Sample, x_title: str, key: str) -> None:
    predicted = sample.prediction.class_index
    probabilities = [float(prediction.probabilities[predicted]) for prediction in predictions]
    labels = [prediction.text for prediction in predictions]
    points = ", ".join(f"{x_title} {place}: {label}" for place, label in zip(x, labels, strict=True))
    description = _("Probability of {label}. Predictions: {points}.")
    live_chart(
        draw_charts.course(x, probabilities, labels, x_title),
        key,
        _CHART,
        description.format(label=class_label(sample.prediction.label), points=points),
    )
    st.caption(_(help_texts.COURSE).format(label=_label(sample)))
