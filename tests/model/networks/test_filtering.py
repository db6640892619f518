"""One filter and one pooling, compared with SciPy and with Keras."""

from itertools import product

import numpy as np
import pytest
from scipy.signal import correlate2d

from model.networks.filtering import convolve, max_pool

CASES = list(product((28, 27, 9), (1, 2, 3), (False, True), (False, True)))


def example(side):
    rng = np.random.default_rng(side)
    return rng.integers(0, 256, (side, side)), rng.normal(size=(3, 3)).round(2)


@pytest.mark.parametrize("side", [28, 9])
@pytest.mark.parametrize("padding", [False, True])
def test_a_convolution_equals_scipy(side, padding):
    image, kernel = example(side)
    expected = correlate2d(image, kernel, mode="same" if padding else "valid")
    assert convolve(image, kernel, padding=padding) == pytest.approx(expected)
    assert convolve(image, kernel, padding=padding, relu=True) == pytest.approx(expected.clip(min=0))


@pytest.mark.slow
def test_convolution_and_pooling_equal_keras():
    import keras

    for side, stride, padding, relu in CASES:
        image, kernel = example(side)
        layer = keras.layers.Conv2D(
            1, 3, stride, "same" if padding else "valid", activation="relu" if relu else None, use_bias=False
        )
        layer.build((None, side, side, 1))
        layer.set_weights([kernel[..., None, None]])
        expected = layer(image[None, ..., None].astype("float32"))
        output = convolve(image, kernel, stride, padding, relu)
        assert output == pytest.approx(np.array(expected)[0, ..., 0], abs=1e-2), (side, stride, padding, relu)
        pooled = np.array(keras.layers.MaxPooling2D()(expected))[0, ..., 0]
        assert max_pool(output) == pytest.approx(pooled, abs=1e-2), (side, stride, padding, relu)
