"""What a training shows of itself after each epoch: its answers to a few images, always the same, and its filters.

Knows arrays and the plain values of an event; knows nothing of Keras, files or pages.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np

N_IMAGES = 20
_MOST_FILTERS = 64  # more can't be told apart on a screen
_LARGEST = 127  # of a packed weight


@dataclass(frozen=True)
class EpochProbe:
    """After one epoch: `answers` `(n,)` int64 and their `probabilities` `(n,)` in [0, 1], for the same n images.

    `filters` is `(filters, kernel, kernel, channels)` float32 in [-1, 1], scaled by the largest weight of them all, or
    None for a network that does not begin with a convolution.
    """

    epoch: int
    answers: np.ndarray
    probabilities: np.ndarray
    filters: np.ndarray | None


def pack(probabilities: np.ndarray, kernel: np.ndarray | None) -> dict[str, Any]:
    """Return the fields of an event, from `(n, classes)` probabilities and a `(k, k, channels, filters)` kernel."""
    best = probabilities.argmax(axis=1)
    fields: dict[str, Any] = {
        "answers": best.tolist(),
        "probabilities": [round(float(each), 4) for each in probabilities.max(axis=1)],
    }
    if kernel is not None:
        filters = np.moveaxis(np.asarray(kernel, np.float32), -1, 0)[:_MOST_FILTERS]
        largest = float(np.abs(filters).max()) or 1.0
        packed = np.rint(filters / largest * _LARGEST).astype(np.int8)
        fields["filters"] = {"shape": list(packed.shape), "values": base64.b64encode(packed.tobytes()).decode()}
    return {"glimpse": fields}


def unpack(event: dict[str, Any], n_images: int) -> EpochProbe | None:
    """Return what `pack` put into a `started` or an `epoch` event; None where there is nothing that fits."""
    try:
        fields = event["glimpse"]
        answers = np.array(fields["answers"], np.int64)
        probabilities = np.array(fields["probabilities"], np.float64)
        if answers.shape != (n_images,) or probabilities.shape != (n_images,):
            return None
        return EpochProbe(int(event.get("epoch", 0)), answers, probabilities, _filters(fields.get("filters")))
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return None


def _filters(packed: dict[str, Any] | None) -> np.ndarray | None:
    if packed is None:
        return None
    values = np.frombuffer(base64.b64decode(packed["values"], validate=True), np.int8)
    return (values.astype(np.float32) / _LARGEST).reshape([int(side) for side in packed["shape"]])
