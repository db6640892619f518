"""Save trained networks, .keras for more training and .tflite for predictions, and calibrate them first."""

from pathlib import Path

import keras
import numpy as np

from model.errors import RunError
from model.evaluation import calibration
from model.inference import rejection
from model.networks import keras_models
from model.results import Calibration
from model.runs.atomic_files import written_aside
from model.training.training_data import Labelled


def export_litert(model: keras.Model, path: Path) -> None:
    """Save a float32 model with its layer outputs as a LiteRT file; it is renamed into place once it is complete."""
    with written_aside(path) as aside:
        keras_models.with_layer_outputs(model).export(aside, format="litert", verbose=False)


def save_keras(model: keras.Model, path: Path) -> None:
    """Save a model as a .keras file; it is renamed into place once it is complete."""
    with written_aside(path) as aside:
        model.save(aside)


def load_model(path: Path, compile: bool = True) -> keras.Model:
    """Return the model of a .keras file. Raises RunError if it can't be read."""
    try:
        return keras.models.load_model(path, compile=compile)
    except Exception as error:  # damaged files raise almost any error: zip, HDF5, JSON, Keras's own
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise RunError("{file} is damaged ({reason}).", file=path.name, reason=reason) from error


def load_weights(path: Path) -> list[np.ndarray]:
    """Return the weights of a .keras file. Raises RunError if it can't be read."""
    weights: list[np.ndarray] = load_model(path, compile=False).get_weights()
    return weights


def calibrate(model: keras.Model, labelled: Labelled) -> Calibration:
    """Calibrate the last layer of a float32 `model` on labelled images and return the calibration.

    Its weights are divided by a temperature and a bias is added to its "no digit" class, so every file saved from
    `model` afterwards is calibrated.
    """
    images, labels = labelled
    result = calibration.calibrate(labels, model.predict(images.astype(np.float32), batch_size=500, verbose=0))
    weights, biases = model.layers[-1].get_weights()
    biases[rejection.N_DIGITS :] += result.bias
    model.layers[-1].set_weights([weights / result.temperature, biases / result.temperature])
    return result
