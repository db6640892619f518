"""Files of drawings from other editors, converters and datasets."""

import gzip
import json
from itertools import product

import pytest

from model.drawings import corpus
from model.errors import InkError
from model.ink.stroke_file import check_layout, is_stroke_file, numbered_lines
from tests.support import CROSSED_SEVEN, ONE, SEVEN, check_message


@pytest.mark.parametrize("name", ["a.jsonl", "A.JSONL", "a.Jsonl", "a.jsonl.gz", "A.JSONL.GZ", "ä b.jsonl"])
def test_the_ending_may_be_in_capitals(tmp_path, name):
    assert is_stroke_file(tmp_path / name)
    (tmp_path / name).write_bytes(gzip.compress(b"1\n") if name.lower().endswith("gz") else b"1\n")
    assert list(numbered_lines(tmp_path / name)) == [(1, "1\n")]


@pytest.mark.parametrize("mark, end, last", [*product(["", "\ufeff"], ["\n", "\r\n"], ["", "\n", "\r\n\r\n", "  \n"])])
def test_lines_are_read_whatever_the_editor_added(tmp_path, mark, end, last):
    path = tmp_path / "a.jsonl"
    path.write_bytes((mark + end.join(['{"a": 1}', "", '{"a": 2}']) + last).encode())
    assert [(number, json.loads(line)) for number, line in numbered_lines(path)] == [(1, {"a": 1}), (3, {"a": 2})]


def swapped(strokes):
    """Return strokes as Quick, Draw! stores them: all x, then all y."""
    return [[list(values) for values in zip(*stroke, strict=True)] for stroke in strokes]


FOUR = [[[100, 60], [60, 140]], [[60, 140], [160, 138]], [[130, 90], [128, 220]]]
SEVEN_OF_TWO = [[[60, 60], [180, 61]], [[180, 60], [110, 220]]]
FIVE = [[[70, 60], [68, 120]], [[68, 120], [140, 150]], [[140, 150], [70, 210]], [[70, 60], [150, 58]]]
PLUS = [[[140, 60], [140, 220]], [[60, 140], [220, 140]]]
CROSS = [[[60, 60], [220, 220]], [[60, 220], [220, 60]]]
EQUALS, ELEVEN = [[[60, 100], [200, 102]], [[61, 140], [200, 139]]], [[[100, 60], [100, 200]], [[160, 60], [160, 200]]]
TAP = [[[140, 140], [140, 141]]]
COLON = [[[178, 65], [176, 70]], [[178, 190], [176, 185], [176, 180]]]


@pytest.mark.parametrize(
    "strokes",
    [
        SEVEN,
        ONE,
        CROSSED_SEVEN,
        FOUR,
        SEVEN_OF_TWO,
        FIVE,
        PLUS,
        CROSS,
        EQUALS,
        ELEVEN,
        TAP,
        COLON,
        [[[5, 5]]],
        [],
        [[]],
        None,
        7,
    ],
)
def test_points_are_not_mistaken_for_lists_of_coordinates(strokes):
    check_layout(strokes, "The drawing")


@pytest.mark.slow
def test_no_real_drawing_is_mistaken_for_lists_of_coordinates(real_data):
    drawn = [each for name in (corpus.DIGITS, corpus.LETTERS, corpus.CHARACTERS) for each in corpus.load(name)]
    assert len(drawn) > 40_000  # loading them checks their layout


@pytest.mark.parametrize("strokes", [SEVEN, ONE, CROSSED_SEVEN, FOUR, SEVEN_OF_TWO, FIVE])
@pytest.mark.parametrize("with_times", [False, True])
def test_lists_of_coordinates_are_refused(strokes, with_times):
    lists = [
        [*stroke, [10 * i for i in range(len(stroke[0]))]] if with_times else stroke for stroke in swapped(strokes)
    ]
    with pytest.raises(InkError) as caught:
        check_layout(lists, "a.jsonl, line 1,")
    check_message(caught.value, source="a.jsonl, line 1,")
