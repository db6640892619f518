"""Draw: a digit by mouse, pen or finger, and at once what the network sees and answers, and why."""

import streamlit as st

from pages.ui.shell import frame
from pages.ui.shell.identity import identify

frame.page("Draw")
identify()  # first: while the browser fetches what components need, the server reads the rest

from model.errors import DigitLabError  # noqa: E402
from model.inference.classifier import Classifier, output_names, reads_ink  # noqa: E402
from model.runs.run import Run  # noqa: E402
from pages.ui.draw import answer, inputs, multi_digit, paper, preprocessing, sample  # noqa: E402
from pages.ui.draw.sample import MultiDigitSample, Sample  # noqa: E402
from pages.ui.shell import services, session  # noqa: E402
from pages.ui.shell.run_picker import run_control  # noqa: E402
from pages.ui.shell.text import run_title  # noqa: E402

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


def choose(runs: list[Run]) -> tuple[Run, Run | None, str]:
    """Draw the choices: a network, a second one to compare with, and what to read."""
    first, second = st.columns([1, 1], gap="small", vertical_alignment="bottom")
    with first, st.container(key="draw-model"):
        run = run_control("Network", "draw-model-choice", runs)
    with second:
        alike = {each.id: each for each in runs if each.id != run.id and reads_alike(each, run)}
        other = st.selectbox(
            "Compare with",
            list(alike),
            index=None,
            key=f"draw-other-{run.id}",
            placeholder="Compare with another network",
            format_func=lambda run_id: run_title(alike[run_id]) if run_id in alike else run_id,
            disabled=not alike or inputs.reads_numbers(),
            label_visibility="collapsed",
        )
    return run, alike.get(other), inputs.choose(run)


def reads_alike(one: Run, other: Run) -> bool:
    """Tell whether two networks can be shown the same image and answer with the same classes."""
    if reads_ink(one) or reads_ink(other):
        return reads_ink(one) and reads_ink(other)
    same = one.description.get("dataset", {}).get("image_shape") == other.description.get("dataset", {}).get(
        "image_shape"
    )
    return same and output_names(one) == output_names(other)


@st.fragment
def read(run: Run, other: Run | None, way: str) -> None:
    """Draw the way in and the answer to what came; a stroke reruns this part of the page alone."""
    try:
        first = Classifier(run, services.recognizer(run))
        second = Classifier(other, services.recognizer(other)) if other else None
    except DigitLabError as error:
        st.warning(str(error))
        return
    st.html(_STYLE)
    if way == inputs.NUMBER:
        read_number(first)
    else:
        read_one(first, second, way)


def read_one(first: Classifier, second: Classifier | None, way: str) -> None:
    """One image: the paper or another way in, the answer, what the network sees, and then whatever is open below."""
    sheet, told, seen = st.columns([300, 390, 410], gap="medium")
    with sheet:
        came = way_in(first, way)
    if isinstance(came, MultiDigitSample):
        show_number(came, told, seen)
        return
    if came is None:
        session.leave_sheet()
    beside = sample.of_image(second, came.image, came.alt, came.drawn) if second and came else None
    with told:
        with st.container(key="draw-answer"):
            if way == inputs.DIGIT:
                answer.headline(came, "Draw a digit", "The answer comes when you lift the pen.")
            else:
                answer.headline(came, "No image", "Choose one, and the answer comes at once.")
        if beside:
            with st.container(key="draw-other"):
                answer.agreement(came, beside)
        bars = st.container(key="draw-bars")
    with seen:
        show_seen(came, first, way)
    with bars:
        answer.bars(came, first.names, beside)
    with seen:
        show_steps(came, way)
    show_parts(came, first, way)


def way_in(first: Classifier, way: str) -> Sample | MultiDigitSample | None:
    """Draw the paper, the field for a file, the camera or the test images; return what came."""
    if way == inputs.PICTURE:
        return inputs.from_file(first)
    if way == inputs.PHOTO:
        return inputs.from_camera(first)
    if way == inputs.TEST:
        return inputs.test_image(first)
    strokes, pen = paper.show()
    try:
        return sample.of_drawing(first, strokes, pen)
    except DigitLabError as error:
        st.warning(str(error))
        return None


def show_seen(came: Sample | None, first: Classifier, way: str) -> None:
    """Show the network's image, and for drawings what comes of it without centring."""
    image, without = st.columns(2, gap="small")
    with image, st.container(key="draw-seen"):
        answer.seen(came, first.shape)
    if way == inputs.DIGIT:
        with without, st.container(key="draw-squeezed"):
            preprocessing.without_centring(came)


def show_steps(came: Sample | None, way: str) -> None:
    """Show how the image came about, where it came from ink."""
    if way == inputs.DIGIT or (came and came.seen):
        with st.container(key="draw-steps"):
            preprocessing.strip(preprocessing.of(came))


def show_parts(came: Sample | None, first: Classifier, way: str) -> None:
    """Show what takes longer, only where it is open, and after the answer."""
    if way == inputs.DIGIT and came:
        from pages.ui.draw import my_drawings

        my_drawings.meant(came)
    offered = [part for part in _PARTS if part != "mine" or reads_ink(first.run)]
    part = st.segmented_control(
        "Look closer",
        offered,
        format_func=_PARTS.__getitem__,
        key="draw-part",
        persist_state="session",
        label_visibility="collapsed",
    )
    if part == "mine" and reads_ink(first.run):
        from pages.ui.draw import fine_tune, my_drawings

        my_drawings.show(first)
        fine_tune.show(first.run)
    elif part and came is None:
        st.caption("This opens with the first stroke." if way == inputs.DIGIT else "This opens with the first image.")
    elif part:
        from pages.ui.draw import explanation, perturb

        {"inside": explanation.show, "growth": explanation.growth, "break": perturb.show}[part](came)


def read_number(first: Classifier) -> None:
    """The wide sheet: several digits at once."""
    sheet, told = st.columns([620, 480], gap="medium")
    with sheet:
        strokes, pen = paper.show(several=True)
        try:
            came = sample.of_number(first, strokes, (paper.WIDE, paper.LOW), pen)
        except DigitLabError as error:
            st.warning(str(error))
            came = None
    show_number(came, told, told)


def show_number(came: MultiDigitSample | None, told, seen) -> None:
    """Show the whole number, and each digit in its box."""
    with told, st.container(key="draw-answer"):
        multi_digit.headline(came, "Draw a number", "Digits side by side; the answer comes when you lift the pen.")
    with seen, st.container(key="draw-seen"):
        multi_digit.seen(came)


runs = services.usable_runs()[0]
if runs:
    read(*choose(runs))
else:
    st.info("No network is here yet. Train one on MNIST, and draw with it.", icon=":material/draw:")
    st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")

frame.footer()
