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
    """Slides `filters` windows of `kernel` x `kernel` over the image, without padding, then ReLU."""

    filters: int
    kernel: int = 3

    def title(self) -> str:
        """Name the layer as a person would."""
        return f"Conv2D {self.filters} {self.kernel}x{self.kernel} ReLU"

    def shape(self, of: Shape) -> Shape:
        """Return the shape that leaves the layer when `of` enters it."""
        return (of[0] - self.kernel + 1, of[1] - self.kernel + 1, self.filters)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return self.kernel**2 * of[2] * self.filters + self.filters


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


Layer = Convolution | MaxPooling | Flatten | Dense | Dropout


@dataclass(frozen=True)
class Preset:
    """A named network: its layers up to the output, and one sentence why one would choose it."""

    name: str
    why: str
    layers: tuple[Layer, ...]


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
