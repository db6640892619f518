"""Networks as plain lists of layers: what stands in each, which shape leaves it, how many parameters it has.

Knows arithmetic only; `architectures` builds the same lists as Keras models. So a page can show a network
without paying for TensorFlow. Shapes are `(height, width, channels)` or `(features,)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from model.errors import ConfigError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Convolution:
    """Slides `filters` windows of `kernel` x `kernel` over the image; with `padding` same, zeros keep its size."""

    filters: int
    kernel: int = 3
    padding: str = "valid"  # valid | same
    activation: str = "relu"  # relu | linear
    bias: bool = True

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"Conv2D {self.filters} {self.kernel}x{self.kernel}{' ReLU' if self.activation == 'relu' else ''}"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        lost = 0 if self.padding == "same" else self.kernel - 1
        return (of[0] - lost, of[1] - lost, self.filters)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return self.kernel**2 * of[2] * self.filters + self.filters * self.bias


@dataclass(frozen=True)
class BatchNormalization:
    """Brings each map to mean 0 and deviation 1 over the batch, then to a mean and a deviation that are learnt."""

    def title(self) -> str:
        """Name the layer as a person would."""
        return "BatchNormalization"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return of

    def parameters(self, of: Shape) -> int:
        """Count deviation and mean of each map, the learnt and the remembered ones."""
        return 4 * of[-1]


@dataclass(frozen=True)
class ReLU:
    """Keeps what is positive and silences the rest."""

    def title(self) -> str:
        """Name the layer as a person would."""
        return "ReLU"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return of

    def parameters(self, of: Shape) -> int:
        """An activation learns nothing."""
        return 0


@dataclass(frozen=True)
class MaxPooling:
    """Keeps the largest of each `size` x `size` square; a last odd row or column is dropped."""

    size: int = 2

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"MaxPooling {self.size}x{self.size}"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (of[0] // self.size, of[1] // self.size, of[2])

    def parameters(self, of: Shape) -> int:
        """Pooling learns nothing."""
        return 0


@dataclass(frozen=True)
class GlobalAveragePooling:
    """Keeps the mean of each map: what was found, no longer where."""

    def title(self) -> str:
        """Name the layer as a person would."""
        return "GlobalAveragePooling"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (of[2],)

    def parameters(self, of: Shape) -> int:
        """Pooling learns nothing."""
        return 0


@dataclass(frozen=True)
class Flatten:
    """Lays the maps out as one row."""

    def title(self) -> str:
        """Name the layer as a person would."""
        return "Flatten"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (prod(of),)

    def parameters(self, of: Shape) -> int:
        """Flattening learns nothing."""
        return 0


@dataclass(frozen=True)
class Dense:
    """Connects every input with each of `units` outputs."""

    units: int
    activation: str = "relu"  # relu | softmax

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"Dense {self.units} {'ReLU' if self.activation == 'relu' else self.activation}"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (self.units,)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return of[0] * self.units + self.units


@dataclass(frozen=True)
class Dropout:
    """Silences a random share of its inputs while training, none when answering."""

    rate: float

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"Dropout {self.rate:g}"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return of

    def parameters(self, of: Shape) -> int:
        """Dropout learns nothing."""
        return 0


Layer = Convolution | BatchNormalization | ReLU | MaxPooling | GlobalAveragePooling | Flatten | Dense | Dropout


@dataclass(frozen=True)
class Preset:
    """A named network: its layers up to the output, and one sentence why one would choose it."""

    name: str
    why: str
    layers: tuple[Layer, ...]


def _block(filters: int) -> tuple[Layer, ...]:
    convolution = (Convolution(filters, padding="same", activation="linear", bias=False), BatchNormalization(), ReLU())
    return (*convolution, *convolution)


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


@dataclass(frozen=True)
class LayerFacts:
    """One row of a network's table."""

    title: str
    shape: Shape
    parameters: int


def layers_of(name: str, n_classes: int) -> tuple[Layer, ...]:
    """Return a preset's layers with its softmax output. Raises ConfigError for an unknown name."""
    if name not in PRESETS:
        raise ConfigError(f"preset came as {name!r}; expected one of {', '.join(PRESETS)}.")
    return (*PRESETS[name].layers, Dense(n_classes, "softmax"))


def table(name: str, input_shape: Shape, n_classes: int) -> tuple[LayerFacts, ...]:
    """Return each layer's title, output shape and parameter count.

    Raises ConfigError where an image of `input_shape` is too small for the network.
    """
    return tuple(_walk(layers_of(name, n_classes), input_shape, name))


def _walk(layers: tuple[Layer, ...], shape: Shape, name: str) -> Iterator[LayerFacts]:
    entering = shape
    for layer in layers:
        parameters = layer.parameters(shape)
        shape = layer.shape(shape)
        if min(shape) < 1:
            raise ConfigError(
                f"Images of {entering[0]}x{entering[1]} shrink to nothing in {layer.title()} of {name}; "
                "expected larger images, so choose another dataset."
            )
        yield LayerFacts(layer.title(), shape, parameters)
