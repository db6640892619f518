"""Diagnoses of artificial curves that show one problem each, and of a shipped run."""

import numpy as np
import pytest

from model.messages import Message
from model.runs.curves import History
from model.runs.events import EpochEvent
from model.runs.store import CLASSROOM_RUN, RunStore
from model.training.diagnosis import diagnose


def history(loss, epochs=()):
    loss = np.asarray(loss, float)
    step = np.arange(1, len(loss) + 1)
    events = tuple(
        EpochEvent(epoch=i, step=100 * i, loss=train, val_loss=validation, val_accuracy=accuracy)
        for i, (train, validation, accuracy) in enumerate(epochs, 1)
    )
    return History(step, loss, loss * 0 + 0.5, loss * 0 + 0.001, events)


FALLING = np.exp(-np.arange(400) / 150)
CURVES = {
    "too early": (np.full(20, 2.3), ()),
    "learning": (2.3 * FALLING, [(0.9, 0.8, 0.8), (0.4, 0.5, 0.9)]),
    "flat": (np.full(400, 0.2), [(0.21, 0.2, 0.95), (0.2, 0.2, 0.95)]),
    "overfitting": (2.3 * FALLING, [(0.5, 0.5, 0.85), (0.2, 0.45, 0.88), (0.05, 0.6, 0.88)]),
    "underfitting": (np.linspace(2.3, 2.1, 400), [(2.2, 2.2, 0.2), (2.1, 2.1, 0.22)]),
    "diverged": (np.concatenate([[2.3], np.full(399, 50.0)]), ()),
}


@pytest.mark.parametrize("name", CURVES)
def test_each_typical_curve_has_its_diagnosis(name):
    loss, epochs = CURVES[name]
    diagnosis = diagnose(history(loss, epochs), n_classes=10)
    assert diagnosis.name == name
    for message in (diagnosis.finding, diagnosis.suggestion):
        assert isinstance(message, Message)
        assert str(message).endswith(".")


def test_a_loss_that_stays_above_guessing_counts_as_diverged():
    assert diagnose(history([2.29, *np.full(300, 2.31)]), n_classes=10).name == "diverged"
    assert diagnose(history([2.4, *np.linspace(2.4, 2.0, 300)]), n_classes=10).name == "learning"


def test_noise_in_the_validation_loss_is_not_overfitting():
    epochs = [(0.06, 0.050, 0.985), (0.05, 0.045, 0.986), (0.045, 0.047, 0.986)]
    assert diagnose(history(0.3 * FALLING, epochs), n_classes=10).name != "overfitting"


def test_the_shipped_training_went_well():
    diagnosis = diagnose(RunStore().open(CLASSROOM_RUN).history(), n_classes=10)
    assert diagnosis.name in ("learning", "flat")
