"""Predictions for drawings and files, with the networks that come with the app."""

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
    """A network of ten classes that was trained only on digits."""
    return DigitReader(Classifier(RunStore().open_finished(CLASSROOM_RUN)))


@pytest.mark.parametrize("strokes", [[], [[]], [[], []]])
def test_an_empty_drawing_has_no_predictions(reader, strokes):
    predictions = reader.read_strokes(strokes)
    assert predictions.to_dict() == {"text": "", "accepted": False, "reject_score": 1.0, "digits": []}


@pytest.mark.parametrize("strokes, text", [(SEVEN, "7"), (ONE, "1")])
def test_clear_digits_are_read(reader, strokes, text):
    predictions = reader.read_strokes(strokes)
    assert predictions.text == text
    assert predictions.accepted
    assert predictions.rejection_score == pytest.approx(predictions.digits[0].prediction.probabilities[10], abs=1e-6)


def test_there_are_probabilities_of_all_eleven_classes(reader):
    prediction = reader.read_strokes(SEVEN).digits[0].prediction
    assert prediction.probabilities.shape == (11,)
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert reader.read_strokes(SEVEN).digits[0].image.shape == (28, 28)


def test_the_box_is_in_canvas_pixels(reader):
    assert reader.read_strokes(SEVEN).digits[0].box == (80, 70, 200, 210)


@pytest.mark.parametrize("which", ["reader", "classroom"])
def test_numbers_are_read_from_left_to_right(which, request):
    reader = request.getfixturevalue(which)
    shifted = [[[x + 200, y] for x, y in stroke] for stroke in SEVEN]
    predictions = reader.read_strokes(shifted + ONE, numbers=True)
    assert predictions.text == "17"
    assert [digit.box[0] for digit in predictions.digits] == [140, 280]


OPEN_FOUR = [[[60, 60], [55, 130], [110, 130]], [[125, 60], [125, 200]]]
SLASHED_ZERO = [[[90, 60], [60, 130], [90, 200], [120, 130], [90, 60]], [[55, 195], [125, 65]]]


@pytest.mark.parametrize("digit, text", [(OPEN_FOUR, "4"), (SLASHED_ZERO, "0")])
def test_several_strokes_of_a_digit_are_read_as_one(reader, digit, text):
    after = [[[x + 150, y] for x, y in stroke] for stroke in SEVEN]
    assert reader.read_strokes(digit, numbers=True).text == text
    assert reader.read_strokes(digit + after, numbers=True).text == text + "7"


def test_digits_that_touch_in_a_photo_are_separated(reader):
    page = Image.new("L", (420, 300), 235)
    draw = ImageDraw.Draw(page)
    for left in (60, 180):
        draw.line([(left, 70), (left + 120, 70), (left + 50, 230)], fill=40, width=12, joint="curve")
    stream = io.BytesIO()
    page.save(stream, "PNG")
    assert reader.read_photo(stream.getvalue(), numbers=True).text == "77"


@pytest.mark.parametrize("which", ["reader", "classroom"])
def test_a_rejected_drawing_still_has_a_prediction(which, request):
    cross = [[[60, 60], [220, 220]], [[60, 220], [220, 60]]]
    rejected = request.getfixturevalue(which).read_strokes(cross)
    assert rejected.text
    # Far above the threshold of one network, just above that of the other.
    assert rejected.rejection_score > UNCALIBRATED.rejection_threshold
    assert not rejected.accepted
    assert rejected.describe().endswith(")")


def test_a_network_for_colour_images_does_not_read_drawings(tmp_path):
    from model.networks import keras_models
    from model.training.export import export_litert

    path = tmp_path / "model.tflite"
    export_litert(keras_models.build("dense-64", (32, 32, 3), 10), path)
    with pytest.raises(InkError) as caught:
        DigitReader(Classifier.from_network(Recognizer(path), [*"0123456789"]))
    assert caught.value.values == {"shape": (32, 32, 3)}


def test_a_network_for_letters_does_not_read_drawings():
    letters = Classifier.from_network(Recognizer(RunStore().open(CLASSROOM_RUN).network), [*"abcdefghij"])
    with pytest.raises(InkError) as caught:
        DigitReader(letters)
    assert caught.value.values == {"n": 10, "first": "a", "last": "j"}


@pytest.mark.parametrize("name, opened", [("a.jsonl", open), ("a.jsonl.gz", gzip.open)])
def test_a_file_of_drawings_is_read_line_by_line(reader, tmp_path, name, opened):
    path = tmp_path / name
    with opened(path, "wt") as file:
        file.writelines(json.dumps({"strokes": strokes}) + "\n" for strokes in (SEVEN, [], ONE))
        file.write("\n")
    assert [predictions.text for predictions in predict_file(reader, path)] == ["7", "", "1"]


def test_a_photo_of_a_digit_is_read(reader, tmp_path):
    page = np.full((200, 160), 240, np.uint8)
    page[40:160, 74:86] = 30
    path = tmp_path / "one.png"
    Image.fromarray(page).save(path)
    assert next(predict_file(reader, path)).text == "1"


@pytest.mark.parametrize(
    "content, number",
    [
        ("not json\n", 1),
        ('{"strokes": []}\n{"ink": []}\n', 2),
        ("[1]\n", 1),
        ('{"strokes": 7}\n', 1),
        ('{"strokes": [[["a", 1]]]}\n', 1),
    ],
)
def test_the_error_of_a_bad_line_names_file_and_line(reader, tmp_path, content, number):
    path = tmp_path / "drawn.jsonl"
    path.write_text(content)
    with pytest.raises(InkError) as caught:
        list(predict_file(reader, path))
    assert caught.value.values["source"].values == {"file": "drawn.jsonl", "line": number}


def test_files_of_other_kinds_raise_an_error(reader, tmp_path):
    for name, content in (("a.txt", b"x"), ("b.jsonl", b"\xff\xfe\x00"), ("c.jsonl.gz", b"cut"), ("d.png", b"text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InkError, match=f"^{name} "):
            list(predict_file(reader, tmp_path / name))


def test_predictions_are_described_in_one_line(reader):
    assert reader.read_strokes(SEVEN).describe().startswith("7  ")
    assert not reader.read_strokes(SEVEN).describe().endswith(")"), "it isn't rejected"
    assert DigitPredictions(()).describe()
