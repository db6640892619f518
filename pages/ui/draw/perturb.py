"""Break it: sliders that rotate, shift, scale, thicken and blur the image, and where the prediction flips.

Knows the perturbations of `model.evaluation`, charts and the session; predicts through its sample.
"""

import streamlit as st

from model.evaluation import perturbations
from model.evaluation.perturbations import RANGES, UNPERTURBED, Perturbation, apply_perturbation
from pages.ui.charts import draw as draw_charts
from pages.ui.components.image_grid import picture
from pages.ui.components.live_chart import live_chart
from pages.ui.draw import help as help_texts
from pages.ui.draw.prediction_panel import sentence
from pages.ui.draw.sample import Sample
from pages.ui.language import format_number
from pages.ui.shell.text import plain
from pages.ui.translation import _, class_label, translate

_SIDE, _CHART = 140, 200  # pixels on the screen
_KEYS = {"rotation": "turn", "shift_x": "right", "shift_y": "down"}  # CSS keys that tests rely on


@st.fragment
def show(sample: Sample) -> None:
    """Draw the sliders, the perturbed image with its prediction, and the sweep of one slider."""
    st.caption(_(help_texts.BREAK_IT))
    perturbed, sliders, swept = st.columns([150, 460, 420], gap="medium")
    with sliders:
        perturbation = _sliders()
    with perturbed:
        _perturbed(sample, perturbation)
    with swept:
        _sweep(sample, perturbation)


def _sliders() -> Perturbation:
    if st.button(_("Reset"), key="draw-break-reset", icon=":material/undo:"):
        for name, field in RANGES.items():
            st.session_state[_key(name)] = field.neutral
    values = {}
    columns = st.columns(2, gap="medium")
    for number, (name, field) in enumerate(RANGES.items()):
        with columns[number % 2]:
            st.session_state.setdefault(_key(name), field.neutral)
            values[name] = st.slider(
                f"{translate(field.title)}, {translate(field.unit)}",
                field.minimum,
                field.maximum,
                step=field.step,
                key=_key(name),
            )
    return Perturbation(**values)


def _key(name: str) -> str:
    return f"draw-break-{_KEYS.get(name, name)}"


def _perturbed(sample: Sample, perturbation: Perturbation) -> None:
    image = apply_perturbation(sample.image, perturbation)
    (prediction,) = sample.predict(image[None])
    picture(image[..., 0] if image.shape[-1] == 1 else image, _SIDE, _("the perturbed image"))
    with st.container(key="draw-break-answer"):
        flipped = prediction.text != sample.prediction.text
        text = _("### {label} :orange[flipped]") if flipped else "### {label}"
        st.markdown(text.format(label=plain(prediction.text)))
        st.caption(sentence(prediction))


def _sweep(sample: Sample, perturbation: Perturbation) -> None:
    name = st.selectbox(
        _("Where does the prediction flip?"),
        list(RANGES),
        format_func=lambda name: translate(RANGES[name].title),
        key="draw-break-sweep",
        persist_state="session",
    )
    unit, neutral = translate(RANGES[name].unit), RANGES[name].neutral
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
    summary = _summary(labels[middle], flips, unit)
    live_chart(figure, "draw-break-chart", _CHART, summary)
    caption = [_("Probability of {label}.").format(label=plain(class_label(predictions[middle].label))), summary]
    if perturbation != UNPERTURBED:
        caption.append(_("The other sliders keep their values."))
    st.caption(" ".join(caption))


def _summary(label: str, flips: list[tuple[float, str]], unit: str) -> str:
    if not flips:
        return _("The prediction is {label} over the whole range.").format(label=plain(label))
    text = _("At {strength} {unit} the prediction flips to {label}.")
    return " ".join(
        text.format(strength=format_number(place, "g").replace("-", "−"), unit=unit, label=plain(label))
        for place, label in flips
    )
