"""Which images are chosen by their labels: those held back to validate with, and a few of each class to look at.

Knows labels only.
"""

import numpy as np

from model.errors import DataError


def validation_split(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted indices of the images to train on and of those to validate with.

    Stratified (scikit-learn's StratifiedShuffleSplit): every class keeps its share. Raises DataError where a class
    has too few images to be in both parts.
    """
    from sklearn.model_selection import StratifiedShuffleSplit

    splitter = StratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    try:
        train, validation = next(splitter.split(labels, labels))
    except ValueError as error:
        counts = np.bincount(labels)
        raise DataError(
            f"The rarest class has {counts[counts > 0].min()} training images and {share:.1%} of {len(labels)} images "
            f"were to be held back; expected at least 2 of each class and one of each to hold back, "
            "so bring more images or hold back a larger share."
        ) from error
    return np.sort(train), np.sort(validation)


def round_robin_by_class(labels: np.ndarray, n: int) -> np.ndarray:
    """Return the indices of `n` images, of all where there are fewer: the first of each class, the second of each, …"""
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        turns[of_class] = np.arange(of_class.sum())
    return np.lexsort((labels, turns))[:n]
