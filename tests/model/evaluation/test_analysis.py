"""Analyses of predictions, checked against written-out formulas, scikit-learn and counting by hand."""

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

COUNTS = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SHARES = st.floats(0, 1)


def predictions(rows, labels):
    return Predictions(np.array(labels), np.array(rows, np.float32))


def correct_or_not(*correct):
    """Return predictions in two classes that are correct for exactly these images."""
    return predictions([[0.9, 0.1] if each else [0.1, 0.9] for each in correct], [0] * len(correct))


@pytest.fixture(scope="module")
def classroom():
    return RunStore().open_finished(CLASSROOM_RUN).predictions()


@pytest.fixture(scope="module")
def deep():
    return RunStore().open_finished(DEFAULT_RUN).predictions()


@given(COUNTS)
def test_the_interval_follows_wilsons_formula(counts):
    correct, n = counts
    z, p = 1.959963984540054, correct / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert wilson_interval(correct, n) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_the_interval_of_no_images_is_everything():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_more_confidence_needs_a_wider_interval():
    low, high = wilson_interval(9_898, 10_000)
    wider_low, wider_high = wilson_interval(9_898, 10_000, confidence=0.99)
    assert wider_low < low < 0.9898 < high < wider_high


PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_two_networks_are_compared_image_by_image(pairs):
    a, b = zip(*pairs, strict=True)
    compared = compare(correct_or_not(*a), correct_or_not(*b))
    assert compared.n == len(pairs)
    assert compared.only_a == pairs.count((True, False))
    assert compared.only_b == pairs.count((False, True))
    assert compared.both_right == pairs.count((True, True))
    assert compared.both_wrong == pairs.count((False, False))
    assert compared.differ.tolist() == [i for i, (first, second) in enumerate(pairs) if first != second]


@given(PAIRS)
def test_the_p_value_is_mcnemars_with_the_binomial_written_out(pairs):
    compared = compare(*(correct_or_not(*each) for each in zip(*pairs, strict=True)))
    discordant, fewer = compared.only_a + compared.only_b, min(compared.only_a, compared.only_b)
    tail = sum(comb(discordant, k) for k in range(fewer + 1)) / 2**discordant
    assert compared.p_value == pytest.approx(min(1.0, 2 * tail))


@pytest.mark.parametrize(
    "only_a, only_b, p",
    [(27, 14, "p = 0.06"), (1, 0, "p = 1"), (12, 2, "p = 0.013"), (2, 60, "p < 0.001"), (1234, 1234, "p = 1")],
)
def test_a_comparison_in_words_has_counts_and_p_value(only_a, only_b, p):
    message = comparison(only_a, only_b).in_words("A", "B")
    assert {**message.values, "p": str(message.values["p"])} == {
        "a": "A",
        "b": "B",
        "n_a": only_a,
        "n_b": only_b,
        "p": p,
    }
    assert all(value in str(message) for value in ("A", "B", f"{only_a:,}", f"{only_b:,}", p))


def test_the_wording_depends_on_the_p_value():
    texts = [comparison(*counts).in_words("A", "B").text for counts in ((27, 14), (12, 2), (2, 60), (0, 0))]
    chance, difference, clear_difference, same = texts
    assert difference == clear_difference
    assert len({chance, difference, same}) == 3


def comparison(only_a, only_b):
    a = correct_or_not(*[True] * only_a, *[False] * only_b, True)
    b = correct_or_not(*[False] * only_a, *[True] * only_b, True)
    return compare(a, b)


def test_the_shipped_networks_differ_by_more_than_chance(classroom, deep):
    compared = compare(deep, classroom)
    assert compared.only_a > compared.only_b
    assert compared.p_value < 0.001
    wrong = sum(each.probabilities.argmax(axis=1) != each.labels for each in (deep, classroom))
    assert np.array_equal(compared.differ, np.flatnonzero(wrong == 1))


@pytest.mark.parametrize("other", [[0, 1, 1], [0, 1]])
def test_predictions_for_different_images_are_not_compared(other):
    a, b = (predictions([[0.9, 0.1]] * len(labels), labels) for labels in ([0, 1, 0], other))
    with pytest.raises(DataError) as caught:
        compare(a, b)
    assert caught.value.values == {"n_a": 3, "n_b": len(other)}


def test_confusions_are_sorted_by_count():
    confusion = np.array([[50, 2, 0], [1, 40, 7], [2, 0, 30]])
    pairs = confused_pairs(confusion, ["zero", "one", "two"])
    assert [(each.true, each.predicted, each.count) for each in pairs] == [(1, 2, 7), (0, 1, 2), (2, 0, 2), (1, 0, 1)]
    often, once = pairs[0].in_words(), pairs[3].in_words()
    assert often.values == {"true": "one", "predicted": "two", "n": 7}
    assert once.values == {"true": "one", "predicted": "zero", "n": 1}
    assert often.text != once.text
    assert [each.count for each in confused_pairs(confusion, "012", limit=2)] == [7, 2]


def test_without_mistakes_there_are_no_confusions():
    assert confused_pairs(np.diag([5, 6]), "ab") == ()


def test_confusions_add_up_to_the_mistakes_of_a_run(classroom):
    metrics = compute_metrics(classroom.labels, classroom.probabilities, "0123456789")
    pairs = confused_pairs(metrics.confusion, "0123456789", limit=100)
    assert sum(each.count for each in pairs) == len(metrics.mistakes)
    for each in pairs:
        assert len(classroom.indices_in_cell(each.true, each.predicted)) == each.count


def test_reliability_agrees_with_scikit_learn(rng):
    from sklearn.calibration import calibration_curve

    confidence = rng.random(3_000) ** 0.3
    correct = rng.random(3_000) < confidence**2
    bins = reliability(correct, confidence)
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=15)
    filled = bins.count > 0
    assert np.allclose(bins.accuracy[filled], accuracy)
    assert np.allclose(bins.confidence[filled], mean_confidence)
    assert bins.edges.tolist() == [i / 15 for i in range(16)]


@given(st.lists(st.tuples(st.booleans(), SHARES), max_size=40))
def test_the_mean_gap_is_the_calibration_error(predicted):
    correct, confidence = np.array(predicted, float).reshape(-1, 2).T
    bins = reliability(correct.astype(bool), confidence)
    assert bins.count.sum() == len(predicted)
    assert np.array_equal(np.isnan(bins.accuracy), bins.count == 0)
    gaps = np.nansum(bins.count * np.abs(bins.accuracy - bins.confidence)) / max(len(predicted), 1)
    assert gaps == pytest.approx(expected_calibration_error(correct.astype(bool), confidence), abs=1e-9)


def test_the_accuracy_of_the_curve_is_scikit_learns_precision(rng):
    from sklearn.metrics import precision_recall_curve

    confidence = rng.integers(0, 50, 500) / 50  # many are equal
    correct = rng.random(500) < confidence
    curve = risk_coverage_curve(correct, confidence)
    precision, _, threshold = precision_recall_curve(correct, confidence, drop_intermediate=False)
    assert np.allclose(curve.threshold, threshold[::-1])
    assert np.allclose(curve.accuracy, precision[:-1][::-1])
    assert np.allclose(curve.share, [(confidence >= each).mean() for each in curve.threshold])


@given(st.lists(st.tuples(st.booleans(), SHARES), min_size=1, max_size=40))
def test_the_curve_has_the_operating_point_of_each_threshold(predicted):
    correct, confidence = np.array(predicted, float).T
    curve = risk_coverage_curve(correct.astype(bool), confidence)
    assert curve.share[-1] == 1
    for threshold, share, accuracy in zip(curve.threshold, curve.share, curve.accuracy, strict=True):
        point = operating_point(correct.astype(bool), confidence, threshold)
        assert (point.share, point.accuracy) == pytest.approx((share, accuracy))


def test_without_predictions_there_is_no_accuracy():
    point = operating_point(np.array([True]), np.array([0.5]), 0.9)
    assert point.share == 0
    assert np.isnan(point.accuracy)
    assert not len(risk_coverage_curve(np.zeros(0, bool), np.zeros(0)).threshold)


def test_confident_predictions_are_more_often_correct(classroom):
    correct = classroom.probabilities.argmax(axis=1) == classroom.labels
    confidence = classroom.probabilities.max(axis=1)
    point = operating_point(correct, confidence, 0.9)
    assert point.accuracy > correct.mean() + 0.005
    assert 0.9 < point.share < 1


def test_low_margin_predictions_are_correct_and_sorted():
    labels = [0, 0, 1, 0]
    rows = [[0.5, 0.3, 0.2], [0.40, 0.38, 0.22], [0.34, 0.33, 0.33], [0.45, 0.1, 0.45]]
    first, second = low_margin_predictions(predictions(rows, labels), limit=2)
    assert (first.index, first.true, first.runner_up, first.margin) == (3, 0, 2, 0)
    assert (second.index, second.true, second.runner_up) == (1, 0, 1)
    assert second.probability == pytest.approx(0.40)
    assert second.margin == pytest.approx(0.02)
    assert low_margin_predictions(predictions([[1.0]], [0])) == ()


def test_low_margin_predictions_agree_with_sorting(deep):
    ordered = np.sort(deep.probabilities, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    margin[deep.probabilities.argmax(axis=1) != deep.labels] = 2
    near = low_margin_predictions(deep, limit=20)
    assert [each.margin for each in near] == pytest.approx(np.sort(margin)[:20].tolist())
    assert all(deep.labels[each.index] == each.true != each.runner_up for each in near)


ROWS = arrays(np.float32, (30, 3), elements=st.floats(2**-7, 1, width=32))


@given(ROWS, st.none() | st.integers(0, 2), st.none() | st.integers(0, 2))
def test_a_cell_contains_its_images_most_confident_first(rows, true, predicted):
    evaluation = Predictions(np.arange(30) % 3, rows)
    found = evaluation.indices_in_cell(true, predicted).tolist()
    expected = []
    for index, row in enumerate(rows.tolist()):
        best, label = row.index(max(row)), index % 3
        matches = true in (None, label) and predicted in (None, best)
        if matches and (best != label or None not in (true, predicted)):
            expected.append(index)
    assert sorted(found) == expected
    confidence = [rows[index].max() for index in found]
    assert confidence == sorted(confidence, reverse=True)


def test_all_mistakes_are_those_of_the_metrics(classroom):
    assert classroom.indices_in_cell().tolist() == [each.index for each in mistakes(classroom)]
