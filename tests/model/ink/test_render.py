"""Strokes become MNIST-like images: compared with a brute-force rendering, and checked for properties that must not
matter (position, size, direction, order). Tolerances are grey levels out of 255."""

import gzip
import inspect
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.errors import InkError
from model.ink.render import (
    MIDDLE,
    PEN_WIDTH,
    UNNAMED,
    Strokes,
    parse_strokes,
    render,
    render_steps,
    squeeze_canvas,
)
from tests.support import CROSSED_SEVEN, check_message


def drawings(least_size=20):
    """Strategy: one to four strokes of one to twelve points, at least `least_size` canvas pixels in total."""
    point = st.tuples(st.floats(0, 280), st.floats(0, 280)).map(list)
    strokes = st.lists(st.lists(point, min_size=1, max_size=12), min_size=1, max_size=4)
    return strokes.filter(lambda drawn: np.ptp(np.concatenate(drawn), axis=0).max() >= least_size)


def difference(one, other):
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def middle_of(image):
    weight = image.astype(float)
    return (
        np.array([(weight.sum(axis=0) * np.arange(28)).sum(), (weight.sum(axis=1) * np.arange(28)).sum()])
        / weight.sum()
    )


def side_of(image, least=1):
    rows, columns = np.nonzero(image >= least)
    return max(np.ptp(rows), np.ptp(columns)) + 1


def brute_force(strokes, fine=8):
    """Render without shortcuts: `fine` x `fine` dots per pixel, each compared with every segment."""
    strokes = [[*stroke, stroke[-1]] for stroke in strokes]  # a single point is a line of length 0
    points = np.concatenate([np.array(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (20 - PEN_WIDTH) / (high - low).max()
    placed = [(np.array(stroke, float) - (low + high) / 2) * scale + 13.5 for stroke in strokes]

    def dots(move):
        at = (np.arange(28 * fine) + 0.5) / fine - 0.5
        x, y = np.meshgrid(at, at)
        inside = np.zeros(x.shape, bool)
        for line in placed:
            for (ax, ay), (bx, by) in zip(line[:-1] + move, line[1:] + move, strict=True):
                length = (bx - ax) ** 2 + (by - ay) ** 2
                share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1) if length else 0 * x
                inside |= np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) <= PEN_WIDTH / 2
        return 255 * inside.reshape(28, fine, 28, fine).mean(axis=(1, 3))

    return dots(14.0 - middle_of(dots(0)))


def real_drawings(real_data):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("blank", [[], [[]], [[], []], ()])
def test_a_blank_canvas_has_no_ink(blank):
    assert parse_strokes(blank) == Strokes()
    assert render(blank).shape == (28, 28)
    assert not render(blank).any()
    assert render_steps(blank) is None
    assert not squeeze_canvas(blank).any()


@settings(deadline=None)
@given(drawings())
def test_every_image_is_28x28_with_ink_of_20_pixels(strokes):
    image = render(strokes)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert side_of(image) <= 22  # with the grey edge
    assert 18 <= side_of(image, 128) <= 21


@settings(deadline=None)
@given(drawings())
def test_ink_inside_the_frame_is_centred_by_its_mass(strokes):
    image = render(strokes)
    at_edge = [image[:, [0, -1]].any(), image[[0, -1]].any()]
    offsets = np.abs(middle_of(image) - MIDDLE)
    assert all(offset < 0.3 for offset, stopped in zip(offsets, at_edge, strict=True) if not stopped)


@settings(deadline=None)
@given(drawings())
def test_no_ink_leaves_the_frame(strokes):
    whole = render_steps(strokes).scaled.sum(dtype=int)
    assert abs(render(strokes).sum(dtype=int) - whole) <= 0.1 * whole


def test_heavy_ink_at_one_end_stops_at_the_edge():
    blot = [[[x, y] for y in range(0, 60, 4) for x in (0, 50)], [[0, 200], [200, 200]]]
    tall = [[[y, x] for x, y in stroke] for stroke in blot]
    for strokes in (blot, tall):
        image = render(strokes)
        assert abs(image.sum(dtype=int) - render_steps(strokes).scaled.sum(dtype=int)) < 0.03 * image.sum(dtype=int)


@settings(deadline=None)
@given(drawings(), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_moving_a_drawing_changes_nothing(strokes, right, down):
    moved = [[[x + right, y + down] for x, y in stroke] for stroke in strokes]
    assert difference(render(strokes), render(moved)) <= 2


@settings(deadline=None)
@given(drawings(), st.floats(0.1, 50))
def test_the_size_of_a_drawing_changes_nothing(strokes, scale):
    scaled = [[[x * scale, y * scale] for x, y in stroke] for stroke in strokes]
    assert difference(render(strokes), render(scaled)) <= 2


@settings(deadline=None)
@given(drawings())
def test_the_direction_of_strokes_changes_next_to_nothing(strokes):
    assert difference(render(strokes), render([stroke[::-1] for stroke in strokes])) <= 8


@settings(deadline=None)
@given(drawings())
def test_the_order_of_strokes_changes_nothing(strokes):
    assert difference(render(strokes), render(strokes[::-1])) <= 1


@settings(deadline=None)
@given(drawings(), st.integers(2, 4))
def test_repeated_points_change_nothing(strokes, times):
    repeated = [[point for point in stroke for _ in range(times)] for stroke in strokes]
    assert difference(render(strokes), render(repeated)) <= 1


@settings(deadline=None)
@given(drawings(), st.integers(2, 60))
def test_points_in_between_change_next_to_nothing(strokes, times):
    finer = [
        [*(list(at) for a, b in zip(s[:-1], s[1:], strict=True) for at in np.linspace(a, b, times + 1)[:-1]), s[-1]]
        for s in strokes
    ]
    assert difference(render(strokes), render(finer)) <= 8


@settings(max_examples=12, deadline=None)
@given(drawings())
def test_any_drawing_agrees_with_brute_force(strokes):
    image = render(strokes)
    assume(not image[[0, -1]].any() and not image[:, [0, -1]].any())  # not stopped at the edge
    assert np.abs(image - brute_force(strokes)).mean() < 4


@settings(max_examples=12, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(20, 200))
def test_every_pixel_of_a_straight_stroke_is_correct(angle, length):
    stroke = [[[140, 140], [140 + length * np.cos(angle), 140 + length * np.sin(angle)]]]
    assert np.abs(render(stroke) - brute_force(stroke)).max() < 40


@pytest.mark.slow
def test_real_drawings_agree_with_brute_force(real_data):
    errors = [
        np.abs(render(drawing["strokes"]) - brute_force(drawing["strokes"])).mean()
        for drawing in real_drawings(real_data)[::1000]
    ]
    assert np.mean(errors) < 1.5  # 1.0 in 209 drawings, 2.8 in the worst, where strokes run side by side
    assert np.max(errors) < 4


@pytest.mark.parametrize("dot", [[[[100, 30]]], [[[5, 5]] * 9], [[[5, 5], [5.02, 5]]], [[[7, 7]], [[7, 7]]]])
def test_a_dot_is_a_blob_of_the_pens_width_in_the_middle(dot):
    image = render(dot)
    assert side_of(image) <= 4
    assert 3 < image.sum() / 255 < 5.5  # a disc of 2.2 pixels has an area of 3.8
    assert np.allclose(middle_of(image), MIDDLE, atol=0.05)
    assert render_steps(dot).image.any()


@pytest.mark.parametrize(
    ("strokes", "values"),
    [
        (None, {"value": "None"}),
        ("ink", {"value": "'ink'"}),
        ({"strokes": []}, {"value": "{'strokes': []}"}),
        (7, {"value": "7"}),
        ([7], {"value": "7", "stroke": 1}),
        (["ab"], {"value": "'ab'", "stroke": 1}),
        ([[[1, 2]], None], {"value": "None", "stroke": 2}),
        ([[5, 5]], {"value": "5", "point": 1, "stroke": 1}),
        ([[[1, 2], [3]]], {"value": "[3]", "point": 2, "stroke": 1}),
        ([[[1, 2, 3]]], {"value": "[1, 2, 3]", "point": 1, "stroke": 1}),
        ([[[1, "2"]]], {"value": "[1, '2']", "point": 1}),
        ([[[True, 2]]], {"value": "[True, 2]", "point": 1}),
        ([[[1, None]]], {"value": "[1, None]", "point": 1}),
        ([[[1, float("nan")]]], {"value": "[1, nan]", "point": 1}),
        ([[[float("inf"), 1]]], {"value": "[inf, 1]", "point": 1}),
        ([[[1, -1.1e6]]], {"value": "[1, -1100000.0]", "high": 1_000_000, "point": 1}),
        ([[[1, 10**5000]]], {"value": "a list", "point": 1, "stroke": 1}),
        ([np.zeros((3, 3))], {"point": 1, "stroke": 1}),
        ([np.zeros((3, 2), bool)], {"value": "[False, False]", "point": 1, "stroke": 1}),
        ([np.float64(3)], {"stroke": 1}),
        ([[]] * 2001, {"n_strokes": 2001, "high": 2000}),
        ([[[1, 2]] * 500_001], {"n_points": 500_001, "high": 500_000}),
    ],
)
def test_anything_but_a_drawing_is_rejected(strokes, values):
    for use in (parse_strokes, render, render_steps, squeeze_canvas):
        with pytest.raises(InkError) as caught:
            use(strokes)
        check_message(caught.value, source=UNNAMED, **values)
        assert len(str(caught.value)) < 250


def test_an_error_names_its_source():
    with pytest.raises(InkError) as caught:
        parse_strokes([7], "drawings.jsonl, line 3,")
    check_message(caught.value, source="drawings.jsonl, line 3,", stroke=1, value="7")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)
NEARLY = st.lists(st.lists(st.lists(st.floats() | st.integers(), min_size=1, max_size=3), max_size=5), max_size=4)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(JSON | NEARLY)
def test_any_json_gives_an_image_or_a_message(strokes):
    try:
        image = render(strokes)
    except InkError as error:
        check_message(error)
    else:
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        assert image.any() == any(len(stroke) for stroke in strokes)


def test_parsed_strokes_are_float_arrays_without_empty_ones():
    strokes = parse_strokes([*CROSSED_SEVEN, [], [(1, 2.5)]])
    assert [stroke.tolist() for stroke in strokes] == [*CROSSED_SEVEN, [[1, 2.5]]]
    assert all(stroke.dtype == np.float64 for stroke in strokes)
    assert repr(strokes) == "Strokes(3 of 6 points)"


def test_a_drawing_is_checked_once(monkeypatch):
    strokes = parse_strokes(CROSSED_SEVEN)
    monkeypatch.setattr("model.ink.render._check_points", None)
    assert parse_strokes(strokes) is strokes
    for draw in (render, render_steps, squeeze_canvas):
        draw(strokes)


def test_selected_strokes_are_the_same_arrays_in_order():
    strokes = parse_strokes([[[1, 2]], [[3, 4]], [[5, 6]]])
    chosen = strokes.select([2, 0])
    assert type(chosen) is Strokes
    assert [stroke is strokes[index] for stroke, index in zip(chosen, (2, 0), strict=True)] == [True, True]


def test_a_very_long_drawing_is_thinned_and_keeps_its_shape():
    angle = np.linspace(0, 6 * np.pi, 60_000)
    spiral = np.stack([140 + 5 * angle * np.cos(angle), 140 + 5 * angle * np.sin(angle)], axis=1)
    lines = parse_strokes([spiral.tolist(), [[1, 1]]])
    assert sum(map(len, lines)) <= 50_002
    assert lines[0][-1].tolist() == spiral[-1].tolist()
    assert difference(render([spiral]), render([spiral[::7]])) <= 8


def test_the_wildest_scribble_is_drawn_within_seconds(rng):
    start = time.perf_counter()
    assert render([rng.uniform(-1e6, 1e6, (50_000, 2)).tolist()]).mean() > 100
    assert time.perf_counter() - start < 5


def test_the_steps_end_in_the_networks_input():
    seen = render_steps(CROSSED_SEVEN, width=300, height=260)
    assert seen.drawn.shape == (260, 300)
    assert seen.drawn[60, 120] == 255
    assert seen.drawn[250, 290] == 0
    assert seen.box == (60, 60, 180, 220)
    assert seen.cropped.shape[0] > seen.cropped.shape[1] > 100
    assert seen.scaled.shape == (20, 20)
    assert seen.scaled[0].any() and seen.scaled[-1].any()
    assert (seen.image == render(CROSSED_SEVEN)).all()
    assert all(image.dtype == np.uint8 for image in (seen.drawn, seen.cropped, seen.scaled, seen.centred))


def test_the_steps_of_a_drawing_off_the_canvas_are_small():
    seen = render_steps([[[-1e6, -1e6], [1e6, 1e6]]])
    assert seen.drawn.shape == (280, 280)
    assert max(seen.cropped.shape) < 400
    assert seen.image.any()


def test_squeezing_the_canvas_keeps_position_and_size():
    corner = squeeze_canvas([[[20, 20], [60, 20], [60, 60]]])
    assert corner.shape == (28, 28)
    assert corner[2, 4] > 200
    assert not corner[9:].any() and not corner[:, 9:].any()


@pytest.mark.slow
def test_a_real_drawing_is_rendered_in_two_milliseconds(real_data):
    seconds = []
    for drawing in real_drawings(real_data)[:400]:
        start = time.perf_counter()
        render(drawing["strokes"])
        seconds.append(time.perf_counter() - start)
    assert np.median(seconds) < 0.002


def test_ink_needs_only_numpy_and_pillow():
    source = Path(inspect.getfile(render)).read_text()
    roots = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert roots == {"reprlib", "collections", "dataclasses", "typing", "numpy", "PIL", "model"}


def test_a_thin_pen_fades_only_if_the_canvas_is_squeezed():
    thin, thick = squeeze_canvas(CROSSED_SEVEN, pen=6), squeeze_canvas(CROSSED_SEVEN, pen=20)
    assert thin.max() < thick.max()
    assert render_steps(CROSSED_SEVEN, pen=6).drawn.sum() < render_steps(CROSSED_SEVEN, pen=20).drawn.sum()
    assert (render_steps(CROSSED_SEVEN, pen=6).centred == render(CROSSED_SEVEN)).all()
