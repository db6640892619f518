"""The layers of a network, with their output shapes, parameters and multiplications, by arithmetic alone.

Shapes are `(height, width, channels)` or `(features,)`. Doesn't use Keras: `keras_models` builds the same layers.
"""

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]
# Names of activations for display.
_TITLES = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "softmax"}


@dataclass(frozen=True)
class Layer:
    """A layer of a network. By default it keeps the shape and has no parameters or multiplications."""

    def title(self) -> str:
        """Return the layer's name for display."""
        return type(self).__name__

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return of

    def parameters(self, of: Shape) -> int:
        """Return the number of parameters, including running averages."""
        return 0

    def multiplications(self, of: Shape) -> int:
        """Return the number of multiply-adds for one image."""
        return 0


@dataclass(frozen=True)
class Convolution(Layer):
    """Slides `filters` filters of `kernel` x `kernel` over the image; with `padding` same, the size stays the same."""

    filters: int
    kernel: int = 3
    padding: str = "valid"  # valid | same
    activation: str = "relu"  # linear or one of config.ACTIVATIONS
    bias: bool = True

    def title(self) -> str:
        """Return the layer's name for display."""
        return _with_activation(f"Conv2D {self.filters} {self.kernel}x{self.kernel}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        lost = 0 if self.padding == "same" else self.kernel - 1
        return (of[0] - lost, of[1] - lost, self.filters)

    def parameters(self, of: Shape) -> int:
        """Return the number of weights and biases."""
        return self.kernel**2 * of[2] * self.filters + self.filters * self.bias

    def multiplications(self, of: Shape) -> int:
        """Return the number of multiply-adds: each weight counts once per position of its filter."""
        return self.kernel**2 * of[2] * prod(self.shape(of))


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """Normalizes each feature map to mean 0 and deviation 1 over the batch, then applies a learned scale and offset."""

    def parameters(self, of: Shape) -> int:
        """Return four per feature map: learned scale and offset, running mean and variance."""
        return 4 * of[-1]

    def multiplications(self, of: Shape) -> int:
        """Return one per value: the parameters combine into one factor and one offset."""
        return prod(of)


@dataclass(frozen=True)
class Activation(Layer):
    """Applies a nonlinear function to every value; relu keeps positive values and sets the others to 0."""

    function: str = "relu"  # one of config.ACTIVATIONS

    def title(self) -> str:
        """Return the layer's name for display."""
        return _TITLES[self.function]


@dataclass(frozen=True)
class MaxPooling(Layer):
    """Keeps the largest value of each `size` x `size` square; an odd last row or column is dropped."""

    size: int = 2

    def title(self) -> str:
        """Return the layer's name for display."""
        return f"MaxPooling {self.size}x{self.size}"

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (of[0] // self.size, of[1] // self.size, of[2])


@dataclass(frozen=True)
class GlobalAveragePooling(Layer):
    """Keeps the mean of each feature map: whether a feature occurs, but not where."""

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (of[2],)


@dataclass(frozen=True)
class Flatten(Layer):
    """Flattens the feature maps into one row."""

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (prod(of),)


@dataclass(frozen=True)
class Dense(Layer):
    """Connects every input to each of `units` outputs."""

    units: int
    activation: str = "relu"  # softmax or one of config.ACTIVATIONS

    def title(self) -> str:
        """Return the layer's name for display."""
        return _with_activation(f"Dense {self.units}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (self.units,)

    def parameters(self, of: Shape) -> int:
        """Return the number of weights and biases."""
        return of[0] * self.units + self.units

    def multiplications(self, of: Shape) -> int:
        """Return the number of multiply-adds: each weight counts once."""
        return of[0] * self.units


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets a random share of its inputs to 0 during training only."""

    rate: float

    def title(self) -> str:
        """Return the layer's name for display."""
        return f"Dropout {self.rate:g}"


def _with_activation(title: str, activation: str) -> str:
    return title if activation == "linear" else f"{title} {_TITLES[activation]}"


# Outputs in addition to the probabilities: see `keras_models.with_layer_outputs`.
LAYER_OUTPUTS = ("convolution_1", "pooling_1", "convolution_2", "features")
