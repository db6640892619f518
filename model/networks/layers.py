"""The layers of a network: output shape, parameters and multiplications of each, by arithmetic alone.

Shapes are `(height, width, channels)` or `(features,)`. Knows nothing of Keras: `keras_models` builds the same layers.
"""

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]
# Activations as shown to people.
_TITLES = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "softmax"}


@dataclass(frozen=True)
class Layer:
    """A layer of a network. By default it keeps the shape, has no parameters and multiplies nothing."""

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return type(self).__name__

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return of

    def parameters(self, of: Shape) -> int:
        """Count weights and biases, means and deviations."""
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
    activation: str = "relu"  # linear or one of config.ACTIVATIONS
    bias: bool = True

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return _with_activation(f"Conv2D {self.filters} {self.kernel}x{self.kernel}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
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
    """Normalizes each map to mean 0 and deviation 1 over the batch, then applies a learned mean and deviation."""

    def parameters(self, of: Shape) -> int:
        """Count deviation and mean of each map, the learned ones and the running averages."""
        return 4 * of[-1]

    def multiplications(self, of: Shape) -> int:
        """Count one for every value: all parameters together make one factor and one summand."""
        return prod(of)


@dataclass(frozen=True)
class Activation(Layer):
    """Applies a nonlinear function to every value; relu keeps positive values and sets all others to 0."""

    function: str = "relu"  # one of config.ACTIVATIONS

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return _TITLES[self.function]


@dataclass(frozen=True)
class MaxPooling(Layer):
    """Keeps the largest of each `size` x `size` square; a last odd row or column is dropped."""

    size: int = 2

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return f"MaxPooling {self.size}x{self.size}"

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (of[0] // self.size, of[1] // self.size, of[2])


@dataclass(frozen=True)
class GlobalAveragePooling(Layer):
    """Keeps the mean of each map: whether a feature occurs, no longer where."""

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (of[2],)


@dataclass(frozen=True)
class Flatten(Layer):
    """Lays the maps out as one row."""

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (prod(of),)


@dataclass(frozen=True)
class Dense(Layer):
    """Connects every input with each of `units` outputs."""

    units: int
    activation: str = "relu"  # softmax or one of config.ACTIVATIONS

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return _with_activation(f"Dense {self.units}", self.activation)

    def shape(self, of: Shape) -> Shape:
        """Return the output shape for an input of shape `of`."""
        return (self.units,)

    def parameters(self, of: Shape) -> int:
        """Count the weights and biases."""
        return of[0] * self.units + self.units

    def multiplications(self, of: Shape) -> int:
        """Count each weight once."""
        return of[0] * self.units


@dataclass(frozen=True)
class Dropout(Layer):
    """Sets a random share of its inputs to 0 in training, none in prediction."""

    rate: float

    def title(self) -> str:
        """Return the layer's name as shown to people."""
        return f"Dropout {self.rate:g}"


def _with_activation(title: str, activation: str) -> str:
    return title if activation == "linear" else f"{title} {_TITLES[activation]}"


# Outputs besides the probabilities: see `keras_models.with_layer_outputs`.
LAYER_OUTPUTS = ("convolution_1", "pooling_1", "convolution_2", "features")
