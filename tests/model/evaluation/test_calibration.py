"""Calibrated probabilities, checked against counting in slow loops and against networks made overconfident."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from model.evaluation.calibration import DIGITS_AMONG_DRAWINGS, apply_calibration, calibrate, fit_temperature_and_bias
from model.evaluation.metrics import expected_calibration_error
from model.inference.rejection import rejection_scores


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def predictions(rng, n, temperature, n_classes=10, spread=3.0):
    """Return labels, and the predictions of a network whose logits are `temperature` times too large."""
    logits = rng.normal(0, spread, (n, n_classes))
    true = softmax(logits)
    labels = (rng.random((n, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(0, n_classes - 1)
    return labels, softmax(logits * temperature).astype(np.float32)


def slow_calibration_error(correct, confidence, bins):
    """Return the expected calibration error, computed bin by bin."""
    error = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [i for i, c in enumerate(confidence) if low <= c < high or (c == 1 and number == bins - 1)]
        if inside:
            accuracy = sum(bool(correct[i]) for i in inside) / len(inside)
            mean = sum(float(confidence[i]) for i in inside) / len(inside)
            error += len(inside) / len(confidence) * abs(accuracy - mean)
    return error


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("n", [1, 2, 40, 700])
def test_the_calibration_error_agrees_with_a_slow_loop(n, bins, rng):
    confidence = rng.random(n).astype(np.float32)
    confidence[rng.random(n) < 0.1] = 1
    correct = rng.random(n) < 0.7
    assert expected_calibration_error(correct, confidence, bins) == pytest.approx(
        slow_calibration_error(correct, confidence, bins)
    )


@pytest.mark.parametrize(
    "correct, confidence, error",
    [([True], [1.0], 0), ([False], [1.0], 1), ([True, False], [0.5, 0.5], 0), ([True, True], [0.9, 0.7], 0.2)],
)
def test_simple_calibration_errors(correct, confidence, error):
    assert expected_calibration_error(np.array(correct), np.array(confidence)) == pytest.approx(error)


def test_no_predictions_have_a_calibration_error_of_zero():
    assert expected_calibration_error(np.array([], bool), np.array([])) == 0


def test_a_calibrated_network_has_almost_no_calibration_error(rng):
    confidence = rng.random(100_000)
    correct = rng.random(100_000) < confidence
    assert expected_calibration_error(correct, confidence) < 0.01
    assert expected_calibration_error(correct, np.sqrt(confidence)) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7, 3.5])
def test_the_temperature_behind_the_probabilities_is_found(temperature, rng):
    labels, probabilities = predictions(rng, 20_000, temperature, spread=1.5)
    assert fit_temperature_and_bias(labels, probabilities) == (pytest.approx(temperature, rel=0.05), 0)


def test_the_temperature_stays_in_bounds(rng):
    correct, wrong = np.eye(10, dtype=np.float32), np.eye(10, dtype=np.float32)[::-1]
    assert 0.2 <= fit_temperature_and_bias(np.arange(10), correct)[0] <= 5
    assert 4.9 < fit_temperature_and_bias(np.arange(10), wrong)[0] <= 5


@pytest.mark.slow
def test_a_different_share_of_digits_becomes_a_bias(rng):
    labels, probabilities = predictions(rng, 50_000, 1.0, n_classes=11, spread=1.5)
    _, bias = fit_temperature_and_bias(labels, probabilities)
    share = (labels < 10).mean()
    # Bayes: the odds change by the ratio of the prior odds.
    expected = np.log((1 - DIGITS_AMONG_DRAWINGS) / DIGITS_AMONG_DRAWINGS) - np.log((1 - share) / share)
    assert bias == pytest.approx(expected, abs=0.15)


ROWS = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12), elements=st.floats(0, 1, width=32)
)


def normalized(rows):
    rows = rows.copy()
    rows[rows.sum(axis=1) < 1e-3] = 1
    return rows / rows.sum(axis=1, keepdims=True)


@given(ROWS)
def test_a_temperature_of_one_changes_nothing(rows):
    rows = normalized(rows)
    assert np.allclose(apply_calibration(rows, 1), rows, atol=1e-6)


@given(ROWS, st.floats(0.2, 5))
def test_a_temperature_never_changes_the_predicted_class(rows, temperature):
    rows = normalized(rows)
    calibrated = apply_calibration(rows, temperature)
    assert np.array_equal(calibrated.argmax(axis=1), rows.argmax(axis=1))
    assert np.allclose(calibrated.sum(axis=1), 1)
    assert calibrated.min() >= 0
    change = calibrated.max(axis=1) - rows.max(axis=1)
    assert (change <= 1e-6 if temperature >= 1 else change >= -1e-6).all()


def test_a_temperature_divides_the_logits(rng):
    logits = rng.normal(0, 2, (50, 11))
    assert np.allclose(apply_calibration(softmax(logits), 1.6), softmax(logits / 1.6))


@pytest.mark.parametrize("others", [0, 1])
@given(rows=ROWS)
def test_the_rejection_score_follows_its_definition(others, rows):
    rows = normalized(rows)
    scores = rejection_scores(rows, n_digits=rows.shape[1] - others)
    assert np.allclose(scores, [row[-1] if others else 1 - max(row.tolist()) for row in rows])
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.fixture
def overconfident(rng):
    """The predictions of a network of eleven classes, for 5,000 images, with logits that are twice too large."""
    labels, probabilities = predictions(rng, 5000, 2.0, n_classes=11, spread=2.5)
    return labels, probabilities


def test_calibration_lowers_confidence_and_accepts_most_digits(overconfident):
    labels, probabilities = overconfident
    calibration = calibrate(labels, probabilities)
    assert calibration.temperature == pytest.approx(2, rel=0.1)
    assert calibration.ece_after <= calibration.ece_before
    assert calibration.ece_before > 0.05
    calibrated = apply_calibration(probabilities, calibration.temperature, calibration.bias)
    below = rejection_scores(calibrated[labels < 10]) <= calibration.rejection_threshold
    assert below.mean() == pytest.approx(0.985, abs=0.001)
    assert calibration.accepted <= below.mean()
    assert (calibration.n_digits, calibration.n_others) == ((labels < 10).sum(), (labels == 10).sum())


def test_the_figures_of_a_calibration_agree_with_counting(overconfident):
    labels, probabilities = overconfident
    calibration = calibrate(labels, probabilities)
    logits = np.log(probabilities.astype(float))
    logits[:, 10] += calibration.bias
    calibrated = softmax(logits / calibration.temperature)
    accepted = [bool(row[10] <= calibration.rejection_threshold and max(row[:10]) >= 0.5) for row in calibrated]
    of_digits = [is_accepted for is_accepted, label in zip(accepted, labels, strict=True) if label < 10]
    of_others = [is_accepted for is_accepted, label in zip(accepted, labels, strict=True) if label == 10]
    assert calibration.accepted == pytest.approx(np.mean(of_digits), abs=1e-3)
    assert calibration.rejected == pytest.approx(1 - np.mean(of_others), abs=1e-3)
    correct = [row[:10].argmax() == label for row, label in zip(calibrated, labels, strict=True) if label < 10]
    for error, rows in ((calibration.ece_before, probabilities), (calibration.ece_after, calibrated)):
        confidence = [max(row[:10]) for row, label in zip(rows, labels, strict=True) if label < 10]
        assert error == pytest.approx(slow_calibration_error(correct, confidence, 15), abs=1e-3)


def test_with_digits_alone_nothing_is_rejected(rng):
    labels, probabilities = predictions(rng, 2000, 1.5)
    calibration = calibrate(labels, probabilities)
    assert (calibration.n_digits, calibration.n_others, calibration.rejected) == (2000, 0, 0)
    scores = rejection_scores(apply_calibration(probabilities, calibration.temperature))
    assert (scores <= calibration.rejection_threshold).mean() == pytest.approx(0.985, abs=0.001)
