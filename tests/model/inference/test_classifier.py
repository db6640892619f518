"""Single images, asked as drawn ink or as test images."""

import numpy as np
import pytest

from model.data import catalog
from model.inference.classifier import Classifier, Prediction, output_names, reads_ink
from model.inference.digit_reader import DigitReader
from model.inference.litert import Recognizer
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore

SEVEN = [[[80, 70], [110, 70], [150, 70], [200, 70], [180, 120], [160, 160], [140, 210]]]


@pytest.fixture(scope="module", params=[DEFAULT_RUN, CLASSROOM_RUN])
def classifier(request, tmp_path_factory):
    run = RunStore(tmp_path_factory.mktemp("home")).open(request.param)
    return Classifier(run, Recognizer(run.network))


def test_ink_is_answered_as_the_reader_answers_it(classifier):
    reading = DigitReader(classifier.recognizer, classifier.run.rejection_threshold).read_strokes(SEVEN).digits[0]
    (asked,) = classifier.predict(reading.image[None, ..., None], drawn=True)
    of_reading = classifier.of_reading(reading)
    assert (asked.best, asked.accepted, asked.told) == (of_reading.best, of_reading.accepted, of_reading.told)
    assert asked.probabilities == pytest.approx(reading.probabilities)
    assert asked.names == output_names(classifier.run)


def test_what_is_blank_is_doubted_as_ink_and_never_as_a_test_image(classifier):
    blank = np.zeros((1, 28, 28, 1), np.uint8)
    assert classifier.predict(blank, drawn=True)[0].told == "?"
    as_test_image = classifier.predict(blank, drawn=False)[0]
    assert as_test_image.accepted
    assert as_test_image.names == tuple("0123456789")
    assert as_test_image.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_test_images_are_answered_as_they_were_scored(classifier, real_data):
    evaluation = classifier.run.evaluation()
    chosen = [0, 8, 115, 9999, *(each.index for each in classifier.run.metrics.mistakes[:5])]
    answers = classifier.predict(catalog.load("mnist").x_test[chosen], drawn=False)
    expected = evaluation.probabilities[chosen]
    assert [each.best for each in answers] == expected.argmax(axis=1).tolist()
    assert np.stack([each.probabilities for each in answers]) == pytest.approx(expected, abs=2e-3)


def test_the_second_guess_is_never_no_digit():
    answer = Prediction(("0", "1", "2", "no digit"), np.array([0.1, 0.3, 0.15, 0.45]), 1, False)
    assert answer.told == "?"
    assert answer.names[answer.second] == "2"


def test_both_shipped_networks_read_ink(classifier):
    assert reads_ink(classifier.run)
