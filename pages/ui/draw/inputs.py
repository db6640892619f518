"""Other ways in than the canvas: a picture from a file or the camera, and images of the test set.

Knows widgets, pictures and subjects. Whatever is wrong with a file is said in one sentence.
"""

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from model.errors import DigitLabError, InkError
from model.ink import photo
from model.ink.render import InkSteps
from model.runs.run import FinishedRun
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.shell import services, session
from pages.ui.shell.text import plain

DIGIT, NUMBER, PICTURE, PHOTO, TEST = "digit", "number", "picture", "photo", "test"
_TITLES = {DIGIT: "Digit", NUMBER: "Number", PICTURE: "Picture", PHOTO: "Photo", TEST: "Test image"}
_WAY, _INDEX, _MISSING = "draw-way", "draw-image-index", "draw-image-missing"
_MOST_MB = 5
_SHEET = 600  # pixels of a picture on the screen


def choose(run: FinishedRun) -> str:
    """Draw the choice of a way in; the address (`?image=`) opens a test image, once for each new address."""
    offered = list(_TITLES) if run.reads_digits else [PICTURE, PHOTO, TEST]
    linked = st.query_params.get("image")
    if session.is_new_link(_INDEX, linked) and linked is not None:
        st.session_state[_WAY] = TEST
        st.session_state[_INDEX] = _whole(linked)
        st.session_state.pop(_MISSING, None)
    if st.session_state.get(_WAY) not in offered:
        st.session_state[_WAY] = offered[0] if run.reads_digits else TEST
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
    return str(way)


def reads_numbers() -> bool:
    """Tell whether the wide sheet for several digits is chosen, which one network reads at a time."""
    return st.session_state.get(_WAY) == NUMBER


def _back_to_the_canvas() -> None:
    st.session_state[_WAY] = DIGIT


def test_image(network: Network) -> Sample | None:
    """Draw the choice of a test image; return it with exactly the answer that Evaluate has for it."""
    from pages.ui.shell import predictions  # after the canvas: it brings much along

    run = network.run
    try:
        images = services.test_images(run)
        labels = predictions.stored(run).predictions.labels
    except DigitLabError as error:
        st.info(str(error), icon=":material/image_not_supported:")
        return None
    # The way is chosen outside of this fragment, so the page has to be drawn again.
    if run.reads_digits and st.button(
        "Back to the canvas", icon=":material/draw:", key="draw-back", on_click=_back_to_the_canvas
    ):
        st.rerun()
    with st.container(horizontal=True, gap="small", key="draw-image-choice"):
        if st.button("Any", icon=":material/casino:", key="draw-image-any"):
            st.session_state[_INDEX] = int(np.random.default_rng().integers(len(images)))
        wrong = [mistake.index for mistake in run.metrics.mistakes]
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
    alt = f"test image {index}, a {network.classifier.class_names[true]}"
    return Sample.of_image(network, images[index], alt, may_reject=False, true=true)


def from_file(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the field for a file; return what is read from it."""
    upload = st.file_uploader(
        f"A PNG, JPEG or WebP, up to {_MOST_MB} MB and 4,096 pixels a side",
        type=["png", "jpg", "jpeg", "webp"],
        key="draw-upload",
        max_upload_size=_MOST_MB,
    )
    return _read(network, upload.name, upload) if upload else None


def from_camera(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the camera; return what is read from its photo."""
    if network.run.reads_digits:
        st.caption("A digit on paper, with a thick dark pen, filling half of the photo.")
    upload = st.camera_input("Take a photo", key="draw-photo", label_visibility="collapsed")
    return _read(network, "The photo", upload) if upload else None


def _read(network: Network, name: str, upload: UploadedFile) -> Sample | MultiDigitSample | None:
    several = network.run.reads_digits and st.toggle("Several digits", key="draw-several", persist_state="session")
    try:
        if upload.size > _MOST_MB * 1024**2:
            raise InkError(
                f"{name} has {upload.size / 1024**2:.1f} MB; expected at most {_MOST_MB}, so make it smaller."
            )
        if not network.run.reads_digits:
            image = _fitted(upload.getvalue(), network.run.dataset.image_shape, name)
            return Sample.of_image(network, image, f"{name}, shrunk", may_reject=True)
        if several:
            number = _number(network, upload.getvalue(), name)
            if not number.predictions.digits:
                _tell_blank(name)
                return None
            return number
        steps = _photo_steps(upload.getvalue(), name)
    except DigitLabError as error:
        st.warning(plain(str(error)), icon=":material/broken_image:")
        return None
    if steps is None:
        _tell_blank(name)
        return None
    alt = f"{name} as 28 by 28 grey pixels"
    return Sample.of_image(network, steps.image[..., None], alt, may_reject=True, steps=steps)


def _tell_blank(name: str) -> None:
    st.info(f"{plain(name)} looks blank; expected dark ink on light paper, or the other way round.")


def _number(network: Network, content: bytes, name: str) -> MultiDigitSample:
    sheet = photo.open_upright(content, name)
    width = sheet.width
    sheet.thumbnail((_SHEET, _SHEET))
    digits = network.reader.read_photo(content, numbers=True)
    return MultiDigitSample(digits, np.asarray(sheet), width / sheet.width)


@st.cache_data(max_entries=8, show_spinner=False)
def _photo_steps(content: bytes, name: str) -> InkSteps | None:
    return photo.read_photo(content, name)


@st.cache_data(max_entries=8, show_spinner=False)
def _fitted(content: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    return photo.fit_picture(content, shape, name)


def _whole(text: str) -> int:
    """Return what an address says as a number; -1, which no image has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 8 else -1
