"""The inputs other than the canvas: an image from a file or the camera, and the images of the test set.

Knows widgets and samples; `photos` reads the files.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.ink import image_file
from model.runs.run import FinishedRun
from pages.ui.draw import help as help_texts
from pages.ui.draw import photos
from pages.ui.draw.options import DIGIT, INPUTS, NUMBER, PHOTO, PICTURE, TEST
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.language import format_number
from pages.ui.shell import services, session
from pages.ui.shell.text import markdown
from pages.ui.translation import _, class_label

_INPUT, _INDEX, _MISSING = "draw-way", "draw-image-index", "draw-image-missing"


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
        st.warning(text.format(last=format_number(len(images) - 1, ",")))
    else:
        st.session_state.pop(_MISSING, None)
    st.query_params["image"] = str(index)
    session.is_new_link(_INDEX, str(index))
    true = int(labels[index])
    name = class_label(network.classifier.class_names[true])
    alt = _("test image {index}, labelled {name}").format(index=index, name=name)
    return Sample.of_image(network, images[index], alt, may_reject=False, true=true)


def from_file(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the field for image files; return the chosen one with its prediction."""
    limit = image_file.MAX_BYTES // 1024**2
    uploads = st.file_uploader(
        _("PNG, JPEG, WebP or HEIC images, up to {limit} MB each").format(limit=limit),
        type=[suffix.lstrip(".") for suffix in image_file.SUFFIXES],
        key="draw-upload",
        max_upload_size=limit,
        accept_multiple_files=True,
    )
    return photos.read_files(network, uploads) if uploads else None


def from_camera(network: Network) -> Sample | MultiDigitSample | None:
    """Draw the camera; return the photo with its prediction."""
    if network.run.reads_digits:
        st.caption(_(help_texts.CAMERA_HINT))
    upload = st.camera_input(_("Take a photo"), key="draw-photo", label_visibility="collapsed")
    return photos.read_photo(network, _("The photo"), upload) if upload else None


def _whole_number(text: str) -> int:
    """Return the number in a link; -1, which no image has, for any other text."""
    return int(text) if text.isdecimal() and len(text) < 8 else -1
