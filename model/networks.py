"""Networks as plain lists of layers: what stands in each, which shape leaves it, how many parameters it has.

Knows arithmetic only; `architectures` builds the same lists as Keras models. So a page can show a network
without paying for TensorFlow. Shapes are `(height, width, channels)` or `(features,)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from model.errors import ConfigError
from model.records import Block, Design

MOST_PARAMETERS = 5_000_000
MOST_VALUES = 250_000_000  # that one step holds: 1 GB of float32, and about as much again on the way back

Shape = tuple[int, ...]
# How a person writes an activation.
_TITLES = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "softmax"}


@dataclass(frozen=True)
class Layer:
    """What stands in a network; unless it says otherwise it changes no shape, learns nothing and multiplies nothing."""

    def title(self) -> str:
        """Name the layer as a person would."""
        return type(self).__name__

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return of

    def parameters(self, of: Shape) -> int:
        """Count what the layer remembers: weights and biases, means and deviations."""
        return 0

    def multiplications(self, of: Shape) -> int:
        """Count the multiply-adds for one image."""
        return 0


@dataclass(frozen=True)
class Convolution(Layer):
    """Slides `filters` windows of `kernel` x `kernel` over the image; with `padding` same, zeros keep its size."""

    filters: int
    kernel: int = 3
    padding: str = "valid"  # valid | same
    activation: str = "relu"  # linear or one of records.ACTIVATIONS
    bias: bool = True

    def title(self) -> str:
        """Name the layer as a person would."""
        return _with_activation(f"Conv2D {self.filters} {self.kernel}x{self.kernel}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        lost = 0 if self.padding == "same" else self.kernel - 1
        return (of[0] - lost, of[1] - lost, self.filters)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return self.kernel**2 * of[2] * self.filters + self.filters * self.bias

    def multiplications(self, of: Shape) -> int:
        """Count each weight once for every place that its window takes."""
        return self.kernel**2 * of[2] * prod(self.shape(of))


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Brings each map to mean 0 and deviation 1 over the batch, then to a mean and a deviation that are learnt."""

    def parameters(self, of: Shape) -> int:
        """Count deviation and mean of each map, the learnt and the remembered ones."""
        return 4 * of[-1]

    def multiplications(self, of: Shape) -> int:
        """Count one for every value: what is remembered and learnt makes one factor and one summand."""
        return prod(of)


@dataclass(frozen=True)
class Activation(Layer):
    """Bends every value by itself; relu keeps what is positive and silences the rest."""

    function: str = "relu"  # one of records.ACTIVATIONS

    def title(self) -> str:
        """Name the layer as a person would."""
        return _TITLES[self.function]


@dataclass(frozen=True)
class MaxPooling(Layer):
    """Keeps the largest of each `size` x `size` square; a last odd row or column is dropped."""

    size: int = 2

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"MaxPooling {self.size}x{self.size}"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (of[0] // self.size, of[1] // self.size, of[2])


@dataclass(frozen=True)
class GlobalAveragePooling(Layer):
    """Keeps the mean of each map: what was found, no longer where."""

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (of[2],)


@dataclass(frozen=True)
class Flatten(Layer):
    """Lays the maps out as one row."""

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (prod(of),)


@dataclass(frozen=True)
class Dense(Layer):
    """Connects every input with each of `units` outputs."""

    units: int
    activation: str = "relu"  # softmax or one of records.ACTIVATIONS

    def title(self) -> str:
        """Name the layer as a person would."""
        return _with_activation(f"Dense {self.units}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (self.units,)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return of[0] * self.units + self.units

    def multiplications(self, of: Shape) -> int:
        """Count each weight once."""
        return of[0] * self.units


@dataclass(frozen=True)
class Dropout(Layer):
    """Silences a random share of its inputs while training, none when answering."""

    rate: float

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"Dropout {self.rate:g}"


def _with_activation(title: str, activation: str) -> str:
    return title if activation == "linear" else f"{title} {_TITLES[activation]}"


@dataclass(frozen=True)
class Preset:
    """A named network: its layers up to the output, and one sentence why one would choose it."""

    name: str
    why: str
    layers: tuple[Layer, ...]


def _block(filters: int) -> tuple[Layer, ...]:
    convolution = _convolution(Block(filters, padding="same", batch_normalization=True), "relu")
    return (*convolution, *convolution)


def _convolution(block: Block, activation: str) -> tuple[Layer, ...]:
    """Return a block's convolution. The normalization has a mean of its own, so no bias stands before it."""
    if not block.batch_normalization:
        return (Convolution(block.filters, block.kernel, block.padding, activation),)
    convolution = Convolution(block.filters, block.kernel, block.padding, "linear", bias=False)
    return (convolution, BatchNormalization(), Activation(activation))


_CONVOLUTIONS = (Convolution(32), MaxPooling(), Convolution(64), MaxPooling(), Flatten())

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "dense-64",
            "The classroom network with a narrow last layer: half the parameters, nearly the same accuracy.",
            (*_CONVOLUTIONS, Dense(64)),
        ),
        Preset(
            "dense-128",
            "The classroom network: two convolutions find strokes and corners, 128 neurons combine them.",
            (*_CONVOLUTIONS, Dense(128)),
        ),
        Preset(
            "dense-128-dropout",
            "The same with a fifth of the 128 neurons silenced at random, so that none is relied on alone.",
            (*_CONVOLUTIONS, Dense(128), Dropout(0.2)),
        ),
        Preset(
            "deep",
            "Three pairs of convolutions with batch normalization see strokes, then corners, then whole digits: "
            "slower to train, and the one that reads real handwriting best.",
            (*_block(32), MaxPooling(), *_block(64), MaxPooling(), *_block(128), GlobalAveragePooling()),
        ),
    )
}


# What dense-128-dropout is made of, as a start for a network of one's own.
CLASSROOM = Design(blocks=(Block(32), Block(64)), dense=(128,), dropout=0.2)


@dataclass(frozen=True)
class LayerFacts:
    """One row of a network's table."""

    layer: Layer
    shape: Shape  # that leaves the layer
    parameters: int
    multiplications: int  # multiply-adds for one image

    @property
    def title(self) -> str:
        """Name the layer as a person would."""
        return self.layer.title()


def layers_of(network: str | Design, n_classes: int) -> tuple[Layer, ...]:
    """Return the layers of a preset or a design with the softmax output. Raises ConfigError for an unknown name."""
    return (*(_own(network) if isinstance(network, Design) else _preset(network)), Dense(n_classes, "softmax"))


def _preset(name: str) -> tuple[Layer, ...]:
    if name not in PRESETS:
        raise ConfigError(f"preset came as {name!r}; expected one of {', '.join(PRESETS)}.")
    return PRESETS[name].layers


def _own(design: Design) -> Iterator[Layer]:
    for block in design.blocks:
        yield from _convolution(block, design.activation)
        if block.pooling:
            yield MaxPooling()
    yield Flatten()
    yield from (Dense(units, design.activation) for units in design.dense)
    if design.dropout:
        yield Dropout(design.dropout)


def table(network: str | Design, input_shape: Shape, n_classes: int) -> tuple[LayerFacts, ...]:
    """Return each layer's title, output shape, parameters and multiplications.

    Raises ConfigError where an image of `input_shape` is too small for the network, and above MOST_PARAMETERS.
    """
    rows = tuple(_walk(network, input_shape, n_classes))
    total = sum(row.parameters for row in rows)
    if total > MOST_PARAMETERS:
        largest = max(rows, key=lambda row: row.parameters)
        remedy = "choose a smaller image or the preset deep"
        if isinstance(network, Design):
            remedy = "choose more pooling, fewer filters or fewer neurons"
        raise ConfigError(
            f"{total:,} parameters came, {largest.parameters:,} of them in {largest.title}; expected at most "
            f"{MOST_PARAMETERS:,}, so {remedy}."
        )
    return rows


def check_memory(network: str | Design, input_shape: Shape, n_classes: int, batch_size: int) -> None:
    """Raise ConfigError where one step of `batch_size` images holds more than MOST_VALUES values in all layers.

    Raises it too where `table` does.
    """
    values = batch_size * sum(prod(row.shape) for row in table(network, input_shape, n_classes))
    if values > MOST_VALUES:
        smaller = "a smaller batch, more pooling or fewer filters" if isinstance(network, Design) else "a smaller batch"
        raise ConfigError(
            f"{values:,} values came, which the layers make of one batch of {batch_size} images; expected at most "
            f"{MOST_VALUES:,} in memory at once, so choose {smaller}."
        )


def _walk(network: str | Design, input_shape: Shape, n_classes: int) -> Iterator[LayerFacts]:
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
        yield LayerFacts(layer, shape, layer.parameters(entering), layer.multiplications(entering))
        entering = shape


def _least(layer: Layer) -> str:
    side = layer.kernel if isinstance(layer, Convolution) else layer.size
    return f"{side}x{side}"
