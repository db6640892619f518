"""The logic of the Evaluate page, run by Streamlit's AppTest, for several kinds of datasets."""

import csv
import io
import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from model.config import TrainingConfig
from model.data import catalog
from model.drawings.collection import DrawingCollection
from model.evaluation.analysis import compare
from model.evaluation.evaluate import stored_result
from model.evaluation.metrics import compute_metrics, expected_calibration_error
from model.inference.litert import Recognizer
from model.networks import keras_models
from model.results import NO_DIGIT
from model.runs.atomic_files import write_json, write_npz
from model.runs.events import RunState
from model.runs.manifest import DatasetInfo, Manifest, TrainingOutcome
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training.export import export_litert
from pages.ui.evaluate import help
from pages.ui.evaluate.downloads import metrics_json, predictions_csv
from pages.ui.evaluate.drawings import about_own
from pages.ui.evaluate.image_browser import describe_cell, describe_differing
from pages.ui.shell.session import Visitor
from pages.ui.translation import translate
from tests.app.pages import opened, text

pytestmark = pytest.mark.slow


def made_run(name, x_test, y_test, class_names, fingerprint="none"):
    """Write a finished run of an untrained network, as a worker would."""
    run = RunStore().create(TrainingConfig(dataset=name, preset="dense-64"))
    keras.utils.set_random_seed(0)
    model = keras_models.build("dense-64", x_test.shape[1:], len(class_names))
    export_litert(model, run.path / "model.tflite")
    export_litert(model, run.checkpoints / "epoch-000.tflite")
    probabilities = Recognizer(run.path / "model.tflite").probabilities(x_test)
    write_npz(run.path / "evaluation.npz", labels=y_test, probabilities=probabilities)
    dataset = DatasetInfo(name, "a test", fingerprint, 10, len(x_test), x_test.shape[1:], tuple(class_names))
    write_json(run.path / "config.json", replace(run.description, dataset=dataset).to_dict())
    metrics = compute_metrics(y_test, probabilities, class_names)
    outcome = TrainingOutcome(metrics, model.count_params(), kept_epoch=0, epochs=0, seconds=1.0)
    write_json(run.path / "run.json", Manifest(RunState.FINISHED, outcome=outcome).to_dict())
    return RunStore().open_finished(run.id)


@pytest.fixture
def custom_run(tmp_path, monkeypatch, rng):
    """Return a function that makes a custom dataset of colour images and a run on it."""

    def make(n_classes, side=16):
        y = np.arange(2 * n_classes) % n_classes
        x = rng.integers(0, 256, (len(y), side, side, 3)).astype(np.uint8)
        names = np.array([f"class {i}" for i in range(n_classes)])
        np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y, class_names=names)
        monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
        dataset = catalog.load("mine")
        return made_run("mine", dataset.x_test, dataset.y_test, list(dataset.class_names), dataset.fingerprint)

    return make


@pytest.mark.parametrize("n_classes", [2, 10, 100])
def test_custom_colour_images_are_evaluated(custom_run, n_classes):
    run = custom_run(n_classes)
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert not test.warning
    assert describe_cell(len(run.metrics.mistakes)) in text(test)


@pytest.mark.parametrize("part", ["sure", "robust", "drawn", "map"])
def test_every_analysis_opens_for_a_custom_dataset(custom_run, part):
    run = custom_run(3)
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value(part).run()
    assert not test.exception


def test_only_the_visitors_own_drawings_are_evaluated():
    seven = [[[80, 70], [110, 70], [150, 70], [200, 70], [180, 120], [160, 160], [140, 210]]]
    for token, labels in (("mine", (7, 1)), ("somebody else's", (7,))):
        drawings = DrawingCollection(RunStore().home, token)
        for number, label in enumerate((*labels, NO_DIGIT)):
            drawings.save(f"{number}", label, seven)
    test = opened("pages/evaluate.py", run=CLASSROOM_RUN)
    test.session_state["visitor"] = Visitor(tab="a tab", browser="mine")
    test.button_group(key="eval-part").set_value("drawn").run()
    assert not test.exception
    assert about_own(2) in text(test)
    own = test.table[-1].value.iloc[:, -1]
    assert list(own[:2]) == ["2", "50.00%"], "the same drawing is labelled 7 and 1, so one of the labels is wrong"


def test_without_its_dataset_a_run_shows_stored_metrics(custom_run, monkeypatch):
    run = custom_run(3)
    monkeypatch.delenv("DIGIT_LAB_DATA")
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert test.metric[0].value == f"{run.metrics.accuracy:.2%}"
    assert "mine.npz" in test.info[0].value


def test_misclassified_images_can_be_filtered_by_class(real_data):
    run = RunStore().open_finished(CLASSROOM_RUN)
    predictions = run.predictions()
    nines = (predictions.labels == 9) & ~predictions.correct
    test = opened("pages/evaluate.py", run=run.id)
    test.selectbox(key="eval-true").set_value(9).run()
    assert describe_cell(nines.sum(), "9") in text(test)
    test.selectbox(key="eval-predicted").set_value(5).run()
    assert describe_cell((nines & (predictions.predicted == 5)).sum(), "9", "5") in text(test)
    assert not test.exception


def test_more_analyses_are_of_the_final_network(real_data):
    run = RunStore().open_finished(CLASSROOM_RUN)
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value("drawn").run()
    test.select_slider(key=f"eval-epoch-{run.id}").set_value(0).run()
    assert not test.exception
    assert help.FINAL_NETWORK.format(epoch=0) in text(test)
    assert test.table[-1].value.iloc[1, 1] == f"{run.metrics.accuracy:.2%}"


def test_a_run_without_its_network_is_reported(custom_run):
    run = custom_run(3)
    (run.path / "model.tflite").unlink()
    test = opened("pages/evaluate.py")
    assert not test.exception
    assert any(run.id in each.value and "model.tflite" in each.value for each in test.warning)
    assert run.id not in test.selectbox(key="eval-run-choice").options


@pytest.mark.parametrize("part", ["robust", "drawn", "map"])
def test_an_unreadable_network_is_reported_by_every_analysis(custom_run, part):
    run = custom_run(3)
    (run.path / "model.tflite").write_bytes(b"no network")
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value(part).run()
    assert not test.exception
    test.run()
    assert not test.exception
    messages = [message.value for message in (*test.info, *test.warning)]
    if part == "drawn":  # a network for other classes isn't opened
        assert messages == [help.OTHER_READER]
    else:
        assert any("model.tflite" in message for message in messages)


def test_class_names_are_never_read_as_markdown(tmp_path, monkeypatch, rng):
    name = "![x](http://example.org/a.png) $a$"
    x, y = rng.integers(0, 256, (8, 16, 16, 1)).astype(np.uint8), np.arange(8) % 2
    names = np.array([name, "other"])
    np.savez(tmp_path / "odd.npz", x_train=x, y_train=y, x_test=x, y_test=y, class_names=names)
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    dataset = catalog.load("odd")
    run = made_run("odd", dataset.x_test, dataset.y_test, list(dataset.class_names), dataset.fingerprint)
    test = opened("pages/evaluate.py", run=run.id)
    test.selectbox(key="eval-true").set_value(0).run()
    assert not test.exception
    assert "](http" not in text(test)


def test_two_runs_are_compared(real_data):
    a, b = (RunStore().open_finished(name) for name in (CLASSROOM_RUN, DEFAULT_RUN))
    comparison = compare(a.predictions(), b.predictions())
    test = opened("pages/evaluate.py", run=a.id)
    test.selectbox(key=f"eval-other-{a.id}").set_value(b.id).run()
    assert translate(comparison.in_words("A", "B")) in text(test)
    test.toggle(key="eval-differ").set_value(True).run()
    assert describe_differing(len(comparison.differ)) in text(test)
    assert not test.exception


def test_only_runs_with_the_same_test_set_can_be_compared(custom_run):
    run = custom_run(3)
    test = opened("pages/evaluate.py", run=run.id)
    assert test.selectbox(key=f"eval-other-{run.id}").options == []


def test_a_run_with_damaged_predictions_shows_its_metrics(custom_run):
    run = custom_run(3)
    (run.path / "evaluation.npz").write_bytes(b"no zip")
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert "evaluation" in test.warning[0].value
    assert test.metric[0].value == f"{run.metrics.accuracy:.2%}"


def test_the_threshold_shows_coverage_and_accuracy():
    run = RunStore().open_finished(CLASSROOM_RUN)
    predictions = run.predictions()
    accepted, correct = predictions.confidence >= 0.5, predictions.correct
    test = opened("pages/evaluate.py", run=run.id)
    test.slider(key="eval-threshold").set_value(0.5).run()
    assert [metric.value for metric in test.metric[-2:]] == [
        f"{accepted.mean():.1%}",
        f"{correct[accepted].mean():.2%}",
    ]


def test_predictions_and_metrics_can_be_downloaded():
    run = RunStore().open_finished(CLASSROOM_RUN)
    result = stored_result(run)
    predictions = result.predictions
    rows = list(csv.DictReader(io.StringIO(predictions_csv(result))))
    assert len(rows) == run.metrics.n
    wrong = [int(row["image"]) for row in rows if row["true"] != row["predicted"]]
    assert sorted(wrong) == sorted(each.index for each in run.metrics.mistakes)
    assert sum(float(rows[0][f"p({digit})"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)
    figures = json.loads(metrics_json(run, result, None))
    assert (figures["epoch"], figures["kept"]) == (run.kept_epoch, True)
    assert figures["calibration_error"] == expected_calibration_error(predictions.correct, predictions.confidence)
    assert json.loads(metrics_json(run, result, 0))["epoch"] == 0
    low, high = figures["accuracy_interval_95"]
    assert low < figures["accuracy"] == run.metrics.accuracy < high
