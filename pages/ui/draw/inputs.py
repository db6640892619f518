"""Other ways in than the canvas: a picture from a file or the camera, and images of the test set.

Knows widgets, pictures and subjects. Whatever is wrong with a file is said in one sentence.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError, InkError
from model.inference.classifier import Classifier, reads_ink
from model.inference.digit_reader import DigitPredictions
from model.ink import photo
from model.ink.render import InkSteps
from model.runs.run import Run
from pages.ui.draw import sample
from pages.ui.draw.sample import MultiDigitSample, Sample
from pages.ui.shell import services, session
from pages.ui.shell.text import plain

DIGIT, NUMBER, PICTURE, PHOTO, TEST = "digit", "number", "picture", "photo", "test"
_TITLES = {DIGIT: "Digit", NUMBER: "Number", PICTURE: "Picture", PHOTO: "Photo", TEST: "Test image"}
_WAY, _INDEX, _MISSING = "draw-way", "draw-image-index", "draw-image-missing"
_MOST_MB = 5
_SHEET = 600  # pixels of a picture on the screen


def choose(run: Run) -> str:
    """Draw the choice of a way in; the address (`?image=`) opens a test image, once for each new address."""
    offered = list(_TITLES) if reads_ink(run) else [PICTURE, PHOTO, TEST]
    linked = st.query_params.get("image")
    if session.is_new_link(_INDEX, linked) and linked is not None:
        st.session_state[_WAY] = TEST
        st.session_state[_INDEX] = _whole(linked)
        st.session_state.pop(_MISSING, None)
    if st.session_state.get(_WAY) not in offered:
        st.session_state[_WAY] = offered[0] if reads_ink(run) else TEST
    way = st.segmented_control(
        "What to read",
        offered,
        format_func=_TITLES.__getitem__,
        required=True,
        key=_WAY,
        persist_state="session",
        label_visibility="collapsed",
    )
    if way != TEST and linked is not None:
        st.query_params.pop("image", None)
        session.is_new_link(_INDEX, None)
    return way


def reads_numbers() -> bool:
    """Tell whether the wide sheet for several digits is chosen, which one network reads at a time."""
    return st.session_state.get(_WAY) == NUMBER


def _back_to_the_canvas() -> None:
    st.session_state[_WAY] = DIGIT


def test_image(classifier: Classifier) -> Sample | None:
    """Draw the choice of a test image; return it with exactly the answer that Evaluate has for it."""
    from pages.ui.shell import predictions  # after the canvas: it brings much along

    run = classifier.run
    try:
        images = services.test_images(run)
        labels = predictions.stored(run).evaluation.labels
    except DigitLabError as error:
        st.info(str(error), icon=":material/image_not_supported:")
        return None
    # The way is chosen outside of this fragment, so the page has to be drawn again.
    if reads_ink(run) and st.button(
        "Back to the canvas", icon=":material/draw:", key="draw-back", on_click=_back_to_the_canvas
    ):
        st.rerun()
    with st.container(horizontal=True, gap="small", key="draw-image-choice"):
        if st.button("Any", icon=":material/casino:", key="draw-image-any"):
            st.session_state[_INDEX] = int(np.random.default_rng().integers(len(images)))
        wrong = [each.index for each in run.metrics.mistakes]
        if wrong and st.button("A misread one", icon=":material/error:", key="draw-image-wrong"):
            st.session_state[_INDEX] = int(np.random.default_rng().choice(wrong))
    index = st.session_state.get(_INDEX, 0)
    if not isinstance(index, int) or not 0 <= index < len(images):
        index = 0
        st.session_state[_MISSING] = True
    st.session_state[_INDEX] = index
    index = st.number_input("Number of the test image", 0, len(images) - 1, key=_INDEX)
    # Said until another one is chosen: the page is drawn again at once, when the browser has told who is here.
    if index == 0 and st.session_state.get(_MISSING):
        st.warning(f"There is no such test image; expected a number from 0 to {len(images) - 1:,}; this is number 0.")
    else:
        st.session_state.pop(_MISSING, None)
    st.query_params["image"] = str(index)
    session.is_new_link(_INDEX, str(index))
    true = int(labels[index])
    alt = f"test image {index}, a {classifier.class_names[true]}"
    return sample.of_image(classifier, images[index], alt, drawn=False, true=true)


def from_file(classifier: Classifier) -> Sample | MultiDigitSample | None:
    """Draw the field for a file; return what is read from it."""
    came = st.file_uploader(
        f"A PNG, JPEG or WebP, up to {_MOST_MB} MB and 4,096 pixels a side",
        type=["png", "jpg", "jpeg", "webp"],
        key="draw-upload",
        max_upload_size=_MOST_MB,
    )
    return _read(classifier, came.name, came) if came else None


def from_camera(classifier: Classifier) -> Sample | MultiDigitSample | None:
    """Draw the camera; return what is read from its photo."""
    if reads_ink(classifier.run):
        st.caption("A digit on paper, with a thick dark pen, filling half of the photo.")
    came = st.camera_input("Take a photo", key="draw-photo", label_visibility="collapsed")
    return _read(classifier, "The photo", came) if came else None


def _read(classifier: Classifier, name: str, came) -> Sample | MultiDigitSample | None:
    several = reads_ink(classifier.run) and st.toggle("Several digits", key="draw-several", persist_state="session")
    try:
        if came.size > _MOST_MB * 1024**2:
            raise InkError(f"{name} has {came.size / 1024**2:.1f} MB; expected at most {_MOST_MB}, so make it smaller.")
        if not reads_ink(classifier.run):
            return sample.of_image(
                classifier, _fitted(came.getvalue(), classifier.shape, name), f"{name}, shrunk", True
            )
        if several:
            number = _number(classifier, came.getvalue(), name)
            return number if number.readings.digits else _tell_blank(name)
        found = _seen(came.getvalue(), name)
    except DigitLabError as error:
        st.warning(plain(str(error)), icon=":material/broken_image:")
        return None
    if found is None:
        _tell_blank(name)
        return None
    alt = f"{name} as 28 by 28 grey pixels"
    return sample.of_image(classifier, found.image[..., None], alt, drawn=True, seen=found)


def _tell_blank(name: str) -> None:
    st.info(f"{plain(name)} looks blank; expected dark ink on light paper, or the other way round.")


def _number(classifier: Classifier, content: bytes, name: str) -> MultiDigitSample:
    sheet = photo.open_upright(content, name)
    width = sheet.width
    sheet.thumbnail((_SHEET, _SHEET))
    readings: DigitPredictions = classifier.reader.read_picture(content, numbers=True)
    return MultiDigitSample(classifier, readings, np.asarray(sheet), width / sheet.width)


@st.cache_data(max_entries=8, show_spinner=False)
def _seen(content: bytes, name: str) -> InkSteps | None:
    return photo.read_photo(content, name)


@st.cache_data(max_entries=8, show_spinner=False)
def _fitted(content: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    return photo.fit_picture(content, shape, name)


def _whole(text: str) -> int:
    """Return what an address says as a number; -1, which no image has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 8 else -1
