"""Measures how much accuracy drops when test images are rotated, shifted, scaled, thickened, blurred or noisy.

Knows arrays, the recognizer and one file of a run folder; knows nothing of pages. One figure for each kind and strength
is the idea of D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions", 2019.

The robustness.json of a shipped run is `to_dict()` of the result of `measure_robustness` with MNIST's 10,000 test
images and 10 classes, written by `atomic_files.write_json`; a test repeats one of these measurements.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from model.errors import ConfigError
from model.evaluation.perturbations import PERTURBATIONS, SEED, perturb
from model.inference.litert import Recognizer
from model.inference.rejection import restrict_to_digits
from model.runs.atomic_files import write_json
from model.runs.run import Run

N_IMAGES = 1_000  # of the test set: enough to know an accuracy of 98% to within one point
_CHUNK = 100  # images perturbed at a time: 80 MB for the largest images
_FILE = "robustness.json"


@dataclass(frozen=True)
class Curve:
    """The accuracy in [0, 1] at each strength of one kind of perturbation."""

    strengths: tuple[float, ...]
    accuracies: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = all(isinstance(strength, int | float) and abs(strength) < 1e6 for strength in self.strengths)
        shares = all(isinstance(share, int | float) and 0 <= share <= 1 for share in self.accuracies)
        if not numbers or not shares or not len(self.strengths) == len(self.accuracies) > 0:
            raise ConfigError("A robustness curve must have one accuracy from 0 to 1 for each strength.")


@dataclass(frozen=True)
class Robustness:
    """The accuracy of one network on `n` test images for every kind in PERTURBATIONS."""

    n: int
    curves: dict[str, Curve]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the values of `to_dict`. Raises ConfigError for anything else."""
        try:
            n = values["n"]
            curves = {
                kind: Curve(tuple(curve["strengths"]), tuple(curve["accuracies"]))
                for kind, curve in values["curves"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                "The stored robustness must have the fields n and curves ({reason}). Measure it again.",
                reason=repr(error),
            ) from error
        if type(n) is not int or n < 1 or curves.keys() != PERTURBATIONS.keys():
            raise ConfigError("The stored robustness must have all kinds of perturbation. Measure it again.")
        return cls(n, curves)


def measure_robustness(
    recognizer: Recognizer,
    images: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    progress: Callable[[float], None] = lambda share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Robustness | None:
    """Measure a network on at most 1,000 of the test images, always the same ones; return None if cancelled.

    `images` are `(n, h, w, c)` uint8, at least one, with `labels` `(n,)` of `n_classes` classes; predictions are
    restricted to these by `restrict_to_digits`. `progress` is called with the finished share in [0, 1], and `cancelled`
    before each strength. Takes 3 s with dense-128-dropout and 9 s with deep on 2 cores.
    """
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(images))[:N_IMAGES])
    images, labels = images[chosen], labels[chosen]

    def accuracy(kind: str, strength: float) -> float:
        parts = ((first, images[first : first + _CHUNK]) for first in range(0, len(images), _CHUNK))
        probs = [recognizer.probabilities(perturb(part, kind, strength, SEED + first)) for first, part in parts]
        predictions = restrict_to_digits(labels, np.concatenate(probs), n_classes)
        return float(predictions.correct.mean())

    unperturbed = accuracy("blur", 0)
    steps = [(kind, strength) for kind, perturbation in PERTURBATIONS.items() for strength in perturbation.strengths]
    accuracies: dict[str, list[float]] = {kind: [] for kind in PERTURBATIONS}
    for done, (kind, strength) in enumerate(steps):
        if cancelled():
            return None
        progress(done / len(steps))
        changes = strength != PERTURBATIONS[kind].neutral
        accuracies[kind].append(accuracy(kind, strength) if changes else unperturbed)
    progress(1.0)
    curves = {
        kind: Curve(perturbation.strengths, tuple(accuracies[kind])) for kind, perturbation in PERTURBATIONS.items()
    }
    return Robustness(len(images), curves)


def load(run: Run) -> Robustness | None:
    """Return the stored robustness of a run; None if the file is missing or can't be read."""
    try:
        return Robustness.from_dict(json.loads((run.path / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, ConfigError):
        return None


def save(run: Run, robustness: Robustness) -> bool:
    """Save the robustness in the run folder and return whether that worked. Shipped runs are never changed."""
    if run.shipped:
        return False
    try:
        write_json(run.path / _FILE, robustness.to_dict())
    except OSError:
        return False
    return True
