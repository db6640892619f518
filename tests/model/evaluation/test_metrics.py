"""Every metric, checked against counting by hand and against Keras."""

import numpy as np
import pytest

from model.evaluation.metrics import compute_metrics
from model.results import Metrics, Predictions

NAMES = tuple("abcde")


@pytest.fixture
def evaluation(rng) -> Predictions:
    """500 predictions in five classes; class e never occurs, and class d is never predicted."""
    labels = rng.integers(0, 4, 500)
    probabilities = rng.dirichlet(np.ones(5), 500)
    probabilities[np.arange(500), labels] += rng.random(500)
    probabilities[:, 3] = 0.001
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Predictions(labels, probabilities.astype(np.float32))


def test_the_confusion_matrix_counts_pairs(evaluation):
    counted = np.zeros((5, 5), int)
    for true, row in zip(evaluation.labels, evaluation.probabilities, strict=True):
        counted[true, int(np.argmax(row))] += 1
    assert np.array_equal(compute_metrics(evaluation.labels, evaluation.probabilities, NAMES).confusion, counted)


def test_metrics_of_each_class_follow_from_the_matrix(evaluation):
    metrics = compute_metrics(evaluation.labels, evaluation.probabilities, NAMES)
    for i, row in enumerate(metrics.classes):
        hits, predicted, occurring = metrics.confusion[i, i], metrics.confusion[:, i].sum(), metrics.confusion[i].sum()
        precision = hits / predicted if predicted else 0
        recall = hits / occurring if occurring else 0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
        assert (row.precision, row.recall, row.f1) == pytest.approx((precision, recall, f1))
        assert (row.name, row.support) == (NAMES[i], occurring)


def test_macro_averages_weight_each_class_that_occurs_equally(evaluation):
    metrics = compute_metrics(evaluation.labels, evaluation.probabilities, NAMES)
    occurring = metrics.classes[:4]
    assert metrics.macro_precision == pytest.approx(np.mean([row.precision for row in occurring]))
    assert metrics.macro_recall == pytest.approx(np.mean([row.recall for row in occurring]))
    assert metrics.macro_f1 == pytest.approx(np.mean([row.f1 for row in occurring]))


def test_loss_and_accuracy_agree_with_keras(evaluation):
    import keras

    loss = keras.losses.sparse_categorical_crossentropy(evaluation.labels, evaluation.probabilities)
    hit = keras.metrics.sparse_categorical_accuracy(evaluation.labels, evaluation.probabilities)
    metrics = compute_metrics(evaluation.labels, evaluation.probabilities, NAMES)
    assert metrics.loss == pytest.approx(float(keras.ops.mean(loss)), abs=1e-6)
    assert metrics.accuracy == pytest.approx(float(keras.ops.mean(hit)), abs=1e-6)


def test_a_confident_mistake_has_a_high_but_finite_loss():
    metrics = compute_metrics(np.array([0]), np.array([[0.0, 1.0]], np.float32), "ab")
    assert metrics.loss == pytest.approx(-np.log(1e-7))


def test_all_mistakes_are_listed_most_confident_first(evaluation):
    metrics = compute_metrics(evaluation.labels, evaluation.probabilities, NAMES)
    predicted = evaluation.probabilities.argmax(axis=1)
    assert {mistake.index for mistake in metrics.mistakes} == set(np.flatnonzero(predicted != evaluation.labels))
    for mistake in metrics.mistakes:
        assert (mistake.true, mistake.predicted) == (evaluation.labels[mistake.index], predicted[mistake.index])
        assert mistake.probability == pytest.approx(evaluation.probabilities[mistake.index].max())
    confidence = [mistake.probability for mistake in metrics.mistakes]
    assert confidence == sorted(confidence, reverse=True)


def test_metrics_are_read_back_from_json(evaluation):
    import json

    metrics = compute_metrics(evaluation.labels, evaluation.probabilities, NAMES)
    again = Metrics.from_dict(json.loads(json.dumps(metrics.to_dict())))
    assert again.to_dict() == metrics.to_dict()
    assert np.array_equal(again.confusion, metrics.confusion)
