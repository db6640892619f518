"""Layouts of features, held against a singular value decomposition and against groups that are plainly apart."""

import numpy as np
import pytest

from model.errors import DataError
from model.evaluation.projection import MAX_TSNE_IMAGES, pca, tsne


def groups(rng, n=90, width=20, apart=30.0):
    """Three clouds, far apart; and to which each image belongs."""
    group = np.arange(n) % 3
    return (rng.normal(size=(n, width)) + apart * np.eye(3, width)[group]).astype(np.float32), group


def test_pca_agrees_with_a_singular_value_decomposition(rng):
    features = rng.normal(size=(300, 12)) * np.arange(1, 13)
    centred = features - features.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    layout = pca(features)
    assert layout.shape == (300, 2)
    assert layout.dtype == np.float32
    for axis in range(2):
        expected = centred @ directions[axis]
        assert min(np.abs(layout[:, axis] - sign * expected).max() for sign in (1, -1)) < 1e-3


def test_a_pca_is_reproducible_signs_included(rng):
    features, _ = groups(rng)
    layout = pca(features)
    assert np.array_equal(layout, pca(features))
    # In another order the decomposition may turn a sign round; the picture must not.
    assert np.allclose(pca(features[::-1]), layout[::-1], atol=1e-3)


@pytest.mark.parametrize("lay_out", [pca, tsne])
def test_similar_images_are_close(lay_out, rng):
    features, group = groups(rng)
    layout = lay_out(features)
    assert layout.shape == (90, 2)
    assert layout.dtype == np.float32
    assert np.isfinite(layout).all()
    distance = np.linalg.norm(layout[:, None] - layout[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (group[distance.argmin(axis=1)] == group).all()


def test_a_tsne_is_reproducible(rng):
    features, _ = groups(rng, n=60)
    assert np.array_equal(tsne(features), tsne(features))


@pytest.mark.parametrize("n", [4, 20])
def test_four_images_can_be_projected(n, rng):
    features, _ = groups(rng, n)
    assert pca(features).shape == tsne(features).shape == (n, 2)


@pytest.mark.parametrize("lay_out", [pca, tsne])
@pytest.mark.parametrize("shape", [(0, 5), (3, 5), (50, 1)])
def test_too_few_images_or_features_are_refused_in_words(lay_out, shape):
    with pytest.raises(DataError, match="expected at least 4 with 2, so choose more images"):
        lay_out(np.zeros(shape, np.float32))


def test_too_many_images_for_tsne_are_refused_in_words():
    with pytest.raises(DataError, match="2,001 images came to be spread; expected at most 2,000"):
        tsne(np.zeros((MAX_TSNE_IMAGES + 1, 3), np.float32))


@pytest.mark.parametrize("lay_out", [pca, tsne])
@pytest.mark.parametrize("value", [0, 1, 0.1, 1e30])
def test_identical_images_get_one_point(lay_out, value):
    assert np.ptp(lay_out(np.full((50, 5), value, np.float32)), axis=0).max() <= 1e-6 * value


@pytest.mark.parametrize("value", [1e-40, 1e-30, 1.0, 1e30])
def test_one_image_that_differs_from_all_others_is_projected(value):
    features = np.zeros((50, 20), np.float32)
    features[0, 3] = value
    assert np.isfinite(tsne(features)).all()
    assert np.isfinite(pca(features)).all()


@pytest.mark.parametrize("lay_out", [pca, tsne])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_in_words(lay_out, value):
    features = np.ones((50, 5), np.float32)
    features[7, 2] = value
    with pytest.raises(DataError, match="did not diverge, so choose another run"):
        lay_out(features)
