"""Break it: the image turned, moved, scaled, thickened and blurred by sliders, and where the answer flips.

Knows the perturbations of `model.evaluation`, charts and the session; predicts through its sample.
"""

import streamlit as st

from model.evaluation import perturbations
from model.evaluation.perturbations import RANGES, UNPERTURBED, Perturbation, apply_perturbation
from pages.ui.charts import draw as draw_charts
from pages.ui.components.image_grid import picture
from pages.ui.components.live_chart import live_chart
from pages.ui.draw.answer import sentence
from pages.ui.draw.sample import Sample
from pages.ui.shell.text import plain

_SIDE, _CHART = 140, 200  # pixels on the screen
_KEYS = {"rotation": "turn", "shift_x": "right", "shift_y": "down"}  # CSS keys that tests rely on


@st.fragment
def show(sample: Sample) -> None:
    """Draw sliders, the changed image with its answer, and the sweep of one slider."""
    st.caption("The 28×28 pixels are changed as they are and not centred again: how much can the network bear?")
    changed, sliders, swept = st.columns([150, 460, 420], gap="medium")
    with sliders:
        perturbation = _sliders()
    with changed:
        _changed(sample, perturbation)
    with swept:
        _sweep(sample, perturbation)


def _sliders() -> Perturbation:
    if st.button("As it was", key="draw-break-reset", icon=":material/undo:"):
        for name, field in RANGES.items():
            st.session_state[_key(name)] = field.neutral
    values = {}
    columns = st.columns(2, gap="medium")
    for number, (name, field) in enumerate(RANGES.items()):
        with columns[number % 2]:
            st.session_state.setdefault(_key(name), field.neutral)
            values[name] = st.slider(
                f"{field.title}, {field.unit}", field.minimum, field.maximum, step=field.step, key=_key(name)
            )
    return Perturbation(**values)


def _key(name: str) -> str:
    return f"draw-break-{_KEYS.get(name, name)}"


def _changed(sample: Sample, perturbation: Perturbation) -> None:
    image = apply_perturbation(sample.image, perturbation)
    (prediction,) = sample.predict(image[None])
    picture(image[..., 0] if image.shape[-1] == 1 else image, _SIDE, "the changed image")
    with st.container(key="draw-break-answer"):
        flipped = prediction.text != sample.prediction.text
        st.markdown(f"### {plain(prediction.text)}{' :orange[flipped]' if flipped else ''}")
        st.caption(sentence(prediction))


def _sweep(sample: Sample, perturbation: Perturbation) -> None:
    name = st.selectbox(
        "Where does the answer flip?",
        list(RANGES),
        format_func=lambda name: RANGES[name].title,
        key="draw-break-sweep",
        persist_state="session",
    )
    unit, neutral = RANGES[name].unit, RANGES[name].neutral
    strengths, images = perturbations.sweep(sample.image, name, perturbation)
    predictions = sample.predict(images)
    labels = [prediction.text for prediction in predictions]
    places = perturbations.flips(strengths.tolist(), labels, neutral)
    label_at = dict(zip(strengths.tolist(), labels, strict=True))
    flips = [(place, label_at[place]) for place in places]
    middle = min(range(len(strengths)), key=lambda i: abs(strengths[i] - neutral))
    best = predictions[middle].class_index
    figure = draw_charts.flipping(
        strengths.tolist(),
        [float(prediction.probabilities[best]) for prediction in predictions],
        flips,
        getattr(perturbation, name),
        unit,
    )
    words = _in_words(labels[middle], flips, unit)
    live_chart(figure, "draw-break-chart", _CHART, words)
    others = " The other sliders stay where they are." if perturbation != UNPERTURBED else ""
    st.caption(f"Probability of {plain(predictions[middle].label)}. {words}{others}")


def _in_words(label: str, flips: list[tuple[float, str]], unit: str) -> str:
    if not flips:
        return f"It stays {plain(label)} all the way."
    places = " and ".join(f"at {place:g} {unit} to {plain(new)}" for place, new in flips)
    return f"The answer flips {places}."
