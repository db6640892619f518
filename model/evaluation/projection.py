"""Projects the features of many images to two dimensions, so that images that a network finds similar are close.

Knows arrays and scikit-learn; knows nothing of networks or figures.
"""

import numpy as np

from model.errors import DataError

MAX_TSNE_IMAGES = 2_000  # with more it takes too long
_MIN_IMAGES = 4
_PERPLEXITY = 30.0  # roughly the number of neighbours that count; scikit-learn's default
_START = 1e-4  # initial standard deviation of the first principal component, as in scikit-learn


def pca(features: np.ndarray) -> np.ndarray:
    """Return the first two principal components of `features` `(n, d)` as `(n, 2)` float32.

    These are the directions in which the features vary most; distances can only shrink. The same features always give
    the same points, including their signs. 10,000 images take 0.07 s on 2 cores. Raises DataError for fewer than 4
    images, a single feature, or values that aren't finite.
    """
    _check(features)
    return _principal(features)


def tsne(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the t-SNE embedding `(n, 2)` float32 of `features` `(n, d)`, which keeps neighbours together.

    Groups are clearer than with `pca`, but their sizes and the gaps between them mean nothing (L. van der Maaten,
    G. Hinton, "Visualizing data using t-SNE", 2008). If all images are identical, so are their points. On one machine,
    the same features and seed give the same points. 2,000 images take 8 s on one core. Raises DataError for more than
    2,000 images, and like `pca`.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    _check(features)
    if len(features) > MAX_TSNE_IMAGES:
        raise DataError(
            "t-SNE takes at most {most:,} images, got {n:,}. Choose fewer.",
            most=MAX_TSNE_IMAGES,
            n=len(features),
        )
    moved = features.astype(np.float64) - features[0]
    width = np.abs(moved).max()
    # If all units of a network are dead, all features are equal, and scikit-learn 1.9 crashes the process.
    if width == 0:
        return np.zeros((len(features), 2), np.float32)
    start = _principal(moved / width)
    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    embedding = TSNE(2, perplexity=perplexity, init=_START * start / start[:, 0].std(), random_state=seed)
    # While another program uses the 2 cores, its two threads wait for each other: 18 s, but 11 s with one thread.
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(embedding.fit_transform(moved / width), np.float32)


def _principal(features: np.ndarray) -> np.ndarray:
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore", over="ignore"):  # equal features have no variance
        return np.asarray(PCA(2, svd_solver="full").fit_transform(features), np.float32)


def _check(features: np.ndarray) -> None:
    n, width = features.shape
    if n < _MIN_IMAGES or width < 2:
        raise DataError(
            "The projection needs at least {least} images with 2 features each, got {n} with {width}. Choose more "
            "images.",
            least=_MIN_IMAGES,
            n=n,
            width=width,
        )
    if not np.isfinite(features).all():
        raise DataError(
            "Some features of this network aren't finite numbers, probably because its training diverged. Choose "
            "another run."
        )
