"""Drawings that used to be misread, from files next to the project, and drawings of the same kinds made here."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from model.drawings import corpus
from model.errors import InkError
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader, predict_file
from model.inference.rejection import LIKELY, is_accepted
from model.ink.render import DOT, Strokes, box_of
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from tests.support import ONE, PROJECT, SEVEN

CASES = PROJECT.parent / "shared" / "cases"


@pytest.fixture(scope="module", params=[DEFAULT_RUN, CLASSROOM_RUN])
def either(request):
    return DigitReader(Classifier(RunStore().open_finished(request.param)))


@pytest.fixture(scope="module")
def reader():
    return DigitReader(Classifier(RunStore().open_finished(DEFAULT_RUN)))


def case(name):
    if not CASES.is_dir():
        pytest.skip(f"needs {CASES}")
    return CASES / name


@pytest.mark.parametrize(
    "name, rows",
    [
        ("two-rows-12-over-34.jsonl", ["12", "34"]),
        ("two-rows-12-over-34.png", ["12", "34"]),
        ("two-rows-431-over-787.jsonl", ["431", "787"]),
        ("eight-above-zero.jsonl", ["8", "0"]),
        ("decimal-3-point-5.jsonl", ["3?5"]),
        ("decimal-3-point-5.png", ["3?5"]),
    ],
)
def test_rows_and_points_of_the_cases_are_read(reader, name, rows):
    (predictions,) = predict_file(reader, case(name), numbers=True)
    assert ["".join(digit.text for digit in row) for row in predictions.rows] == rows
    assert predictions.text == "".join(rows)
    assert predictions.accepted == ("?" not in predictions.text)
    assert [digit.accepted for digit in predictions.digits] == [letter != "?" for letter in predictions.text]


@pytest.mark.parametrize("name", ["bom-7.jsonl", "UPPER-7.JSONL"])
def test_files_of_other_editors_are_read(reader, name):
    (predictions,) = predict_file(reader, case(name))
    assert (predictions.text, predictions.accepted) == ("7", True)


def test_another_layout_is_refused(reader):
    with pytest.raises(InkError) as caught:
        list(predict_file(reader, case("quickdraw-layout-7.jsonl")))
    assert caught.value.values["source"].values["line"] == 1


@pytest.mark.parametrize("name", ["tap-that-moved-1px.jsonl", "tap-that-moved-1px-as-the-canvas-shows-it.png"])
def test_a_tap_is_rejected(reader, name):
    (predictions,) = predict_file(reader, case(name))
    assert not predictions.accepted


@pytest.mark.parametrize("label", ["drawn-digits.jsonl", "drawn-digits-string-label.jsonl"])
def test_drawn_digits_of_the_cases_are_loaded(tmp_path, monkeypatch, label):
    (tmp_path / "drawn-digits.jsonl").write_bytes(case(label).read_bytes())
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    (drawing,) = corpus.load(corpus.DIGITS)
    assert drawing.label == 7


@pytest.mark.parametrize("length", [0, 0.02, 1, 4, DOT])
@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (0.7, -0.7)])
def test_ink_up_to_half_a_pens_width_is_a_dot(either, length, direction):
    end = [140 + length * direction[0], 140 + length * direction[1]]
    assert not either.read_strokes([[[140, 140], end]]).accepted
    assert not either.read_strokes([[[140, 140], end]], numbers=True).accepted


def test_a_larger_stroke_is_read_and_a_wider_pen_makes_larger_dots(reader):
    small = [[[140, 140], [140, 140 + DOT + 1]]]
    assert reader.read_strokes(small).text == "1"
    assert reader.read_strokes(small, dot=15).digits[0].is_sign
    assert reader.read_strokes(small, dot=3).accepted


def shifted(strokes, right, down, scale=1.0):
    return [[[scale * x + right, scale * y + down] for x, y in stroke] for stroke in strokes]


@pytest.mark.parametrize("scale, gap", [(0.5, 20), (1.0, 30), (1.3, 90)])
def test_rows_are_read_one_after_the_other(either, scale, gap):
    line = 150 * scale + gap
    page = [shifted(each, *place, scale) for each, place in (
        (SEVEN, (0, 0)), (ONE, (200, 0)), (ONE, (0, line)), (SEVEN, (200, line)), (SEVEN, (400, line)),
    )]  # fmt: skip
    predictions = either.read_strokes(sum(page, []), numbers=True)
    assert ["".join(digit.text for digit in row) for row in predictions.rows] == ["71", "177"]
    assert [digit["row"] for digit in predictions.to_dict()["digits"]] == [0, 0, 1, 1, 1]
    assert predictions.accepted


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_a_slanting_number_is_one_row(either, degrees):
    slope = np.tan(np.radians(degrees))
    page = [shifted(each, 170 * place, 170 * place * slope) for place, each in enumerate((SEVEN, ONE, SEVEN, SEVEN))]
    predictions = either.read_strokes(sum(page, []), numbers=True)
    assert (predictions.text, len(predictions.rows)) == ("7177", 1)


def test_a_point_stays_small_and_doubtful(either):
    page = [*SEVEN, [[225, 205], [227, 208]], *shifted(ONE, 120, -10)]
    predictions = either.read_strokes(page, numbers=True)
    assert predictions.text == "7?1"
    assert not predictions.accepted
    point = predictions.digits[1]
    assert (point.image > 100).sum() <= 9, "it isn't enlarged"
    assert "?" in predictions.describe()


def picture_of_71(path, pen, between):
    """Save a picture of 7 and 1 with a blob of `between` pixels where a decimal point is."""
    picture = Image.new("L", (480, 300), 250)
    draw = ImageDraw.Draw(picture)
    for line in [*SEVEN, *shifted(ONE, 180, 0)]:
        points = [tuple(point) for point in line]
        draw.line(points, fill=20, width=pen, joint="curve")
        for x, y in points:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=20)
    draw.ellipse((245 - between / 2, 205 - between / 2, 245 + between / 2, 205 + between / 2), fill=20)
    picture.save(path)


@pytest.mark.parametrize("pen", [5, 8, 12, 18])
def test_a_point_in_a_picture_is_kept_if_it_is_as_thick_as_the_pen(reader, tmp_path, pen):
    picture_of_71(tmp_path / "point.png", pen, between=pen + 1)
    predictions = reader.read_photo(tmp_path / "point.png", numbers=True)
    assert (predictions.text, predictions.accepted) == ("7?1", False)
    picture_of_71(tmp_path / "dirt.png", pen, between=pen // 3)
    predictions = reader.read_photo(tmp_path / "dirt.png", numbers=True)
    assert (predictions.text, predictions.accepted) == ("71", True)


def test_a_digit_must_be_likely_to_be_accepted():
    between = np.array([[0.38, 0.3, 0.3, 0.02], [LIKELY, 0.4, 0.09, 0.01], [0.9, 0.05, 0.01, 0.04]])
    assert is_accepted(between, threshold=0.5, n_digits=3).tolist() == [False, True, True]
    assert is_accepted(between[:, :3], threshold=0.7, n_digits=3).tolist() == [False, True, True]
    assert is_accepted(between, threshold=0.005, n_digits=3).tolist() == [False, False, False]


def test_two_digits_in_a_drawing_of_one_are_noticed(either):
    beside = Strokes(np.array(line, float) for line in SEVEN + shifted(ONE, 130, 0))
    assert either.looks_like_several_digits(beside)
    for one in (SEVEN, ONE, [*SEVEN, [[110, 145], [190, 140]]]):
        assert not either.looks_like_several_digits(Strokes(np.array(line, float) for line in one))


@pytest.mark.slow
def test_digits_of_several_strokes_are_rarely_taken_for_two(reader, real_data):
    drawn = [each.strokes for each in corpus.load(corpus.DIGITS, corpus.TEST) if len(each.strokes) > 1]
    assert np.mean([reader.looks_like_several_digits(strokes) for strokes in drawn[::6]]) < 0.02  # of all: 0 of 636


@pytest.mark.slow
def test_real_digits_in_two_rows_are_read_row_by_row(reader, real_data):
    drawn = [each for each in corpus.load(corpus.DIGITS, corpus.TEST) if not each.writer.startswith("syn/")]
    rng = np.random.default_rng(0)
    right = []
    for _ in range(30):
        strokes, rows = [], []
        for row in range(2):
            chosen = [drawn[index] for index in rng.integers(len(drawn), size=rng.integers(1, 4))]
            rows.append(len(chosen))
            x = rng.uniform(0, 60)
            for each in chosen:
                left, top, end, bottom = box_of(each.strokes)
                scale = 80 * rng.uniform(0.9, 1.1) / max(bottom - top, (end - left) / 1.3, 1)
                strokes += [(line - (left, bottom)) * scale + (x, 80 + 115 * row) for line in each.strokes]
                x += (end - left) * scale + rng.uniform(8, 30)
        found = reader.read_strokes(Strokes(strokes), numbers=True).rows
        right.append([len(row) for row in found] == rows)
    assert np.mean(right) > 0.85


def test_downloaded_drawings_are_a_dataset(tmp_path, monkeypatch):
    from model.drawings.collection import LabelledDrawing, read, to_jsonl
    from model.ink.render import parse_strokes
    from model.results import NO_DIGIT

    labels = [*range(10), NO_DIGIT] * 6
    mine = [LabelledDrawing(f"id{i}", label, parse_strokes(SEVEN)) for i, label in enumerate(labels)]
    for name in ("my-drawings.jsonl", "my-drawings (1).JSONL"):
        (tmp_path / name).write_text(to_jsonl(mine), encoding="utf-8")
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    digits, others = corpus.load(corpus.DIGITS), corpus.load(corpus.LETTERS)
    assert (len(digits), len(others)) == (120, 12)
    assert {each.label for each in digits} == set(range(10))
    parts = [corpus.load(corpus.DIGITS, part) for part in (corpus.TRAIN, corpus.VALIDATION, corpus.TEST)]
    assert all(parts), "one visitor's drawings are in every part"
    assert sum(map(len, parts)) == 120
    quoted = json.dumps(json.loads(mine[3].to_line()) | {"label": "3"})
    (tmp_path / "quoted").write_bytes(b"\xef\xbb\xbf" + quoted.encode() + b"\r\n\r\n")
    assert [each.label for each in read(tmp_path / "quoted")] == [3]
