"""Draw: a digit by mouse, pen or finger, and at once what the network sees and answers."""

import numpy as np
import streamlit as st

from model.errors import DigitLabError, InkError
from model.reader import Reader, Readings
from model.records import NO_DIGIT
from model.runs import Run
from pages.ui import controls, figures, frame, services, state
from pages.ui.canvas import canvas
from pages.ui.fabric import Stroke
from pages.ui.gallery import picture
from pages.ui.live_chart import live_chart

_DIGITS = [str(digit) for digit in range(10)]
_CLASSES = [*_DIGITS, NO_DIGIT]  # the last only in networks that were taught what is none
_SURE, _RATHER_SURE = 0.95, 0.75

frame.page("Draw")


def digit_runs() -> list[Run]:
    """Return the runs that can read a drawing: grey 28x28 images in classes named 0 to 9, and maybe "no digit"."""
    runs, _ = services.usable_runs()
    return [run for run in runs if _names(run) in (_DIGITS, _CLASSES) and _reads_ink(run)]


def _names(run: Run) -> list[str]:
    """Return what the network can answer; "no digit" is no class of the test set and so not among its figures."""
    return [each.name for each in run.metrics.classes] + [NO_DIGIT] * run.config.drawings


def _reads_ink(run: Run) -> bool:
    return run.description.get("dataset", {}).get("image_shape") == [28, 28, 1]


@st.fragment
def draw_and_answer(run: Run) -> None:
    """Draw the canvas and the answer to what is on it; a stroke reruns this part of the page alone."""
    paper, answer, seen = st.columns([300, 420, 220], gap="medium")
    with paper:
        # Stands where the canvas's own toolbar appears.
        st.caption("One digit, any size, anywhere on the paper.")
        with st.container(key="draw-canvas"):
            strokes = _draw()
            readings = _read(run, strokes)
        st.button("Clear", key="draw-clear", icon=":material/delete:", on_click=state.take_new_sheet, width=280)
    st.html(_STYLE)
    with answer:
        with st.container(key="draw-answer"):
            _show_answer(readings)
        with st.container(key="draw-bars"):
            _show_bars(readings, _names(run))
    with seen, st.container(key="draw-seen"):
        _show_seen(readings, len(strokes))


def _draw() -> list[Stroke]:
    try:
        return canvas(f"canvas-{state.canvas_number()}")
    except InkError as error:
        st.warning(str(error))
        return []


def _read(run: Run, strokes: list[Stroke]) -> Readings:
    try:
        return Reader(services.recognizer(run), run.reject_above).read_strokes(strokes)
    except DigitLabError as error:
        st.warning(str(error))
        return Readings(())


# The digit is the page's headline; its block keeps its height, so that the bars below never jump.
_STYLE = """<style>
.st-key-draw-answer { min-height: 9.5rem; }
.st-key-draw-answer h1 { font-size: 4rem; line-height: 1; padding: 0 0 .25rem; }
@media (max-width: 640px) { .st-key-draw-answer { min-height: 8.5rem; } }
</style>"""


def _show_answer(readings: Readings) -> None:
    """Say the digit alone in the first line, and how sure the network is in the second."""
    if not readings.digits:
        st.markdown("# Draw a digit")
        st.caption("The answer comes when you lift the pen.")
        return
    reading = readings.digits[0]
    second = int(np.argsort(reading.probabilities[: len(_DIGITS)])[-2])
    other = f"Second guess: {second}, {_percent(reading.probabilities[second])}."
    if reading.accepted:
        st.markdown(f"# {reading.digit}")
        st.caption(f"{_in_words(reading.probability)}, {_percent(reading.probability)}. {other}")
    else:
        st.markdown("# ?")
        st.caption(
            "This does not look like a digit to me. "
            f"Best guess: {reading.digit}, {_percent(reading.probability)}. {other}"
        )


def _percent(probability: float) -> str:
    """No network is ever wholly sure, and rounding shall not say so."""
    if probability > 0.9995:
        return "over 99.9%"
    return f"{probability:.1%}" if probability >= 0.0005 else "under 0.1%"


def _in_words(probability: float) -> str:
    if probability >= _SURE:
        return "Sure"
    return "Rather sure" if probability >= _RATHER_SURE else "Not sure"


def _show_bars(readings: Readings, names: list[str]) -> None:
    probabilities = readings.digits[0].probabilities if readings.digits else np.zeros(len(names))
    told = (
        f"probabilities of {', '.join(names)}; the best reading is {readings.text}"
        if readings.digits
        else "no answer yet"
    )
    short = ["none" if name == NO_DIGIT else name for name in names]
    live_chart(figures.probability_bars(short, probabilities), "draw-bars-chart", 300, told)


def _show_seen(readings: Readings, n_strokes: int) -> None:
    st.markdown("**What the network sees**")
    image = readings.digits[0].image if readings.digits else np.zeros((28, 28), np.uint8)
    told = f"the drawing of {n_strokes} stroke{'s' * (n_strokes != 1)} as 28 by 28 grey pixels"
    picture(image, 196, told if readings.digits else "an empty image")
    st.caption("28 × 28 pixels: your ink, brought to 20 pixels and laid in by its centre of mass, as MNIST was made.")


runs = digit_runs()
if runs:
    with st.container(key="draw-model"):
        run = controls.run_control("Network", "draw-model-choice", runs)
    draw_and_answer(run)
else:
    st.info("No network for digits is here yet. Train one on MNIST, and draw with it.", icon=":material/draw:")
    st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")

frame.footer()
