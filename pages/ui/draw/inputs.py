"""The inputs other than the canvas: an image from a file or the camera, and the images of the test set.

Knows widgets, images and samples. A file that can't be used is explained in one message.
"""

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from model.errors import DigitLabError, InkError
from model.ink import image_file, photo
from model.ink.render import InkSteps
from model.plain_text import readable
from model.runs.run import FinishedRun
from pages.ui.draw import help as help_texts
from pages.ui.draw.options import DIGIT, INPUTS, NUMBER, PHOTO, PICTURE, TEST
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.shell import services, session
from pages.ui.shell.text import markdown, plain
from pages.ui.translation import _, class_label

_INPUT, _INDEX, _MISSING = "draw-way", "draw-image-index", "draw-image-missing"
_MAX_MB = 5
_MAX_FILE_NAME = 80  # characters; the end is shown, because it shows the type
_SHEET = 600  # pixels of an image on the screen


def choose(run: FinishedRun) -> str:
    """Draw the choice of an input; a link (`?image=`) opens a test image, once for each new link."""
    offered = list(INPUTS) if run.reads_digits else [PICTURE, PHOTO, TEST]
    linked = st.query_params.get("image")
    if session.is_new_link(_INDEX, linked) and linked is not None:
        st.session_state[_INPUT] = TEST
        st.session_state[_INDEX] = _whole_number(linked)
        st.session_state.pop(_MISSING, None)
    if st.session_state.get(_INPUT) not in offered:
        st.session_state[_INPUT] = offered[0] if run.reads_digits else TEST
    kind = st.segmented_control(
        _("Input"),
        offered,
        format_func=lambda kind: _(INPUTS[kind]),
        required=True,
        key=_INPUT,
        persist_state="session",
        label_visibility="collapsed",
    )
    if kind != TEST and linked is not None:
        st.query_params.pop("image", None)
        session.is_new_link(_INDEX, None)
    return str(kind)


def reads_numbers() -> bool:
    """Return whether the wide canvas for several digits is chosen, which works with one network at a time."""
    return st.session_state.get(_INPUT) == NUMBER


def read_numbers() -> None:
    """Choose the wide canvas for several digits. The choice is drawn outside the fragment: rerun the whole page."""
    st.session_state[_INPUT] = NUMBER


def _back_to_the_canvas() -> None:
    st.session_state[_INPUT] = DIGIT


def test_image(network: Network) -> Sample | None:
    """Draw the choice of a test image; return it with exactly the prediction that Evaluate shows for it."""
    from pages.ui.shell import predictions  # after the canvas, because it imports a lot

    run = network.run
    try:
        images = services.test_images(run)
        labels = predictions.stored(run).predictions.labels
    except DigitLabError as error:
        st.info(markdown(error), icon=":material/image_not_supported:")
        return None
    # The input is chosen outside of this fragment, so the whole page has to be rerun.
    if run.reads_digits and st.button(
        _("Back to the canvas"), icon=":material/draw:", key="draw-back", on_click=_back_to_the_canvas
    ):
        st.rerun()
    with st.container(horizontal=True, gap="small", key="draw-image-choice"):
        if st.button(_("Random"), icon=":material/casino:", key="draw-image-any"):
            st.session_state[_INDEX] = int(np.random.default_rng().integers(len(images)))
        wrong = [mistake.index for mistake in run.metrics.mistakes]
        if wrong and st.button(_("Misclassified"), icon=":material/error:", key="draw-image-wrong"):
            st.session_state[_INDEX] = int(np.random.default_rng().choice(wrong))
    index = st.session_state.get(_INDEX, 0)
    if not isinstance(index, int) or not 0 <= index < len(images):
        index = 0
        st.session_state[_MISSING] = True
    st.session_state[_INDEX] = index
    index = st.number_input(_("Number of the test image"), 0, len(images) - 1, key=_INDEX)
    # Shown until another image is chosen: the page is rerun at once when the browser has sent its tokens.
    if index == 0 and st.session_state.get(_MISSING):
        text = _("The test image in this link doesn't exist, so this is number 0. Choose a number from 0 to {last}.")
        st.warning(text.format(last=f"{len(images) - 1:,}"))
    else:
        st.session_state.pop(_MISSING, None)
    st.query_params["image"] = str(index)
    session.is_new_link(_INDEX, str(index))
    true = int(labels[index])
    name = class_label(network.classifier.class_names[true])
    alt = _("test image {index}, labelled {name}").format(index=index, name=name)
    return Sample.of_image(network, images[index], alt, may_reject=False, true=true)


def from_file(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the field for a file; return the image with its prediction."""
    upload = st.file_uploader(
        _("A PNG, JPEG or WebP image, up to {limit} MB and 4,096 pixels a side").format(limit=_MAX_MB),
        type=["png", "jpg", "jpeg", "webp"],
        key="draw-upload",
        max_upload_size=_MAX_MB,
    )
    return _read(network, readable(upload.name)[-_MAX_FILE_NAME:], upload) if upload else None


def from_camera(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the camera; return the photo with its prediction."""
    if network.run.reads_digits:
        st.caption(_(help_texts.CAMERA_HINT))
    upload = st.camera_input(_("Take a photo"), key="draw-photo", label_visibility="collapsed")
    return _read(network, _("The photo"), upload) if upload else None


def _read(network: Network, name: str, upload: UploadedFile) -> Sample | MultiDigitSample | None:
    several = network.run.reads_digits and st.toggle(_("Several digits"), key="draw-several", persist_state="session")
    try:
        if upload.size > _MAX_MB * 1024**2:
            raise InkError(
                "{name} is {size:.1f} MB. Choose an image of at most {limit} MB.",
                name=name,
                size=upload.size / 1024**2,
                limit=_MAX_MB,
            )
        if not network.run.reads_digits:
            image = _fitted(upload.getvalue(), network.run.dataset.image_shape, name)
            alt = _("{name}, scaled to the network's image size").format(name=name)
            return Sample.of_image(network, image, alt, may_reject=True)
        if several:
            number = _number(network, upload.getvalue(), name)
            if not number.predictions.digits:
                _explain_blank(name)
                return None
            return number
        steps = _photo_steps(upload.getvalue(), name)
    except DigitLabError as error:
        st.warning(markdown(error), icon=":material/broken_image:")
        return None
    if steps is None:
        _explain_blank(name)
        return None
    alt = _("{name} as 28×28 grey pixels").format(name=name)
    return Sample.of_image(network, steps.image[..., None], alt, may_reject=True, steps=steps)


def _explain_blank(name: str) -> None:
    st.info(_("{name} looks blank. Use dark ink on light paper, or light ink on dark.").format(name=plain(name)))


def _number(network: Network, content: bytes, name: str) -> MultiDigitSample:
    sheet = image_file.open_upright(content, name)
    width = sheet.width
    sheet.thumbnail((_SHEET, _SHEET))
    digits = network.reader.read_photo(content, numbers=True)
    return MultiDigitSample(digits, np.asarray(sheet), width / sheet.width)


@st.cache_data(max_entries=8, show_spinner=False)
def _photo_steps(content: bytes, name: str) -> InkSteps | None:
    return photo.read_photo(content, name)


@st.cache_data(max_entries=8, show_spinner=False)
def _fitted(content: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    return image_file.fit_picture(content, shape, name)


def _whole_number(text: str) -> int:
    """Return the number in a link; -1, which no image has, for any other text."""
    return int(text) if text.isdecimal() and len(text) < 8 else -1
