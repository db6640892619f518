"""Choose images by their labels: those held out for validation, and a few of each class for display."""

import numpy as np
import numpy.typing as npt

from model.data.dataset import Labels
from model.errors import DataError

Indices = npt.NDArray[np.int64]  # (n,)


def validation_split(labels: Labels, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the sorted indices of the training images and of the validation images.

    Stratified: every class keeps its share, and at least one image of each class is in both sets. Raises DataError if
    a class has only one image.

    >>> train, validation = validation_split(np.repeat([0, 1, 2], 10), share=0.1, seed=0)
    >>> len(train), len(validation)
    (27, 3)
    """
    counts = np.bincount(labels)
    smallest = int(counts[counts > 0].min())
    if smallest < 2:
        raise DataError(
            "There are too few images to hold out {share:.1%} of {n:,} for validation: the smallest class has "
            "{smallest:,}. Add images, so that each class is in both sets.",
            share=share,
            n=len(labels),
            smallest=smallest,
        )
    return hold_out(labels, share, seed)


def hold_out(labels: Labels, share: float, seed: int) -> tuple[Indices, Indices]:
    """Return the sorted indices of the remaining images and of those held out, at least one of each class in both.

    scikit-learn's StratifiedShuffleSplit chooses them. Where it can't, because the share is smaller than one image per
    class, or leaves a class out, images of these classes are added. Every class needs at least two images.
    """
    from sklearn.model_selection import StratifiedShuffleSplit

    present = np.unique(labels)
    try:
        splitter = StratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        _rest, held_out = next(splitter.split(labels, labels))
    except ValueError:
        held_out = np.zeros(0, np.int64)
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    chosen[held_out] = True
    for label in present:
        of_class = np.flatnonzero(labels == label)
        if not chosen[of_class].any():
            n = max(1, int(share * len(of_class)))
            chosen[rng.choice(of_class, n, replace=False)] = True
        elif chosen[of_class].all():
            chosen[rng.choice(of_class)] = False
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


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
