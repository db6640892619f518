"""A few drawings on the Home page, read live by the network: no prediction is stored here.

Knows strokes, the reader and the image grid. The strokes were drawn for this page.
"""

import streamlit as st

from model.errors import DigitLabError
from model.inference.digit_reader import DigitReader
from model.results import NO_DIGIT
from model.runs.run import FinishedRun
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.shell import services
from pages.ui.shell.text import percent
from pages.ui.translation import _, class_label

_SIDE = 80  # pixels on the screen
# Canvas pixels, 280 x 280, as the Draw page sends them.
DRAWN = (
    [
        [(80, 100), (95, 75), (130, 62), (165, 75), (172, 105), (150, 145), (110, 185), (80, 215), (130, 210)]
        + [(190, 212)]
    ],
    [[(130, 60), (105, 120), (85, 160), (140, 158), (195, 155)], [(162, 100), (156, 160), (150, 228)]],
    [[(180, 65), (110, 68), (102, 125), (140, 118), (175, 140), (178, 180), (150, 212), (105, 212), (82, 195)]],
    [
        [(165, 60), (125, 90), (102, 140), (98, 185), (125, 215), (160, 205), (172, 175), (150, 152), (118, 160)]
        + [(100, 185)]
    ],
    [[(80, 70), (140, 72), (200, 68), (175, 120), (155, 170), (140, 222)], [(110, 145), (195, 140)]],
    [
        [(170, 88), (145, 62), (112, 72), (108, 105), (140, 132), (172, 165), (165, 205), (130, 220), (100, 200)]
        + [(105, 165), (140, 135), (168, 108), (170, 88)]
    ],
    [
        [(140, 60), (120, 130), (60, 130), (110, 170), (90, 230), (140, 190), (190, 230), (170, 170), (220, 130)]
        + [(160, 130), (140, 60)]
    ],
)


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
