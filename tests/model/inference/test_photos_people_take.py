"""Photos of the kinds that people take are read by the shipped network, or rejected: never wrong and accepted."""

import io
import os
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader, predict_file
from model.ink import photo
from model.ink.render import parse_strokes
from model.runs.store import DEFAULT_RUN, RunStore
from tests.benchmarks.photos import KINDS
from tests.support import CROSSED_SEVEN, REAL_DATA

CASES = Path(os.environ.get("DIGIT_LAB_TEST_CASES", REAL_DATA.parent / "cases"))
TWO = [[[70, 90], [90, 60], [140, 55], [165, 90], [150, 130], [70, 210], [175, 205]]]
DIGITS = {7: CROSSED_SEVEN, 2: TWO}


@pytest.fixture(scope="module")
def reader():
    return DigitReader(Classifier(RunStore().open_finished(DEFAULT_RUN)))


@pytest.fixture
def cases():
    if not CASES.is_dir():
        pytest.skip(f"needs the example files in {CASES}")
    return CASES


@pytest.mark.parametrize(
    ("name", "digit"),
    [
        ("sheet-on-dark-table-0-read-as-1.jpg", 0),
        ("sheet-on-dark-table-5-read-as-1.jpg", 5),
        ("sheet-on-dark-table-8-read-as-1.jpg", 8),
        ("sheet-on-dark-table-2.jpg", 2),
        ("squared-paper-4-read-as-0.jpg", 4),
        ("squared-paper-7-read-as-0.jpg", 7),
        ("squared-paper-5mm-4.jpg", 4),
        ("squared-paper-faint-lines-4.jpg", 4),
        ("lined-paper-7.jpg", 7),
        ("box-around-5.png", 5),
        ("plot-with-axes-5.png", 5),
        ("white-on-black-picture-on-white-page-5.png", 5),
        ("chrome-saved-7.jfif", 7),
    ],
)
def test_an_example_is_read(reader, cases, name, digit):
    (prediction,) = predict_file(reader, cases / name)
    assert (prediction.text, prediction.accepted) == (str(digit), True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_most_photos_of_each_kind_are_read_and_none_wrongly(reader, kind):
    right = 0
    for digit, strokes in DIGITS.items():
        image = KINDS[kind](parse_strokes(strokes), np.random.default_rng(digit))
        prediction = reader.read_photo(file_of(image, "JPEG", quality=80))
        assert not prediction.accepted or prediction.text == str(digit), (kind, digit)
        right += prediction.accepted
    assert right >= 1


def file_of(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seven(size=(400, 400), paper=(240, 240, 235), ink=(30, 30, 40)):
    """Return a photo of a seven in the middle of a sheet."""
    image = Image.new("RGB", size, paper)
    scale = min(size) / 400
    for stroke in CROSSED_SEVEN:
        points = [((x + 80) * scale, (y + 60) * scale) for x, y in stroke]
        ImageDraw.Draw(image).line(points, fill=ink, width=round(14 * scale))
    return image


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((70, 150, 85), (200, 60, 55)),  # red on green card, equally bright
        ((242, 240, 235), (240, 222, 60)),  # yellow on white
        ((40, 40, 130), (200, 40, 40)),
    ],
)
def test_ink_is_read_in_the_colour_that_shows_it(reader, paper, ink):
    prediction = reader.read_photo(file_of(seven(paper=paper, ink=ink), "JPEG", quality=85))
    assert (prediction.text, prediction.accepted) == ("7", True)


def heic(image):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=70)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".jfif", ".JPG", ".Jpeg", ".HEIC", ".heif", ".PNG", ".webp"])
def test_names_of_image_files_are_recognised(reader, tmp_path, suffix):
    make = {".HEIC": heic, ".heif": heic, ".PNG": file_of, ".webp": lambda image: file_of(image, "WEBP")}
    path = tmp_path / f"digit{suffix}"
    path.write_bytes(make.get(suffix, lambda image: file_of(image, "JPEG"))(seven()))
    (prediction,) = predict_file(reader, path)
    assert (prediction.text, prediction.accepted) == ("7", True)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 80}), ("PNG", {"compress_level": 1})])
def test_a_photo_of_24_megapixels_is_read(reader, kind, options):
    prediction = reader.read_photo(file_of(seven((6000, 4000)), kind, **options))
    assert (prediction.text, prediction.accepted) == ("7", True)
    left, top, right, bottom = prediction.digits[0].box
    # In pixels of the file: 10 times the seven above, with the half of the pen's width at most.
    assert np.allclose((left, top, right, bottom), (1365, 1165, 2635, 2835), atol=80)


def on_a_table():
    photo_of = Image.new("RGB", (900, 700), (60, 45, 35))
    photo_of.paste(seven(), (300, 150))
    return file_of(photo_of, "JPEG", quality=85)


def test_the_paper_is_found_and_its_digit_boxed_in_the_photo(reader):
    corners = photo.find_paper(on_a_table())
    assert np.abs(corners - [[300, 150], [700, 150], [700, 550], [300, 550]]).max() < 14
    (digit,) = reader.read_photo(on_a_table()).digits
    assert np.allclose(digit.box, (300 + 136, 150 + 116, 300 + 264, 150 + 284), atol=9)


def test_corners_that_are_given_are_used(reader):
    content = on_a_table()
    both = Image.open(io.BytesIO(content)).convert("RGB")
    both.paste((240, 240, 235), (20, 20, 220, 320))
    ImageDraw.Draw(both).line((120, 70, 120, 270), fill=(30, 30, 40), width=16)
    content = file_of(both)
    one = reader.read_photo(content, corners=[[25, 25], [215, 25], [215, 315], [25, 315]])
    assert one.text == "1"
    assert reader.read_photo(content, corners=[[305, 155], [695, 155], [695, 545], [305, 545]]).text == "7"
    assert not reader.read_photo(content, corners=photo.WHOLE).accepted


def test_a_picture_without_a_table_has_no_paper():
    assert photo.find_paper(file_of(seven())) is None
