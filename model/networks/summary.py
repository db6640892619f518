"""A network's summary, layer by layer, and its limits: parameters and memory.

Arithmetic only, so a page can show a network without paying for TensorFlow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from model.config import Design
from model.errors import ConfigError
from model.networks.layers import Convolution, Layer, MaxPooling, Shape
from model.networks.presets import layers_of

MAX_PARAMETERS = 5_000_000
MAX_VALUES = 250_000_000  # in one step: 1 GB of float32, and about as much again in backpropagation


@dataclass(frozen=True)
class LayerSummary:
    """One row of a network's summary."""

    layer: Layer
    shape: Shape  # of the output
    parameters: int
    multiplications: int  # multiply-adds for one image

    @property
    def title(self) -> str:
        """The layer's name as shown to people."""
        return self.layer.title()


def summary(network: str | Design, input_shape: Shape, n_classes: int) -> tuple[LayerSummary, ...]:
    """Return each layer's title, output shape, parameters and multiplications.

    Raises ConfigError where an image of `input_shape` is too small for the network, and above MAX_PARAMETERS.

    >>> rows = summary("dense-64", (28, 28, 1), n_classes=10)
    >>> [(row.title, row.shape, row.parameters) for row in rows[:2]]
    [('Conv2D 32 3x3 ReLU', (26, 26, 32), 320), ('MaxPooling 2x2', (13, 13, 32), 0)]
    >>> sum(row.parameters for row in rows)
    121930
    """
    rows = tuple(_walk(network, input_shape, n_classes))
    total = sum(row.parameters for row in rows)
    if total > MAX_PARAMETERS:
        largest = max(rows, key=lambda row: row.parameters)
        remedy = "choose a smaller image or the preset deep"
        if isinstance(network, Design):
            remedy = "choose more pooling, fewer filters or fewer neurons"
        raise ConfigError(
            f"{total:,} parameters came, {largest.parameters:,} of them in {largest.title}; expected at most "
            f"{MAX_PARAMETERS:,}, so {remedy}."
        )
    return rows


def check_memory(network: str | Design, input_shape: Shape, n_classes: int, batch_size: int) -> None:
    """Raise ConfigError where one step of `batch_size` images holds more than MAX_VALUES values in all layers.

    Raises it as well where `summary` does.
    """
    values = batch_size * sum(prod(row.shape) for row in summary(network, input_shape, n_classes))
    if values > MAX_VALUES:
        smaller = "a smaller batch, more pooling or fewer filters" if isinstance(network, Design) else "a smaller batch"
        raise ConfigError(
            f"{values:,} values came, which the layers make of one batch of {batch_size} images; expected at most "
            f"{MAX_VALUES:,} in memory at once, so choose {smaller}."
        )


def _walk(network: str | Design, input_shape: Shape, n_classes: int) -> Iterator[LayerSummary]:
    entering = input_shape
    for number, layer in enumerate(layers_of(network, n_classes), 1):
        shape = layer.shape(entering)
        if min(shape) < 1:
            images = f"Images of {input_shape[0]}x{input_shape[1]} shrink to nothing in {layer.title()}"
            if isinstance(network, str):
                raise ConfigError(f"{images} of {network}; expected larger images, so choose another dataset.")
            raise ConfigError(
                f"{images}, layer {number} of your network, which {entering[0]}x{entering[1]} enters; expected at "
                f"least {_least(layer)}, so choose padding same, a smaller kernel or less pooling."
            )
        yield LayerSummary(layer, shape, layer.parameters(entering), layer.multiplications(entering))
        entering = shape


def _least(layer: Layer) -> str:
    match layer:
        case Convolution(kernel=side) | MaxPooling(size=side):
            return f"{side}x{side}"
        case _:
            return "1x1"
