"""Exported networks answer as Keras does."""

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
def test_it_answers_any_number_of_images_as_keras_does(exported, n):
    model, path = exported
    expected = model.predict(images(n).astype("float32"), verbose=0) if n else np.empty((0, 10))
    answers = Recognizer(path).probabilities(images(n))
    assert answers.shape == (n, 10)
    assert answers.dtype == np.float32
    assert np.allclose(answers, expected, atol=1e-5)


def test_many_threads_get_their_own_answers(exported):
    _, path = exported
    recognizer, many = Recognizer(path), images(200)
    expected = recognizer.probabilities(many)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda i: recognizer.probabilities(many[i : i + 1])[0], range(200)))
    assert np.allclose(np.stack(answers), expected, atol=1e-5)


def test_an_answer_is_not_overwritten_by_the_next(exported):
    _, path = exported
    recognizer = Recognizer(path)
    first = recognizer.probabilities(images(1))
    kept = first.copy()
    recognizer.probabilities(images(1, seed=5))
    assert np.array_equal(first, kept)


def test_images_of_another_size_are_refused_in_words(exported):
    _, path = exported
    with pytest.raises(RunError, match=r"came as \(32, 32, 3\); expected \(28, 28, 1\)"):
        Recognizer(path).probabilities(np.zeros((1, 32, 32, 3), np.uint8))


@pytest.mark.parametrize("content", [b"", b"no network", b"TFL3" * 100])
def test_a_file_that_is_no_network_is_refused_in_words(tmp_path, content):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(RunError, match="can't be read as a LiteRT network"):
        Recognizer(path)


OLDER = PROJECT / "model/pretrained/dense-128-dropout/checkpoints/epoch-000.tflite"

# Which of Keras's layers, counted from the one that scales, gives which answer.
SHOWN = {
    "dense-64": {"convolution_1": 1, "pooling_1": 2, "convolution_2": 3, "features": 6, "probabilities": 7},
    "dense-128-dropout": {"convolution_1": 1, "pooling_1": 2, "convolution_2": 3, "features": 7, "probabilities": 8},
    "deep": {"convolution_1": 3, "pooling_1": 7, "convolution_2": 6, "features": 21, "probabilities": 22},
}
SHAPES = {
    "dense-64": [(26, 26, 32), (13, 13, 32), (11, 11, 64), (64,), (10,)],
    "dense-128-dropout": [(26, 26, 32), (13, 13, 32), (11, 11, 64), (128,), (10,)],
    "deep": [(28, 28, 32), (14, 14, 32), (28, 28, 32), (128,), (11,)],
}


@pytest.fixture(scope="module", params=SHOWN)
def shown(request, tmp_path_factory):
    """A network, its file, and which layers it shows; normalizations as if they had seen many images."""
    import keras

    model = keras_models.build(request.param, (28, 28, 1), 11 if request.param == "deep" else 10)
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            maps = layer.gamma.shape
            scale, shift, mean = rng.uniform(0.5, 2, maps), rng.normal(0, 0.3, maps), rng.normal(0, 0.2, maps)
            layer.set_weights([scale, shift, mean, rng.uniform(0.2, 2, maps)])
    path = tmp_path_factory.mktemp("shown") / "model.tflite"
    export_litert(model, path)
    return model, path, request.param


@pytest.mark.slow
def test_layer_outputs_are_those_of_keras(shown):
    import keras

    model, path, name = shown
    layers = [model.layers[index].output for index in SHOWN[name].values()]
    inside = keras.Model(model.inputs[0], layers)
    recognizer = Recognizer(path)
    for seed in range(3):
        image = images(1, seed)
        answers = recognizer.layer_outputs(image)
        assert set(answers) == set(SHOWN[name])
        for key, expected in zip(SHOWN[name], inside(image.astype("float32")), strict=True):
            expected = keras.ops.convert_to_numpy(expected)[0]
            assert answers[key].dtype == np.float32
            assert answers[key].any()
            assert np.allclose(answers[key], expected, atol=1e-4, rtol=1e-4), key


def test_layer_outputs_have_the_shapes_of_the_table(shown):
    _, path, name = shown
    answers = Recognizer(path).layer_outputs(images(1))
    assert [answers[key].shape for key in SHOWN[name]] == SHAPES[name]
    assert all(answers[key].min() >= 0 for key in answers)  # all of them after a ReLU


@pytest.mark.slow
def test_every_network_answers_one_and_many_images_as_keras_does(shown):
    model, path, name = shown
    recognizer = Recognizer(path)
    assert recognizer.n_classes == SHAPES[name][-1][0]
    assert recognizer.input_shape == (28, 28, 1)
    expected = model.predict(images(103).astype("float32"), verbose=0)
    assert np.allclose(recognizer.probabilities(images(103)), expected, atol=1e-4)
    assert np.allclose(recognizer.probabilities(images(103)[:1]), expected[:1], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("n", [0, 1, 103])
def test_features_are_those_of_keras(shown, n):
    import keras

    model, path, name = shown
    inside = keras.Model(model.inputs[0], model.layers[SHOWN[name]["features"]].output)
    width = SHAPES[name][3][0]
    expected = inside.predict(images(n).astype("float32"), verbose=0) if n else np.empty((0, width))
    features = Recognizer(path).features(images(n))
    assert features.shape == (n, width)
    assert features.dtype == np.float32
    assert np.allclose(features, expected, atol=1e-4, rtol=1e-4)


def test_features_are_told_while_a_drawing_is_read(exported):
    _, path = exported
    recognizer = Recognizer(path)
    with ThreadPoolExecutor(1) as threads, recognizer._lock:
        told = threads.submit(recognizer.features, images(1))
        assert told.result(timeout=30).shape == (1, 64)


def test_features_of_an_image_of_another_size_are_refused(exported):
    _, path = exported
    with pytest.raises(RunError, match=r"came as \(32, 32, 3\); expected \(28, 28, 1\)"):
        Recognizer(path).features(np.zeros((1, 32, 32, 3), np.uint8))


def test_an_older_file_has_no_features_and_says_so(older):
    with pytest.raises(RunError, match="answers with probabilities alone; expected a network that also tells"):
        Recognizer(older).features(images(2))


def test_layer_outputs_are_not_overwritten_by_the_next(exported):
    _, path = exported
    recognizer = Recognizer(path)
    first = recognizer.layer_outputs(images(1))
    kept = {name: values.copy() for name, values in first.items()}
    recognizer.layer_outputs(images(1, seed=5))
    assert all(np.array_equal(first[name], kept[name]) for name in kept)


def test_layers_of_an_image_of_another_size_are_refused_in_words(exported):
    _, path = exported
    with pytest.raises(RunError, match=r"came as \(32, 32, 3\); expected \(28, 28, 1\)"):
        Recognizer(path).layer_outputs(np.zeros((1, 32, 32, 3), np.uint8))


@pytest.fixture(scope="module", params=["shipped", "exported alone"])
def older(request, tmp_path_factory):
    """A file that answers with probabilities alone, as all did before networks showed their layers."""
    if request.param == "shipped":
        return OLDER
    path = tmp_path_factory.mktemp("older") / "model.tflite"
    keras_models.build("dense-64", (28, 28, 1), 10).export(path, format="litert", verbose=False)
    return path


def test_an_older_file_answers_with_probabilities_alone(older):
    recognizer = Recognizer(older)
    assert recognizer.n_classes == 10
    assert recognizer.input_shape == (28, 28, 1)
    probabilities = recognizer.probabilities(images(7))
    assert probabilities.shape == (7, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    for number in range(7):
        answers = recognizer.layer_outputs(images(7)[number : number + 1])
        assert set(answers) == {"probabilities"}
        assert np.allclose(answers["probabilities"], probabilities[number], atol=1e-5)
