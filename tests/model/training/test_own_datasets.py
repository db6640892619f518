"""Trainings on people's own datasets: small, inverted, of other classes, and with images of other sizes."""

from dataclasses import replace

import numpy as np
import pytest

from model.config import TrainingConfig
from model.data import catalog
from model.data.splits import hold_out, validation_split
from model.drawings import fine_tuning, mixing
from model.errors import ConfigError, DataError, InkError, RunError
from model.evaluation.evaluate import evaluate
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.networks.presets import PRESETS
from model.networks.summary import summary
from model.runs.store import CLASSROOM_RUN, RunStore
from model.training import worker
from model.training.loop import train
from model.training.training_data import split_dataset
from tests.support import check_message

LETTERS = np.array(list("ABCDEFGHIJ"))


@pytest.fixture
def save_digits(tmp_path, monkeypatch, uci_digits):
    """Write digits, changed in some way, as `own.npz` into DIGIT_LAB_DATA."""
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))

    def save(n_per_class=8, n_test=40, change=lambda pixels: pixels, **more):
        chosen = np.concatenate([np.flatnonzero(uci_digits.y_train == digit)[:n_per_class] for digit in range(10)])
        images = {"x_train": uci_digits.x_train[chosen, ..., 0], "x_test": uci_digits.x_test[:n_test, ..., 0]}
        labels = {"y_train": uci_digits.y_train[chosen], "y_test": uci_digits.y_test[:n_test]}
        np.savez(tmp_path / "own.npz", **{key: change(array) for key, array in images.items()}, **labels, **more)
        return catalog.load("own")

    return save


@pytest.mark.parametrize(("n_per_class", "share"), [(8, 1 / 12), (2, 0.01), (3, 0.5), (20, 0.05)])
def test_at_least_one_image_of_each_class_is_on_both_sides(n_per_class, share):
    labels = np.repeat(np.arange(10), n_per_class)
    train_part, validation = validation_split(labels, share, seed=0)
    assert np.unique(labels[validation]).tolist() == np.unique(labels[train_part]).tolist() == list(range(10))
    assert np.array_equal(np.sort(np.concatenate([train_part, validation])), np.arange(len(labels)))
    assert np.array_equal(validation_split(labels, share, seed=0)[1], validation)


def test_a_rare_class_is_held_out_too():
    labels = np.repeat([0, 1], [500, 3])
    remaining, held_out = hold_out(labels, 0.05, seed=0)
    assert {0, 1} == set(labels[remaining]) == set(labels[held_out])


@pytest.mark.slow
def test_80_images_train(save_digits):
    dataset = save_digits(n_per_class=8)
    result = train(TrainingConfig(dataset="own", preset="dense-64", epochs=1, precision="float32"), dataset)
    assert len(result.history["val_loss"]) == 1


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("side", [8, 9, 16, 28, 64])
def test_a_preset_works_with_a_size_or_another_is_named(preset, side):
    try:
        assert summary(preset, (side, side, 1), 10)
    except ConfigError as error:
        assert summary(error.values["other"], (side, side, 1), 10)


def test_a_validation_part_of_its_own_is_used(save_digits, uci_digits):
    own = (uci_digits.x_test[-30:, ..., 0], uci_digits.y_test[-30:])
    dataset = save_digits(x_val=own[0], y_val=own[1])
    (images, _labels), (validation, labels) = split_dataset(dataset, TrainingConfig(dataset="own"))
    assert len(images) == 80
    assert np.array_equal(validation[..., 0], own[0])
    assert np.array_equal(labels, own[1])


@pytest.mark.slow
def test_an_inverted_run_remembers_it_and_its_inspection(tmp_path, monkeypatch, uci_digits):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    paper, digits = 255 - uci_digits.x_train[:200, ..., 0], uci_digits.y_train[:200]
    np.savez(tmp_path / "own.npz", x_train=paper, y_train=digits, x_test=paper[:10], y_test=digits[:10])
    store = RunStore()
    config = TrainingConfig(dataset="own", preset="dense-64", epochs=2, invert=True, precision="float32")
    run = store.create(config)
    assert worker.run(run.path) == "finished"
    run = store.open_finished(run.id)
    assert run.config.invert
    found = run.dataset.inspection
    assert (found.n_shared, found.is_dark_on_light, sum(found.train_counts)) == (10, False, 200)
    result = evaluate(run)
    assert result.n_shared == 10
    assert result.warnings[0].values["n"] == 10
    assert np.allclose(result.predictions.probabilities, run.predictions().probabilities, atol=1e-5)
    assert run.dataset.fingerprint == catalog.load("own").inverted().fingerprint != catalog.load("own").fingerprint


def test_dark_ink_is_named_when_a_network_is_evaluated_on_it(save_digits):
    save_digits(change=lambda pixels: 255 - pixels)
    run = RunStore().open_finished(CLASSROOM_RUN)
    dark = evaluate(run, "own")
    assert [warning.values["dataset"] for warning in dark.warnings] == ["own"]
    inverted = evaluate(run, "own", invert=True)
    assert inverted.warnings == ()
    assert inverted.metrics.accuracy > dark.metrics.accuracy + 0.2


def test_classes_decide_what_a_network_is_evaluated_on(save_digits):
    save_digits(class_names=LETTERS)
    with pytest.raises(RunError) as caught:
        evaluate(RunStore().open_finished(CLASSROOM_RUN), "own")
    check_message(caught.value, first="A", last="J", own_first="0", own_last="9")


@pytest.mark.parametrize("more", [{"class_names": LETTERS}, {}])
def test_only_digits_get_drawings_of_digits(save_digits, tmp_path, more):
    dataset = save_digits(**more) if more else replace(save_digits(), class_names=tuple(map(str, range(1, 11))))
    with pytest.raises(DataError) as caught:
        mixing.add_drawings(dataset, 0.1, seed=0)
    check_message(caught.value, dataset="own", first=dataset.class_names[0], last=dataset.class_names[-1])
    with pytest.raises(DataError):
        fine_tuning.add_fine_tuning_drawings(dataset, tmp_path, knows_non_digits=False, seed=0)


def test_a_run_of_other_classes_reads_no_digits():
    run = RunStore().open_finished(CLASSROOM_RUN)
    classifier = Classifier(run)
    for names in (tuple(LETTERS.tolist()), tuple(map(str, range(1, 11)))):
        other = Classifier.from_network(classifier.recognizer, names)
        assert not other.reads_digits
        with pytest.raises(InkError) as caught:
            DigitReader(other)
        assert caught.value.values["first"] == names[0]
