"""How accuracy falls when test images are turned, moved, scaled, thickened, blurred or drowned in noise.

Knows arrays, the recognizer and one file of a run folder; knows nothing of pages. The idea of one figure for each kind
and strength: D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions", 2019.

The robustness.json of a shipped run is `to_dict()` of what `measure_robustness` told of it when it was given MNIST's
10,000 test images and 10 classes, written by `files.write_json`; a test measures one of them again.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from model.errors import ConfigError
from model.evaluation import judged
from model.files import write_json
from model.recognizer import Recognizer
from model.runs import Run

N_IMAGES = 1_000  # of the test set: a share of 98 % is then known to within one point
_PART = 100  # disturbed at a time: of the largest images we take that is 80 MB
_SEED = 0
_FILE = "robustness.json"


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


@dataclass(frozen=True)
class Curve:
    """Accuracy in [0, 1] at each strength of one kind."""

    strengths: tuple[float, ...]
    accuracies: tuple[float, ...]

    def __post_init__(self):
        numbers = all(isinstance(each, int | float) and abs(each) < 1e6 for each in self.strengths)
        shares = all(isinstance(each, int | float) and 0 <= each <= 1 for each in self.accuracies)
        if not numbers or not shares or not len(self.strengths) == len(self.accuracies) > 0:
            raise ConfigError("A robustness curve came with other values; expected a share for each strength.")


@dataclass(frozen=True)
class Robustness:
    """The accuracy of one network on n test images, disturbed in every way of DISTURBANCES."""

    n: int
    curves: dict[str, Curve]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from what JSON brought. Raises ConfigError for anything but what `to_dict` gave."""
        try:
            n = values["n"]
            curves = {
                kind: Curve(tuple(curve["strengths"]), tuple(curve["accuracies"]))
                for kind, curve in values["curves"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"The robustness came with other fields ({error}); expected n and curves.") from error
        if type(n) is not int or n < 1 or curves.keys() != DISTURBANCES.keys():
            raise ConfigError("The robustness came with other kinds; expected those of this version, so measure again.")
        return cls(n, curves)


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


def measure_robustness(
    recognizer: Recognizer,
    images: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    progress: Callable[[float], None] = lambda share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Robustness | None:
    """Measure a network on at most 1,000 of the test images, always the same ones; None where it was cancelled.

    `images` `(n, h, w, c)` uint8, n at least 1, with `labels` `(n,)` of `n_classes` classes; a network that knows "no
    digit" is asked which digit it is, see `evaluation.judged`. `progress` hears the share that is done, in [0, 1], and
    `cancelled` is asked before each strength. 3 s with dense-128-dropout and 9 s with deep on 2 cores.
    """
    chosen = np.sort(np.random.default_rng(_SEED).permutation(len(images))[:N_IMAGES])
    images, labels = images[chosen], labels[chosen]

    def accuracy(kind: str, strength: float) -> float:
        parts = ((first, images[first : first + _PART]) for first in range(0, len(images), _PART))
        said = [recognizer.probabilities(disturb(part, kind, strength, _SEED + first)) for first, part in parts]
        best = judged(labels, np.concatenate(said), n_classes).probabilities.argmax(axis=1)
        return float((best == labels).mean())

    undisturbed = accuracy("blur", 0)
    todo = [(kind, strength) for kind, how in DISTURBANCES.items() for strength in how.strengths]
    found: dict[str, list[float]] = {kind: [] for kind in DISTURBANCES}
    for done, (kind, strength) in enumerate(todo):
        if cancelled():
            return None
        progress(done / len(todo))
        changes = strength != DISTURBANCES[kind].none
        found[kind].append(accuracy(kind, strength) if changes else undisturbed)
    progress(1.0)
    curves = {kind: Curve(how.strengths, tuple(found[kind])) for kind, how in DISTURBANCES.items()}
    return Robustness(len(images), curves)


def load(run: Run) -> Robustness | None:
    """Return what was measured of a run before; None where nothing was, or where the file can't be read."""
    try:
        return Robustness.from_dict(json.loads((run.path / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, ConfigError):
        return None


def save(run: Run, robustness: Robustness) -> bool:
    """Keep what was measured in the run folder; tell whether that could be done. A shipped run is never written to."""
    if run.shipped:
        return False
    try:
        write_json(run.path / _FILE, robustness.to_dict())
    except OSError:
        return False
    return True


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
