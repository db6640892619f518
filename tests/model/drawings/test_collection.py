"""A visitor's drawings on the server: saved, relabelled, deleted, private, and readable from a broken file."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.drawings import collection
from model.drawings.collection import DrawingCollection, LabelledDrawing, render_all, to_jsonl, to_pngs
from model.errors import InkError
from model.inference.digit_reader import predict_file
from model.ink.render import parse_strokes
from model.runs.metadata import fingerprint

ONE = [[[140.0, 60.0], [140.0, 220.0]]]
SEVEN = [[[80.0, 70.0], [200.0, 70.0], [140.0, 210.0]]]
A_SEVEN = LabelledDrawing("a", 7, parse_strokes(SEVEN))
A_ONE = LabelledDrawing("b", "no digit", parse_strokes(ONE))


def file_of(home, token="ann"):
    return home / "_drawings" / f"{fingerprint(token)}.jsonl"


def test_a_drawing_is_saved_for_its_visitor_only(tmp_path):
    DrawingCollection(tmp_path, "ann").save("a", 7, SEVEN)
    assert to_jsonl(DrawingCollection(tmp_path, "ann").all()) == to_jsonl([A_SEVEN])
    assert DrawingCollection(tmp_path, "bob").all() == []
    assert "ann" not in "".join(path.name for path in (tmp_path / "_drawings").iterdir()), "only its fingerprint"


def test_saving_with_another_label_replaces_a_drawing(tmp_path):
    drawings = DrawingCollection(tmp_path, "ann")
    drawings.save("a", 7, SEVEN)
    drawings.save("b", 1, ONE)
    drawings.save("a", "no digit", SEVEN)
    assert [(drawing.id, drawing.label) for drawing in drawings.all()] == [("b", 1), ("a", "no digit")]


def test_deleting_one_or_all_drawings_twice_is_fine(tmp_path):
    drawings = DrawingCollection(tmp_path, "ann")
    for drawing_id in "abc":
        drawings.save(drawing_id, 1, ONE)
    for _ in range(2):
        drawings.delete("b")
        assert [drawing.id for drawing in drawings.all()] == ["a", "c"]
    for _ in range(2):
        drawings.delete_all()
        assert drawings.all() == []
    assert not file_of(tmp_path).exists()


def test_the_oldest_drawings_are_deleted_first(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_DRAWINGS", 3)
    drawings = DrawingCollection(tmp_path, "ann")
    for number in range(5):
        drawings.save(str(number), number, ONE)
    assert [drawing.label for drawing in drawings.all()] == [2, 3, 4]
    monkeypatch.setattr(collection, "MAX_BYTES", 150)
    drawings.save("5", 5, ONE)
    assert [drawing.label for drawing in drawings.all()] == [4, 5]


def test_files_that_changed_longest_ago_are_deleted_first(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_VISITORS", 2)
    for age, token in enumerate(("eve", "dan", "cyd")):
        DrawingCollection(tmp_path, token).save("a", 1, ONE)
        os.utime(file_of(tmp_path, token), (1000 + age, 1000 + age))
    DrawingCollection(tmp_path, "ann").save("a", 1, ONE)
    assert [bool(DrawingCollection(tmp_path, token).all()) for token in ("eve", "dan", "cyd", "ann")] == [0, 0, 1, 1]


@pytest.mark.parametrize("label", [10, -1, True, None, "seven", 1.0, [1]])
def test_an_invalid_label_raises_an_error(tmp_path, label):
    with pytest.raises(InkError) as caught:
        DrawingCollection(tmp_path, "ann").save("a", label, ONE)
    assert caught.value.values["value"] == repr(str(label))


def test_an_empty_drawing_raises_an_error(tmp_path):
    with pytest.raises(InkError):
        DrawingCollection(tmp_path, "ann").save("a", 1, [])
    assert DrawingCollection(tmp_path, "ann").all() == []


def test_an_unwritable_folder_raises_an_error(tmp_path):
    (tmp_path / "_drawings").write_text("a file where the folder should be")
    with pytest.raises(InkError) as caught:
        DrawingCollection(tmp_path, "ann").save("a", 1, ONE)
    assert caught.value.values["reason"]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_good_lines_of_a_broken_file_are_read(tmp_path_factory, garbage, cut):
    home = tmp_path_factory.mktemp("home")
    drawings = DrawingCollection(home, "ann")
    drawings.save("a", 7, SEVEN)
    good = file_of(home).read_bytes()
    file_of(home).write_bytes(garbage.replace(b"\n", b"") + b"\n" + good + good[:cut])
    assert A_SEVEN.to_line() in [drawing.to_line() for drawing in drawings.all()]
    drawings.save("b", 1, ONE)
    assert drawings.all()[-1].to_line() == LabelledDrawing("b", 1, parse_strokes(ONE)).to_line()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({"id": json_values, "label": json_values, "strokes": json_values}) | json_values)
def test_lines_with_invalid_values_are_skipped(tmp_path_factory, value):
    home = tmp_path_factory.mktemp("home")
    file_of(home).parent.mkdir()
    file_of(home).write_text(json.dumps(value) + "\n")
    for drawing in DrawingCollection(home, "ann").all():
        assert drawing.label in collection.LABELS
        assert drawing.strokes


def test_predict_reads_the_download(tmp_path):
    class Reader:
        def read_strokes(self, strokes, numbers, source):
            return strokes

    path = tmp_path / "drawings.jsonl"
    path.write_text(to_jsonl([A_SEVEN, A_ONE]))
    assert list(predict_file(Reader(), path)) == [SEVEN, ONE]


def test_pngs_are_named_by_number_and_label_dark_on_white():
    with zipfile.ZipFile(io.BytesIO(to_pngs([A_SEVEN, A_ONE]))) as archive:
        assert archive.namelist() == ["001-7.png", "002-no-digit.png"]
        image = np.asarray(Image.open(archive.open("002-no-digit.png")))
    assert image.shape == (280, 280)
    assert image[140, 140] == 0
    assert image[0, 0] == 255


def test_images_and_labels_have_the_networks_format():
    images, labels = render_all([A_SEVEN, A_ONE])
    assert images.shape == (2, 28, 28, 1)
    assert labels.tolist() == [7, 10]
    assert render_all([])[0].shape == (0, 28, 28, 1)
