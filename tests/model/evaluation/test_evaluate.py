"""Scoring networks on test sets and on drawn digits."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.drawings import corpus
from model.errors import DataError
from model.evaluation.evaluate import drawn_digits, evaluate_drawings, stored_result
from model.inference.litert import Recognizer
from model.inference.rejection import restrict_to_digits
from model.ink.render import render
from model.runs.run import open_run, require_finished
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore

PROBABILITIES = arrays(np.float32, (5, 4), elements=st.floats(2**-7, 1, width=32)).map(
    lambda rows: rows / rows.sum(axis=1, keepdims=True)
)
LABELS = np.array([0, 1, 2, 0, 1])


@given(PROBABILITIES)
def test_the_other_classes_keep_their_ratios(probabilities):
    evaluation = restrict_to_digits(LABELS, probabilities, 3)
    assert evaluation.probabilities.shape == (5, 3)
    for row, before in zip(evaluation.probabilities, probabilities, strict=True):
        expected = [each / sum(before[:3].tolist()) for each in before[:3].tolist()]
        assert np.allclose(row, expected, atol=1e-6)


@given(PROBABILITIES)
def test_without_other_classes_probabilities_do_not_change(probabilities):
    assert np.array_equal(restrict_to_digits(LABELS, probabilities, 4).probabilities, probabilities)


def test_a_certain_non_digit_does_not_divide_by_zero():
    probabilities = np.zeros((1, 4), np.float32)
    probabilities[0, 3] = 1
    assert np.array_equal(restrict_to_digits(LABELS[:1], probabilities, 3).probabilities, np.zeros((1, 3)))


# By their SHA-256, ann is a test writer, bob a training writer and eva a validation writer.
SEVEN = [[[60, 60], [180, 60], [110, 220]]]
ONE = [[[140, 60], [140, 220]]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    lines = [("ann", 7, SEVEN), ("bob", 7, SEVEN), ("eva", 1, ONE), ("ann", 1, ONE), ("ann", 3, ONE)]
    written = (json.dumps({"label": label, "writer": writer, "strokes": drawn}) for writer, label, drawn in lines)
    (tmp_path / "drawn-digits.jsonl").write_text("\n".join(written) + "\n")
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    return tmp_path


def test_only_drawings_of_test_writers_are_scored(folder):
    drawn = drawn_digits()
    assert drawn.labels.tolist() == [7, 1, 3]
    assert drawn.writers == ("ann", "ann", "ann")
    assert drawn.images.shape == (3, 28, 28, 1)
    assert drawn.images.dtype == np.uint8
    assert np.array_equal(drawn.images[0, ..., 0], render(SEVEN))


@pytest.mark.parametrize("name", [CLASSROOM_RUN, DEFAULT_RUN])
def test_a_shipped_network_is_scored_on_drawings(folder, name):
    drawn = drawn_digits()
    result = evaluate_drawings(RunStore().open_finished(name), drawn)
    assert result.metrics.n == len(result.predictions) == 3
    assert result.metrics.accuracy == pytest.approx(2 / 3)
    assert drawn.n_writers == 1
    (mistake,) = result.metrics.mistakes
    assert (mistake.index, mistake.true, mistake.predicted) == (2, 3, 1)
    assert np.array_equal(drawn.images[mistake.index, ..., 0], render(ONE))
    assert result.predictions.probabilities.shape == (3, 10)
    assert np.allclose(result.predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_an_open_recognizer_is_used(folder):
    run = RunStore().open_finished(DEFAULT_RUN)
    recognizer = Recognizer(run.network)
    moved = replace(run, path=folder / "nowhere")
    moved.__dict__["description"] = run.description
    assert evaluate_drawings(moved, drawn_digits(), recognizer).metrics.n == 3


def test_without_drawings_there_is_nothing_to_score():
    assert drawn_digits() is None


def test_a_network_for_clothing_is_not_scored_on_digits(folder):
    run = RunStore().open_finished(CLASSROOM_RUN)
    clothes = tuple(replace(each, name=f"coat {each.name}") for each in run.metrics.classes)
    other = replace(run, outcome=replace(run.outcome, metrics=replace(run.metrics, classes=clothes)))
    assert evaluate_drawings(other, drawn_digits()) is None


def test_a_network_for_larger_digits_is_not_scored_on_drawings(folder):
    run = RunStore().open_finished(CLASSROOM_RUN)
    other = replace(run, dataset=replace(run.dataset, image_shape=(32, 32, 1)))
    assert evaluate_drawings(other, drawn_digits()) is None


def test_the_error_of_a_broken_file_names_the_line(folder):
    (folder / "drawn-digits.jsonl").write_text("not a drawing\n")
    with pytest.raises(DataError, match="line 1"):
        drawn_digits()


@pytest.mark.slow
def test_real_drawings_give_the_documented_accuracy(real_data):
    drawn = drawn_digits()
    result = evaluate_drawings(RunStore().open_finished(DEFAULT_RUN), drawn)
    assert result.metrics.n == len(corpus.load(corpus.DIGITS, corpus.TEST)) == 2107
    assert result.metrics.accuracy == pytest.approx(0.9848, abs=0.0005)


def test_without_predictions_there_is_no_calibration_error(tmp_path):
    run = RunStore().open_finished(CLASSROOM_RUN)
    folder = tmp_path / run.id
    shutil.copytree(run.path, folder)
    (folder / "evaluation.npz").write_bytes(b"cut")
    result = stored_result(require_finished(open_run(folder)))
    assert result.calibration_error is None
    assert result.metrics.accuracy == run.metrics.accuracy
