"""How far one image can be turned, moved, scaled, thickened or blurred before the answer flips.

Knows arrays and the disturbances of `robustness`; knows nothing of networks or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from model.robustness import disturb


@dataclass(frozen=True)
class Change:
    """What is done to an image, in this order of the fields: bilinear, with black from outside the frame."""

    turn: float = 0.0  # degrees, counter-clockwise, within 180
    scale: float = 1.0  # times the size, 0.5 to 1.5
    right: float = 0.0  # pixels, negative ones to the left, within 10
    down: float = 0.0  # pixels, within 10
    thickness: float = 0.0  # pixels at each edge, -1 to 2
    blur: float = 0.0  # pixels, sigma, 0 to 3


KINDS = {
    "turn": ("Rotate", "degrees", -180.0, 180.0, 6.0),
    "scale": ("Scale", "times the size", 0.5, 1.5, 0.05),
    "right": ("Shift right", "pixels", -10.0, 10.0, 0.5),
    "down": ("Shift down", "pixels", -10.0, 10.0, 0.5),
    "thickness": ("Thin or thicken", "pixels at each edge", -1.0, 2.0, 0.1),
    "blur": ("Blur", "pixels", 0.0, 3.0, 0.1),
}  # name -> title, unit, least, most, step of a slider

NOTHING = Change()


def changed(image: np.ndarray, change: Change) -> np.ndarray:
    """Return a changed copy of one image `(h, w, c)` uint8."""
    moved = _moved(image, change)[None]
    for kind, strength in (("thickness", change.thickness), ("blur", change.blur)):
        if strength:
            moved = disturb(moved, kind, strength)
    return moved[0]


def sweep(image: np.ndarray, kind: str, change: Change = NOTHING) -> tuple[np.ndarray, np.ndarray]:
    """Return strengths `(k,)` of one kind from its least to its most, and the image at each `(k, h, w, c)` uint8.

    Everything else stays as `change` says.
    """
    _, _, least, most, step = KINDS[kind]
    strengths = np.round(np.arange(least, most + step / 2, step), 6)
    return strengths, np.stack([changed(image, replace(change, **{kind: float(each)})) for each in strengths])


def flips(strengths: Sequence[float], told: Sequence[str], none: float) -> list[float]:
    """Return where the answer first differs from the one at `none`: at most once below it, and once above.

    `told` are the answers at the ascending `strengths`.
    """
    strengths = np.asarray(strengths)
    middle = int(np.abs(strengths - none).argmin())
    below = next((i for i in range(middle, -1, -1) if told[i] != told[middle]), None)
    above = next((i for i in range(middle, len(told)) if told[i] != told[middle]), None)
    return [float(strengths[i]) for i in (below, above) if i is not None]


def none_of(kind: str) -> float:
    """Return the strength of a kind that changes nothing."""
    return next(each.default for each in fields(Change) if each.name == kind)


def _moved(image: np.ndarray, change: Change) -> np.ndarray:
    if (change.turn, change.scale, change.right, change.down) == (0, 1, 0, 0):
        return image.copy()
    from scipy.ndimage import affine_transform

    angle = np.radians(change.turn)
    # From a place in the result to the one in the image that is shown there; rows grow downwards.
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / change.scale
    middle = (np.array(image.shape[:2]) - 1) / 2
    offset = middle - back @ (middle + (change.down, change.right))
    planes = [
        affine_transform(image[..., channel].astype(np.float32), back, offset, order=1)
        for channel in range(image.shape[2])
    ]
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)
