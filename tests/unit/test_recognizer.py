"""Exported networks answer as Keras does."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model import architectures, training
from model.errors import RunError
from model.recognizer import Recognizer


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model.tflite"
    model = architectures.build("dense-64", (28, 28, 1), 10)
    training.export_litert(model, path)
    return model, path


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28, 1)).astype(np.uint8)


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
