"""The answer to what lies on the page: large, in words, as bars; beside a second network's where one was chosen.

Knows subjects, figures and the live chart; asks no network.
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


def headline(subject: Sample | None, empty: str, hint: str) -> None:
    """Say the answer alone in the first line, and how sure the network is in the second."""
    if subject is None:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    answer = subject.answer
    st.markdown(f"# {plain(answer.told)}")
    st.caption(f"{_truth(subject)}{sentence(answer)} Second guess: {_guess(answer, answer.second)}.")


def sentence(answer: Prediction) -> str:
    """Say in words and in a number how sure an answer is."""
    if answer.accepted:
        return f"{_in_words(answer.probability)}, {percent(answer.probability)}."
    return f"This does not look like a digit to me. Best guess: {_guess(answer, answer.best)}."


def bars(subject: Sample | None, names: tuple[str, ...], other: Sample | None) -> None:
    """Draw the probabilities of all classes; nothing is asked, so they stand at zero without a subject."""
    # Where figures are drawn, Plotly is read; the canvas is on the screen by then.
    from pages.ui.charts import draw as draw_charts
    from pages.ui.components.live_chart import live_chart

    shown = subject.answer.names if subject else names
    probabilities = subject.answer.probabilities if subject else np.zeros(len(shown))
    told = (
        f"probabilities of {', '.join(shown)}; the best reading is {subject.answer.name}"
        if subject
        else "no answer yet"
    )
    short = ["none" if name == NO_DIGIT else name for name in shown]
    beside = _aligned(other.answer, shown) if subject and other else None
    height = max(_LEAST_PX, 32 + _BAR_PX * len(shown))
    live_chart(draw_charts.bars(short, probabilities, beside), "draw-bars-chart", height, told)
    if beside is not None:
        st.caption(f"Upper bar, blue: {_network(subject)}. Lower bar, orange: {_network(other)}.")


def seen(subject: Sample | None, shape: tuple[int, ...]) -> None:
    """Show the very pixels that the network gets."""
    st.markdown("**What the network sees**")
    image = subject.image if subject else np.zeros(shape, np.uint8)
    shown = image[..., 0] if image.shape[-1] == 1 else image
    picture(shown, _SEEN_PX, subject.alt if subject else "an empty image")


def agreement(subject: Sample, other: Sample) -> None:
    """Say what a second network answers, and whether the two agree."""
    agree = other.answer.told == subject.answer.told
    icon = ":material/check:" if agree else ":material/priority_high:"
    told = plain(other.answer.told)
    st.markdown(f"{icon} **{_network(other)}** answers **{told}**: they {'' if agree else 'dis'}agree.")
    st.caption(sentence(other.answer))


def _network(subject: Sample) -> str:
    run = subject.classifier.run
    return plain(run.label.name or run.config.preset)


def _aligned(answer: Prediction, names: tuple[str, ...]) -> np.ndarray:
    by_name = dict(zip(answer.names, answer.probabilities.tolist(), strict=True))
    return np.array([by_name.get(name, 0.0) for name in names])


def _truth(subject: Sample) -> str:
    if subject.true is None:
        return ""
    right = subject.true == subject.answer.best
    true = plain(subject.classifier.class_names[subject.true])
    return f"{'Right' if right else 'Wrong'}: it is {true}. "


def _guess(answer: Prediction, index: int) -> str:
    return f"{plain(answer.names[index])}, {percent(float(answer.probabilities[index]))}"


def _in_words(probability: float) -> str:
    if probability >= _SURE:
        return "Sure"
    return "Rather sure" if probability >= _RATHER_SURE else "Not sure"
