"""The networks that come with the app: complete, small, and as accurate as claimed."""

import gzip
import json

import numpy as np
import pytest

from model.data import catalog
from model.drawings import corpus
from model.drawings.negatives import random_negative
from model.errors import DataError
from model.evaluation.evaluate import COMPUTED, STORED, evaluate
from model.evaluation.metrics import compute_metrics, expected_calibration_error
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.inference.litert import Recognizer
from model.inference.rejection import rejection_scores
from model.ink.render import render
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, LESSON_RUNS, RunStore

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("name", [CLASSROOM_RUN, DEFAULT_RUN])


@pytest.fixture
def run():
    return RunStore().open(CLASSROOM_RUN)


@pytest.fixture(scope="module")
def deep():
    return RunStore().open(DEFAULT_RUN)


@pytest.fixture(scope="module")
def recognizer(deep):
    return Recognizer(deep.network)


def probabilities_of(recognizer, drawings):
    """Return the probabilities of drawings, as the Draw page computes them."""
    return recognizer.probabilities(np.stack([render(each) for each in drawings])[..., None])


def test_the_classroom_run_is_complete_without_checkpoints(run):
    assert run.shipped
    assert run.state() == "finished"
    assert run.config.preset == CLASSROOM_RUN
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [f"epoch-00{i}.tflite" for i in range(6)]
    assert len(run.history().epochs) == run.config.epochs == 5
    assert run.outcome.parameters == 225_034


@BOTH
def test_the_evaluation_contains_no_images(name):
    run = RunStore().open(name)
    with np.load(run.path / "evaluation.npz") as stored:
        shapes = {name: stored[name].shape for name in stored}
    scores = {"doubt": (10_000,)} if run.config.drawings else {}
    assert shapes == {"labels": (10_000,), "probabilities": (10_000, 10)} | scores


@BOTH
def test_its_metrics_follow_from_its_stored_predictions(name):
    run = RunStore().open(name)
    again = compute_metrics(
        run.predictions().labels, run.predictions().probabilities, [each.name for each in run.metrics.classes]
    )
    assert again.to_dict() == run.metrics.to_dict()


def test_the_classroom_run_reaches_its_accuracy(run):
    assert run.metrics.n == 10_000
    assert run.metrics.accuracy >= 0.988
    assert run.metrics.loss < 0.045


def test_without_mnist_the_stored_metrics_are_returned(run, monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda name: (_ for _ in ()).throw(DataError("MNIST isn't available.")))
    scored = evaluate(run)
    assert scored.source == STORED
    assert scored.metrics.accuracy == run.metrics.accuracy


def of_digits(probabilities):
    """Return the probabilities without "no digit", scaled to a sum of 1."""
    import keras

    return probabilities[:, :10] / keras.ops.sum(probabilities[:, :10], axis=1, keepdims=True)


@BOTH
def test_on_mnist_it_agrees_with_stored_metrics_and_keras(name, real_data):
    import keras

    run = RunStore().open_finished(name)
    scored = evaluate(run)
    assert scored.source == COMPUTED
    assert scored.metrics.accuracy == pytest.approx(run.metrics.accuracy, abs=1e-6)
    assert scored.metrics.loss == pytest.approx(run.metrics.loss, abs=1e-6)
    mnist = catalog.load("mnist")
    assert mnist.fingerprint == run.dataset.fingerprint
    model = keras.models.load_model(run.path / "model.keras")
    if run.config.drawings:
        model = keras.Sequential([model, keras.layers.Lambda(of_digits)])
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    n = 2000
    figures = model.evaluate(mnist.x_test[:n].astype("float32"), mnist.y_test[:n], verbose=0, return_dict=True)
    of_label = scored.predictions.probabilities[range(n), mnist.y_test[:n]]
    assert scored.predictions.correct[:n].mean() == pytest.approx(figures["accuracy"], abs=1e-6)
    assert -np.log(of_label).mean() == pytest.approx(figures["loss"], abs=1e-5)


def test_the_classroom_run_reads_real_drawings(run, real_data):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        drawn = [json.loads(line) for line in file][::7]
    reader = DigitReader(Classifier(run))
    read = [reader.read_strokes(each["strokes"]).text == str(each["label"]) for each in drawn]
    assert np.mean(read) > 0.93, f"of {len(read)} drawings"


def test_the_default_run_is_complete_and_small(deep):
    assert deep.shipped
    assert deep.state() == "finished"
    assert [each.name for each in deep.metrics.classes] == [*"0123456789"]
    with np.load(deep.path / "evaluation.npz") as stored:
        assert (stored["doubt"] > deep.calibration.rejection_threshold).sum() == deep.outcome.n_rejected
    assert sum((deep.path / name).stat().st_size for name in ("model.keras", "model.tflite")) <= 4e6
    assert deep.outcome.parameters == 289_195
    card = deep.outcome.card
    assert card.data and card.recipe and card.weaknesses and card.figures
    assert 0 < deep.calibration.rejection_threshold < 1


def test_the_default_run_is_more_accurate_on_mnist(deep):
    assert deep.metrics.n == 10_000
    assert deep.metrics.accuracy >= 0.996


def test_new_writers_digits_are_read_and_calibrated(recognizer, real_data):
    drawn = corpus.load(corpus.DIGITS, corpus.TEST)[::3]
    labels = np.array([each.label for each in drawn])
    probabilities = probabilities_of(recognizer, [each.strokes for each in drawn])[:, :10]
    correct = probabilities.argmax(axis=1) == labels
    assert correct.mean() > 0.96, f"of {len(drawn)} drawings"
    assert expected_calibration_error(correct, probabilities.max(axis=1)) < 0.03


def test_new_writers_digits_are_accepted_and_letters_not(recognizer, deep, real_data):
    scores = {
        name: rejection_scores(probabilities_of(recognizer, [each.strokes for each in corpus.load(name, corpus.TEST)]))
        for name in (corpus.DIGITS, corpus.LETTERS)
    }
    assert (scores[corpus.DIGITS] <= deep.calibration.rejection_threshold).mean() > 0.98
    assert (scores[corpus.LETTERS] > deep.calibration.rejection_threshold).mean() > 0.95


def test_scribbles_are_rarely_accepted(recognizer, deep, rng):
    probabilities = probabilities_of(recognizer, [random_negative(rng) for _ in range(1000)])
    assert (rejection_scores(probabilities) > deep.calibration.rejection_threshold).mean() > 0.95
    assert (probabilities[:, :10].max(axis=1) > 0.9).mean() < 0.02


@pytest.mark.parametrize(
    "strokes",
    [
        [[[140, 140]]],
        [[[60, 140], [220, 140]]],
        [[[80 + 140 * (i % 2), 80 + 3 * i] for i in range(48)]],
        [[[140, 60], [140, 220]], [[60, 140], [220, 140]]],
    ],
    ids=["dot", "dash", "filled square", "plus"],
)
def test_obvious_non_digits_are_rejected(recognizer, deep, strokes):
    assert not DigitReader(Classifier(deep, recognizer)).read_strokes(strokes).accepted


@pytest.mark.parametrize("name", LESSON_RUNS)
def test_a_run_of_the_lesson_agrees_with_keras(name, uci_digits):
    import keras

    run = RunStore().open_finished(name)
    assert uci_digits.fingerprint == run.dataset.fingerprint
    expected = keras.models.load_model(run.path / "model.keras").predict(uci_digits.x_test.astype("float32"), verbose=0)
    assert Recognizer(run.network).probabilities(uci_digits.x_test) == pytest.approx(expected, abs=1e-5)
    assert run.predictions().probabilities == pytest.approx(expected, abs=1e-5)
    assert run.predictions().labels.tolist() == uci_digits.y_test.tolist()
    again = compute_metrics(run.predictions().labels, run.predictions().probabilities, run.class_names)
    assert again.to_dict() == run.metrics.to_dict()


def test_the_runs_of_the_lesson_are_small_and_listed_last():
    assert {run.id for run in RunStore().list()[0][-3:]} == set(LESSON_RUNS)
    files = [path for name in LESSON_RUNS for path in RunStore().open(name).path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1.5e6
