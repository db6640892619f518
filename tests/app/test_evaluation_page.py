"""The logic of the Evaluate page, run by Streamlit's own AppTest, for every kind of dataset."""

import csv
import io
import json

import keras
import numpy as np
import pytest

from model.config import TrainingConfig
from model.data import catalog
from model.drawings.collection import DrawingCollection
from model.evaluation.analysis import compare
from model.evaluation.metrics import compute_metrics, expected_calibration_error
from model.inference.litert import Recognizer
from model.inference.rejection import restrict_to_digits
from model.networks import keras_models
from model.results import NO_DIGIT
from model.runs.atomic_files import write_json, write_npz
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training.export import export_litert
from pages.ui.evaluate.downloads import metrics_json, predictions_csv
from pages.ui.shell.predictions import Score
from pages.ui.shell.session import Visitor
from tests.app.test_pages import nothing_cached, opened, text  # noqa: F401 - the fixture is used by being here


def made_run(name, x_test, y_test, class_names, fingerprint="none"):
    """Leave a complete run of an untrained network, as a worker would."""
    run = RunStore().create(TrainingConfig(dataset=name, preset="dense-64"))
    keras.utils.set_random_seed(0)
    model = keras_models.build("dense-64", x_test.shape[1:], len(class_names))
    export_litert(model, run.path / "model.tflite")
    export_litert(model, run.checkpoints / "epoch-000.tflite")
    said = Recognizer(run.path / "model.tflite").probabilities(x_test)
    evaluation = restrict_to_digits(y_test, said, len(class_names))
    write_npz(run.path / "evaluation.npz", labels=y_test, probabilities=said)
    facts = {
        "name": name,
        "fingerprint": fingerprint,
        "image_shape": list(x_test.shape[1:]),
        "class_names": class_names,
        "n_train": 10,
        "n_test": len(x_test),
        "source": "a test",
    }
    write_json(run.path / "config.json", run.description | {"dataset": facts})
    figures = compute_metrics(evaluation.labels, evaluation.probabilities, class_names).to_dict()
    manifest = {"status": "finished", "kept_epoch": 0, "epochs": 0, "parameters": model.count_params()}
    write_json(run.path / "run.json", manifest | {"format": 1, "seconds": 1.0, "figures": figures})
    return RunStore().open(run.id)


@pytest.fixture
def own_dataset(tmp_path, monkeypatch, rng):
    """Colour images of a person's own in as many classes as asked for."""

    def make(n_classes, side=16):
        y = np.arange(2 * n_classes) % n_classes
        x = rng.integers(0, 256, (len(y), side, side, 3)).astype(np.uint8)
        names = np.array([f"kind {i}" for i in range(n_classes)])
        np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y, class_names=names)
        monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
        dataset = catalog.load("mine")
        return made_run("mine", dataset.x_test, dataset.y_test, list(dataset.class_names), dataset.fingerprint)

    return make


@pytest.mark.parametrize("n_classes", [2, 10, 100])
def test_peoples_own_colour_images_in_any_number_of_classes_are_evaluated(own_dataset, n_classes):
    run = own_dataset(n_classes)
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert not test.warning
    n_wrong = len(run.metrics.mistakes)
    assert f"{n_wrong} image{'s' * (n_wrong != 1)} read wrong" in text(test)


@pytest.mark.parametrize("part", ["sure", "robust", "drawn", "map"])
def test_every_further_question_is_answered_or_says_why_not(own_dataset, part):
    run = own_dataset(3)
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value(part).run()
    assert not test.exception


def test_a_visitors_own_labelled_drawings_are_judged_beside_the_test_set_and_nobody_elses():
    seven = [[[80, 70], [110, 70], [150, 70], [200, 70], [180, 120], [160, 160], [140, 210]]]
    for token, labels in (("mine", (7, 1)), ("somebody else's", (7,))):
        drawings = DrawingCollection(RunStore().home, token)
        for number, label in enumerate((*labels, NO_DIGIT)):
            drawings.keep(f"{number}", label, seven)
    test = opened("pages/evaluate.py", run=CLASSROOM_RUN)
    test.session_state["visitor"] = Visitor(tab="a tab", browser="mine")
    test.button_group(key="eval-part").set_value("drawn").run()
    assert not test.exception
    assert "2 digits that you drew and labelled" in text(test)
    table = test.table[-1]
    shown = dict(zip(table.value["Figure"], table.value["My drawings"], strict=True))
    assert (shown["Images"], shown["Accuracy"]) == ("2", "50.00%"), "the seven is read, and as a one it is wrong"


def test_a_run_whose_dataset_is_gone_shows_its_stored_figures_and_what_is_missing(own_dataset, monkeypatch):
    run = own_dataset(3)
    monkeypatch.delenv("DIGIT_LAB_DATA")
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert {metric.label: metric.value for metric in test.metric}["Accuracy"] == f"{run.metrics.accuracy:.2%}"
    assert "mine.npz into the folder named by DIGIT_LAB_DATA" in test.info[0].value


def test_the_mistakes_are_filtered_by_true_and_predicted_class(real_data):
    run = RunStore().open(CLASSROOM_RUN)
    said = run.evaluation()
    answers = said.probabilities.argmax(axis=1)
    nines = (said.labels == 9) & (answers != 9)
    test = opened("pages/evaluate.py", run=run.id)
    test.selectbox(key="eval-true").set_value(9).run()
    assert f"{nines.sum()} images of 9 read wrong" in text(test)
    test.selectbox(key="eval-predicted").set_value(5).run()
    assert f"{(nines & (answers == 5)).sum()} images of 9 wrongly read as 5" in text(test)
    assert not test.exception


def test_what_is_kept_is_what_further_questions_are_about_whatever_epoch_is_looked_at(real_data):
    run = RunStore().open(CLASSROOM_RUN)
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value("drawn").run()
    test.select_slider(key=f"eval-epoch-{run.id}").set_value(0).run()
    assert not test.exception
    assert "Of the network that is kept, not of the one after epoch 0" in text(test)
    columns = test.table[-1].value
    assert columns["Test set"][1] == f"{run.metrics.accuracy:.2%}"


def test_a_run_whose_network_is_gone_is_named_with_the_reason(own_dataset):
    run = own_dataset(3)
    (run.path / "model.tflite").unlink()
    test = opened("pages/evaluate.py")
    assert not test.exception
    assert any(run.id in each.value and "model.tflite is gone" in each.value for each in test.warning)
    assert run.id not in test.selectbox(key="eval-run-choice").options


@pytest.mark.parametrize("part", ["robust", "drawn", "map"])
def test_a_network_that_can_not_be_read_is_told_in_every_part(own_dataset, part):
    run = own_dataset(3)
    (run.path / "model.tflite").write_bytes(b"no network")
    test = opened("pages/evaluate.py", run=run.id)
    test.button_group(key="eval-part").set_value(part).run()
    assert not test.exception
    test.run()
    assert not test.exception
    assert part == "drawn" or "can't be read as a LiteRT network" in " ".join(
        each.value for each in (*test.info, *test.warning)
    )


def test_class_names_are_text_wherever_they_stand(tmp_path, monkeypatch, rng):
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


def test_two_runs_are_compared_in_words_and_the_images_on_which_they_differ_are_shown(real_data):
    a, b = (RunStore().open(name) for name in (CLASSROOM_RUN, DEFAULT_RUN))
    compared = compare(a.evaluation(), b.evaluation())
    test = opened("pages/evaluate.py", run=a.id)
    test.selectbox(key=f"eval-other-{a.id}").set_value(b.id).run()
    assert f"{compared.only_a} images only A gets right, {compared.only_b:,} only B" in text(test)
    test.toggle(key="eval-differ").set_value(True).run()
    assert f"{len(compared.differ)} images on which the two networks differ" in text(test)
    assert not test.exception


def test_only_runs_of_the_same_test_set_can_be_compared(own_dataset):
    run = own_dataset(3)
    test = opened("pages/evaluate.py", run=run.id)
    assert test.selectbox(key=f"eval-other-{run.id}").options == []


def test_a_run_whose_answers_are_damaged_still_shows_its_figures(own_dataset):
    run = own_dataset(3)
    (run.path / "evaluation.npz").write_bytes(b"no zip")
    test = opened("pages/evaluate.py", run=run.id)
    assert not test.exception
    assert "evaluation" in test.warning[0].value
    assert test.metric[0].value == f"{run.metrics.accuracy:.2%}"


def test_the_threshold_tells_what_is_answered_and_how_much_of_it_is_right():
    run = RunStore().open(CLASSROOM_RUN)
    said = run.evaluation()
    sure = said.probabilities.max(axis=1) >= 0.5
    right = said.probabilities.argmax(axis=1) == said.labels
    test = opened("pages/evaluate.py", run=run.id)
    test.slider(key="eval-threshold").set_value(0.5).run()
    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["Answered"] == f"{sure.mean():.1%}"
    assert shown["Of these right"] == f"{right[sure].mean():.2%}"


def test_predictions_and_figures_can_be_taken_along():
    run = RunStore().open(CLASSROOM_RUN)
    score = Score(run.evaluation(), run.metrics)
    rows = list(csv.DictReader(io.StringIO(predictions_csv(score))))
    assert len(rows) == run.metrics.n
    wrong = [int(row["image"]) for row in rows if row["true"] != row["predicted"]]
    assert sorted(wrong) == sorted(each.index for each in run.metrics.mistakes)
    assert sum(float(rows[0][f"p({digit})"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)
    figures = json.loads(metrics_json(run, score, None))
    assert (figures["epoch"], figures["kept"]) == (run.manifest["kept_epoch"], True)
    assert figures["calibration_error"] == expected_calibration_error(score.right, score.confidence)
    assert json.loads(metrics_json(run, score, 0))["epoch"] == 0
    low, high = figures["accuracy_interval_95"]
    assert low < figures["accuracy"] == run.metrics.accuracy < high
