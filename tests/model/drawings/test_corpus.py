"""Drawings and their writers: parts checked against SHA-256 by hand, and files with good and bad lines."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.drawings import corpus
from model.drawings.corpus import DIGITS, LETTERS, TEST, TRAIN, VALIDATION, split_of_writer
from model.errors import DataError

ANN = {"label": 7, "writer": "ann", "strokes": [[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]}
EVA = {"label": "x", "writer": "eva", "strokes": [[[0, 0], [9, 9]], [[0, 9], [9, 0]]]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    return tmp_path


def as_lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


# The first eight digits of the SHA-256, as a share of 16^8. Below 0.12: validation; below 0.30: test; else: training.
@pytest.mark.parametrize(
    "writer, part",
    [
        ("eva", VALIDATION),  # 0.011
        ("ann", TEST),  # 0.287
        ("syn/0001", TEST),  # 0.297
        ("hana", TRAIN),  # 0.350
        ("bob", TRAIN),  # 0.507
        ("gül", TRAIN),  # 0.701, in UTF-8
        ("", TRAIN),  # 0.889
    ],
)
def test_the_part_of_a_writer_never_changes(writer, part):
    assert split_of_writer(writer) == part


def test_the_parts_of_many_writers_have_their_shares():
    parts = [split_of_writer(f"writer {number}") for number in range(10_000)]
    assert parts.count(VALIDATION) == pytest.approx(1200, abs=100)  # three standard deviations
    assert parts.count(TEST) == pytest.approx(1800, abs=115)
    assert parts.count(TRAIN) == pytest.approx(7000, abs=140)


@pytest.mark.parametrize("suffix, opened", [(".jsonl", open), (".jsonl.gz", gzip.open)])
def test_written_drawings_are_read_back(folder, suffix, opened):
    with opened(folder / f"{LETTERS}{suffix}", "wt", encoding="utf-8") as file:
        file.write(as_lines(ANN, EVA))
    ann, eva = corpus.load(LETTERS)
    assert (ann.label, ann.writer, eva.label, eva.writer) == (7, "ann", "x", "eva")
    assert [line.tolist() for line in ann.strokes] == ANN["strokes"]
    assert all(line.dtype == np.float64 for line in ann.strokes)
    assert [drawing.writer for drawing in corpus.load(LETTERS, TEST)] == ["ann"]
    assert [drawing.writer for drawing in corpus.load(LETTERS, VALIDATION)] == ["eva"]
    assert corpus.load(LETTERS, TRAIN) == corpus.load(DIGITS) == []


def test_without_a_folder_or_a_file_there_are_no_drawings(tmp_path, monkeypatch):
    assert corpus.load(DIGITS) == []
    for folder in (tmp_path, tmp_path / "missing"):
        monkeypatch.setenv("DIGIT_LAB_DATA", str(folder))
        assert corpus.load(DIGITS) == []


def test_an_empty_file_has_no_drawings(folder):
    (folder / f"{DIGITS}.jsonl").write_text("")
    assert corpus.load(DIGITS) == []


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "7",
        "null",
        "[]",
        '"strokes"',
        "{}",
        "[" * 100_000,
        "9" * 5_000,
        json.dumps(ANN | {"strokes": None}),
        json.dumps(ANN | {"strokes": [[[1, 2, 3]]]}),
        json.dumps(ANN | {"strokes": [[[1, float("nan")]]]}),
        json.dumps(ANN | {"strokes": []}),
        json.dumps(ANN | {"strokes": [[]]}),
        json.dumps(ANN | {"strokes": [[[10_001, 5]]]}),
        json.dumps(ANN | {"writer": "\ud800"}),
        *(json.dumps(ANN | {"label": label}) for label in ("seven", "17", None, 17, -1, 7.5, True)),
        json.dumps({"label": 7, "writer": "ann"}),
        json.dumps({"label": 7, "strokes": []}),
        json.dumps({"writer": "ann", "strokes": []}),
    ],
)
def test_the_error_of_a_bad_line_names_file_and_line(folder, line):
    (folder / f"{DIGITS}.jsonl").write_text(as_lines(ANN, ANN) + line + "\n" + as_lines(ANN))
    with pytest.raises(DataError, match=r"^drawn-digits\.jsonl, line 3,") as caught:
        corpus.load(DIGITS)
    assert len(str(caught.value)) < 250


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON | st.fixed_dictionaries({"label": JSON, "writer": JSON, "strokes": JSON}))
def test_any_line_of_json_is_a_drawing_or_an_error(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("data")
    (folder / f"{DIGITS}.jsonl").write_text(as_lines(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_LAB_DATA", str(folder))
        try:
            (drawing,) = corpus.load(DIGITS)
        except DataError as error:
            assert str(error).startswith("drawn-digits.jsonl, line 1, ")
        else:
            assert split_of_writer(drawing.writer) in (TRAIN, VALIDATION, TEST)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe" + b"not text", gzip.compress(b"{}", mtime=0)[:-9], b"\x1f\x8b not gzip"]
)
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_file_that_is_not_text_raises_an_error(folder, suffix, content):
    (folder / f"{DIGITS}{suffix}").write_bytes(content)
    with pytest.raises(DataError) as caught:
        corpus.load(DIGITS)
    assert caught.value.values["file"] == f"drawn-digits{suffix}"


@pytest.mark.slow
@pytest.mark.parametrize("name", [DIGITS, LETTERS])
def test_real_parts_share_no_writer_and_cover_everything(real_data, name):
    everything = corpus.load(name)
    parts = [corpus.load(name, part) for part in (TRAIN, VALIDATION, TEST)]
    assert sum(map(len, parts)) == len(everything) == {DIGITS: 10_415, LETTERS: 2_000}[name]
    writers = [{drawing.writer for drawing in part} for part in parts]
    assert all(writers)
    assert sum(map(len, writers)) == len(set.union(*writers)) == len({drawing.writer for drawing in everything})
    assert {drawing.label for drawing in everything} == {DIGITS: set(range(10)), LETTERS: set("AEFHKMNRTWXfhkmnrtwx")}[
        name
    ]


@pytest.mark.slow
def test_a_writers_digits_and_letters_are_in_one_part(real_data):
    of_digits, of_letters = (
        {part: {drawing.writer for drawing in corpus.load(name, part)} for part in (TRAIN, TEST)}
        for name in (DIGITS, LETTERS)
    )
    assert not of_digits[TRAIN] & of_letters[TEST]
    assert not of_letters[TRAIN] & of_digits[TEST]
