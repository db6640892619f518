"""A run folder written before `model` was split into packages: it opens, predicts, and its training continues."""

import shutil

import numpy as np
import pytest

from model.data import catalog
from model.evaluation import explain
from model.evaluation.metrics import compute_metrics
from model.inference.classifier import Classifier
from model.runs.store import RunStore
from model.training import epoch_probe, worker
from tests.support import PROJECT

OLD_RUN = PROJECT / "tests" / "data" / "run-written-before-packages"


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "old home")
    shutil.copytree(OLD_RUN, store.home / "20261125-113555-old")
    return store


@pytest.fixture
def run(store):
    runs, damaged = store.list()
    assert damaged == []
    (run,) = (run for run in runs if not run.shipped)
    return store.open_finished(run.id)


def test_it_opens_with_its_metrics(run):
    assert run.state() == "finished"
    assert (run.kept_epoch, run.outcome.epochs, run.outcome.steps) == (2, 2, 42)
    assert run.metrics.accuracy == 0.15
    assert run.dataset.fingerprint == catalog.load("uci-digits").fingerprint
    assert run.reads_digits


def test_its_predictions_match_its_metrics(run):
    predictions = run.predictions()
    metrics = compute_metrics(predictions.labels, predictions.probabilities, run.class_names)
    assert metrics.accuracy == run.metrics.accuracy
    assert np.array_equal(metrics.confusion, run.metrics.confusion)


def test_its_curves_match_its_events(run):
    history = run.history()
    assert history.step.tolist() == list(range(1, 43))
    assert [(epoch.epoch, epoch.step) for epoch in history.epochs] == [(1, 21), (2, 42)]
    assert history.epochs[-1].val_accuracy == pytest.approx(0.175)
    assert sorted(explain.epoch_networks(run)) == [0, 1, 2]


def test_its_probes_can_be_unpacked(run):
    with np.load(run.checkpoints / "glimpsed.npz") as stored:
        labels = stored["labels"]
    history = run.history()
    for epoch, fields in ((0, history.first_probe), *((event.epoch, event.probe) for event in history.epochs)):
        probe = epoch_probe.unpack(fields, epoch, len(labels))
        assert (probe.epoch, probe.predicted.shape) == (epoch, labels.shape)
        assert probe.filters.shape == (4, 3, 3, 1)


def test_its_network_still_makes_the_same_predictions(run, uci_digits):
    predicted = [prediction.class_index for prediction in Classifier(run).predict(uci_digits.x_test, False)]
    assert predicted == run.predictions().predicted.tolist()


@pytest.mark.slow
def test_its_training_can_be_continued(store, run):
    longer = store.extend(run, 1)
    assert worker.run(longer.path) == "finished"
    longer = store.open_finished(longer.id)
    assert longer.outcome.steps == 3 * 21
    assert np.array_equal(longer.history().loss[:42], run.history().loss)
