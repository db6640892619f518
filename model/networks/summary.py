"""A network's summary, layer by layer, and the limits on its parameters and memory.

Arithmetic only, so that a page can show a network without loading TensorFlow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from model.config import Design
from model.errors import ConfigError
from model.networks.layers import Convolution, Layer, MaxPooling, Shape
from model.networks.presets import layers_of

_FOR_SMALL_IMAGES = "deep"  # its convolutions keep the size of an image
MAX_PARAMETERS = 5_000_000
MAX_VALUES = 250_000_000  # in one step: 1 GB of float32, and about the same again for backpropagation


@dataclass(frozen=True)
class LayerSummary:
    """One row of a network's summary."""

    layer: Layer
    shape: Shape  # of the output
    parameters: int
    multiplications: int  # multiply-adds for one image

    @property
    def title(self) -> str:
        """The layer's name for display."""
        return self.layer.title()


def summary(network: str | Design, input_shape: Shape, n_classes: int) -> tuple[LayerSummary, ...]:
    """Return each layer's title, output shape, parameters and multiplications.

    Raises ConfigError if images of `input_shape` are too small for the network, and above MAX_PARAMETERS.

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
        values = {"high": MAX_PARAMETERS, "total": total, "n": largest.parameters, "layer": largest.title}
        if isinstance(network, Design):
            raise ConfigError(
                "The network must have at most {high:,} parameters, got {total:,}, of which {n:,} are in {layer}. Add "
                "pooling, or use fewer filters or neurons.",
                **values,
            )
        raise ConfigError(
            "The network must have at most {high:,} parameters, got {total:,}, of which {n:,} are in {layer}. Use "
            "smaller images or the preset deep.",
            **values,
        )
    return rows


def check_memory(network: str | Design, input_shape: Shape, n_classes: int, batch_size: int) -> None:
    """Raise ConfigError if all layers together output more than MAX_VALUES values for `batch_size` images.

    Also raises the errors of `summary`.
    """
    n_values = batch_size * sum(prod(row.shape) for row in summary(network, input_shape, n_classes))
    if n_values > MAX_VALUES:
        values = {"high": MAX_VALUES, "n_values": n_values, "batch_size": batch_size}
        if isinstance(network, Design):
            raise ConfigError(
                "The layers must output at most {high:,} values per batch, got {n_values:,} for {batch_size} images. "
                "Use smaller batches, more pooling or fewer filters.",
                **values,
            )
        raise ConfigError(
            "The layers must output at most {high:,} values per batch, got {n_values:,} for {batch_size} images. Use "
            "smaller batches.",
            **values,
        )


def _walk(network: str | Design, input_shape: Shape, n_classes: int) -> Iterator[LayerSummary]:
    layer_input = input_shape
    for number, layer in enumerate(layers_of(network, n_classes), 1):
        shape = layer.shape(layer_input)
        if min(shape) < 1:
            if isinstance(network, str):
                raise ConfigError(
                    "Images of {image} are too small for the preset {preset}. Choose the preset {other}, which works "
                    "with them, or a custom network with less pooling.",
                    image=_size(input_shape),
                    preset=network,
                    other=_FOR_SMALL_IMAGES,
                )
            raise ConfigError(
                "Layer {number}, {layer}, needs an input of at least {least}, got {size}. Use padding same, a smaller "
                "kernel or less pooling.",
                number=number,
                layer=layer.title(),
                least=_least_size(layer),
                size=_size(layer_input),
            )
        yield LayerSummary(layer, shape, layer.parameters(layer_input), layer.multiplications(layer_input))
        layer_input = shape


def _size(shape: Shape) -> str:
    return f"{shape[0]}×{shape[1]}"


def _least_size(layer: Layer) -> str:
    match layer:
        case Convolution(kernel=side) | MaxPooling(size=side):
            return _size((side, side))
        case _:
            return _size((1, 1))
