"""The public names of the library, none of which imports TensorFlow."""

import subprocess
import sys

import pytest

import model
from tests.support import PROJECT

NAMES = [
    "RECIPES",
    "Augmentation",
    "Block",
    "Classifier",
    "ConfigError",
    "DataError",
    "Dataset",
    "Design",
    "DigitLabError",
    "DigitPredictions",
    "DigitReader",
    "EvaluationResult",
    "FinishedRun",
    "InkError",
    "Metrics",
    "Prediction",
    "Predictions",
    "Recognizer",
    "Run",
    "RunError",
    "RunStore",
    "TrainingConfig",
    "TrainingError",
    "compute_metrics",
    "evaluate",
    "load_dataset",
    "render",
    "summary",
    "train",
]


def test_the_public_names_are_these():
    assert model.__all__ == NAMES
    assert dir(model) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_documented(name):
    assert name == "RECIPES" or getattr(model, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'tarin'"):
        model.tarin  # noqa: B018


def test_no_public_name_imports_tensorflow():
    code = (
        f"import sys; from model import {', '.join(NAMES)}; print(bool({{'tensorflow', 'keras'}} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
