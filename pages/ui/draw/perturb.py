"""Break it: the image turned, moved, scaled, thickened and blurred by sliders, and where the answer flips.

Knows the changes of `model.breaking`, charts and the session; asks the network through its subject.
"""

import streamlit as st

from model.evaluation import perturbations
from model.evaluation.perturbations import KINDS, NOTHING, Change
from pages.ui.charts import draw as draw_charts
from pages.ui.components.image_grid import picture
from pages.ui.components.live_chart import live_chart
from pages.ui.draw.answer import sentence
from pages.ui.draw.sample import Sample
from pages.ui.shell.text import plain

_SIDE, _CHART = 140, 200  # pixels on the screen


@st.fragment
def show(subject: Sample) -> None:
    """Draw sliders, the changed image with its answer, and the sweep of one slider."""
    st.caption("The 28×28 pixels are changed as they are and not centred again: how much can the network bear?")
    changed, sliders, swept = st.columns([150, 460, 420], gap="medium")
    with sliders:
        change = _sliders()
    with changed:
        _changed(subject, change)
    with swept:
        _sweep(subject, change)


def _sliders() -> Change:
    if st.button("As it was", key="draw-break-reset", icon=":material/undo:"):
        for kind in KINDS:
            st.session_state[_key(kind)] = perturbations.none_of(kind)
    values = {}
    columns = st.columns(2, gap="medium")
    for number, (kind, (title, unit, least, most, step)) in enumerate(KINDS.items()):
        with columns[number % 2]:
            st.session_state.setdefault(_key(kind), perturbations.none_of(kind))
            values[kind] = st.slider(f"{title}, {unit}", least, most, step=step, key=_key(kind))
    return Change(**values)


def _key(kind: str) -> str:
    return f"draw-break-{kind}"


def _changed(subject: Sample, change: Change) -> None:
    image = perturbations.changed(subject.image, change)
    answer = subject.predict(image[None])[0]
    picture(image[..., 0] if image.shape[-1] == 1 else image, _SIDE, "the changed image")
    with st.container(key="draw-break-answer"):
        flipped = answer.told != subject.answer.told
        st.markdown(f"### {plain(answer.told)}{' :orange[flipped]' if flipped else ''}")
        st.caption(sentence(answer))


def _sweep(subject: Sample, change: Change) -> None:
    kind = st.selectbox(
        "Where does the answer flip?",
        list(KINDS),
        format_func=lambda kind: KINDS[kind][0],
        key="draw-break-sweep",
        persist_state="session",
    )
    title, unit, *_ = KINDS[kind]
    strengths, images = perturbations.sweep(subject.image, kind, change)
    answers = subject.predict(images)
    told = [each.told for each in answers]
    none = perturbations.none_of(kind)
    places = perturbations.flips(strengths, told, none)
    said = {float(strength): each for strength, each in zip(strengths, told, strict=True)}
    flips = [(place, said[place]) for place in places]
    middle = min(range(len(strengths)), key=lambda i: abs(strengths[i] - none))
    best = answers[middle].best
    figure = draw_charts.flipping(
        strengths, [float(each.probabilities[best]) for each in answers], flips, getattr(change, kind), unit
    )
    words = _in_words(told[middle], flips, unit)
    live_chart(figure, "draw-break-chart", _CHART, words)
    others = " The other sliders stay where they are." if change != NOTHING else ""
    st.caption(f"Probability of {plain(answers[middle].name)}. {words}{others}")


def _in_words(told: str, flips: list[tuple[float, str]], unit: str) -> str:
    if not flips:
        return f"It stays {plain(told)} all the way."
    places = " and ".join(f"at {place:g} {unit} to {plain(says)}" for place, says in flips)
    return f"The answer flips {places}."
