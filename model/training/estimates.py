"""Estimates of the time and memory that a training takes: arithmetic on presets and histories.

A step has a fixed cost, and needs three times the multiplications of a prediction: the backward pass through the layers
takes twice as many as the forward pass. Validation, start-up and export are left out; they are a few percent of a
training.
"""

from math import ceil, prod

from model.config import TrainingConfig
from model.data.catalog import BUILTINS
from model.errors import ConfigError
from model.networks.summary import LayerSummary, summary
from model.results import Inspection
from model.runs.curves import History

# Fitted to two measured steps of 128 images on two AMD EPYC cores: dense-128, with 2.6 million multiplications per
# image, took 16 ms; deep, with 29 million, took 135 ms.
OVERHEAD_S = 0.004  # per step
SPEED = 85e9  # multiplications per second
# Fitted to measured workers: docs/measurements.md, "Memory".
WORKER = 460_000_000  # bytes: Python and TensorFlow, with 100 MB of the libraries' files
PER_IMAGE_BYTE = 3.1  # bytes: the dataset, a copy of its training images, and validation images as float32
DRAWINGS = 150_000_000  # bytes: the images of drawings and scribbles, and those they are mixed from
PER_VALUE = 3.6  # bytes for each output of a layer: the batch, and as much of its gradients as exists at a time
LEAST_BATCH = 200  # validation uses large batches
PER_PARAMETER = 4  # bytes; for weights, gradients, two averages of the optimizer, and the weights of each epoch
_DEFAULT_IMAGES, _DEFAULT_SHAPE, _DEFAULT_CLASSES = 60_000, (28, 28, 1), 10  # as in MNIST


def training_seconds(multiplications: int, n_images: int, epochs: int, batch_size: int) -> float:
    """Estimate how many seconds a training takes on two AMD EPYC cores; all arguments are at least 1.

    `multiplications` counts one forward pass of one image. A step is assumed to take 4 ms plus three times its
    multiplications at 85 billion per second, fitted to the measured 16 ms of dense-128 and 135 ms of deep. Other
    machines are faster or slower, so `seconds_left` gives a better estimate once a training is running.

    >>> round(training_seconds(multiplications=2_600_000, n_images=54_000, epochs=5, batch_size=128))
    33
    """
    steps = ceil(n_images / batch_size)
    return epochs * (steps * OVERHEAD_S + 3 * multiplications * n_images / SPEED)


def seconds_left(history: History, epochs: int) -> float | None:
    """Return how many seconds a training of `epochs` still needs at its pace so far; None before its first batches."""
    done = history.steps_done
    total = epochs * int(history.plan.batches_per_epoch)
    if not done or not total or history.seconds <= 0:
        return None
    return max(total - done, 0) * history.seconds / done


def estimate_seconds(config: TrainingConfig, inspection: Inspection | None = None) -> float | None:
    """Estimate the seconds of a whole training from its settings; None if they name an unknown network.

    Without the `inspection` of a dataset that doesn't come with Digit Lab, it is assumed to be as large as MNIST.
    """
    n_train, _shape, layers = _known(config, inspection)
    if not layers:
        return None
    n_images = min(config.train_images or n_train, n_train)
    return training_seconds(sum(layer.multiplications for layer in layers), n_images, config.epochs, config.batch_size)


def estimate_memory(config: TrainingConfig, inspection: Inspection | None = None) -> int | None:
    """Estimate the bytes of memory that must be free for a training; None if its settings name an unknown network.

    Without the `inspection` of a dataset that doesn't come with Digit Lab, it is assumed to be as large as MNIST.

    >>> round(estimate_memory(TrainingConfig(dataset="mnist", preset="dense-128")) / 1e6)
    642
    """
    n_train, shape, layers = _known(config, inspection)
    if not layers:
        return None
    values = sum(prod(layer.shape) for layer in layers) * max(config.batch_size, LEAST_BATCH)
    parameters = sum(layer.parameters for layer in layers) * (config.epochs + 5)
    images = PER_IMAGE_BYTE * n_train * prod(shape) + DRAWINGS * config.drawings
    return round(WORKER + images + PER_VALUE * values + PER_PARAMETER * parameters)


def _known(
    config: TrainingConfig, inspection: Inspection | None
) -> tuple[int, tuple[int, int, int], tuple[LayerSummary, ...]]:
    """Return the number of training images, their shape, and the layers; no layers for an unknown network."""
    n_train, shape, n_classes = _DEFAULT_IMAGES, _DEFAULT_SHAPE, _DEFAULT_CLASSES
    if known := BUILTINS.get(config.dataset):
        n_train, shape, n_classes = known.n_train, known.image_shape, len(known.class_names)
    elif inspection:
        n_train, shape = sum(inspection.train_counts), inspection.image_shape
        n_classes = len(inspection.class_names)
    try:
        return n_train, shape, summary(config.network, shape, n_classes)
    except ConfigError:
        return n_train, shape, ()
