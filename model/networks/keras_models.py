"""Networks as Keras models: the layers of `networks.layers`, one to one, after a layer that scales the pixels.

Uses Keras, but no datasets or training. Every model accepts raw pixels, `(n, height, width, channels)` in [0, 255], and
scales them to [0, 1] itself, so that no caller can forget to do it, or do it twice.
"""

import keras

from model.config import CUSTOM, Design
from model.networks.layers import (
    LAYER_OUTPUTS,
    Activation,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
    Shape,
)
from model.networks.summary import summary


def build(network: str | Design, input_shape: Shape, n_classes: int, precision: str = "float32") -> keras.Model:
    """Build a preset or a design with new random weights; the model has the preset's name, or "own" for a design.

    `precision` is a Keras dtype policy; the softmax always uses float32, because the loss depends on small differences.
    Raises ConfigError for an unknown preset, for images that are too small and for networks that are too large.
    """
    layers = [row.layer for row in summary(network, input_shape, n_classes)]
    return keras.Sequential(
        [
            keras.Input(input_shape, name="pixels"),
            keras.layers.Rescaling(1 / 255, dtype=precision, name="scale"),
            *(_keras_layer(layer, precision) for layer in layers[:-1]),
            _keras_layer(layers[-1], "float32"),
        ],
        name=CUSTOM if isinstance(network, Design) else network,
    )


def with_layer_outputs(model: keras.Model) -> keras.Model:
    """Return the same network with a dict of outputs, for export to a LiteRT file.

    `probabilities` `(n, classes)`; `convolution_1`, `convolution_2` and `pooling_1` `(n, height, width, maps)`, the
    feature maps after the activation; `features` `(n, units)`, the inputs of the last layer. Layers that the network
    doesn't have are left out.
    """
    outputs = {name: model.layers[index].output for name, index in _output_layers(model).items()}
    return keras.Model(model.inputs, outputs, name=model.name)


def _output_layers(model: keras.Model) -> dict[str, int]:
    """Return the index of the layer for each output."""
    layers = {"probabilities": len(model.layers) - 1, "features": len(model.layers) - 2}
    convolutions = poolings = 0
    for index, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Conv2D):
            convolutions += 1
        if isinstance(layer, keras.layers.Conv2D | keras.layers.BatchNormalization | keras.layers.Activation):
            layers[f"convolution_{convolutions}"] = index  # overwritten by the last of the three
        if isinstance(layer, keras.layers.MaxPooling2D):
            poolings += 1
            layers[f"pooling_{poolings}"] = index
    return {name: index for name, index in layers.items() if name in LAYER_OUTPUTS or name == "probabilities"}


def _keras_layer(layer: Layer, precision: str) -> keras.Layer:
    match layer:
        case Convolution(filters, kernel, padding, activation, bias):
            return keras.layers.Conv2D(
                filters, kernel, padding=padding, activation=activation, use_bias=bias, dtype=precision
            )
        case BatchNormalization():
            return keras.layers.BatchNormalization(
                momentum=0.95, dtype=precision
            )  # fast enough for short training runs
        case Activation(function):
            return keras.layers.Activation(function, dtype=precision)
        case GlobalAveragePooling():
            return keras.layers.GlobalAveragePooling2D(dtype=precision)
        case MaxPooling(size):
            return keras.layers.MaxPooling2D(size, dtype=precision)
        case Flatten():
            return keras.layers.Flatten(dtype=precision)
        case Dense(units, activation):
            return keras.layers.Dense(units, activation=activation, dtype=precision)
        case Dropout(rate):
            return keras.layers.Dropout(rate, dtype=precision)
