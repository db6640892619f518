"""Networks as lists of layers, compared with the table in the exercise and with Keras."""

from math import prod

import pytest

from model.errors import ConfigError
from model.networks import keras_models
from model.networks.presets import PRESETS, layers_of
from model.networks.summary import summary
from tests.support import check_message

# The table of the classroom exercise, copied by hand: the output shape and the parameters of each layer.
CONVOLUTIONS = [
    ((26, 26, 32), 320),
    ((13, 13, 32), 0),
    ((11, 11, 64), 18_496),
    ((5, 5, 64), 0),
    ((1600,), 0),
]
EXERCISE = {
    "dense-64": ([*CONVOLUTIONS, ((64,), 102_464), ((10,), 650)], 121_930),
    "dense-128": ([*CONVOLUTIONS, ((128,), 204_928), ((10,), 1_290)], 225_034),
    "dense-128-dropout": ([*CONVOLUTIONS, ((128,), 204_928), ((128,), 0), ((10,), 1_290)], 225_034),
}


@pytest.mark.parametrize("name", EXERCISE)
def test_a_preset_has_the_shapes_and_counts_of_the_exercise(name):
    expected, total = EXERCISE[name]
    rows = summary(name, (28, 28, 1), 10)
    assert [(row.shape, row.parameters) for row in rows] == expected
    assert sum(row.parameters for row in rows) == total


# A 3x3 convolution without bias has 9 x input maps x output maps weights; a normalization has 4 parameters per map.
DEEP = [
    ((28, 28, 32), 288),
    ((28, 28, 32), 128),
    ((28, 28, 32), 0),
    ((28, 28, 32), 9_216),
    ((28, 28, 32), 128),
    ((28, 28, 32), 0),
    ((14, 14, 32), 0),
    ((14, 14, 64), 18_432),
    ((14, 14, 64), 256),
    ((14, 14, 64), 0),
    ((14, 14, 64), 36_864),
    ((14, 14, 64), 256),
    ((14, 14, 64), 0),
    ((7, 7, 64), 0),
    ((7, 7, 128), 73_728),
    ((7, 7, 128), 512),
    ((7, 7, 128), 0),
    ((7, 7, 128), 147_456),
    ((7, 7, 128), 512),
    ((7, 7, 128), 0),
    ((128,), 0),
    ((11,), 1_419),
]


def test_the_deep_preset_agrees_with_counting_by_hand():
    rows = summary("deep", (28, 28, 1), 11)
    assert [(row.shape, row.parameters) for row in rows] == DEEP
    assert sum(row.parameters for row in rows) == 289_195


def test_keras_counts_the_same_parameters_in_the_deep_preset():
    model = keras_models.build("deep", (28, 28, 1), 11)
    assert model.count_params() == 289_195
    running = 2 * 2 * (32 + 64 + 128)  # two of the four are running averages, in two normalizations each
    assert sum(prod(weight.shape) for weight in model.non_trainable_weights) == running


def test_the_deep_preset_accepts_images_of_four_pixels():
    assert summary("deep", (4, 4, 1), 10)[-1].shape == (10,)
    with pytest.raises(ConfigError) as caught:
        summary("deep", (3, 3, 1), 10)
    check_message(caught.value, image="3×3", preset="deep")


@pytest.mark.slow
@pytest.mark.parametrize("shape, n_classes", [((28, 28, 1), 10), ((32, 32, 3), 10), ((45, 20, 1), 7), ((10, 10, 3), 2)])
@pytest.mark.parametrize("name", PRESETS)
def test_keras_builds_exactly_the_layers_of_the_summary(name, shape, n_classes):
    model = keras_models.build(name, shape, n_classes)
    rescaling, *layers = model.layers
    rows = summary(name, shape, n_classes)
    assert [(layer.output.shape[1:], layer.count_params()) for layer in layers] == [
        (row.shape, row.parameters) for row in rows
    ]
    assert rescaling.count_params() == 0


@pytest.mark.parametrize("name", EXERCISE)
def test_keras_summary_has_the_same_counts(name):
    lines = []
    keras_models.build(name, (28, 28, 1), 10).summary(print_fn=lambda line, **_: lines.append(line))
    text = "\n".join(lines)
    rows, total = EXERCISE[name]
    assert f"Total params: {total:,}" in text
    assert all(f"{count:,}" in text for _, count in rows)
    assert all(f"(None, {', '.join(map(str, shape))})" in text for shape, _ in rows)


def test_dropout_is_a_fifth_before_the_output():
    *_, dropout, output = keras_models.build("dense-128-dropout", (28, 28, 1), 10).layers
    assert (dropout.rate, output.activation.__name__) == (0.2, "softmax")


def test_the_network_scales_raw_pixels_itself(rng):
    import keras

    model = keras_models.build("dense-64", (28, 28, 1), 10)
    pixels = rng.integers(0, 256, (3, 28, 28, 1)).astype("float32")
    without_first_step = keras.Sequential(model.layers[1:])
    from_scaled_pixels = without_first_step(pixels / 255)
    assert float(keras.ops.max(keras.ops.abs(model(pixels) - from_scaled_pixels))) < 1e-6


def test_images_that_are_too_small_are_rejected():
    with pytest.raises(ConfigError) as caught:
        summary("dense-64", (9, 9, 1), 10)
    check_message(caught.value, image="9×9", preset="dense-64")


def test_an_unknown_preset_is_rejected_with_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        layers_of("resnet", 10)
    check_message(caught.value, name="preset", value="resnet", choices=", ".join(PRESETS))
