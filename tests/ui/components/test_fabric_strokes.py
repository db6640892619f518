"""Drawings, as the canvas sends them, are turned into strokes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InkError
from pages.ui.components.fabric_strokes import fabric_from_strokes, strokes_from_fabric


def path(commands, **placed):
    xs, ys = zip(*[command[-2:] for command in commands], strict=True)
    middle = {"left": (min(xs) + max(xs)) / 2, "top": (min(ys) + max(ys)) / 2}
    return {"type": "Path", "path": commands} | middle | placed


# Sent by Fabric 7.4 in Chromium: a stroke through (50, 50), (50, 60), (70, 70), (90, 80), (130, 100).
SENT = [
    ["M", 49.982, 49.982],
    ["Q", 50, 50, 50, 55],
    ["Q", 50, 60, 60, 65],
    ["Q", 70, 70, 80, 75],
    ["Q", 90, 80, 110, 90],
    ["L", 130.018, 100.018],
]
DRAWN = [[50, 50], [50, 60], [70, 70], [90, 80], [130.018, 100.018]]


@pytest.mark.parametrize("empty", [None, {}, {"objects": []}])
def test_there_are_no_strokes_before_the_first_one(empty):
    assert strokes_from_fabric(empty) == []


def test_a_stroke_goes_through_the_positions_of_the_pen():
    assert strokes_from_fabric({"objects": [path(SENT, left=90, top=75)]}) == [DRAWN]


def test_a_tap_is_a_stroke_of_almost_no_length():
    tapped = {"objects": [path([["M", 199.982, 200], ["L", 200.018, 200]], left=200, top=200)]}
    assert strokes_from_fabric(tapped) == [[[199.982, 200], [200.018, 200]]]


def test_strokes_that_a_canvas_begins_with_are_the_same():
    strokes = [[[10.0, 20.0], [30.0, 25.0], [20.0, 90.0]], [[200.0, 9.0], [201.0, 8.0]]]
    assert strokes_from_fabric(fabric_from_strokes(strokes, 18, "#000000")) == strokes
    assert strokes_from_fabric(fabric_from_strokes([[[5.0, 6.0]], []], 18, "#000000")) == [[[5.0, 6.0], [5.0, 6.0]]]


def test_strokes_keep_their_order():
    second = path([["M", 10, 10], ["L", 20, 20]])
    assert [len(stroke) for stroke in strokes_from_fabric({"objects": [path(SENT), second]})] == [5, 2]


def test_a_transformed_stroke_is_where_it_is_shown():
    line = [["M", 100, 100], ["L", 140, 100]]
    moved = strokes_from_fabric({"objects": [path(line, left=200, top=150, scaleX=2, angle=90)]})
    assert moved[0][0] == pytest.approx([200, 110])
    assert moved[0][1] == pytest.approx([200, 190])
    mirrored = strokes_from_fabric({"objects": [path(line, flipX=True)]})
    assert mirrored[0][0] == pytest.approx([140, 100])


@pytest.mark.parametrize(
    "invalid",
    [
        {"type": "Rect", "left": 1, "top": 1},
        {"path": [["C", 1, 2, 3, 4, 5, 6]], "left": 0, "top": 0},
        {"path": [["M", "x", "y"]], "left": 0, "top": 0},
        {"path": [["M"]], "left": 0, "top": 0},
        {"path": [], "left": 0, "top": 0},
        "not an object",
    ],
)
def test_anything_but_a_freehand_stroke_is_rejected(invalid):
    with pytest.raises(InkError):
        strokes_from_fabric({"objects": [invalid]})


JSON = st.recursive(
    st.none() | st.floats() | st.text(max_size=3) | st.sampled_from(["M", "Q", "L"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["path", "left", "top", "angle"]), inner)
    ),
)


@given(st.lists(JSON, max_size=3))
def test_any_json_gives_strokes_or_an_ink_error(objects):
    try:
        strokes = strokes_from_fabric({"objects": objects})
    except InkError:
        return
    assert all(len(point) == 2 for stroke in strokes for point in stroke)
