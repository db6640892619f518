"""What answers say beyond their figures, held against formulas written out, scikit-learn and counting by hand."""

from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.errors import DataError
from model.evaluation.analysis import (
    compare,
    confused_pairs,
    low_margin_predictions,
    operating_point,
    reliability,
    risk_coverage_curve,
    wilson_interval,
)
from model.evaluation.metrics import compute_metrics, expected_calibration_error, mistakes
from model.results import Predictions
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore

SEEN = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SHARES = st.floats(0, 1)


def said(rows, labels):
    return Predictions(np.array(labels), np.array(rows, np.float32))


def right_or_wrong(*right):
    """A network of two classes that gets exactly these images right."""
    return said([[0.9, 0.1] if each else [0.1, 0.9] for each in right], [0] * len(right))


@pytest.fixture(scope="module")
def classroom():
    return RunStore().open_finished(CLASSROOM_RUN).predictions()


@pytest.fixture(scope="module")
def deep():
    return RunStore().open_finished(DEFAULT_RUN).predictions()


@given(SEEN)
def test_the_interval_is_wilsons_formula(seen):
    right, n = seen
    z, p = 1.959963984540054, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert wilson_interval(right, n) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_of_nothing_seen_nothing_is_known():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_more_confidence_needs_a_wider_interval():
    low, high = wilson_interval(9_898, 10_000)
    wider_low, wider_high = wilson_interval(9_898, 10_000, confidence=0.99)
    assert wider_low < low < 0.9898 < high < wider_high


PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_two_networks_are_compared_image_by_image(pairs):
    a, b = zip(*pairs, strict=True)
    compared = compare(right_or_wrong(*a), right_or_wrong(*b))
    assert compared.n == len(pairs)
    assert compared.only_a == pairs.count((True, False))
    assert compared.only_b == pairs.count((False, True))
    assert compared.both_right == pairs.count((True, True))
    assert compared.both_wrong == pairs.count((False, False))
    assert compared.differ.tolist() == [i for i, (first, second) in enumerate(pairs) if first != second]


@given(PAIRS)
def test_the_p_value_is_mcnemars_with_the_binomial_written_out(pairs):
    compared = compare(*(right_or_wrong(*each) for each in zip(*pairs, strict=True)))
    discordant, fewer = compared.only_a + compared.only_b, min(compared.only_a, compared.only_b)
    tail = sum(comb(discordant, k) for k in range(fewer + 1)) / 2**discordant
    assert compared.p_value == pytest.approx(min(1.0, 2 * tail))


@pytest.mark.parametrize(
    "only_a, only_b, sentence",
    [
        (27, 14, "27 images only A gets right, 14 only B: could be chance (p = 0.06)."),
        (1, 0, "1 image only A gets right, 0 only B: could be chance (p = 1)."),
        (12, 2, "12 images only A gets right, 2 only B: hardly chance (p = 0.013)."),
        (2, 60, "2 images only A gets right, 60 only B: hardly chance (p < 0.001)."),
        (0, 0, "A and B get the same images right."),
    ],
)
def test_a_comparison_is_told_in_one_sentence(only_a, only_b, sentence):
    a = right_or_wrong(*[True] * only_a, *[False] * only_b, True)
    b = right_or_wrong(*[False] * only_a, *[True] * only_b, True)
    assert compare(a, b).in_words("A", "B") == sentence


def test_the_shipped_networks_differ_beyond_chance(classroom, deep):
    compared = compare(deep, classroom)
    assert compared.only_a > compared.only_b
    assert compared.p_value < 0.001
    wrong = sum(each.probabilities.argmax(axis=1) != each.labels for each in (deep, classroom))
    assert np.array_equal(compared.differ, np.flatnonzero(wrong == 1))


@pytest.mark.parametrize("other", [[0, 1, 1], [0, 1]])
def test_answers_to_other_images_are_not_compared(other):
    a, b = (said([[0.9, 0.1]] * len(labels), labels) for labels in ([0, 1, 0], other))
    with pytest.raises(DataError, match="expected the same images, so choose two runs"):
        compare(a, b)


def test_confusions_come_by_how_often_they_happen():
    confusion = np.array([[50, 2, 0], [1, 40, 7], [2, 0, 30]])
    pairs = confused_pairs(confusion, ["zero", "one", "two"])
    assert [(each.true, each.predicted, each.count) for each in pairs] == [(1, 2, 7), (0, 1, 2), (2, 0, 2), (1, 0, 1)]
    assert [each.in_words() for each in pairs[::3]] == ["one read as two: 7 times", "one read as zero: once"]
    assert [each.count for each in confused_pairs(confusion, "012", limit=2)] == [7, 2]


def test_without_mistakes_nothing_is_confused():
    assert confused_pairs(np.diag([5, 6]), "ab") == ()


def test_confusions_add_up_to_the_mistakes_of_a_shipped_network(classroom):
    metrics = compute_metrics(classroom.labels, classroom.probabilities, "0123456789")
    pairs = confused_pairs(metrics.confusion, "0123456789", limit=100)
    assert sum(each.count for each in pairs) == len(metrics.mistakes)
    for each in pairs:
        assert len(classroom.indices_in_cell(each.true, each.predicted)) == each.count


def test_reliability_is_that_of_scikit_learn(rng):
    from sklearn.calibration import calibration_curve

    confidence = rng.random(3_000) ** 0.3
    right = rng.random(3_000) < confidence**2
    bins = reliability(right, confidence)
    accuracy, claimed = calibration_curve(right, confidence, n_bins=15)
    filled = bins.count > 0
    assert np.allclose(bins.accuracy[filled], accuracy)
    assert np.allclose(bins.confidence[filled], claimed)
    assert bins.edges.tolist() == [i / 15 for i in range(16)]


@given(st.lists(st.tuples(st.booleans(), SHARES), max_size=40))
def test_the_gaps_add_up_to_the_calibration_error(answers):
    right, confidence = np.array(answers, float).reshape(-1, 2).T
    bins = reliability(right.astype(bool), confidence)
    assert bins.count.sum() == len(answers)
    assert np.array_equal(np.isnan(bins.accuracy), bins.count == 0)
    gaps = np.nansum(bins.count * np.abs(bins.accuracy - bins.confidence)) / max(len(answers), 1)
    assert gaps == pytest.approx(expected_calibration_error(right.astype(bool), confidence), abs=1e-9)


def test_selective_accuracy_is_scikit_learns_precision(rng):
    from sklearn.metrics import precision_recall_curve

    confidence = rng.integers(0, 50, 500) / 50  # many are equal
    right = rng.random(500) < confidence
    curve = risk_coverage_curve(right, confidence)
    precision, _, threshold = precision_recall_curve(right, confidence, drop_intermediate=False)
    assert np.allclose(curve.threshold, threshold[::-1])
    assert np.allclose(curve.accuracy, precision[:-1][::-1])
    assert np.allclose(curve.share, [(confidence >= each).mean() for each in curve.threshold])


@given(st.lists(st.tuples(st.booleans(), SHARES), min_size=1, max_size=40))
def test_the_curve_tells_what_every_threshold_on_it_tells(answers):
    right, confidence = np.array(answers, float).T
    curve = risk_coverage_curve(right.astype(bool), confidence)
    assert curve.share[-1] == 1
    for threshold, share, accuracy in zip(curve.threshold, curve.share, curve.accuracy, strict=True):
        answered = operating_point(right.astype(bool), confidence, threshold)
        assert (answered.share, answered.accuracy) == pytest.approx((share, accuracy))


def test_who_answers_nothing_has_no_accuracy():
    answered = operating_point(np.array([True]), np.array([0.5]), 0.9)
    assert answered.share == 0
    assert np.isnan(answered.accuracy)
    assert not len(risk_coverage_curve(np.zeros(0, bool), np.zeros(0)).threshold)


def test_a_network_that_may_keep_silent_is_right_more_often(classroom):
    right = classroom.probabilities.argmax(axis=1) == classroom.labels
    confidence = classroom.probabilities.max(axis=1)
    answered = operating_point(right, confidence, 0.9)
    assert answered.accuracy > right.mean() + 0.005
    assert 0.9 < answered.share < 1


def test_low_margin_predictions_are_correct_and_narrow():
    labels = [0, 0, 1, 0]
    rows = [[0.5, 0.3, 0.2], [0.40, 0.38, 0.22], [0.34, 0.33, 0.33], [0.45, 0.1, 0.45]]
    first, second = low_margin_predictions(said(rows, labels), limit=2)
    assert (first.index, first.true, first.runner_up, first.margin) == (3, 0, 2, 0)
    assert (second.index, second.true, second.runner_up) == (1, 0, 1)
    assert second.probability == pytest.approx(0.40)
    assert second.margin == pytest.approx(0.02)
    assert low_margin_predictions(said([[1.0]], [0])) == ()


def test_low_margin_predictions_are_what_sorting_finds(deep):
    ordered = np.sort(deep.probabilities, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    margin[deep.probabilities.argmax(axis=1) != deep.labels] = 2
    near = low_margin_predictions(deep, limit=20)
    assert [each.margin for each in near] == pytest.approx(np.sort(margin)[:20].tolist())
    assert all(deep.labels[each.index] == each.true != each.runner_up for each in near)


ANSWERS = arrays(np.float32, (30, 3), elements=st.floats(2**-7, 1, width=32))


@given(ANSWERS, st.none() | st.integers(0, 2), st.none() | st.integers(0, 2))
def test_a_cell_holds_its_images_most_confident_first(rows, true, predicted):
    evaluation = Predictions(np.arange(30) % 3, rows)
    found = evaluation.indices_in_cell(true, predicted).tolist()
    expected = []
    for index, row in enumerate(rows.tolist()):
        answer, label = row.index(max(row)), index % 3
        fits = true in (None, label) and predicted in (None, answer)
        if fits and (answer != label or None not in (true, predicted)):
            expected.append(index)
    assert sorted(found) == expected
    sure = [rows[index].max() for index in found]
    assert sure == sorted(sure, reverse=True)


def test_all_errors_are_the_mistakes_of_the_figures(classroom):
    assert classroom.indices_in_cell().tolist() == [each.index for each in mistakes(classroom)]
