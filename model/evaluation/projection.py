"""Project the features of many images to two dimensions, so that images that a network finds similar are close.

Knows arrays and scikit-learn; knows nothing of networks or figures.
"""

import numpy as np

from model.errors import DataError

MAX_TSNE_IMAGES = 2_000  # more take too long
_MIN_IMAGES = 4
_PERPLEXITY = 30.0  # about how many neighbours of each image count: scikit-learn's own choice
_START = 1e-4  # standard deviation of the first principal component at the start, as in scikit-learn


def pca(features: np.ndarray) -> np.ndarray:
    """Return the first two principal components of `features` `(n, d)` as `(n, 2)` float32.

    The directions in which the features differ most; distances can only shrink. The same features give the same
    points, signs included. 10,000 images take 0.07 s on 2 cores. Raises DataError for fewer than 4 images, a single
    feature, and values that are not finite.
    """
    _check(features)
    return _principal(features)


def tsne(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the t-SNE embedding `(n, 2)` float32 of `features` `(n, d)`, in which neighbours stay together.

    Groups come out clearer than by `pca`, but their sizes and the gaps between them mean nothing (L. van der
    Maaten, G. Hinton, "Visualizing data using t-SNE", 2008). Identical images get one point. The same features
    and seed give the same points on one machine. 2,000 images take 8 s on one core. Raises DataError for
    more than 2,000 images, and as `pca` does.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    _check(features)
    if len(features) > MAX_TSNE_IMAGES:
        raise DataError(
            f"{len(features):,} images came to be spread; expected at most {MAX_TSNE_IMAGES:,}, so choose fewer of "
            "them."
        )
    moved = features.astype(np.float64) - features[0]
    width = np.abs(moved).max()
    # If all units of a network are dead, all features are the same, and scikit-learn 1.9 crashes the process.
    if width == 0:
        return np.zeros((len(features), 2), np.float32)
    start = _principal(moved / width)
    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    embedding = TSNE(2, perplexity=perplexity, init=_START * start / start[:, 0].std(), random_state=seed)
    # Beside another program on 2 cores, its two threads wait for each other: 18 s instead of 11 s with one.
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(embedding.fit_transform(moved / width), np.float32)


def _principal(features: np.ndarray) -> np.ndarray:
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore", over="ignore"):  # features that never differ have no variance to share out
        return np.asarray(PCA(2, svd_solver="full").fit_transform(features), np.float32)


def _check(features: np.ndarray) -> None:
    n, width = features.shape
    if n < _MIN_IMAGES or width < 2:
        raise DataError(
            f"{n} images with {width} features came; expected at least {_MIN_IMAGES} with 2, so choose more images."
        )
    if not np.isfinite(features).all():
        raise DataError(
            "Features came that are no numbers; expected those of a network whose training did not diverge, so choose "
            "another run."
        )
