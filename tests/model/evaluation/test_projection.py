"""Projections of features, checked against a singular value decomposition and with clearly separate groups."""

import numpy as np
import pytest

from model.errors import DataError
from model.evaluation.projection import MAX_TSNE_IMAGES, pca, tsne


def groups(rng, n=90, width=20, apart=30.0):
    """Return three distant clouds of points, and the cloud of each point."""
    group = np.arange(n) % 3
    return (rng.normal(size=(n, width)) + apart * np.eye(3, width)[group]).astype(np.float32), group


def test_pca_agrees_with_a_singular_value_decomposition(rng):
    features = rng.normal(size=(300, 12)) * np.arange(1, 13)
    centred = features - features.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    points = pca(features)
    assert points.shape == (300, 2)
    assert points.dtype == np.float32
    for axis in range(2):
        expected = centred @ directions[axis]
        assert min(np.abs(points[:, axis] - sign * expected).max() for sign in (1, -1)) < 1e-3


def test_a_pca_is_reproducible_signs_included(rng):
    features, _ = groups(rng)
    points = pca(features)
    assert np.array_equal(points, pca(features))
    # In another order, the decomposition may flip a sign; the projection must not.
    assert np.allclose(pca(features[::-1]), points[::-1], atol=1e-3)


@pytest.mark.parametrize("project", [pca, tsne])
def test_similar_images_are_close(project, rng):
    features, group = groups(rng)
    points = project(features)
    assert points.shape == (90, 2)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (group[distance.argmin(axis=1)] == group).all()


def test_a_tsne_is_reproducible(rng):
    features, _ = groups(rng, n=60)
    assert np.array_equal(tsne(features), tsne(features))


@pytest.mark.parametrize("n", [4, 20])
def test_four_images_can_be_projected(n, rng):
    features, _ = groups(rng, n)
    assert pca(features).shape == tsne(features).shape == (n, 2)


@pytest.mark.parametrize("project", [pca, tsne])
@pytest.mark.parametrize("shape", [(0, 5), (3, 5), (50, 1)])
def test_too_few_images_or_features_raise_an_error(project, shape):
    with pytest.raises(DataError) as caught:
        project(np.zeros(shape, np.float32))
    assert caught.value.values == {"least": 4, "n": shape[0], "width": shape[1]}


def test_too_many_images_for_tsne_raise_an_error():
    with pytest.raises(DataError) as caught:
        tsne(np.zeros((MAX_TSNE_IMAGES + 1, 3), np.float32))
    assert caught.value.values == {"most": 2000, "n": 2001}


@pytest.mark.parametrize("project", [pca, tsne])
@pytest.mark.parametrize("value", [0, 1, 0.1, 1e30])
def test_identical_images_have_the_same_point(project, value):
    assert np.ptp(project(np.full((50, 5), value, np.float32)), axis=0).max() <= 1e-6 * value


@pytest.mark.parametrize("value", [1e-40, 1e-30, 1.0, 1e30])
def test_one_image_that_differs_from_all_others_is_projected(value):
    features = np.zeros((50, 20), np.float32)
    features[0, 3] = value
    assert np.isfinite(tsne(features)).all()
    assert np.isfinite(pca(features)).all()


@pytest.mark.parametrize("project", [pca, tsne])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_raise_an_error(project, value):
    features = np.ones((50, 5), np.float32)
    features[7, 2] = value
    with pytest.raises(DataError):
        project(features)
