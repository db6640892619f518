"""The Draw page below its choices: the canvas or another input, the prediction, the steps, and more sections."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.errors import DigitLabError
from model.ink.render import Strokes
from model.runs.run import FinishedRun
from pages.ui.draw import help as help_texts
from pages.ui.draw import inputs, multi_digit, options, paper, prediction_panel, preprocessing
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.shell import services, session
from pages.ui.shell.text import markdown
from pages.ui.translation import _

# The prediction is the page's headline; its block has a minimum height, so that the bars below never jump.
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
    """Draw the input of this kind and its prediction; a stroke reruns only this part of the page."""
    try:
        first = Network(run, services.classifier(run))
        second = Network(other, services.classifier(other)) if other else None
    except DigitLabError as error:
        st.warning(markdown(error))
        return
    st.html(_STYLE)
    prediction_panel.announce()
    if kind == options.NUMBER:
        _read_number(first)
    else:
        _read_one(first, second, kind)


def _read_one(first: Network, second: Network | None, kind: str) -> None:
    """One image: the input, the prediction, the network's image, and the open section below."""
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
            if kind == options.DIGIT:
                prediction_panel.headline(sample, _(help_texts.DRAW_A_DIGIT), _(help_texts.DIGIT_HINT))
            else:
                prediction_panel.headline(sample, _(help_texts.NO_IMAGE), _(help_texts.IMAGE_HINT))
        if sample and sample.strokes and prediction_panel.suggest_number(sample, partial(_switch, sample.strokes)):
            st.rerun()  # of the whole page, where the input is chosen
        if sample and other:
            with st.container(key="draw-other"):
                prediction_panel.agreement(sample, other)
        bars = st.container(key="draw-bars")
    with right, st.container(key="draw-pixels"):
        _show_image(sample, first, kind)
        steps = st.container()
    with bars:
        prediction_panel.bars(sample, first.classifier.output_names, other)
    with steps:
        _show_steps(sample, kind)
    _show_sections(sample, first, kind)


def _switch(strokes: Strokes) -> None:
    """Read the same drawing as several digits."""
    paper.carry_to_wide_canvas(strokes)
    inputs.read_numbers()


def _input(network: Network, kind: str) -> Sample | MultiDigitSample | None:
    """Draw the canvas, the field for a file, the camera or the test images; return the sample."""
    if kind == options.PICTURE:
        return inputs.from_file(network)
    if kind == options.PHOTO:
        return inputs.from_camera(network)
    if kind == options.TEST:
        return inputs.test_image(network)
    strokes, pen = paper.show()
    try:
        return Sample.of_drawing(network, strokes, pen)
    except DigitLabError as error:
        st.warning(markdown(error))
        return None


def _show_image(sample: Sample | None, network: Network, kind: str) -> None:
    """Show the network's image, and for drawings the prediction without centring."""
    image, without = st.columns(2, gap="small")
    with image, st.container(key="draw-seen"):
        prediction_panel.seen(sample, network.classifier.input_shape)
    if kind == options.DIGIT:
        with without, st.container(key="draw-squeezed"):
            preprocessing.without_centring(sample)


def _show_steps(sample: Sample | None, kind: str) -> None:
    """Show the steps from ink to the image, if there was ink."""
    if kind == options.DIGIT or (sample and sample.steps):
        with st.container(key="draw-steps"):
            preprocessing.strip(preprocessing.of(sample), sample.paper if sample else None)


def _show_sections(sample: Sample | None, network: Network, kind: str) -> None:
    """Show the open section after the prediction, as it takes longer; closed ones cost nothing."""
    if kind == options.DIGIT and sample:
        from pages.ui.draw import my_drawings

        my_drawings.label_control(sample)
    reads_digits = network.classifier.reads_digits
    linked = st.query_params.get("part")
    if session.is_new_link("draw-part", linked) and linked in options.SECTIONS:
        st.session_state["draw-part"] = linked
    section = st.segmented_control(
        _("More about this prediction"),
        [section for section in options.SECTIONS if section != options.MY_DRAWINGS or reads_digits],
        format_func=lambda section: f"{options.SECTION_ICONS[section]} {_(options.SECTIONS[section])}",
        key="draw-part",
        persist_state="session",
        label_visibility="collapsed",
    )
    if section == options.MY_DRAWINGS and reads_digits:
        from pages.ui.draw import fine_tune, my_drawings

        my_drawings.show(network.classifier)
        fine_tune.show(network.run)
    elif section and sample is None:
        st.caption(_("Draw a digit first.") if kind == options.DIGIT else _("Choose an image first."))
    elif section and sample:
        from pages.ui.draw import explanation, perturb

        show = {options.INSIDE: explanation.show, options.GROWTH: explanation.growth, options.BREAK: perturb.show}
        show[section](sample)


def _read_number(network: Network) -> None:
    """The wide canvas: several digits at once."""
    sheet, right = st.columns([620, 480], gap="medium")
    with sheet:
        strokes, pen = paper.show(several=True)
        try:
            sample = MultiDigitSample.of_drawing(network, strokes, (paper.WIDE, paper.LOW), pen)
        except DigitLabError as error:
            st.warning(markdown(error))
            sample = None
    _show_number(sample, right, right)


def _show_number(sample: MultiDigitSample | None, headline: DeltaGenerator, digits: DeltaGenerator) -> None:
    """Show the whole number, and each digit in its box."""
    with headline, st.container(key="draw-answer"):
        multi_digit.headline(sample, _(help_texts.DRAW_A_NUMBER), _(help_texts.NUMBER_HINT))
    with digits, st.container(key="draw-seen"):
        multi_digit.seen(sample)
