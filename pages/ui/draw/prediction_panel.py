"""The prediction for the current drawing or image: large, in words and as bars, next to a second network's if chosen.

Knows samples, figures and the live chart; runs no network.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from model.inference.classifier import Prediction
from pages.ui.components.image_grid import picture
from pages.ui.draw import help as help_texts
from pages.ui.draw.sample import Sample
from pages.ui.shell.text import name_of, percent, plain
from pages.ui.translation import _, class_label

_HIGH, _MEDIUM = 0.95, 0.75  # least confidence
_BAR_PX, _MIN_PX = 24, 150
_SEEN_PX = 168

_announcer = st.components.v2.component(
    "digit-lab.live_region",
    html="<span></span>",
    js=(Path(__file__).parent / "live_region.js").read_text(encoding="utf-8"),
)


def announce() -> None:
    """Let screen readers read each new prediction aloud, wherever the headline is on the page."""
    st.html("<style>.st-key-draw-announcer { display: none; }</style>")
    with st.container(key="draw-announcer"):
        _announcer(key="draw-live-region")


def headline(sample: Sample | None, empty: str, hint: str) -> None:
    """Show the prediction alone in the first line, and the confidence in the second."""
    if sample is None:
        st.markdown(f"# {empty}")
        st.caption(hint)
        return
    prediction = sample.prediction
    st.markdown(f"# {plain(prediction.text)}")
    second_choice = _("Second choice: {label}, {probability}.").format(**_values(prediction, prediction.runner_up))
    st.caption(" ".join(filter(None, (_truth(sample), sentence(prediction), second_choice))))


def sentence(prediction: Prediction) -> str:
    """Return the confidence of a prediction in words and as a number."""
    if not prediction.accepted:
        return _("This doesn't look like a digit. Closest match: {label}, {probability}.").format(
            **_values(prediction, prediction.class_index)
        )
    probability = prediction.probability
    if probability >= _HIGH:
        text = _("High confidence: {probability}.")
    elif probability >= _MEDIUM:
        text = _("Medium confidence: {probability}.")
    else:
        text = _("Low confidence: {probability}.")
    return text.format(probability=percent(probability))


def suggest_number(sample: Sample | None, switch: Callable[[], None]) -> bool:
    """Point out two digits in a drawing of one; return whether the visitor chose to `switch` to several digits."""
    if sample is None or not sample.looks_like_several_digits:
        return False
    with st.container(key="draw-several-digits", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/lightbulb: {_(help_texts.SEVERAL_DIGITS)}")
        return st.button(_("Switch to Number"), key="draw-switch-to-number", on_click=switch)


def bars(sample: Sample | None, names: tuple[str, ...], other: Sample | None) -> None:
    """Draw the probabilities of all classes; without a sample, no network has run and they are all zero."""
    # Plotly is imported where figures are drawn; the canvas is on the screen by then.
    from pages.ui.charts import draw as draw_charts
    from pages.ui.components.live_chart import live_chart

    shown = sample.prediction.class_names if sample else names
    probabilities = sample.prediction.probabilities if sample else np.zeros(len(shown))
    labels = [class_label(name) for name in shown]
    description = _("No prediction yet.")
    if sample:
        description = _("Probabilities of {labels}. Prediction: {prediction}.").format(
            labels=", ".join(labels), prediction=class_label(sample.prediction.label)
        )
    second = _aligned(other.prediction, shown) if sample and other else None
    height = max(_MIN_PX, 32 + _BAR_PX * len(shown))
    live_chart(draw_charts.bars(labels, probabilities, second), "draw-bars-chart", height, description)
    if sample and other:
        legend = _("Upper bar, blue: {first}. Lower bar, orange: {second}.")
        st.caption(legend.format(first=_network(sample), second=_network(other)))


def seen(sample: Sample | None, shape: tuple[int, ...]) -> None:
    """Show exactly the pixels that the network gets."""
    st.markdown(_("**What the network sees**"))
    image = sample.image if sample else np.zeros(shape, np.uint8)
    shown = image[..., 0] if image.shape[-1] == 1 else image
    picture(shown, _SEEN_PX, sample.alt if sample else _("an empty image"))


def agreement(sample: Sample, other: Sample) -> None:
    """Show a second network's prediction, and whether the two agree."""
    agree = other.prediction.text == sample.prediction.text
    icon = ":material/check:" if agree else ":material/priority_high:"
    text = _("**{network}** also predicts **{label}**.") if agree else _("**{network}** predicts **{label}** instead.")
    st.markdown(f"{icon} {text.format(network=_network(other), label=plain(other.prediction.text))}")
    st.caption(sentence(other.prediction))


def _network(sample: Sample) -> str:
    run = sample.network.run
    return plain(name_of(run) or run.config.preset)


def _aligned(prediction: Prediction, names: tuple[str, ...]) -> np.ndarray:
    by_name = dict(zip(prediction.class_names, prediction.probabilities.tolist(), strict=True))
    return np.array([by_name.get(name, 0.0) for name in names])


def _truth(sample: Sample) -> str:
    if sample.true is None:
        return ""
    text = _("Correct: it is {label}.") if sample.true == sample.prediction.class_index else _("Wrong: it is {label}.")
    return text.format(label=plain(class_label(sample.network.classifier.class_names[sample.true])))


def _values(prediction: Prediction, index: int) -> dict[str, str]:
    label = plain(class_label(prediction.class_names[index]))
    return {"label": label, "probability": percent(float(prediction.probabilities[index]))}
