"""The layers of a network: output shape, parameters and multiplications of each, by arithmetic alone.

Shapes are `(height, width, channels)` or `(features,)`. Knows nothing of Keras: `keras_models` builds the same layers.
"""

from dataclasses import dataclass
from math import prod

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


# What a network tells besides its probabilities: see `architectures.with_layer_outputs`.
LAYER_OUTPUTS = ("convolution_1", "pooling_1", "convolution_2", "features")
