"""Saves trained networks: .keras to continue training, .tflite to serve; calibrates the last layer before."""

from pathlib import Path

import keras
import numpy as np

from model.evaluation import calibration
from model.inference import rejection
from model.networks import keras_models
from model.results import Calibration
from model.runs.atomic_files import replace
from model.training.training_data import Labelled


def export_litert(model: keras.Model, path: Path) -> None:
    """Save a float32 model with its layer outputs as a LiteRT file; aside first, so that it is never half-written."""
    aside = path.with_name(f".{path.name}")
    keras_models.with_layer_outputs(model).export(aside, format="litert", verbose=False)
    replace(aside, path)


def save_keras(model: keras.Model, path: Path) -> None:
    """Save a model as a .keras file; aside first, so that it is never half-written."""
    aside = path.with_name(f".{path.name}")
    model.save(aside)
    replace(aside, path)


def load_weights(path: Path) -> list[np.ndarray]:
    """Return the weights of a .keras file. Raises OSError or ValueError where it can't be read."""
    weights: list[np.ndarray] = keras.models.load_model(path, compile=False).get_weights()
    return weights


def calibrate(model: keras.Model, labelled: Labelled) -> Calibration:
    """Calibrate the last layer of a float32 `model` on labelled images and return what was done.

    A temperature divides its weights and a bias moves its "no digit", so everything that is saved from `model`
    afterwards is calibrated.
    """
    images, labels = labelled
    result = calibration.calibrate(labels, model.predict(images.astype(np.float32), batch_size=500, verbose=0))
    weights, biases = model.layers[-1].get_weights()
    biases[rejection.N_DIGITS :] += result.bias
    model.layers[-1].set_weights([weights / result.temperature, biases / result.temperature])
    return result
