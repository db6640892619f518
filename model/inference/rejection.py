"""Rejects predictions as not a digit, or restricts them to the ten digits.

Classes from `n_digits` on aren't digits.
"""

import numpy as np

from model.results import Array, Predictions

N_DIGITS = 10
_SMALLEST = np.float32(1e-30)


def rejection_scores(probabilities: Array, n_digits: int = N_DIGITS) -> Array:
    """Return how little each row of `(n, classes)` looks like a digit, `(n,)` float64 in [0, 1].

    It is the probability of "no digit" if the network has that class, otherwise 1 minus the best digit's probability.
    Other scores were worse: see "What was tried and lost" in docs/measurements.md.

    >>> rejection_scores(np.array([[0.1, 0.9]]), n_digits=2).round(3).tolist()
    [0.1]
    >>> rejection_scores(np.array([[0.1, 0.6, 0.3]]), n_digits=2).round(3).tolist()
    [0.3]
    """
    probabilities = probabilities.astype(np.float64)
    if probabilities.shape[1] > n_digits:
        scores = probabilities[:, n_digits:].sum(axis=1)
    else:
        scores = 1 - probabilities.max(axis=1)
    return np.asarray(np.clip(scores, 0, 1))


def is_accepted(scores: Array, threshold: float) -> Array:
    """Return which predictions are accepted as digits, as bool: those with rejection scores up to the threshold."""
    return np.asarray(scores <= threshold)


def restrict_to_digits(labels: Array, probabilities: Array, n_classes: int) -> Predictions:
    """Return predictions of only the first `n_classes` classes, from all outputs of a network, `(n, outputs)`.

    Test sets have no images of "no digit", so its probability is dropped and the others are scaled to a sum of 1.
    """
    if probabilities.shape[1] == n_classes:
        return Predictions(labels, probabilities)
    classes = probabilities[:, :n_classes]
    return Predictions(labels, classes / np.maximum(classes.sum(axis=1, keepdims=True), _SMALLEST))
