"""A few drawings on the Home page, read live by the network: no prediction is stored here.

Knows the reader and the image grid.
"""

import streamlit as st

from model.errors import DigitLabError
from model.inference.digit_reader import DigitReader
from model.results import NO_DIGIT
from model.runs.run import FinishedRun
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.shell import services
from pages.ui.shell.drawings import DRAWN
from pages.ui.shell.text import percent
from pages.ui.translation import _, class_label

_SIDE = 80  # pixels on the screen


def show(run: FinishedRun) -> None:
    """Draw the tiles, each with its prediction; nothing if the network doesn't read digits."""
    try:
        reader = DigitReader(services.classifier(run))
    except DigitLabError:  # the page on which this network is chosen explains it
        return
    with st.container(key="home-showcase"):
        image_grid((_tile(reader, strokes) for strokes in DRAWN), side=_SIDE)
        st.caption(
            _(
                "These drawings are read live by the network, with its confidence below. Anything that isn't a digit "
                'should get a "?".'
            )
        )


def _tile(reader: DigitReader, strokes: list) -> Tile:
    digit = reader.read_strokes(strokes).digits[0]
    label = digit.prediction.text
    lines = (label, percent(digit.probability) if digit.accepted else class_label(NO_DIGIT))
    return Tile(digit.image, lines, _("a drawing that the network reads as {label}").format(label=label))
