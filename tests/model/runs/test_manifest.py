"""config.json and run.json as typed values: writing, reading back, and errors for invalid values."""

import copy
import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import TrainingConfig
from model.errors import ConfigError
from model.evaluation.metrics import compute_metrics
from model.results import UNCALIBRATED, Calibration
from model.runs.events import RunState
from model.runs.manifest import CardFigure, DatasetInfo, Manifest, ModelCard, RunDescription, TrainingOutcome

LABELS = np.array([0, 1, 1, 0])
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], np.float32)
DATASET = DatasetInfo("own", "a folder", "0" * 16, 40, 4, (28, 28, 1), ("a", "b"), "1" * 16)
CALIBRATION = Calibration(0.6, -1.8, 0.15, 1338, 731, 0.08, 0.01, 0.985, 0.984)
CARD = ModelCard(("MNIST",), ("train",), ("cut characters",), (CardFigure("MNIST", "99.6%", "10,000"),))


def outcome(**changes):
    return TrainingOutcome(
        metrics=compute_metrics(LABELS, PROBABILITIES, "ab"), parameters=5, kept_epoch=1, epochs=2, **changes
    )


def values(**changes):
    """Return the JSON values of a complete run."""
    complete = Manifest(RunState.FINISHED, outcome=outcome(calibration=CALIBRATION, n_rejected=1, card=CARD))
    return json.loads(json.dumps(complete.to_dict() | changes))


@pytest.mark.parametrize(
    "manifest",
    [
        Manifest(RunState.FAILED, reason="The loss is not a number."),
        Manifest(
            RunState.STOPPED,
            reason="The bell rang.",
            outcome=outcome(steps=8, seconds=1.5, precision="float32", network_bytes=9),
        ),
        Manifest(RunState.FINISHED, outcome=outcome(calibration=CALIBRATION, n_rejected=1, card=CARD)),
    ],
)
def test_a_written_manifest_is_read_back(manifest):
    stored = json.loads(json.dumps(manifest.to_dict()))
    assert json.loads(json.dumps(Manifest.from_dict(stored).to_dict())) == stored


def test_a_network_without_calibration_has_the_default_threshold():
    stored = Manifest(RunState.FINISHED, outcome=outcome()).to_dict()
    assert "calibration" not in stored
    assert Manifest.from_dict(stored).outcome.calibration is UNCALIBRATED


@pytest.mark.parametrize(
    "path, value",
    [
        (("figures", "accuracy"), "abc"),
        (("figures", "accuracy"), None),
        (("figures", "accuracy"), 99),
        (("figures", "accuracy"), float("nan")),
        (("figures", "loss"), "abc"),
        (("figures", "loss"), float("inf")),
        (("figures", "n"), 2.5),
        (("figures", "n"), 0),
        (("figures", "confusion"), [[1, 2]]),
        (("figures", "confusion"), [[2**70, 0], [0, 1]]),
        (("figures", "confusion"), [["a", 0], [0, 1]]),
        (("figures", "classes"), []),
        (("figures", "classes"), "ab"),
        (("figures", "mistakes"), [{"index": 1, "true": 7, "predicted": 0, "probability": 0.5}]),
        (("figures", "surprise"), 1),
        (("calibration", "reject_above"), "high"),
        (("calibration", "temperature"), None),
        (("card", "data"), "MNIST"),
        (("card", "figures"), [1]),
        (("kept_epoch",), -1),
        (("kept_epoch",), True),
        (("epochs",), "two"),
        (("parameters",), 2**60),
        (("seconds",), float("nan")),
        (("refused",), 1.5),
        (("network_bytes",), "many"),
        (("reason",), 7),
        (("status",), "running"),
        (("status",), "perfect"),
        (("figures",), None),
        (("format",), 99),
    ],
)
def test_an_invalid_value_in_a_manifest_raises_an_error(path, value):
    broken = copy.deepcopy(values())
    part = broken
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ValueError):
        Manifest.from_dict(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(values())), JSON)
def test_any_value_anywhere_is_read_or_raises_an_error(key, value):
    with suppress(ValueError):
        assert Manifest.from_dict(values(**{key: value})).state in RunState


@given(JSON | st.fixed_dictionaries({"config": JSON, "dataset": JSON}))
def test_any_description_is_read_or_raises_an_error(broken):
    with suppress(ValueError, ConfigError):
        assert RunDescription.from_dict(broken).config


def test_a_written_description_is_read_back():
    description = RunDescription(TrainingConfig(), "2026-11-25", DATASET, {"keras": "3.15.1"}, "another-run")
    assert RunDescription.from_dict(json.loads(json.dumps(description.to_dict()))) == description


@pytest.mark.parametrize(
    "change",
    [{"image_shape": [28, 28]}, {"image_shape": [28, 28, 0]}, {"class_names": []}, {"n_test": -1}, {"name": 7}],
)
def test_an_invalid_value_in_a_dataset_raises_an_error(change):
    with pytest.raises(ValueError):
        DatasetInfo.from_dict(DATASET.to_dict() | change)
