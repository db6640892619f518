"""Drawings and files in, readings out, with the network that comes with the app."""

import gzip
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from model.errors import InkError
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitPredictions, DigitReader, predict_file
from model.inference.litert import Recognizer
from model.results import UNCALIBRATED
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from tests.support import ONE, SEVEN


@pytest.fixture(scope="module")
def reader():
    return DigitReader(Classifier(RunStore().open_finished(DEFAULT_RUN)))


@pytest.fixture(scope="module")
def classroom():
    """A network of ten answers that has never seen what is no digit."""
    return DigitReader(Classifier(RunStore().open_finished(CLASSROOM_RUN)))


@pytest.mark.parametrize("strokes", [[], [[]], [[], []]])
def test_an_empty_drawing_has_no_reading(reader, strokes):
    readings = reader.read_strokes(strokes)
    assert readings.to_dict() == {"text": "", "accepted": False, "reject_score": 1.0, "digits": []}


@pytest.mark.parametrize("strokes, text", [(SEVEN, "7"), (ONE, "1")])
def test_plain_digits_are_read(reader, strokes, text):
    readings = reader.read_strokes(strokes)
    assert readings.text == text
    assert readings.accepted
    assert readings.rejection_score == pytest.approx(readings.digits[0].prediction.probabilities[10], abs=1e-6)


def test_probabilities_are_those_of_ten_digits_and_of_none(reader):
    reading = reader.read_strokes(SEVEN).digits[0].prediction
    assert reading.probabilities.shape == (11,)
    assert reading.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert reader.read_strokes(SEVEN).digits[0].image.shape == (28, 28)


def test_the_box_is_in_canvas_pixels(reader):
    assert reader.read_strokes(SEVEN).digits[0].box == (80, 70, 200, 210)


@pytest.mark.parametrize("which", ["reader", "classroom"])
def test_numbers_are_read_from_left_to_right(which, request):
    reader = request.getfixturevalue(which)
    shifted = [[[x + 200, y] for x, y in stroke] for stroke in SEVEN]
    readings = reader.read_strokes(shifted + ONE, numbers=True)
    assert readings.text == "17"
    assert [each.box[0] for each in readings.digits] == [140, 280]


OPEN_FOUR = [[[60, 60], [55, 130], [110, 130]], [[125, 60], [125, 200]]]
SLASHED_ZERO = [[[90, 60], [60, 130], [90, 200], [120, 130], [90, 60]], [[55, 195], [125, 65]]]


@pytest.mark.parametrize("digit, text", [(OPEN_FOUR, "4"), (SLASHED_ZERO, "0")])
def test_a_digit_of_several_strokes_is_one_among_others(reader, digit, text):
    after = [[[x + 150, y] for x, y in stroke] for stroke in SEVEN]
    assert reader.read_strokes(digit, numbers=True).text == text
    assert reader.read_strokes(digit + after, numbers=True).text == text + "7"


def test_digits_that_touch_in_a_picture_are_told_apart(reader):
    page = Image.new("L", (420, 300), 235)
    draw = ImageDraw.Draw(page)
    for left in (60, 180):
        draw.line([(left, 70), (left + 120, 70), (left + 50, 230)], fill=40, width=12, joint="curve")
    stream = io.BytesIO()
    page.save(stream, "PNG")
    assert reader.read_photo(stream.getvalue(), numbers=True).text == "77"


@pytest.mark.parametrize("which", ["reader", "classroom"])
def test_a_doubtful_drawing_is_not_accepted_but_still_read(which, request):
    cross = [[[60, 60], [220, 220]], [[60, 220], [220, 60]]]
    doubtful = request.getfixturevalue(which).read_strokes(cross)
    assert doubtful.text
    # Far above the threshold of the one, just above that of the other.
    assert doubtful.rejection_score > UNCALIBRATED.rejection_threshold
    assert not doubtful.accepted
    assert "does not look like a digit" in doubtful.describe()


def test_a_network_for_colour_images_does_not_read_drawings(tmp_path):
    from model.networks import keras_models
    from model.training.export import export_litert

    path = tmp_path / "model.tflite"
    export_litert(keras_models.build("dense-64", (32, 32, 3), 10), path)
    with pytest.raises(InkError, match="expected .28, 28, 1. for drawings"):
        DigitReader(Classifier.from_network(Recognizer(path), [*"0123456789"]))


def test_a_network_for_letters_does_not_read_drawings():
    letters = Classifier.from_network(Recognizer(RunStore().open(CLASSROOM_RUN).network), [*"abcdefghij"])
    with pytest.raises(InkError, match="a to j.; expected the ten digits"):
        DigitReader(letters)


@pytest.mark.parametrize("name, opener", [("a.jsonl", open), ("a.jsonl.gz", gzip.open)])
def test_a_file_of_drawings_is_read_line_by_line(reader, tmp_path, name, opener):
    path = tmp_path / name
    with opener(path, "wt") as file:
        file.writelines(json.dumps({"strokes": strokes}) + "\n" for strokes in (SEVEN, [], ONE))
        file.write("\n")
    assert [readings.text for readings in predict_file(reader, path)] == ["7", "", "1"]


def test_a_picture_of_a_digit_is_read(reader, tmp_path):
    page = np.full((200, 160), 240, np.uint8)
    page[40:160, 74:86] = 30
    path = tmp_path / "one.png"
    Image.fromarray(page).save(path)
    assert next(predict_file(reader, path)).text == "1"


@pytest.mark.parametrize(
    "content, said",
    [
        ("no json\n", "line 1, is no JSON"),
        ('{"strokes": []}\n{"ink": []}\n', "line 2, has no strokes"),
        ("[1]\n", "has no strokes"),
        ('{"strokes": 7}\n', "line 1, came as 7; expected a list of strokes"),
        ('{"strokes": [[["a", 1]]]}\n', "expected canvas pixels"),
    ],
)
def test_a_bad_line_is_named_with_its_file(reader, tmp_path, content, said):
    path = tmp_path / "drawn.jsonl"
    path.write_text(content)
    with pytest.raises(InkError, match=said) as caught:
        list(predict_file(reader, path))
    assert "drawn.jsonl" in str(caught.value)


def test_files_of_other_kinds_are_refused_in_words(reader, tmp_path):
    for name, content in (("a.txt", b"x"), ("b.jsonl", b"\xff\xfe\x00"), ("c.jsonl.gz", b"cut"), ("d.png", b"text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InkError, match="expected"):
            list(predict_file(reader, tmp_path / name))


def test_a_reading_is_described_for_people(reader):
    assert reader.read_strokes(SEVEN).describe().startswith("7  ")
    assert DigitPredictions(()).describe() == "nothing is drawn"
