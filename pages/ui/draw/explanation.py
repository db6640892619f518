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


def show(subject: Sample) -> None:
    """Draw the occlusion map and the maps of the layers."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.markdown("**Where it looks**")
        hidden = explain.occlusion(subject.classifier.recognizer, subject.image, subject.answer.best)
        picture(heat(subject.image, hidden), _SIDE, "occlusion map")
        name = plain(subject.answer.name)
        st.caption(f"Orange: covered, the network believes less in {name}. Blue: it believes more.")
    with right:
        maps = explain.feature_maps(subject.classifier.recognizer, subject.image)
        if maps:
            layer_maps(maps)
        else:
            st.caption("This network tells probabilities alone; train one with this version to see its layers.")


def growth(subject: Sample) -> None:
    """Draw the probability of the answer after each stroke, and after each epoch of the training."""
    strokes, epochs = st.columns(2, gap="medium")
    with strokes:
        st.markdown("**After each stroke**")
        _strokes(subject)
    with epochs:
        st.markdown("**After each epoch of its training**")
        _epochs(subject)


def _strokes(subject: Sample) -> None:
    if not subject.strokes:
        st.caption("Only what is drawn here has strokes.")
        return
    readings = explain.predict_after_each_stroke(subject.classifier.reader, subject.strokes)
    answers = [subject.classifier.of_reading(each.digits[0]) for _, each in readings]
    _course([drawn for drawn, _ in readings], answers, subject, "stroke", "draw-strokes-chart")
    if len(answers) == 1:
        st.caption("One stroke, one answer. Draw another, or a 4 or a 5, and see the answer change.")


def _epochs(subject: Sample) -> None:
    run = subject.classifier.run
    try:
        asked = explain.predict_after_each_epoch(run, subject.image, services.network)
    except DigitLabError as error:
        st.caption(str(error))
        return
    if not asked:
        st.caption("This run has kept no networks of its epochs.")
        return
    answers = [_as_answer(subject, said) for _, said in asked]
    _course([epoch for epoch, _ in asked], answers, subject, "epoch", "draw-epochs-chart")
    first, epoch = answers[0], asked[0][0]
    settled = _settled([each.name for each in answers])
    st.caption(
        f"Epoch {epoch} guessed {plain(first.name)} at {first.probability:.0%}"
        f"{' before it had learnt anything' if epoch == 0 else ''}. From epoch {asked[settled][0]} on it says "
        f"{plain(answers[-1].name)}."
    )


def _as_answer(subject: Sample, said: np.ndarray) -> Prediction:
    """An epoch's network is asked for its best guess, as the kept one is; whether it doubts is not asked."""
    names = subject.answer.names
    of_classes = said[: len(subject.classifier.class_names)]
    return Prediction(names, said, int(of_classes.argmax()), True)


def _settled(told: list[str]) -> int:
    """Return from which place on the answers are the last one."""
    changes = [i for i in range(1, len(told)) if told[i] != told[i - 1]]
    return changes[-1] if changes else 0


def _course(places: list[int], answers: list[Prediction], subject: Sample, what: str, key: str) -> None:
    best = subject.answer.best
    figure = draw_charts.course(
        places, [float(each.probabilities[best]) for each in answers], [each.told for each in answers], what
    )
    name = subject.answer.name
    spoken = ", ".join(f"{what} {place}: {each.told}" for place, each in zip(places, answers, strict=True))
    live_chart(figure, key, _CHART, f"probability of {name} after each {what}; answers: {spoken}")
    st.caption(f"Probability of {plain(name)}; the answer stands at each point, other ones in orange.")
