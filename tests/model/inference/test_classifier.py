"""Predictions of the shipped networks for single images, as drawings or as test images."""

from dataclasses import replace

import numpy as np
import pytest

from model.data import catalog
from model.errors import RunError
from model.inference.classifier import Classifier, Prediction
from model.inference.digit_reader import DigitReader
from model.inference.litert import Recognizer
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from tests.support import SEVEN

BLANK = np.zeros((1, 28, 28, 1), np.uint8)


@pytest.fixture(scope="module", params=[DEFAULT_RUN, CLASSROOM_RUN])
def run(request, tmp_path_factory):
    return RunStore(tmp_path_factory.mktemp("home")).open_finished(request.param)


@pytest.fixture(scope="module")
def classifier(run):
    return Classifier(run)


def test_the_reader_predicts_what_the_classifier_predicts(classifier, run):
    digit = DigitReader(classifier).read_strokes(SEVEN).digits[0]
    (prediction,) = classifier.predict(digit.image[None, ..., None])
    assert (prediction.text, digit.digit, prediction.accepted) == ("7", 7, True)
    assert prediction.rejection_score == digit.rejection_score
    assert np.array_equal(prediction.probabilities, digit.prediction.probabilities)
    assert prediction.class_names == run.output_names


def test_a_blank_drawing_is_rejected(classifier):
    (prediction,) = classifier.predict(BLANK)
    assert prediction.text == "?"
    assert prediction.rejection_score > classifier.rejection_threshold


def test_a_test_image_is_never_rejected(classifier):
    (prediction,) = classifier.predict(BLANK, allow_rejection=False)
    assert prediction.accepted
    assert prediction.class_names == tuple("0123456789")
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_test_images_get_their_stored_predictions(classifier, run, real_data):
    stored = run.predictions()
    chosen = [0, 8, 115, 9999, *(mistake.index for mistake in run.metrics.mistakes[:5])]
    predictions = classifier.predict(catalog.load("mnist").x_test[chosen], allow_rejection=False)
    assert [prediction.class_index for prediction in predictions] == stored.predicted[chosen].tolist()
    probabilities = np.stack([prediction.probabilities for prediction in predictions])
    assert probabilities == pytest.approx(stored.probabilities[chosen], abs=2e-3)


def test_the_runner_up_is_never_no_digit():
    prediction = Prediction(("0", "1", "2", "no digit"), np.array([0.1, 0.3, 0.15, 0.45]), 1, False)
    assert prediction.text == "?"
    assert prediction.class_names[prediction.runner_up] == "2"


def test_classes_that_do_not_match_the_run_raise_an_error(run, classifier):
    classes = (*run.metrics.classes, run.metrics.classes[0], run.metrics.classes[0])
    other = replace(run, outcome=replace(run.outcome, metrics=replace(run.metrics, classes=classes)))
    with pytest.raises(RunError) as caught:
        Classifier(other, classifier.recognizer)
    n = classifier.recognizer.n_classes
    assert caught.value.values == {"run": run.id, "n": n, "expected": n + 2}


def test_a_network_for_letters_accepts_everything():
    letters = tuple("abcdefghij")
    recognizer = Recognizer(RunStore().open_finished(CLASSROOM_RUN).network)
    classifier = Classifier.from_network(recognizer, letters)
    assert not classifier.reads_digits
    assert classifier.predict(BLANK)[0].accepted


def test_both_shipped_networks_read_digits(classifier, run):
    assert classifier.reads_digits
    assert run.reads_digits
