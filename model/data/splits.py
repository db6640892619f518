"""Choose images by their labels: those held back for validation, and a few of each class to look at."""

import numpy as np
import numpy.typing as npt

from model.data.dataset import Labels
from model.errors import DataError

Indices = npt.NDArray[np.int64]  # (n,)


def validation_split(labels: Labels, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the sorted indices of the images to train on and of those to validate on.

    Stratified (scikit-learn's StratifiedShuffleSplit): every class keeps its share. Raises DataError where a class
    has too few images to be in both parts.

    >>> train, validation = validation_split(np.repeat([0, 1, 2], 10), share=0.1, seed=0)
    >>> len(train), len(validation)
    (27, 3)
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


def round_robin_by_class(labels: Labels, n: int) -> Indices:
    """Return the indices of `n` images, of all where there are fewer: the first of each class, the second of each, …

    >>> round_robin_by_class(np.array([0, 0, 0, 1, 1, 2]), 4).tolist()
    [0, 3, 5, 1]
    """
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        turns[of_class] = np.arange(of_class.sum())
    return np.lexsort((labels, turns))[:n]
