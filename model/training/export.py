"""Writes trained networks: .keras to continue training, .tflite to serve; calibrates the last layer before."""

from pathlib import Path

import keras
import numpy as np

from model.evaluation import calibration
from model.inference import rejection
from model.networks import keras_models
from model.results import Calibration
from model.runs.atomic_files import replace

Labelled = tuple[np.ndarray, np.ndarray]  # images and their class numbers


def export_litert(model: keras.Model, path: Path) -> None:
    """Write a float32 model with its layer outputs as a LiteRT file; aside first, so that it exists only complete."""
    aside = path.with_name(f".{path.name}")
    keras_models.with_layer_outputs(model).export(aside, format="litert", verbose=False)
    replace(aside, path)


def save_keras(model: keras.Model, path: Path) -> None:
    """Write a model as a .keras file; aside first, so that it exists only when complete."""
    aside = path.with_name(f".{path.name}")
    model.save(aside)
    replace(aside, path)


def calibrate(model: keras.Model, labelled: Labelled) -> Calibration:
    """Change the last layer of a float32 `model` so that its probabilities can be believed; return what that did.

    A temperature divides its weights and a bias moves its "no digit", so everything that is written from `model`
    afterwards is calibrated, and nobody has to do it again.
    """
    images, labels = labelled
    found = calibration.calibrate(labels, model.predict(images.astype(np.float32), batch_size=500, verbose=0))
    weights, biases = model.layers[-1].get_weights()
    biases[rejection.N_DIGITS :] += found.bias
    model.layers[-1].set_weights([weights / found.temperature, biases / found.temperature])
    return found
