"""How far one image can be turned, moved, scaled, thickened or blurred before the answer flips.

Knows arrays and the disturbances of `robustness`; knows nothing of networks or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from model.errors import ConfigError


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


_SEED = 0


@dataclass(frozen=True)
class Disturbance:
    """One kind of disturbance: its strengths ascend, and one of them is `none`, which changes nothing."""

    title: str
    unit: str
    strengths: tuple[float, ...]
    none: float = 0


DISTURBANCES = {
    "rotation": Disturbance("Turned", "degrees, counter-clockwise", (-60, -40, -20, 0, 20, 40, 60)),
    "shift": Disturbance("Moved off the middle", "pixels", (0, 1, 2, 3, 4, 6, 8)),
    "scale": Disturbance("Smaller or larger", "times the size", (0.5, 0.7, 0.85, 1, 1.15, 1.3, 1.5), none=1),
    "thickness": Disturbance("Thinner or thicker", "pixels at each edge", (-1, -0.67, -0.33, 0, 0.5, 1, 2)),
    "noise": Disturbance("Noise", "standard deviation in grey levels", (0, 10, 20, 40, 60, 80, 120)),
    "blur": Disturbance("Blurred", "pixels, sigma", (0, 0.5, 1, 1.5, 2, 2.5, 3)),
}


def disturb(images: np.ndarray, kind: str, strength: float, seed: int = _SEED) -> np.ndarray:
    """Return a disturbed copy of `images` `(n, h, w, c)` uint8, of the same shape and type.

    `rotation` and `scale` around the middle, `shift` up, down, left or right, drawn anew for each image, all bilinear
    with black from outside the frame; `thickness` by grey erosion (below 0) or dilation of the bright, with a share of
    the next whole pixel; `noise` Gaussian. The same seed gives the same images, and the same directions and noise at
    every strength. Raises ConfigError for an unknown kind or a strength beyond those of DISTURBANCES.
    """
    how = DISTURBANCES.get(kind)
    if how is None:
        raise ConfigError(f"The disturbance came as {kind!r}; expected one of {', '.join(DISTURBANCES)}.")
    if not how.strengths[0] <= strength <= how.strengths[-1]:
        raise ConfigError(
            f"A strength of {strength:g} came for {kind}; expected {how.strengths[0]:g} to {how.strengths[-1]:g}."
        )
    if strength == how.none:
        return images.copy()
    changed = _CHANGES[kind](images.astype(np.float32), strength, np.random.default_rng(seed))
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def _rotated(pixels: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import rotate

    return rotate(pixels, degrees, axes=(2, 1), reshape=False, order=1)


def _shifted(pixels: np.ndarray, distance: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import shift

    ways = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])[rng.integers(4, size=len(pixels))]
    moved = [shift(each, (*(distance * way), 0), order=1) for each, way in zip(pixels, ways, strict=True)]
    return np.stack(moved) if moved else pixels


def _scaled(pixels: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import affine_transform

    middle = (np.array(pixels.shape[1:3]) - 1) / 2
    offset = middle - middle / factor
    return affine_transform(pixels, [1, 1 / factor, 1 / factor, 1], [0, *offset, 0], order=1)


def _thickened(pixels: np.ndarray, edge: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import generate_binary_structure, grey_dilation, grey_erosion

    cross = generate_binary_structure(2, 1)[None, :, :, None]
    grown = grey_dilation if edge > 0 else grey_erosion
    before, after = pixels, pixels
    for _ in range(int(np.ceil(abs(edge)))):
        before, after = after, grown(after, footprint=cross)
    share = abs(edge) % 1 or 1.0
    return before * (1 - share) + after * share


def _noisy(pixels: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    return pixels + deviation * rng.standard_normal(pixels.shape, dtype=np.float32)


def _blurred(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(pixels, (0, sigma, sigma, 0), mode="nearest")


_CHANGES = {
    "rotation": _rotated,
    "shift": _shifted,
    "scale": _scaled,
    "thickness": _thickened,
    "noise": _noisy,
    "blur": _blurred,
}
