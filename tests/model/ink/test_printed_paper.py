"""Lines, boxes, circles and axes that are printed on paper are left out, and the writing stays whole."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from model.ink import frames, photo
from tests.model.ink.test_photo import CROSSED_SEVEN, FIVE, TWO, cover, file_of, photographed, similarity

SIZE = (640, 480)


def ruled(spacing, darkness, across=True, slope=0.0, width=2, size=SIZE):
    """Return how much darker ruled paper is, (height, width) in [0, 1]."""
    image = Image.new("L", (2 * size[0], 2 * size[1]))
    draw = ImageDraw.Draw(image)
    for place in np.arange(-size[0], 2 * size[0], spacing):
        start, end = 2 * place, 2 * (place + slope * size[0])
        draw.line((0, start, 2 * size[0], end), fill=255, width=2 * width)
        if across:
            draw.line((start, 0, start - 2 * slope * size[1], 2 * size[1]), fill=255, width=2 * width)
    return darkness * np.asarray(image.reduce(2)) / 255


def on_ruled(strokes, lines, rng, pen=9.0):
    ink = cover(strokes, SIZE, pen)
    return file_of(photographed(np.maximum(ink, lines * 1.25), rng, slope=0.3, noise=3), "JPEG", quality=85)


@pytest.mark.parametrize("strokes", [CROSSED_SEVEN, TWO, FIVE])
@pytest.mark.parametrize("darkness", [0.15, 0.3, 0.5])
@pytest.mark.parametrize(("spacing", "across"), [(33, True), (52, True), (75, False)])
def test_lines_of_paper_are_removed(strokes, darkness, spacing, across, rng):
    seen = photo.read_photo(on_ruled(strokes, ruled(spacing, darkness, across), rng))
    assert similarity(seen, strokes) > 0.9


@pytest.mark.parametrize("slope", [-0.12, 0.05, 0.2])
def test_slanting_lines_are_removed(slope, rng):
    seen = photo.read_photo(on_ruled(CROSSED_SEVEN, ruled(47, 0.35, slope=slope), rng))
    assert similarity(seen, CROSSED_SEVEN) > 0.9


@pytest.mark.parametrize("spacing", [30, 60])
def test_ruled_paper_without_writing_is_blank_or_small(spacing, rng):
    seen = photo.read_photo(file_of(photographed(ruled(spacing, 0.3), rng, slope=0.2, noise=3), "JPEG"))
    assert seen is None or max(seen.box[2] - seen.box[0], seen.box[3] - seen.box[1]) < spacing


def test_a_stroke_across_the_whole_picture_is_writing():
    # A crop as tight as this one leaves nothing else.
    image = Image.new("L", (200, 300), 240)
    ImageDraw.Draw(image).line((100, 0, 100, 299), fill=30, width=22)
    assert photo.read_photo(file_of(image)) is not None


def frame(draw, kind, box, width):
    left, top, right, bottom = box
    if kind == "box":
        draw.rectangle(box, outline=90, width=width)
    elif kind == "circle":
        draw.ellipse(box, outline=90, width=width)
    else:
        draw.line([(left, top), (left, bottom), (right, bottom)], fill=90, width=width)
        for share in (0.2, 0.4, 0.6, 0.8):
            draw.line([(left + share * (right - left), bottom), (left + share * (right - left), bottom + 5)], fill=90)
            draw.text((left + share * (right - left), bottom + 8), f"{share:.1f}", fill=90)
            draw.text((left - 24, top + share * (bottom - top)), f"{share:.1f}", fill=90)


@pytest.mark.parametrize("strokes", [CROSSED_SEVEN, TWO, FIVE])
@pytest.mark.parametrize("kind", ["box", "circle", "axes"])
@pytest.mark.parametrize("width", [2, 5])
def test_a_frame_is_left_out(strokes, kind, width):
    ink = cover(strokes, SIZE, 11)
    image = Image.fromarray(np.uint8(235 - 200 * ink))
    frame(ImageDraw.Draw(image), kind, (150, 50, 550, 450), width)
    assert similarity(photo.read_photo(file_of(image)), strokes) > 0.93


def test_a_box_that_leaves_the_photo_is_a_frame():
    image = Image.fromarray(np.uint8(235 - 200 * cover(CROSSED_SEVEN, SIZE, 11)))
    frame(ImageDraw.Draw(image), "box", (150, 50, 550, 600), 3)
    assert similarity(photo.read_photo(file_of(image)), CROSSED_SEVEN) > 0.93


def mask_of(draw_on):
    image = Image.new("L", (300, 300))
    draw_on(ImageDraw.Draw(image))
    return np.asarray(image) > 0


DIGITS = {
    "0": lambda draw: draw.ellipse((90, 40, 210, 260), outline=255, width=16),
    "0 with a slash inside": lambda draw: (
        draw.ellipse((90, 40, 210, 260), outline=255, width=16),
        draw.line((125, 190, 175, 110), fill=255, width=14),
    ),
    "8": lambda draw: (
        draw.ellipse((100, 30, 200, 145), outline=255, width=14),
        draw.ellipse((90, 140, 210, 270), outline=255, width=14),
    ),
    "open 4": lambda draw: (
        draw.line((100, 40, 80, 160, 220, 160), fill=255, width=14),
        draw.line((190, 90, 190, 145), fill=255, width=14),
        draw.line((190, 180, 190, 270), fill=255, width=14),
    ),
    "1 beside a 0": lambda draw: (
        draw.line((60, 40, 60, 260), fill=255, width=14),
        draw.ellipse((120, 60, 240, 250), outline=255, width=14),
    ),
}


@pytest.mark.parametrize("name", DIGITS)
def test_a_digit_is_not_its_own_frame(name):
    ink = mask_of(DIGITS[name])
    assert (frames.without_frame(ink) == ink).all()
