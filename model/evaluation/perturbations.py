"""Perturbs images: rotation, shift, scale, thickness, noise or blur; and finds where a prediction flips.

`perturb` applies one kind of perturbation to many images, to measure robustness; `apply_perturbation` applies several
to one image, as the sliders of "Break it" do. Knows only arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.data.affine import FloatImages, Setting, sample, source_points
from model.errors import ConfigError
from model.messages import N_

SEED = 0  # the same images, directions and noise for every measurement


@dataclass(frozen=True)
class PerturbationKind:
    """One kind of perturbation, with ascending strengths; the strength `neutral` changes nothing."""

    title: str
    unit: str
    strengths: tuple[float, ...]
    neutral: float = 0


PERTURBATIONS = {
    "rotation": PerturbationKind(N_("Rotation"), N_("degrees, counter-clockwise"), (-60, -40, -20, 0, 20, 40, 60)),
    "shift": PerturbationKind(N_("Shift"), N_("pixels, in a random direction"), (0, 1, 2, 3, 4, 6, 8)),
    "scale": PerturbationKind(N_("Scale"), N_("times the size"), (0.5, 0.7, 0.85, 1, 1.15, 1.3, 1.5), neutral=1),
    "thickness": PerturbationKind(
        N_("Thickness"), N_("pixels added at each edge of a stroke"), (-1, -0.67, -0.33, 0, 0.5, 1, 2)
    ),
    "noise": PerturbationKind(N_("Noise"), N_("grey levels (standard deviation)"), (0, 10, 20, 40, 60, 80, 120)),
    "blur": PerturbationKind(N_("Blur"), N_("pixels (standard deviation)"), (0, 0.5, 1, 1.5, 2, 2.5, 3)),
}


@dataclass(frozen=True)
class Perturbation:
    """Changes to one image, applied in the order of the fields; RANGES contains the range of each."""

    rotation: float = 0.0  # degrees, counter-clockwise
    scale: float = 1.0  # times the size
    shift_x: float = 0.0  # pixels to the right
    shift_y: float = 0.0  # pixels down
    thickness: float = 0.0  # pixels at each edge
    blur: float = 0.0  # pixels, sigma


@dataclass(frozen=True)
class Range:
    """The range of one field of `Perturbation` and the step of its slider; `neutral` changes nothing."""

    title: str
    unit: str
    minimum: float
    maximum: float
    step: float
    neutral: float = 0.0


RANGES = {
    "rotation": Range(N_("Rotation"), N_("degrees counter-clockwise"), -180.0, 180.0, 6.0),
    "scale": Range(N_("Scale"), N_("times the size"), 0.5, 1.5, 0.05, neutral=1.0),
    "shift_x": Range(N_("Shift right"), N_("pixels"), -10.0, 10.0, 0.5),
    "shift_y": Range(N_("Shift down"), N_("pixels"), -10.0, 10.0, 0.5),
    "thickness": Range(N_("Thickness"), N_("pixels at each edge of a stroke"), -1.0, 2.0, 0.1),
    "blur": Range(N_("Blur"), N_("pixels"), 0.0, 3.0, 0.1),
}
UNPERTURBED = Perturbation()


def perturb(images: np.ndarray, kind: str, strength: float, seed: int = SEED) -> np.ndarray:
    """Return a perturbed copy of `images` `(n, h, w, c)` uint8, of the same shape and type.

    `rotation` and `scale` are around the centre; `shift` is up, down, left or right, at random for each image. All
    three are bilinear, with black beyond the edge. `thickness` is grey erosion (below 0) or dilation; fractions of a
    pixel are interpolated. `noise` is Gaussian. The same seed gives the same images, and the same directions and noise
    at every strength. Raises ConfigError for an unknown kind or a strength beyond those in PERTURBATIONS.

    >>> dot = np.zeros((1, 5, 5, 1), np.uint8)
    >>> dot[0, 2, 2] = 200
    >>> perturb(dot, "thickness", 1)[0, 2, :, 0].tolist()
    [0, 200, 200, 200, 0]
    """
    if kind not in PERTURBATIONS:
        raise ConfigError(
            "The perturbation must be one of {known}, got {value}.", known=", ".join(PERTURBATIONS), value=repr(kind)
        )
    strengths = PERTURBATIONS[kind].strengths
    if not strengths[0] <= strength <= strengths[-1]:
        raise ConfigError(
            "The strength of {kind} must be from {least:g} to {most:g}, got {value:g}.",
            kind=kind,
            least=strengths[0],
            most=strengths[-1],
            value=strength,
        )
    if strength == PERTURBATIONS[kind].neutral:
        return images.copy()
    return _to_uint8(_FUNCTIONS[kind](images.astype(np.float32), strength, np.random.default_rng(seed)))


def apply_perturbation(image: np.ndarray, perturbation: Perturbation) -> np.ndarray:
    """Return a perturbed copy of one image `(h, w, c)` uint8, bilinear and with black beyond the edge."""
    images: np.ndarray = image[None].copy()
    movement = (perturbation.rotation, perturbation.scale, perturbation.shift_x, perturbation.shift_y)
    if movement != (0, 1, 0, 0):
        images = _to_uint8(_moved(images.astype(np.float32), *movement))
    for kind, strength in (("thickness", perturbation.thickness), ("blur", perturbation.blur)):
        if strength:
            images = perturb(images, kind, strength)
    perturbed: np.ndarray = images[0]
    return perturbed


def sweep(image: np.ndarray, name: str, perturbation: Perturbation = UNPERTURBED) -> tuple[np.ndarray, np.ndarray]:
    """Return the strengths `(k,)` of one field, from its minimum to its maximum, and the images `(k, h, w, c)`.

    The other fields are those of `perturbation`.
    """
    field = RANGES[name]
    strengths = np.round(np.arange(field.minimum, field.maximum + field.step / 2, field.step), 6)
    steps = [replace(perturbation, **{name: strength}) for strength in strengths.tolist()]
    return strengths, np.stack([apply_perturbation(image, step) for step in steps])


def flips(strengths: Sequence[float] | np.ndarray, labels: Sequence[str], neutral: float) -> list[float]:
    """Return the strengths nearest to `neutral` with a different predicted label: at most one below and one above.

    `strengths` are ascending, with one label each.

    >>> flips([-2, -1, 0, 1, 2], ["1", "7", "7", "7", "9"], neutral=0)
    [-2.0, 2.0]
    """
    strengths = np.asarray(strengths)
    middle = int(np.abs(strengths - neutral).argmin())
    below = next((i for i in range(middle, -1, -1) if labels[i] != labels[middle]), None)
    above = next((i for i in range(middle, len(labels)) if labels[i] != labels[middle]), None)
    return [float(strengths[i]) for i in (below, above) if i is not None]


def _moved(
    pixels: FloatImages,
    rotation: Setting = 0.0,
    scale: Setting = 1.0,
    shift_x: Setting = 0.0,
    shift_y: Setting = 0.0,
) -> FloatImages:
    _, height, width, _ = pixels.shape
    return sample(
        pixels, *source_points(height, width, rotation=rotation, scale=scale, shift_x=shift_x, shift_y=shift_y)
    )


def _shifted(pixels: FloatImages, distance: float, rng: np.random.Generator) -> FloatImages:
    directions = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])[rng.integers(4, size=len(pixels))]
    shift_y, shift_x = distance * directions.T[:, :, None, None]
    return _moved(pixels, shift_x=shift_x, shift_y=shift_y)


def _thickened(pixels: FloatImages, edge: float, rng: np.random.Generator) -> FloatImages:
    from scipy.ndimage import generate_binary_structure, grey_dilation, grey_erosion

    cross = generate_binary_structure(2, 1)[None, :, :, None]
    grown = grey_dilation if edge > 0 else grey_erosion
    before, after = pixels, pixels
    for _ in range(int(np.ceil(abs(edge)))):
        before, after = after, grown(after, footprint=cross)
    share = abs(edge) % 1 or 1.0
    return before * (1 - share) + after * share


def _blurred(pixels: FloatImages, sigma: float, rng: np.random.Generator) -> FloatImages:
    from scipy.ndimage import gaussian_filter

    blurred: FloatImages = gaussian_filter(pixels, (0, sigma, sigma, 0), mode="nearest")
    return blurred


def _to_uint8(pixels: FloatImages) -> np.ndarray:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


_Function = Callable[[FloatImages, float, np.random.Generator], FloatImages]
_FUNCTIONS: dict[str, _Function] = {
    "rotation": lambda pixels, degrees, rng: _moved(pixels, rotation=degrees),
    "shift": _shifted,
    "scale": lambda pixels, factor, rng: _moved(pixels, scale=factor),
    "thickness": _thickened,
    "noise": lambda pixels, deviation, rng: pixels + deviation * rng.standard_normal(pixels.shape, dtype=np.float32),
    "blur": _blurred,
}
