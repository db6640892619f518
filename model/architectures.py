"""Networks as Keras models: each layer of `networks`, one to one, behind a first step that scales pixels.

Knows Keras; knows nothing of datasets or training. Every model takes raw pixels, `(n, height, width, channels)` in
[0, 255], and scales them to [0, 1] itself, so no caller can forget to or do it twice.
"""

import keras

from model import networks


def build(name: str, input_shape: networks.Shape, n_classes: int, precision: str = "float32") -> keras.Model:
    """Build a preset with fresh weights.

    `precision` is a Keras dtype policy; the softmax stays float32 under every policy, because its loss
    needs the small differences. Raises ConfigError for an unknown preset or images that are too small.
    """
    networks.table(name, input_shape, n_classes)
    layers = networks.layers_of(name, n_classes)
    return keras.Sequential(
        [
            keras.Input(input_shape, name="pixels"),
            keras.layers.Rescaling(1 / 255, dtype=precision, name="scale"),
            *(_keras_layer(layer, precision) for layer in layers[:-1]),
            _keras_layer(layers[-1], "float32"),
        ],
        name=name,
    )


def _keras_layer(layer: networks.Layer, precision: str) -> keras.Layer:
    match layer:
        case networks.Convolution(filters, kernel):
            return keras.layers.Conv2D(filters, kernel, activation="relu", dtype=precision)
        case networks.MaxPooling(size):
            return keras.layers.MaxPooling2D(size, dtype=precision)
        case networks.Flatten():
            return keras.layers.Flatten(dtype=precision)
        case networks.Dense(units, activation):
            return keras.layers.Dense(units, activation=activation, dtype=precision)
        case networks.Dropout(rate):
            return keras.layers.Dropout(rate, dtype=precision)
