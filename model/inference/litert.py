"""Runs exported networks on images. Knows arrays and LiteRT; knows nothing of Keras, drawings or pages."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from model.errors import RunError
from model.networks.layers import LAYER_OUTPUTS

_BATCH = 100  # images per pass: enough to keep two threads busy, few enough for a small server
_LARGEST_KERNEL = 7  # of all networks that can be built
_PROBABILITIES, _FEATURES = "probabilities", "features"


class Recognizer:
    """A .tflite network, ready for use. Thread-safe: its interpreter isn't, so a lock protects it."""

    def __init__(self, path: Path):
        """Load the network, which takes a few milliseconds. Raises RunError if the file isn't a network."""
        self._path = path
        self._lock = threading.Lock()
        self._single = _Pass(path, 1, threads=1)
        self.input_shape: tuple[int, ...] = self._single.input_shape
        self.n_classes: int = self._single.run(np.zeros((1, *self.input_shape))).shape[-1]
        features = self._single.layers().get(_FEATURES)
        self._n_features = None if features is None else features.size

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the network's probabilities, `(n, classes)` float32, for `(n, height, width, channels)` in [0, 255].

        A single image uses one thread. Several images are run in batches on two threads and in separate interpreters,
        so that a drawing doesn't have to wait while a test set is scored.
        """
        self._check(images)
        if len(images) == 1:
            with self._lock:
                return self._single.run(images)
        return self._in_batches(images, _PROBABILITIES, self.n_classes)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the inputs of the last layer, `(n, units)` float32; images as for `probabilities`.

        Always runs in batches, so that no drawing has to wait. Raises RunError if the file returns only probabilities,
        as do those of an earlier version and the shipped ones of single epochs.
        """
        self._check(images)
        if self._n_features is None:
            raise RunError(
                "{file} in {folder} returns only probabilities, no features. Choose a run that was trained with this "
                "version.",
                file=self._path.name,
                folder=self._path.parent.name,
            )
        return self._in_batches(images, _FEATURES, self._n_features)

    def layer_outputs(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Return the layers' outputs for one image `(1, height, width, channels)` in [0, 255], by the layer's name.

        float32: `convolution_1`, `pooling_1`, `convolution_2` `(height, width, maps)`; `features` `(units,)`, the
        inputs of the last layer; `probabilities` `(classes,)`. Some files have only `probabilities`.
        """
        self._check(image)
        with self._lock:
            probabilities = self._single.run(image)[0]
            return {_PROBABILITIES: probabilities} | self._single.layers()

    def first_filters(self) -> np.ndarray:
        """Return the filters of the first layer if it is a convolution of grey images, `(filters, side, side)` float32.

        They apply to pixels in [0, 1], and include the scale of a batch normalization. Empty, `(0, 0, 0)`, for any
        other first layer.
        """
        with self._lock:
            weights = self._single.first_filters()
        # The export merges the scaling of the pixels, which precedes the first layer, with its weights.
        return weights * np.float32(255)

    def _check(self, images: np.ndarray) -> None:
        if images.shape[1:] != self.input_shape:
            raise RunError(
                "This network needs {expected} images, got {value}. Choose a run that was trained on such images.",
                expected=self.input_shape,
                value=images.shape[1:],
            )

    def _in_batches(self, images: np.ndarray, name: str, width: int) -> np.ndarray:
        whole = len(images) - len(images) % _BATCH
        parts = []
        for size, part in ((_BATCH, images[:whole]), (len(images) - whole, images[whole:])):
            if len(part):
                network = _Pass(self._path, size, threads=2)
                parts += [network.run(part[i : i + size], name) for i in range(0, len(part), size)]
        return np.concatenate(parts) if parts else np.empty((0, width), np.float32)


class _Pass:
    """An interpreter for a fixed number of images per pass."""

    def __init__(self, path: Path, size: int, threads: int):
        try:
            self._interpreter = Interpreter(str(path), num_threads=threads)
            image = self._interpreter.get_input_details()[0]
            self._interpreter.resize_tensor_input(image["index"], [size, *image["shape"][1:]])
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise RunError(
                "{file} in {folder} can't be read as a LiteRT network. Train again or choose another run.",
                file=path.name,
                folder=path.parent.name,
            ) from error
        self._image = image["index"]
        self.input_shape = tuple(image["shape"][1:].tolist())
        outputs = self._interpreter.get_signature_runner().get_output_details()
        self._layers = {name: outputs[name]["index"] for name in LAYER_OUTPUTS if name in outputs}
        # The first version exported a single output, under another name.
        self._probabilities = outputs.get(_PROBABILITIES, next(iter(outputs.values())))["index"]

    def run(self, images: np.ndarray, name: str = _PROBABILITIES) -> np.ndarray:
        self._interpreter.set_tensor(self._image, np.asarray(images, dtype=np.float32))
        self._interpreter.invoke()
        index = self._probabilities if name == _PROBABILITIES else self._layers[name]
        return np.asarray(self._interpreter.get_tensor(index))

    def first_filters(self) -> np.ndarray:
        """Return the weights `(filters, side, side)` of the only convolution whose input has one channel."""
        for tensor in self._interpreter.get_tensor_details():
            shape = tensor["shape"]
            if len(shape) == 4 and 1 < shape[1] == shape[2] <= _LARGEST_KERNEL and shape[3] == 1:
                return np.array(self._interpreter.get_tensor(tensor["index"])[..., 0])
        return np.empty((0, 0, 0), np.float32)

    def layers(self) -> dict[str, np.ndarray]:
        """Return the layers' outputs for the first image of the last pass."""
        return {name: self._interpreter.get_tensor(index)[0] for name, index in self._layers.items()}
