"""Choose images by their labels: those held out for validation, and a few of each class for display."""

import numpy as np
import numpy.typing as npt

from model.data.dataset import Labels
from model.errors import DataError

Indices = npt.NDArray[np.int64]  # (n,)


def validation_split(labels: Labels, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the sorted indices of the training images and of the validation images.

    Stratified (scikit-learn's StratifiedShuffleSplit): every class keeps its share. Raises DataError if a class has too
    few images for both sets.

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
            "There are too few images to hold out {share:.1%} of {n:,} for validation: the smallest class has "
            "{smallest:,}. Add images or hold out a larger share, so that each class is in both sets.",
            share=share,
            n=len(labels),
            smallest=int(counts[counts > 0].min()),
        ) from error
    return np.sort(train), np.sort(validation)


def round_robin_by_class(labels: Labels, n: int) -> Indices:
    """Return the indices of at most `n` images: the first of each class, then the second of each class, and so on.

    >>> round_robin_by_class(np.array([0, 0, 0, 1, 1, 2]), 4).tolist()
    [0, 3, 5, 1]
    """
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        turns[of_class] = np.arange(of_class.sum())
    return np.lexsort((labels, turns))[:n]
