"""Rejects predictions as not a digit, or restricts them to the ten digits.

Classes from `n_digits` on aren't digits.
"""

import numpy as np

from model.results import Array, Predictions

N_DIGITS = 10
LIKELY = 0.5  # least probability of the best digit: whatever is rather something else than this digit isn't read as it
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


def is_accepted(probabilities: Array, threshold: float, n_digits: int = N_DIGITS) -> Array:
    """Return which rows of `(n, classes)` are accepted as digits, `(n,)` bool.

    The rejection score must not exceed the threshold, and one digit must be more likely than everything else together:
    a network that can't decide between two digits may still be sure that it's one of them.

    >>> is_accepted(np.array([[0.7, 0.2, 0.1], [0.45, 0.45, 0.1], [0.1, 0.2, 0.7]]), 0.5, n_digits=2).tolist()
    [True, False, False]
    """
    is_likely = probabilities[:, :n_digits].max(axis=1) >= LIKELY
    return np.asarray((rejection_scores(probabilities, n_digits) <= threshold) & is_likely)


def restrict_to_digits(labels: Array, probabilities: Array, n_classes: int) -> Predictions:
    """Return predictions of only the first `n_classes` classes, from all outputs of a network, `(n, outputs)`.

    Test sets have no images of "no digit", so its probability is dropped and the others are scaled to a sum of 1.
    """
    if probabilities.shape[1] == n_classes:
        return Predictions(labels, probabilities)
    classes = probabilities[:, :n_classes]
    return Predictions(labels, classes / np.maximum(classes.sum(axis=1, keepdims=True), _SMALLEST))
