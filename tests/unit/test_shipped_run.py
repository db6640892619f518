"""The network that comes with the app: complete, small, and as good as it says."""

import gzip
import json

import numpy as np
import pytest

from model import data
from model.evaluation import COMPUTED, STORED, evaluate
from model.metrics import measure
from model.reader import Reader
from model.recognizer import Recognizer
from model.runs import DEFAULT_RUN, RunStore


@pytest.fixture
def run():
    return RunStore().open(DEFAULT_RUN)


def test_it_is_a_complete_run_without_checkpoints_to_train_on_from(run):
    assert run.shipped
    assert run.status() == "finished"
    assert run.config.preset == DEFAULT_RUN
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [f"epoch-00{i}.tflite" for i in range(6)]
    assert len(run.follower.read().epochs) == run.config.epochs == 5
    assert run.manifest["parameters"] == 225_034


def test_no_dataset_is_inside(run):
    with np.load(run.path / "evaluation.npz") as stored:
        assert {name: stored[name].shape for name in stored} == {"labels": (10_000,), "probabilities": (10_000, 10)}


def test_its_figures_follow_from_its_stored_answers(run):
    again = measure(run.evaluation(), [each.name for each in run.metrics.classes])
    assert again.to_dict() == run.metrics.to_dict()


def test_it_reaches_the_accuracy_of_the_exercise(run):
    assert run.metrics.n == 10_000
    assert run.metrics.accuracy >= 0.988
    assert run.metrics.loss < 0.045


def test_without_mnist_the_stored_figures_are_shown(run, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: (_ for _ in ()).throw(data.DataError("MNIST can't be had")))
    scored = evaluate(run)
    assert scored.how == STORED
    assert scored.metrics.accuracy == run.metrics.accuracy


def test_on_real_mnist_it_is_as_good_as_stored_and_as_keras_says(run, real_data):
    import keras

    scored = evaluate(run)
    assert scored.how == COMPUTED
    assert scored.metrics.accuracy == pytest.approx(run.metrics.accuracy, abs=1e-6)
    assert scored.metrics.loss == pytest.approx(run.metrics.loss, abs=1e-6)
    mnist = data.load("mnist")
    assert mnist.fingerprint == run.description["dataset"]["fingerprint"]
    model = keras.models.load_model(run.path / "model.keras")
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    figures = model.evaluate(mnist.x_test.astype("float32"), mnist.y_test, verbose=0, return_dict=True)
    assert scored.metrics.accuracy == pytest.approx(figures["accuracy"], abs=1e-6)
    assert scored.metrics.loss == pytest.approx(figures["loss"], abs=1e-6)


def test_it_reads_really_drawn_digits(run, real_data):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        drawn = [json.loads(line) for line in file][::7]
    reader = Reader(Recognizer(run.network))
    read = [reader.read_strokes(each["strokes"]).text == str(each["label"]) for each in drawn]
    assert np.mean(read) > 0.93, f"of {len(read)} drawings"
