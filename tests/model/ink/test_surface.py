"""Sheets are drawn at known corners with Pillow; the corners that are found are compared with those."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from model.ink import surface
from tests.support import CROSSED_SEVEN

SIZE = (900, 680)


def sheet_on(table, paper, corners, ink=40, colours=False):
    """Return a photo of a four-sided sheet with a seven in its middle."""
    image = Image.new("RGB" if colours else "L", SIZE, table)
    draw = ImageDraw.Draw(image)
    draw.polygon([tuple(corner) for corner in corners], fill=paper)
    for stroke in CROSSED_SEVEN:
        points = [(x - 120 + np.mean(corners, axis=0)[0], y - 140 + np.mean(corners, axis=0)[1]) for x, y in stroke]
        draw.line(points, fill=(ink,) * 3 if colours else ink, width=14)
    return image.filter(ImageFilter.GaussianBlur(1))


def corners_of(width, height, degrees, centre=(450, 340), bend=0):
    turn = np.deg2rad(degrees)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    half[0] += bend
    return half @ turned.T + centre


@pytest.mark.parametrize("degrees", [-20, -7, 0, 13, 20])
@pytest.mark.parametrize(("table", "paper"), [(60, 235), (150, 230), (215, 45)])
def test_the_corners_of_a_tilted_sheet_are_found(degrees, table, paper):
    corners = corners_of(520, 420, degrees, bend=15)
    found, *_rest = surface.find(sheet_on(table, paper, corners, ink=235 if paper < 128 else 40))
    assert np.abs(found - corners).max() < 16  # it keeps some pixels away from the edge


def test_a_note_of_a_quarter_of_the_photo_is_found():
    corners = corners_of(400, 385, 10, centre=(560, 300))
    found, *_rest = surface.find(sheet_on(50, 220, corners))
    assert np.abs(found - corners).max() < 16


def test_a_white_sheet_on_pale_wood_differs_in_colour():
    corners = corners_of(520, 420, 5)
    photo = sheet_on((235, 205, 150), (225, 225, 222), corners, colours=True)
    found, *_rest = surface.find(photo)
    assert np.abs(found - corners).max() < 16


def test_light_from_one_side_changes_nothing():
    corners = corners_of(560, 440, -9)
    grey = np.asarray(sheet_on(60, 235, corners), float) * np.linspace(0.55, 1, SIZE[0])
    found, *_rest = surface.find(Image.fromarray(grey.astype(np.uint8)))
    assert np.abs(found - corners).max() < 16


def ellipse(box, width):
    image = Image.new("L", SIZE, 235)
    ImageDraw.Draw(image).ellipse(box, outline=30, width=width)
    return image


NOT_SHEETS = {
    "a blank photo": lambda: Image.new("L", SIZE, 235),
    "light from one side": lambda: Image.fromarray(np.tile(np.linspace(90, 240, 900).astype(np.uint8), (680, 1))),
    "a large 0": lambda: ellipse((250, 60, 650, 620), 40),
    "a thin circle": lambda: ellipse((150, 40, 750, 640), 5),
    "a wide shadow": lambda: Image.fromarray(
        np.tile((235 - 100 / (1 + np.exp((np.arange(900) - 450) / 30))).astype(np.uint8), (680, 1))
    ),
}


@pytest.mark.parametrize("name", NOT_SHEETS)
def test_other_regions_are_not_sheets(name):
    assert surface.find(NOT_SHEETS[name]()) == []


def test_a_straightened_sheet_has_its_corners_in_the_corners():
    corners = corners_of(500, 300, 17, bend=20)
    image = Image.new("L", SIZE)
    for tone, (x, y) in zip((60, 120, 180, 240), corners, strict=True):
        ImageDraw.Draw(image).ellipse((x - 40, y - 40, x + 40, y + 40), fill=tone)
    flat, matrix = surface.straightened(image, corners, 400)
    width, height = flat.size
    assert max(flat.size) == 400
    at = [(5, 5), (width - 6, 5), (width - 6, height - 6), (5, height - 6)]
    assert [flat.getpixel(place) for place in at] == [60, 120, 180, 240]
    ends = [[0, 0], [width, 0], [width, height], [0, height]]
    assert np.allclose(surface.mapped(ends, matrix), corners)


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        ([[0, 0], [90, 5], [80, 90], [3, 80]], True),
        ([[0, 0], [3, 80], [80, 90], [90, 5]], False),  # counter-clockwise
        ([[0, 0], [80, 90], [90, 5], [3, 80]], False),  # crossed
        ([[0, 0], [90, 5], [20, 20], [3, 80]], False),  # a dent
        ([[0, 0], [90, 5], [90, 5], [3, 80]], False),
        ([[0, 0], [90, np.nan], [80, 90], [3, 80]], False),
    ],
)
def test_corners_must_be_a_convex_outline(corners, expected):
    assert surface.is_convex(np.array(corners, float)) is expected
