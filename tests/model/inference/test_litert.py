"""Exported networks compute the same as Keras."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.errors import RunError
from model.inference.litert import Recognizer
from model.networks import keras_models
from model.training.export import export_litert
from tests.support import PROJECT


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model.tflite"
    model = keras_models.build("dense-64", (28, 28, 1), 10)
    export_litert(model, path)
    return model, path


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28, 1)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("n", [0, 1, 7, 250, 613])
def test_any_number_of_images_gives_the_same_as_keras(exported, n):
    model, path = exported
    expected = model.predict(images(n).astype("float32"), verbose=0) if n else np.empty((0, 10))
    outputs = Recognizer(path).probabilities(images(n))
    assert outputs.shape == (n, 10)
    assert outputs.dtype == np.float32
    assert np.allclose(outputs, expected, atol=1e-5)


def test_threads_get_the_probabilities_of_their_images(exported):
    _, path = exported
    recognizer, many = Recognizer(path), images(200)
    expected = recognizer.probabilities(many)
    with ThreadPoolExecutor(16) as threads:
        outputs = list(threads.map(lambda i: recognizer.probabilities(many[i : i + 1])[0], range(200)))
    assert np.allclose(np.stack(outputs), expected, atol=1e-5)


def test_probabilities_are_not_overwritten_by_the_next_call(exported):
    _, path = exported
    recognizer = Recognizer(path)
    first = recognizer.probabilities(images(1))
    kept = first.copy()
    recognizer.probabilities(images(1, seed=5))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("name", ["probabilities", "features", "layer_outputs"])
def test_images_of_the_wrong_size_raise_an_error(exported, name):
    _, path = exported
    with pytest.raises(RunError) as caught:
        getattr(Recognizer(path), name)(np.zeros((1, 32, 32, 3), np.uint8))
    assert caught.value.values == {"expected": (28, 28, 1), "value": (32, 32, 3)}


@pytest.mark.parametrize("content", [b"", b"not a network", b"TFL3" * 100])
def test_a_file_that_is_not_a_network_raises_an_error(tmp_path, content):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        Recognizer(path)
    assert caught.value.values == {"file": "model.tflite", "folder": tmp_path.name}


OLDER = PROJECT / "model/pretrained/dense-128-dropout/checkpoints/epoch-000.tflite"

# The index of the Keras layer behind each output, counted from the layer that rescales pixels.
LAYERS = {
    "dense-64": {"convolution_1": 1, "pooling_1": 2, "convolution_2": 3, "features": 6, "probabilities": 7},
    "dense-128-dropout": {"convolution_1": 1, "pooling_1": 2, "convolution_2": 3, "features": 7, "probabilities": 8},
    "deep": {"convolution_1": 3, "pooling_1": 7, "convolution_2": 6, "features": 21, "probabilities": 22},
}
SHAPES = {
    "dense-64": [(26, 26, 32), (13, 13, 32), (11, 11, 64), (64,), (10,)],
    "dense-128-dropout": [(26, 26, 32), (13, 13, 32), (11, 11, 64), (128,), (10,)],
    "deep": [(28, 28, 32), (14, 14, 32), (28, 28, 32), (128,), (11,)],
}


@pytest.fixture(scope="module", params=LAYERS)
def network(request, tmp_path_factory):
    """A network, its file and its preset; with random batch normalizations, as if it were trained."""
    import keras

    model = keras_models.build(request.param, (28, 28, 1), 11 if request.param == "deep" else 10)
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            maps = layer.gamma.shape
            scale, shift, mean = rng.uniform(0.5, 2, maps), rng.normal(0, 0.3, maps), rng.normal(0, 0.2, maps)
            layer.set_weights([scale, shift, mean, rng.uniform(0.2, 2, maps)])
    path = tmp_path_factory.mktemp("network") / "model.tflite"
    export_litert(model, path)
    return model, path, request.param


@pytest.mark.slow
def test_the_first_filters_are_those_of_keras(network):
    model, path, name = network
    filters = Recognizer(path).first_filters()
    expected = np.moveaxis(model.layers[1].get_weights()[0][:, :, 0], -1, 0)
    if name == "deep":  # its batch normalization scales each filter
        gamma, _beta, _mean, variance = model.layers[2].get_weights()
        expected = expected * (gamma / np.sqrt(variance + model.layers[2].epsilon))[:, None, None]
    assert filters == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_layer_outputs_are_those_of_keras(network):
    import keras

    model, path, name = network
    layers = [model.layers[index].output for index in LAYERS[name].values()]
    inside = keras.Model(model.inputs[0], layers)
    recognizer = Recognizer(path)
    for seed in range(3):
        image = images(1, seed)
        outputs = recognizer.layer_outputs(image)
        assert set(outputs) == set(LAYERS[name])
        for key, expected in zip(LAYERS[name], inside(image.astype("float32")), strict=True):
            expected = keras.ops.convert_to_numpy(expected)[0]
            assert outputs[key].dtype == np.float32
            assert outputs[key].any()
            assert np.allclose(outputs[key], expected, atol=1e-4, rtol=1e-4), key


def test_layer_outputs_have_the_shapes_of_the_table(network):
    _, path, name = network
    outputs = Recognizer(path).layer_outputs(images(1))
    assert [outputs[key].shape for key in LAYERS[name]] == SHAPES[name]
    assert all(outputs[key].min() >= 0 for key in outputs)  # each comes after a ReLU


@pytest.mark.slow
def test_one_and_many_images_give_the_same_as_keras(network):
    model, path, name = network
    recognizer = Recognizer(path)
    assert recognizer.n_classes == SHAPES[name][-1][0]
    assert recognizer.input_shape == (28, 28, 1)
    expected = model.predict(images(103).astype("float32"), verbose=0)
    assert np.allclose(recognizer.probabilities(images(103)), expected, atol=1e-4)
    assert np.allclose(recognizer.probabilities(images(103)[:1]), expected[:1], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("n", [0, 1, 103])
def test_features_are_those_of_keras(network, n):
    import keras

    model, path, name = network
    inside = keras.Model(model.inputs[0], model.layers[LAYERS[name]["features"]].output)
    width = SHAPES[name][3][0]
    expected = inside.predict(images(n).astype("float32"), verbose=0) if n else np.empty((0, width))
    features = Recognizer(path).features(images(n))
    assert features.shape == (n, width)
    assert features.dtype == np.float32
    assert np.allclose(features, expected, atol=1e-4, rtol=1e-4)


def test_features_do_not_wait_for_a_drawing(exported):
    _, path = exported
    recognizer = Recognizer(path)
    with ThreadPoolExecutor(1) as threads, recognizer._lock:
        features = threads.submit(recognizer.features, images(1))
        assert features.result(timeout=30).shape == (1, 64)


def test_an_older_file_has_no_features(older):
    with pytest.raises(RunError) as caught:
        Recognizer(older).features(images(2))
    assert caught.value.values == {"file": older.name, "folder": older.parent.name}


def test_layer_outputs_are_not_overwritten_by_the_next_call(exported):
    _, path = exported
    recognizer = Recognizer(path)
    first = recognizer.layer_outputs(images(1))
    kept = {name: values.copy() for name, values in first.items()}
    recognizer.layer_outputs(images(1, seed=5))
    assert all(np.array_equal(first[name], kept[name]) for name in kept)


@pytest.fixture(scope="module", params=["shipped", "exported by Keras"])
def older(request, tmp_path_factory):
    """A file that returns only probabilities, like all files before layers were exported too."""
    if request.param == "shipped":
        return OLDER
    path = tmp_path_factory.mktemp("older") / "model.tflite"
    keras_models.build("dense-64", (28, 28, 1), 10).export(path, format="litert", verbose=False)
    return path


def test_an_older_file_returns_only_probabilities(older):
    recognizer = Recognizer(older)
    assert recognizer.n_classes == 10
    assert recognizer.input_shape == (28, 28, 1)
    probabilities = recognizer.probabilities(images(7))
    assert probabilities.shape == (7, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    for number in range(7):
        outputs = recognizer.layer_outputs(images(7)[number : number + 1])
        assert set(outputs) == {"probabilities"}
        assert np.allclose(outputs["probabilities"], probabilities[number], atol=1e-5)
