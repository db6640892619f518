"""Explains a prediction: occlusion map, feature maps, predictions by epoch and by stroke, and nearest neighbours.

Knows arrays, strokes and the recognizer; knows nothing of figures or pages.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from model.inference.digit_reader import DigitPredictions, DigitReader
from model.inference.litert import Recognizer
from model.ink.render import Strokes, parse_strokes
from model.runs.run import Run

_PATCH_POSITIONS = 14  # covered positions per side, if no stride is given
_EPOCH = re.compile(r"epoch-(\d+)\.tflite")


def occlusion(
    recognizer: Recognizer, image: np.ndarray, class_index: int, patch: int | None = None, stride: int | None = None
) -> np.ndarray:
    """Return how much the probability of a class drops when a patch around each pixel is covered.

    `image` is `(h, w, c)` uint8 and the result `(h, w)` float32 in [-1, 1]; below 0, the spot is evidence against the
    class. Each patch of `patch` x `patch` pixels (odd; by default 5 of 28) is covered with the background: black in
    grey images, the mean colour in others. With a `stride` of 2, the default for 28 pixels, every other pixel of every
    other row is measured and the rest is interpolated. All covered images are predicted at once, so a small stride
    takes a lot of memory for large images. MNIST on 2 cores: 7 ms with dense-128-dropout and 19 ms with deep; 16 and
    64 ms with a stride of 1 (M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", 2014).
    """
    height, width, channels = image.shape
    patch = patch or max(height, width) * 5 // 56 * 2 + 1
    stride = stride or max(1, max(height, width) // _PATCH_POSITIONS)
    background = np.rint(image.mean(axis=(0, 1))).astype(np.uint8) if channels > 1 else np.uint8(0)
    rows, columns = np.arange(0, height, stride), np.arange(0, width, stride)
    row, column = (axis.ravel()[:, None] for axis in np.meshgrid(rows, columns, indexing="ij"))
    in_rows = np.abs(np.arange(height) - row) <= patch // 2
    in_columns = np.abs(np.arange(width) - column) <= patch // 2
    hidden = in_rows[:, :, None, None] & in_columns[:, None, :, None]
    covered = np.where(hidden, background, image)
    changed = (covered != image).any(axis=(1, 2, 3))  # covering black with black changes nothing
    probs = recognizer.probabilities(np.concatenate([image[None], covered[changed]]))[:, class_index]
    drop = np.zeros(len(covered), np.float32)
    drop[changed] = probs[0] - probs[1:]
    return _interpolate(drop.reshape(len(rows), len(columns)), height, width, stride)


def feature_maps(recognizer: Recognizer, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs of each convolution and pooling for `image` `(h, w, c)` uint8, by the layer's name.

    Each is `(maps, height, width)` uint8: 0 stays 0, and 255 is the 99th percentile of the layer's positive values,
    because in a deep network a few large values would leave all others black. So maps of the same layer can be
    compared, maps of different layers can't. Empty if the file has only probabilities.
    """
    layers = recognizer.layer_outputs(image[None])
    return {name: _as_grey_levels(values) for name, values in layers.items() if values.ndim == 3}


def epoch_networks(run: Run) -> dict[int, Path]:
    """Return the saved networks of single epochs by epoch, ascending; 0 is the untrained network."""
    matches = ((_EPOCH.fullmatch(path.name), path) for path in run.checkpoints.glob("epoch-*.tflite"))
    return dict(sorted((int(match[1]), path) for match, path in matches if match))


def predict_after_each_epoch(
    run: Run, image: np.ndarray, load: Callable[[Path], Recognizer] = Recognizer
) -> list[tuple[int, np.ndarray]]:
    """Return `(epoch, probabilities)` for one `image` `(h, w, c)` uint8, for each saved network of a single epoch.

    `load` opens a network; pass a function that caches if you call this often. Raises RunError if a file isn't a
    network or if the image has the wrong size.
    """
    return [(epoch, load(path).probabilities(image[None])[0]) for epoch, path in epoch_networks(run).items()]


def nearest_neighbours(features: np.ndarray, query: np.ndarray, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return indices `(k,)` int64 and distances `(k,)` float32 of the `features` `(n, d)` nearest to `query` `(d,)`.

    Nearest first; ties keep their order; fewer than `k` if there aren't that many. The distance is Euclidean, as in
    `projection`: of the 5 MNIST test images nearest to each of 2,107 drawn digits, 94.7% had the same class with
    dense-128-dropout and 98.2% with deep; with cosine distance, 94.3% and 98.1%.

    >>> indices, distances = nearest_neighbours(np.array([[0, 0], [3, 4], [1, 0]]), np.array([0, 0]), k=2)
    >>> indices.tolist(), distances.tolist()
    ([0, 2], [0.0, 1.0])
    """
    distance = np.linalg.norm(features - query, axis=1)
    first = np.argsort(distance, kind="stable")[:k]
    return first, distance[first]


def predict_after_each_stroke(reader: DigitReader, strokes: Any, most: int = 12) -> list[tuple[int, DigitPredictions]]:
    """Return `(number of strokes so far, predictions)` after each stroke of a drawing; empty strokes don't count.

    If there are more than `most` strokes, evenly spaced moments are used, including the last one. Raises InkError for
    anything but strokes.
    """
    parsed = parse_strokes(strokes)
    moments = np.rint(np.linspace(len(parsed), 1, min(len(parsed), most))[::-1]).astype(int).tolist()
    return [(drawn, reader.read_strokes(Strokes(parsed[:drawn]))) for drawn in moments]


def _interpolate(values: np.ndarray, height: int, width: int, stride: int) -> np.ndarray:
    """Interpolate values at every `stride`-th pixel bilinearly to all pixels; the last value continues to the edge."""
    from scipy.ndimage import map_coordinates

    points = np.indices((height, width)) / stride
    return np.asarray(map_coordinates(values, points, order=1, mode="nearest"))


def _as_grey_levels(values: np.ndarray) -> np.ndarray:
    positive = values[values > 0]
    scaled = np.clip(values / np.percentile(positive, 99), 0, 1) if positive.size else np.zeros_like(values)
    return np.asarray(np.rint(255 * np.moveaxis(scaled, -1, 0)), np.uint8)
