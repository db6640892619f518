"""The answer to what lies on the page: large, in words, as bars; beside a second network's where one was chosen.

Knows samples, figures and the live chart; asks no network.
"""

import numpy as np
import streamlit as st

from model.inference.classifier import Prediction
from model.results import NO_DIGIT
from pages.ui.components.image_grid import picture
from pages.ui.draw.sample import Sample
from pages.ui.shell.text import percent, plain

_SURE, _RATHER_SURE = 0.95, 0.75
_BAR_PX, _LEAST_PX = 24, 150
_SEEN_PX = 168


def headline(sample: Sample | None, empty: str, hint: str) -> None:
    """Say the answer alone in the first line, and how sure the network is in the second."""
    if sample is None:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    prediction = sample.prediction
    st.markdown(f"# {plain(prediction.text)}")
    runner_up = _guess(prediction, prediction.runner_up)
    st.caption(f"{_truth(sample)}{sentence(prediction)} Second guess: {runner_up}.")


def sentence(prediction: Prediction) -> str:
    """Say in words and in a number how sure an answer is."""
    if prediction.accepted:
        return f"{_in_words(prediction.probability)}, {percent(prediction.probability)}."
    return f"This does not look like a digit to me. Best guess: {_guess(prediction, prediction.class_index)}."


def bars(sample: Sample | None, names: tuple[str, ...], other: Sample | None) -> None:
    """Draw the probabilities of all classes; nothing is asked, so they stand at zero without a sample."""
    # Where figures are drawn, Plotly is read; the canvas is on the screen by then.
    from pages.ui.charts import draw as draw_charts
    from pages.ui.components.live_chart import live_chart

    shown = sample.prediction.class_names if sample else names
    probabilities = sample.prediction.probabilities if sample else np.zeros(len(shown))
    description = (
        f"probabilities of {', '.join(shown)}; the best reading is {sample.prediction.label}"
        if sample
        else "no answer yet"
    )
    short = ["none" if name == NO_DIGIT else name for name in shown]
    beside = _aligned(other.prediction, shown) if sample and other else None
    height = max(_LEAST_PX, 32 + _BAR_PX * len(shown))
    live_chart(draw_charts.bars(short, probabilities, beside), "draw-bars-chart", height, description)
    if sample and other:
        st.caption(f"Upper bar, blue: {_network(sample)}. Lower bar, orange: {_network(other)}.")


def seen(sample: Sample | None, shape: tuple[int, ...]) -> None:
    """Show the very pixels that the network gets."""
    st.markdown("**What the network sees**")
    image = sample.image if sample else np.zeros(shape, np.uint8)
    shown = image[..., 0] if image.shape[-1] == 1 else image
    picture(shown, _SEEN_PX, sample.alt if sample else "an empty image")


def agreement(sample: Sample, other: Sample) -> None:
    """Say what a second network answers, and whether the two agree."""
    agree = other.prediction.text == sample.prediction.text
    icon = ":material/check:" if agree else ":material/priority_high:"
    label = plain(other.prediction.text)
    st.markdown(f"{icon} **{_network(other)}** answers **{label}**: they {'' if agree else 'dis'}agree.")
    st.caption(sentence(other.prediction))


def _network(sample: Sample) -> str:
    run = sample.network.run
    return plain(run.metadata.name or run.config.preset)


def _aligned(prediction: Prediction, names: tuple[str, ...]) -> np.ndarray:
    by_name = dict(zip(prediction.class_names, prediction.probabilities.tolist(), strict=True))
    return np.array([by_name.get(name, 0.0) for name in names])


def _truth(sample: Sample) -> str:
    if sample.true is None:
        return ""
    correct = sample.true == sample.prediction.class_index
    true = plain(sample.network.classifier.class_names[sample.true])
    return f"{'Right' if correct else 'Wrong'}: it is {true}. "


def _guess(prediction: Prediction, index: int) -> str:
    return f"{plain(prediction.class_names[index])}, {percent(float(prediction.probabilities[index]))}"


def _in_words(probability: float) -> str:
    if probability >= _SURE:
        return "Sure"
    return "Rather sure" if probability >= _RATHER_SURE else "Not sure"
