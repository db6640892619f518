"""Strokes become MNIST-like images: compared with a brute-force drawing of the same geometry, and held to what must
not matter (place, size, direction, order). Tolerances are grey levels of 255."""

import gzip
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model import ink
from model.errors import InkError

SEVEN = [[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]


def drawings(least_size=20):
    """Strategy: one to four strokes of one to twelve points, together at least so many canvas pixels large."""
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
    """The same recipe without any of its shortcuts: `fine` x `fine` dots in every pixel, each against every segment."""
    strokes = [[*stroke, stroke[-1]] for stroke in strokes]  # a single point is a line of no length
    points = np.concatenate([np.array(each, float) for each in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (20 - ink.PEN_WIDTH) / (high - low).max()
    placed = [(np.array(each, float) - (low + high) / 2) * scale + 13.5 for each in strokes]

    def dots(move):
        at = (np.arange(28 * fine) + 0.5) / fine - 0.5
        x, y = np.meshgrid(at, at)
        inside = np.zeros(x.shape, bool)
        for line in placed:
            for (ax, ay), (bx, by) in zip(line[:-1] + move, line[1:] + move, strict=True):
                length = (bx - ax) ** 2 + (by - ay) ** 2
                share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1) if length else 0 * x
                inside |= np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) <= ink.PEN_WIDTH / 2
        return 255 * inside.reshape(28, fine, 28, fine).mean(axis=(1, 3))

    return dots(14.0 - middle_of(dots(0)))


def numbers(real_data, count, part):
    """Real drawings of one writer side by side, two to four, as tall as each other within 10 %: strokes and whose."""
    by_writer = {}
    for drawing in real_drawings(real_data):
        by_writer.setdefault(drawing["writer"], []).append(drawing["strokes"])
    writers = [each for each in sorted(by_writer) if hashlib.sha256(each.encode()).digest()[0] % 2 == part]
    rng = np.random.default_rng(0)
    for writer in rng.choice([each for each in writers if len(by_writer[each]) >= 4], count):
        digits = [by_writer[writer][i] for i in rng.choice(len(by_writer[writer]), rng.integers(2, 5), replace=False)]
        strokes, owners, right = [], [], 0.0
        for owner, digit in enumerate(digits):
            points = np.concatenate([np.array(each) for each in digit])
            low, size = points.min(axis=0), np.ptp(points, axis=0)
            scale = 100 * rng.uniform(0.9, 1.1) / max(size[1], size[0] / 2, 1)
            corner = np.array([right, rng.uniform(-6, 6) - size[1] * scale / 2])
            strokes += [((np.array(each) - low) * scale + corner).tolist() for each in digit]
            owners += [owner] * len(digit)
            right += size[0] * scale + 100 * rng.uniform(-0.05, 0.30)
        yield strokes, owners


def real_drawings(real_data):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("blank", [[], [[]], [[], []], ()])
def test_a_blank_canvas_has_no_ink(blank):
    assert ink.clean(blank) == []
    assert ink.render(blank).shape == (28, 28)
    assert not ink.render(blank).any()
    assert ink.steps(blank) is None
    assert ink.group(blank) == []
    assert not ink.squeeze(blank).any()


@settings(deadline=None)
@given(drawings())
def test_every_drawing_becomes_a_28x28_image_with_ink_of_20_pixels(strokes):
    image = ink.render(strokes)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert side_of(image) <= 22  # with the grey edge
    assert 18 <= side_of(image, 128) <= 21


@settings(deadline=None)
@given(drawings())
def test_the_ink_is_centred_by_its_mass_unless_it_would_leave_the_frame(strokes):
    image = ink.render(strokes)
    at_edge = [image[:, [0, -1]].any(), image[[0, -1]].any()]
    for offset, held_back in zip(np.abs(middle_of(image) - ink.MIDDLE), at_edge, strict=True):
        assert offset < 0.3 or held_back


@settings(deadline=None)
@given(drawings())
def test_no_ink_leaves_the_frame(strokes):
    whole = ink.steps(strokes).scaled.sum(dtype=int)
    assert abs(ink.render(strokes).sum(dtype=int) - whole) <= 0.1 * whole


def test_heavy_ink_at_one_end_is_held_back_at_the_edge():
    blot = [[[x, y] for y in range(0, 60, 4) for x in (0, 50)], [[0, 200], [200, 200]]]
    tall = [[[y, x] for x, y in stroke] for stroke in blot]
    for strokes in (blot, tall):
        image = ink.render(strokes)
        assert abs(image.sum(dtype=int) - ink.steps(strokes).scaled.sum(dtype=int)) < 0.03 * image.sum(dtype=int)


@settings(deadline=None)
@given(drawings(), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_moving_a_drawing_changes_nothing(strokes, right, down):
    moved = [[[x + right, y + down] for x, y in stroke] for stroke in strokes]
    assert difference(ink.render(strokes), ink.render(moved)) <= 2


@settings(deadline=None)
@given(drawings(), st.floats(0.1, 50))
def test_the_size_of_a_drawing_changes_nothing(strokes, scale):
    scaled = [[[x * scale, y * scale] for x, y in stroke] for stroke in strokes]
    assert difference(ink.render(strokes), ink.render(scaled)) <= 2


@settings(deadline=None)
@given(drawings())
def test_the_direction_of_strokes_changes_next_to_nothing(strokes):
    assert difference(ink.render(strokes), ink.render([stroke[::-1] for stroke in strokes])) <= 8


@settings(deadline=None)
@given(drawings())
def test_the_order_of_strokes_changes_nothing(strokes):
    assert difference(ink.render(strokes), ink.render(strokes[::-1])) <= 1


@settings(deadline=None)
@given(drawings(), st.integers(2, 4))
def test_points_that_come_twice_change_nothing(strokes, times):
    repeated = [[point for point in stroke for _ in range(times)] for stroke in strokes]
    assert difference(ink.render(strokes), ink.render(repeated)) <= 1


@settings(deadline=None)
@given(drawings(), st.integers(2, 60))
def test_points_in_between_change_next_to_nothing(strokes, times):
    finer = [
        [*(list(at) for a, b in zip(s[:-1], s[1:], strict=True) for at in np.linspace(a, b, times + 1)[:-1]), s[-1]]
        for s in strokes
    ]
    assert difference(ink.render(strokes), ink.render(finer)) <= 8


@settings(max_examples=12, deadline=None)
@given(drawings())
def test_any_drawing_agrees_with_brute_force(strokes):
    image = ink.render(strokes)
    assume(not image[[0, -1]].any() and not image[:, [0, -1]].any())  # not held back at the edge
    assert np.abs(image - brute_force(strokes)).mean() < 4


@settings(max_examples=12, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(20, 200))
def test_a_straight_stroke_agrees_with_brute_force_in_every_pixel(angle, length):
    stroke = [[[140, 140], [140 + length * np.cos(angle), 140 + length * np.sin(angle)]]]
    assert np.abs(ink.render(stroke) - brute_force(stroke)).max() < 40


def test_real_drawings_agree_with_brute_force(real_data):
    errors = [
        np.abs(ink.render(drawing["strokes"]) - brute_force(drawing["strokes"])).mean()
        for drawing in real_drawings(real_data)[::1000]
    ]
    assert np.mean(errors) < 1.5  # 1.0 in 209 drawings, 2.8 in the worst, where strokes run side by side
    assert np.max(errors) < 4


@pytest.mark.parametrize("dot", [[[[100, 30]]], [[[5, 5]] * 9], [[[5, 5], [5.02, 5]]], [[[7, 7]], [[7, 7]]]])
def test_a_dot_is_a_blob_of_the_pens_width_in_the_middle(dot):
    image = ink.render(dot)
    assert side_of(image) <= 4
    assert 3 < image.sum() / 255 < 5.5  # a disc of 2.2 pixels has an area of 3.8
    assert np.allclose(middle_of(image), ink.MIDDLE, atol=0.05)
    assert ink.steps(dot).image.any()


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        (None, "came as None; expected a list of strokes"),
        ("ink", "came as 'ink'"),
        ({"strokes": []}, "expected a list of strokes"),
        (7, "came as 7"),
        ([7], "7 as stroke 1; expected a list of points"),
        (["ab"], "'ab' as stroke 1"),
        ([[[1, 2]], None], "None as stroke 2"),
        ([[5, 5]], "5 as point 1 of stroke 1"),
        ([[[1, 2], [3]]], r"\[3\] as point 2 of stroke 1; expected canvas pixels as \[x, y\]"),
        ([[[1, 2, 3]]], r"\[1, 2, 3\] as point 1"),
        ([[[1, "2"]]], "two numbers"),
        ([[[True, 2]]], r"\[True, 2\]"),
        ([[[1, None]]], "None"),
        ([[[1, float("nan")]]], "nan"),
        ([[[float("inf"), 1]]], "inf"),
        ([[[1, -1.1e6]]], "within 1,000,000"),
        ([[[1, 10**5000]]], "as point 1 of stroke 1"),
        ([np.zeros((3, 3))], "as point 1"),
        ([np.zeros((3, 2), bool)], "as point 1"),
        ([np.float64(3)], "as stroke 1"),
        ([[]] * 2001, "2,001 strokes; expected at most 2,000"),
        ([[[1, 2]] * 500_001], "500,001 points; expected at most 500,000"),
    ],
)
def test_what_is_no_drawing_is_refused_in_one_sentence(strokes, words):
    for use in (ink.clean, ink.render, ink.steps, ink.group, ink.squeeze):
        with pytest.raises(InkError, match=words) as caught:
            use(strokes)
        assert str(caught.value).startswith("The drawing ")
        assert str(caught.value).endswith(".")
        assert len(str(caught.value)) < 250


def test_an_error_names_its_source():
    with pytest.raises(InkError, match="^drawings.jsonl, line 3, has 7 as stroke 1"):
        ink.clean([7], "drawings.jsonl, line 3,")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=20,
)
NEARLY = st.lists(st.lists(st.lists(st.floats() | st.integers(), min_size=1, max_size=3), max_size=5), max_size=4)


@settings(max_examples=300, deadline=None)
@given(JSON | NEARLY)
def test_whatever_comes_out_of_json_gives_an_image_or_a_sentence(strokes):
    try:
        image = ink.render(strokes)
    except InkError as error:
        assert str(error).endswith(".")
    else:
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        assert image.any() == any(len(stroke) for stroke in strokes)
        assert sum(map(len, ink.group(strokes))) == sum(bool(stroke) for stroke in strokes)


def test_a_clean_drawing_stays_as_it_is():
    lines = ink.clean([*SEVEN, [], [(1, 2.5)]])
    assert [line.tolist() for line in lines] == [*SEVEN, [[1, 2.5]]]
    assert all(line.dtype == np.float64 for line in lines)
    assert all((a == b).all() for a, b in zip(lines, ink.clean(lines), strict=True))


def test_a_very_long_drawing_is_thinned_and_keeps_its_shape():
    angle = np.linspace(0, 6 * np.pi, 60_000)
    spiral = np.stack([140 + 5 * angle * np.cos(angle), 140 + 5 * angle * np.sin(angle)], axis=1)
    lines = ink.clean([spiral.tolist(), [[1, 1]]])
    assert sum(map(len, lines)) <= 50_002
    assert lines[0][-1].tolist() == spiral[-1].tolist()
    assert difference(ink.render([spiral]), ink.render([spiral[::7]])) <= 8


def test_the_wildest_scribble_is_drawn_within_seconds(rng):
    start = time.perf_counter()
    assert ink.render([rng.uniform(-1e6, 1e6, (50_000, 2)).tolist()]).mean() > 100
    assert time.perf_counter() - start < 5


def test_the_steps_can_be_shown_and_end_in_what_the_network_gets():
    seen = ink.steps(SEVEN, width=300, height=260)
    assert seen.drawn.shape == (260, 300)
    assert seen.drawn[60, 120] == 255
    assert seen.drawn[250, 290] == 0
    assert seen.box == (60, 60, 180, 220)
    assert seen.cropped.shape[0] > seen.cropped.shape[1] > 100
    assert seen.scaled.shape == (20, 20)
    assert seen.scaled[0].any() and seen.scaled[-1].any()
    assert (seen.image == ink.render(SEVEN)).all()
    assert all(each.dtype == np.uint8 for each in (seen.drawn, seen.cropped, seen.scaled, seen.centred))


def test_the_steps_of_a_drawing_far_off_the_canvas_are_small():
    seen = ink.steps([[[-1e6, -1e6], [1e6, 1e6]]])
    assert seen.drawn.shape == (280, 280)
    assert max(seen.cropped.shape) < 400
    assert seen.image.any()


def test_squeezing_the_canvas_keeps_place_and_size():
    corner = ink.squeeze([[[20, 20], [60, 20], [60, 60]]])
    assert corner.shape == (28, 28)
    assert corner[2, 4] > 200
    assert not corner[9:].any() and not corner[:, 9:].any()


FOUR = [[[30, 10], [10, 60], [70, 60]], [[55, 20], [50, 110]]]
OPEN_FOUR = [[[10, 10], [8, 60], [45, 62]], [[58, 12], [56, 110]]]
FIVE = [[[30, 10], [20, 50], [60, 70], [50, 105], [10, 110]], [[28, 8], [75, 5]]]
LOOSE_FIVE = [[[20, 10], [20, 50], [50, 70], [40, 105], [10, 110]], [[55, 8], [80, 6]]]
CROSSED_SEVEN = [[[10, 10], [70, 10], [30, 110]], [[15, 60], [75, 55]]]
SLASHED_ZERO = [[[40, 10], [10, 60], [40, 110], [70, 60], [40, 10]], [[75, 5], [5, 115]]]
ONE_WITH_FOOT = [[[20, 30], [40, 10], [40, 110]], [[15, 112], [65, 112]]]
TWO_BOWS = [[[40, 10], [20, 30], [40, 55], [60, 30], [40, 10]], [[40, 56], [15, 80], [40, 110], [65, 80], [40, 56]]]
ONE = [[[20, 10], [20, 110]]]
MANY_PARTS = [FOUR, OPEN_FOUR, FIVE, LOOSE_FIVE, CROSSED_SEVEN, SLASHED_ZERO, ONE_WITH_FOOT, TWO_BOWS]


def beside(*digits, gap):
    """Strokes of digits side by side, and how many each has."""
    strokes, right = [], 0.0
    for digit in digits:
        left, _, end, _ = ink.box_of([np.array(stroke, float) for stroke in digit])
        strokes += [[[x - left + right, y] for x, y in stroke] for stroke in digit]
        right += end - left + gap
    return strokes, [len(digit) for digit in digits]


@pytest.mark.parametrize("digit", MANY_PARTS)
def test_the_strokes_of_one_digit_belong_together(digit):
    (together,) = ink.group(digit)
    assert [line.tolist() for line in together] == digit


@pytest.mark.parametrize("gap", [-4, 0, 10, 40])
@pytest.mark.parametrize("digit", MANY_PARTS)
def test_a_digit_of_several_strokes_stays_apart_from_its_neighbours(digit, gap):
    strokes, sizes = beside(ONE, digit, SLASHED_ZERO, gap=gap)
    if digit is LOOSE_FIVE:
        return  # its bar belongs to whatever is nearer
    assert [len(each) for each in ink.group(strokes)] == sizes


def test_digits_come_from_left_to_right_whatever_was_drawn_first():
    strokes, _ = beside(ONE, FOUR, gap=20)
    left, right = ink.group(strokes[::-1])
    assert (len(left), len(right)) == (1, 2)
    assert left[0].tolist() == strokes[0]


@pytest.mark.parametrize(
    "strokes", [[[[5, 5]]], [[[5, 5], [90, 5]]], [[[5, 5]], [[5, 5]]], [[[5, 5], [9, 5]], [[7, 5]]]]
)
def test_flat_ink_is_one_group(strokes):
    assert len(ink.group(strokes)) == 1


@settings(deadline=None)
@given(drawings(least_size=0))
def test_grouping_loses_no_stroke_and_invents_none(strokes):
    grouped = [line.tolist() for group in ink.group(strokes) for line in group]
    assert sorted(grouped) == sorted([list(map(float, point)) for point in stroke] for stroke in strokes)


def test_two_thousand_strokes_are_grouped_at_once():
    fence = [[[10 * i, 0], [10 * i, 100 if i % 2 else 1]] for i in range(2000)]
    start = time.perf_counter()
    assert len(ink.group(fence)) == 1000
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("part", [0, 1])
def test_real_numbers_are_taken_apart_rightly(real_data, part):
    right = []
    for strokes, owners in numbers(real_data, 300, part):
        found = [{owners[strokes.index(line.tolist())] for line in group} for group in ink.group(strokes)]
        right.append(found == [{owner} for owner in sorted(set(owners))])
    assert np.mean(right) > 0.95  # 97.6 % and 98.5 % of 2,000


def test_a_real_drawing_is_rendered_in_two_milliseconds(real_data):
    took = []
    for drawing in real_drawings(real_data)[:400]:
        start = time.perf_counter()
        ink.render(drawing["strokes"])
        took.append(time.perf_counter() - start)
    assert np.median(took) < 0.002


def test_ink_needs_only_numpy_and_pillow():
    source = Path(ink.__file__).read_text()
    roots = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert roots == {"reprlib", "dataclasses", "typing", "numpy", "PIL", "model"}
