"""The Draw page below its choices: the paper or another input, the prediction, the steps, and closer looks."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.errors import DigitLabError
from model.runs.run import FinishedRun
from pages.ui.draw import answer, inputs, multi_digit, paper, preprocessing
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.shell import services, session

_PARTS = {
    "inside": ":material/layers: Inside the network",
    "growth": ":material/timeline: How the answer grew",
    "break": ":material/blur_on: Break it",
    "mine": ":material/collections_bookmark: My drawings",
}

# The digit is the page's headline; its block keeps its height, so that the bars below never jump.
_STYLE = """<style>
.st-key-draw-answer { min-height: 8rem; }
.st-key-draw-answer h1 { font-size: 4rem; line-height: 1; padding: 0 0 .25rem; overflow-wrap: anywhere; }
.st-key-draw-seen { min-height: 13.5rem; }
@media (max-width: 640px) {
  .st-key-draw-way button { padding: 0 .6rem; }
  .st-key-draw-answer { min-height: 6.5rem; }
  .st-key-draw-answer h1 { font-size: 3rem; }
}
</style>"""


@st.fragment
def read(run: FinishedRun, other: FinishedRun | None, kind: str) -> None:
    """Draw the input of this kind and the prediction for it; a stroke reruns this part of the page alone."""
    try:
        first = Network(run, services.classifier(run))
        second = Network(other, services.classifier(other)) if other else None
    except DigitLabError as error:
        st.warning(str(error))
        return
    st.html(_STYLE)
    if kind == inputs.NUMBER:
        _read_number(first)
    else:
        _read_one(first, second, kind)


def _read_one(first: Network, second: Network | None, kind: str) -> None:
    """One image: the input, the prediction, what the network sees, and then whatever is open below."""
    sheet, middle, right = st.columns([300, 390, 410], gap="medium")
    with sheet:
        sample = _input(first, kind)
    if isinstance(sample, MultiDigitSample):
        _show_number(sample, middle, right)
        return
    if sample is None:
        session.leave_sheet()
    other = Sample.of_image(second, sample.image, sample.alt, sample.may_reject) if second and sample else None
    with middle:
        with st.container(key="draw-answer"):
            if kind == inputs.DIGIT:
                answer.headline(sample, "Draw a digit", "The answer comes when you lift the pen.")
            else:
                answer.headline(sample, "No image", "Choose one, and the answer comes at once.")
        if sample and other:
            with st.container(key="draw-other"):
                answer.agreement(sample, other)
        bars = st.container(key="draw-bars")
    with right:
        _show_image(sample, first, kind)
    with bars:
        answer.bars(sample, first.classifier.output_names, other)
    with right:
        _show_steps(sample, kind)
    _show_parts(sample, first, kind)


def _input(network: Network, kind: str) -> Sample | MultiDigitSample | None:
    """Draw the paper, the field for a file, the camera or the test images; return what is to be predicted."""
    if kind == inputs.PICTURE:
        return inputs.from_file(network)
    if kind == inputs.PHOTO:
        return inputs.from_camera(network)
    if kind == inputs.TEST:
        return inputs.test_image(network)
    strokes, pen = paper.show()
    try:
        return Sample.of_drawing(network, strokes, pen)
    except DigitLabError as error:
        st.warning(str(error))
        return None


def _show_image(sample: Sample | None, network: Network, kind: str) -> None:
    """Show the network's image, and for drawings the prediction without centring."""
    image, without = st.columns(2, gap="small")
    with image, st.container(key="draw-seen"):
        answer.seen(sample, network.classifier.input_shape)
    if kind == inputs.DIGIT:
        with without, st.container(key="draw-squeezed"):
            preprocessing.without_centring(sample)


def _show_steps(sample: Sample | None, kind: str) -> None:
    """Show the steps from ink to the image, where it came from ink."""
    if kind == inputs.DIGIT or (sample and sample.steps):
        with st.container(key="draw-steps"):
            preprocessing.strip(preprocessing.of(sample))


def _show_parts(sample: Sample | None, network: Network, kind: str) -> None:
    """Show what takes longer, only where it is open, and after the prediction."""
    if kind == inputs.DIGIT and sample:
        from pages.ui.draw import my_drawings

        my_drawings.meant(sample)
    reads_digits = network.classifier.reads_digits
    part = st.segmented_control(
        "Look closer",
        [part for part in _PARTS if part != "mine" or reads_digits],
        format_func=_PARTS.__getitem__,
        key="draw-part",
        persist_state="session",
        label_visibility="collapsed",
    )
    if part == "mine" and reads_digits:
        from pages.ui.draw import fine_tune, my_drawings

        my_drawings.show(network.classifier)
        fine_tune.show(network.run)
    elif part and sample is None:
        st.caption("This opens with the first stroke." if kind == inputs.DIGIT else "This opens with the first image.")
    elif part and sample:
        from pages.ui.draw import explanation, perturb

        {"inside": explanation.show, "growth": explanation.growth, "break": perturb.show}[part](sample)


def _read_number(network: Network) -> None:
    """The wide sheet: several digits at once."""
    sheet, right = st.columns([620, 480], gap="medium")
    with sheet:
        strokes, pen = paper.show(several=True)
        try:
            sample = MultiDigitSample.of_drawing(network, strokes, (paper.WIDE, paper.LOW), pen)
        except DigitLabError as error:
            st.warning(str(error))
            sample = None
    _show_number(sample, right, right)


def _show_number(sample: MultiDigitSample | None, headline: DeltaGenerator, digits: DeltaGenerator) -> None:
    """Show the whole number, and each digit in its box."""
    with headline, st.container(key="draw-answer"):
        multi_digit.headline(sample, "Draw a number", "Digits side by side; the answer comes when you lift the pen.")
    with digits, st.container(key="draw-seen"):
        multi_digit.seen(sample)
