"""Networks as lists of layers, and as Keras models."""
