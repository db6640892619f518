"""When a prediction is not to be trusted: the rejection score, and predictions restricted to the ten digits."""

import numpy as np

from model.results import Predictions

N_DIGITS = 10


def rejection_scores(probabilities: np.ndarray, n_digits: int = N_DIGITS) -> np.ndarray:
    """Return the doubt that each row of `(n, classes)` is a digit, `(n,)` float64 in [0, 1].

    It is what the network gives to "no digit", where it was taught that; otherwise 1 minus the best digit's
    probability. Other scores lost: README, "What was tried and lost".
    """
    probabilities = probabilities.astype(np.float64)
    if probabilities.shape[1] > n_digits:
        return np.clip(probabilities[:, n_digits:].sum(axis=1), 0, 1)
    return np.clip(1 - probabilities.max(axis=1), 0, 1)


_SMALLEST = np.float32(1e-30)


def restrict_to_digits(labels: np.ndarray, probabilities: np.ndarray, n_classes: int) -> Predictions:
    """Return what is judged on a test set of `n_classes` classes, from all that a network says, `(n, answers)`.

    A network that knows "no digit" is asked which digit each image is, if it is one: that answer is left out and the
    others are brought to a sum of 1. How many images it would refuse is told apart, by their reject scores.
    """
    if probabilities.shape[1] == n_classes:
        return Predictions(labels, probabilities)
    classes = probabilities[:, :n_classes]
    return Predictions(labels, classes / np.maximum(classes.sum(axis=1, keepdims=True), _SMALLEST))
