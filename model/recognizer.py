"""Exported networks answer images. Knows arrays and LiteRT; knows nothing of Keras, drawings or pages."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from model.errors import RunError

_BATCH = 250  # images a pass: large enough to keep two threads busy, small enough for a small server


class Recognizer:
    """One .tflite file, ready to answer. Safe to share between threads: an interpreter is not, a lock makes it so."""

    def __init__(self, path: Path):
        """Load the network; takes a few milliseconds. Raises RunError for a file that is not one."""
        self._path = path
        self._lock = threading.Lock()
        self._single = _interpreter(path, 1, threads=1)
        self.input_shape: tuple[int, ...] = tuple(self._single.get_input_details()[0]["shape"][1:].tolist())

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the network's probabilities, `(n, classes)` float32, for `(n, height, width, channels)` in [0, 255].

        A single image takes one thread; more are passed in batches on two, in interpreters of their own, so that
        scoring a test set does not keep a drawing waiting.
        """
        if images.shape[1:] != self.input_shape:
            raise RunError(
                f"Images came as {images.shape[1:]}; expected {self.input_shape}, as this network was taught with, "
                "so choose a run that was trained on such images."
            )
        if len(images) == 1:
            with self._lock:
                return _invoke(self._single, images)
        return self._in_batches(images)

    def _in_batches(self, images: np.ndarray) -> np.ndarray:
        whole = len(images) - len(images) % _BATCH
        parts = []
        for size, part in ((_BATCH, images[:whole]), (len(images) - whole, images[whole:])):
            if len(part):
                interpreter = _interpreter(self._path, size, threads=2)
                parts += [_invoke(interpreter, part[i : i + size]) for i in range(0, len(part), size)]
        return np.concatenate(parts) if parts else self._no_answers()

    def _no_answers(self) -> np.ndarray:
        n_classes = self._single.get_output_details()[0]["shape"][-1]
        return np.empty((0, n_classes), np.float32)


def _interpreter(path: Path, batch: int, threads: int) -> Interpreter:
    try:
        interpreter = Interpreter(str(path), num_threads=threads)
        details = interpreter.get_input_details()[0]
        interpreter.resize_tensor_input(details["index"], [batch, *details["shape"][1:]])
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, OSError) as error:
        raise RunError(
            f"{path.name} in {path.parent.name} can't be read as a LiteRT network; expected the file that a training "
            "leaves, so train again or choose another run."
        ) from error
    return interpreter


def _invoke(interpreter: Interpreter, images: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.asarray(images, dtype=np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
