"""How long a training will take, before it starts and while it runs: arithmetic on presets and histories.

A step costs something whatever the network, and three times the multiplications of a prediction: going back through
the layers takes twice what going forward does. Validation, start and export are left out: a few percent of a training.
"""

from math import ceil

from model.config import TrainingConfig
from model.data.catalog import BUILTINS
from model.errors import ConfigError
from model.networks.summary import summary
from model.runs.curves import History

# Fitted to two measured steps of 128 images on two AMD EPYC cores: dense-128 with 2.6 million multiplications an
# image took 16 ms, deep with 29 million 135 ms.
OVERHEAD_S = 0.004  # a step
SPEED = 85e9  # multiplications a second
_USUAL_IMAGES, _USUAL_SHAPE, _USUAL_CLASSES = 60_000, (28, 28, 1), 10  # of MNIST


def training_seconds(multiplications: int, n_images: int, epochs: int, batch_size: int) -> float:
    """Estimate how many seconds a training takes on a machine like two AMD EPYC cores; all arguments at least 1.

    `multiplications` are those of one image on its way through the network. A step is taken to cost 4 ms and its
    multiplications, three times, at 85 thousand million a second. Fitted to the measured 16 ms of dense-128 and
    135 ms of deep; other machines differ by their speed, so a running training is estimated better: `seconds_left`.

    >>> round(training_seconds(multiplications=2_600_000, n_images=54_000, epochs=5, batch_size=128))
    33
    """
    steps = ceil(n_images / batch_size)
    return epochs * (steps * OVERHEAD_S + 3 * multiplications * n_images / SPEED)


def seconds_left(history: History, epochs: int) -> float | None:
    """Return how many seconds a training of `epochs` still needs at the pace it had; None before its first batches."""
    done = history.steps_done
    total = epochs * int(history.plan.batches_per_epoch)
    if not done or not total or history.seconds <= 0:
        return None
    return max(total - done, 0) * history.seconds / done


def estimate_seconds(config: TrainingConfig) -> float | None:
    """Estimate the seconds of a whole training from its settings; None where they name no known network.

    A dataset that does not come with Digit Lab is taken to be as large as MNIST.
    """
    known = BUILTINS.get(config.dataset)
    n_train, shape = (known.n_train, known.image_shape) if known else (_USUAL_IMAGES, _USUAL_SHAPE)
    n_classes = len(known.class_names) if known else _USUAL_CLASSES
    n_images = min(config.train_images or n_train, n_train)
    try:
        layers = summary(config.network, shape, n_classes)
    except ConfigError:
        return None
    return training_seconds(sum(layer.multiplications for layer in layers), n_images, config.epochs, config.batch_size)
