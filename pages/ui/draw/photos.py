"""Image files and photos of a visitor: read with the network, one in detail or several with their names.

Knows widgets, images and samples. A file that can't be used is explained in one message, and the others are read.
"""

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from model.errors import DigitLabError, InkError
from model.ink import image_file, photo
from model.ink.render import InkSteps
from model.plain_text import readable
from pages.ui.components.image_grid import Tile, clickable_image_grid
from pages.ui.draw import corners
from pages.ui.draw.corners import Paper
from pages.ui.draw.sample import MultiDigitSample, Network, Sample
from pages.ui.shell.text import markdown, percent, plain
from pages.ui.translation import _, class_label, ngettext

MAX_FILES = 10
_MAX_FILE_NAME = 80  # characters; the end is shown, because it shows the type
_CHOSEN = "draw-file-chosen"
_TILE = 84

Corners = tuple[tuple[float, float], ...]


def read_files(network: Network, uploads: list[UploadedFile]) -> Sample | MultiDigitSample | None:
    """Draw the predictions for several files, with their names; return the one that is chosen, in detail."""
    several = _several(network)
    if len(uploads) == 1:
        return _shown(network, name_of(uploads[0]), uploads[0], several)
    if len(uploads) > MAX_FILES:
        text = _("The first {most} of {n} files are read. Remove some to read the others.")
        st.warning(text.format(most=MAX_FILES, n=len(uploads)))
    readings = {}
    for number, upload in enumerate(uploads[:MAX_FILES]):
        try:
            sample = _read(network, name_of(upload), _content(upload, name_of(upload)), several, None)
        except DigitLabError as error:
            st.warning(markdown(error), icon=":material/broken_image:")
        else:
            if sample is None:
                _explain_blank(name_of(upload))
            else:
                readings[number] = sample
    if not readings:
        return None
    tiles = ((number, _tile(name_of(uploads[number]), sample)) for number, sample in readings.items())
    with st.container(key="draw-files"):
        clicked = clickable_image_grid(tiles, "draw-files-grid", _TILE)
    if clicked is not None:
        st.session_state[_CHOSEN] = uploads[clicked].file_id
    by_id = {uploads[number].file_id: number for number in readings}
    chosen = by_id.get(st.session_state.get(_CHOSEN, ""), next(iter(readings)))
    n = len(readings)
    text = ngettext("{n} image read. Details of **{name}**:", "{n} images read. Details of **{name}**:", n)
    st.markdown(text.format(n=n, name=plain(name_of(uploads[chosen]))))
    return _shown(network, name_of(uploads[chosen]), uploads[chosen], several)


def read_photo(network: Network, name: str, upload: UploadedFile) -> Sample | MultiDigitSample | None:
    """Draw one photo with the paper found on it; return it with its prediction."""
    return _shown(network, name, upload, _several(network))


def name_of(upload: UploadedFile) -> str:
    """Return the name of an uploaded file as a page can show it."""
    return readable(upload.name)[-_MAX_FILE_NAME:]


def _several(network: Network) -> bool:
    return network.run.reads_digits and st.toggle(_("Several digits"), key="draw-several", persist_state="session")


def _shown(network: Network, name: str, upload: UploadedFile, several: bool) -> Sample | MultiDigitSample | None:
    try:
        content = _content(upload, name)
        paper = corners.choose(content, name) if network.run.reads_digits else None
        sample = _read(network, name, content, several, paper)
    except DigitLabError as error:
        st.warning(markdown(error), icon=":material/broken_image:")
        return None
    if sample is None:
        _explain_blank(name)
    return sample


def _content(upload: UploadedFile, name: str) -> bytes:
    """Return an uploaded file. Raises InkError if it is too large."""
    if upload.size > image_file.MAX_BYTES:
        raise InkError(
            "{name} is {size:.1f} MB. Choose an image of at most {limit} MB.",
            name=name,
            size=upload.size / 1024**2,
            limit=image_file.MAX_BYTES // 1024**2,
        )
    return upload.getvalue()


def _read(
    network: Network, name: str, content: bytes, several: bool, paper: Paper | None
) -> Sample | MultiDigitSample | None:
    """Read a file, with the paper where it is found if no `paper` is given; None if nothing is written on it."""
    if not network.run.reads_digits:
        image = _fitted(content, network.run.dataset.image_shape, name)
        alt = _("{name}, scaled to the network's image size").format(name=name)
        return Sample.of_image(network, image, alt, may_reject=True)
    paper = paper or corners.find(content, name)
    if several:
        digits = network.reader.read_photo(content, numbers=True, corners=np.reshape(paper.in_file(), (-1, 2)))
        return MultiDigitSample(digits, paper.view, paper.size[0] / paper.view.shape[1]) if digits.digits else None
    steps = _photo_steps(content, name, paper.in_file())
    if steps is None:
        return None
    alt = _("{name} as 28×28 grey pixels").format(name=name)
    return Sample.of_image(network, steps.image[..., None], alt, may_reject=True, steps=steps, paper=paper)


def _tile(name: str, sample: Sample | MultiDigitSample) -> Tile:
    if isinstance(sample, MultiDigitSample):
        text = "".join(digit.prediction.text for digit in sample.predictions.digits)
        image = np.asarray(sample.predictions.digits[0].image)
        return Tile(image, (name, text), _("{name}, read as {label}").format(name=name, label=text))
    prediction = sample.prediction
    label = class_label(prediction.text)
    right = None if prediction.accepted else False
    lines = (name, f"{label} {percent(prediction.probability)}") if prediction.accepted else (name, label)
    return Tile(sample.image, lines, _("{name}, read as {label}").format(name=name, label=label), right)


def _explain_blank(name: str) -> None:
    st.info(_("{name} looks blank. Use dark ink on light paper, or light ink on dark.").format(name=plain(name)))


@st.cache_data(max_entries=16, show_spinner=False)
def _photo_steps(content: bytes, name: str, at: Corners) -> InkSteps | None:
    return photo.read_photo(content, name, np.reshape(at, (-1, 2)))


@st.cache_data(max_entries=16, show_spinner=False)
def _fitted(content: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    return image_file.fit_picture(content, shape, name)
