"""Snapshots of a network after each epoch: its predictions for a few fixed images, and its first-layer filters.

Packs arrays into the plain values of an event and unpacks them again.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.results import Array, ArrayRepr

N_IMAGES = 20
_MAX_FILTERS = 64  # more would be too small on a screen
_LARGEST = 127  # of a packed weight


@dataclass(frozen=True, eq=False, repr=False)
class EpochProbe(ArrayRepr):
    """After one epoch: the `predicted` classes `(n,)` int64 and their `probabilities` `(n,)` in [0, 1] for n images.

    `filters` is `(filters, kernel, kernel, channels)` float32 in [-1, 1], divided by the largest absolute weight, or
    None for a network that doesn't start with a convolution.
    """

    epoch: int
    predicted: Array
    probabilities: Array
    filters: Array | None


def pack(probabilities: Array, kernel: Array | None) -> dict[str, Any]:
    """Pack `(n, classes)` probabilities and a `(k, k, channels, filters)` kernel into the probe of an event."""
    best = probabilities.argmax(axis=1)
    fields: dict[str, Any] = {
        "answers": best.tolist(),
        "probabilities": [round(float(value), 4) for value in probabilities.max(axis=1)],
    }
    if kernel is not None:
        kernels = np.moveaxis(np.asarray(kernel, np.float32), -1, 0)[:_MAX_FILTERS]
        largest = float(np.abs(kernels).max()) or 1.0
        packed = np.rint(kernels / largest * _LARGEST).astype(np.int8)
        fields["filters"] = {"shape": list(packed.shape), "values": base64.b64encode(packed.tobytes()).decode()}
    return fields


def unpack(fields: dict[str, Any] | None, epoch: int, n_images: int) -> EpochProbe | None:
    """Return the probe of an epoch for `n_images` from the result of `pack`; None for anything else."""
    if fields is None:
        return None
    try:
        predicted = np.array(fields["answers"], np.int64)
        probabilities = np.array(fields["probabilities"], np.float64)
        if predicted.shape != (n_images,) or probabilities.shape != (n_images,):
            return None
        return EpochProbe(epoch, predicted, probabilities, _filters(fields.get("filters")))
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return None


def _filters(packed: dict[str, Any] | None) -> Array | None:
    if packed is None:
        return None
    values = np.frombuffer(base64.b64decode(packed["values"], validate=True), np.int8)
    filters, kernel, kernel_too, channels = packed["shape"]
    if not (0 < filters <= _MAX_FILTERS and 0 < kernel == kernel_too and channels > 0):
        raise ValueError(f"{packed['shape']} isn't the shape of filters")
    return (values.astype(np.float32) / _LARGEST).reshape(filters, kernel, kernel, channels)
