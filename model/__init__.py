"""The library behind Digit Lab: digits, networks and training. It contains nothing about web pages.

    >>> from model import DigitReader, Classifier, RunStore
    >>> reader = DigitReader(Classifier(RunStore().open_finished("deep")))
    >>> reader.read_strokes([[[80, 70], [200, 70], [140, 210]]]).text
    '7'

Each of these packages may import the ones above it:

    messages             translatable sentences
    errors, results      exceptions; metrics and predictions as plain values
    limits, config, ink  a host's limits; training settings; strokes and photos -> 28x28 images
    data                 datasets of labelled images
    networks             networks as lists of layers, and as Keras models
    runs                 one folder per training run
    inference            predictions with a saved network (LiteRT)
    drawings             collections of drawn characters
    evaluation           accuracy, confidence, robustness and explanations
    training             the training loop and the process around it
    jobs                 the app's queue of worker processes
    tuning, cli          searches for hyperparameters; the command line

Only `networks.keras_models`, `training.loop` and `training.export` import Keras or TensorFlow, and no module that the
web server imports reaches them. This package uses neither Streamlit nor Plotly. The names below are its public
interface; each is imported when it is first used (PEP 562), so `python -m model` starts immediately.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.config import Augmentation, Block, Design, TrainingConfig
    from model.data.catalog import load as load_dataset
    from model.data.dataset import Dataset
    from model.errors import ConfigError, DataError, DigitLabError, InkError, RunError, TrainingError
    from model.evaluation.evaluate import EvaluationResult, evaluate
    from model.evaluation.metrics import compute_metrics
    from model.inference.classifier import Classifier, Prediction
    from model.inference.digit_reader import DigitPredictions, DigitReader
    from model.inference.litert import Recognizer
    from model.ink.render import render
    from model.networks.summary import summary
    from model.results import Metrics, Predictions
    from model.runs.run import FinishedRun, Run
    from model.runs.store import RunStore
    from model.training.recipes import RECIPES
    from model.training.train import train

_HOMES = {
    "Augmentation": "config",
    "Block": "config",
    "Classifier": "inference.classifier",
    "ConfigError": "errors",
    "DataError": "errors",
    "Dataset": "data.dataset",
    "Design": "config",
    "DigitLabError": "errors",
    "DigitPredictions": "inference.digit_reader",
    "DigitReader": "inference.digit_reader",
    "EvaluationResult": "evaluation.evaluate",
    "FinishedRun": "runs.run",
    "InkError": "errors",
    "Metrics": "results",
    "Prediction": "inference.classifier",
    "Predictions": "results",
    "RECIPES": "training.recipes",
    "Recognizer": "inference.litert",
    "Run": "runs.run",
    "RunError": "errors",
    "RunStore": "runs.store",
    "TrainingConfig": "config",
    "TrainingError": "errors",
    "compute_metrics": "evaluation.metrics",
    "evaluate": "evaluation.evaluate",
    "load_dataset": "data.catalog",
    "render": "ink.render",
    "summary": "networks.summary",
    "train": "training.train",
}
_ORIGINAL_NAMES = {"load_dataset": "load"}

__all__ = [
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


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), _ORIGINAL_NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
