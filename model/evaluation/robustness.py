"""How accuracy falls when test images are rotated, shifted, scaled, thickened, blurred or noisy.

Knows arrays, the recognizer and one file of a run folder; knows nothing of pages. The idea of one figure for each kind
and strength: D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness to common corruptions", 2019.

The robustness.json of a shipped run is `to_dict()` of the result of `measure_robustness` on MNIST's 10,000 test images
and 10 classes, written by `atomic_files.write_json`; a test measures one of them again.
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

N_IMAGES = 1_000  # of the test set: an accuracy of 98 % is then known to within one point
_CHUNK = 100  # images perturbed at a time: 80 MB of the largest images
_FILE = "robustness.json"


@dataclass(frozen=True)
class Curve:
    """Accuracy in [0, 1] at each strength of one kind."""

    strengths: tuple[float, ...]
    accuracies: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = all(isinstance(strength, int | float) and abs(strength) < 1e6 for strength in self.strengths)
        shares = all(isinstance(share, int | float) and 0 <= share <= 1 for share in self.accuracies)
        if not numbers or not shares or not len(self.strengths) == len(self.accuracies) > 0:
            raise ConfigError("A robustness curve came with other values; expected a share for each strength.")


@dataclass(frozen=True)
class Robustness:
    """The accuracy of one network on n test images, perturbed in every way of PERTURBATIONS."""

    n: int
    curves: dict[str, Curve]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from JSON values. Raises ConfigError for anything but the result of `to_dict`."""
        try:
            n = values["n"]
            curves = {
                kind: Curve(tuple(curve["strengths"]), tuple(curve["accuracies"]))
                for kind, curve in values["curves"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"The robustness came with other fields ({error}); expected n and curves.") from error
        if type(n) is not int or n < 1 or curves.keys() != PERTURBATIONS.keys():
            raise ConfigError("The robustness came with other kinds; expected those of this version, so measure again.")
        return cls(n, curves)


def measure_robustness(
    recognizer: Recognizer,
    images: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    progress: Callable[[float], None] = lambda share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Robustness | None:
    """Measure a network on at most 1,000 of the test images, always the same ones; None where it was cancelled.

    `images` `(n, h, w, c)` uint8, n at least 1, with `labels` `(n,)` of `n_classes` classes; of a network with the
    class "no digit" only the digits count, see `restrict_to_digits`. `progress` is called with the share that is done,
    in [0, 1], and `cancelled` before each strength. 3 s with dense-128-dropout and 9 s with deep on 2 cores.
    """
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(images))[:N_IMAGES])
    images, labels = images[chosen], labels[chosen]

    def accuracy(kind: str, strength: float) -> float:
        parts = ((first, images[first : first + _CHUNK]) for first in range(0, len(images), _CHUNK))
        probs = [recognizer.probabilities(perturb(part, kind, strength, SEED + first)) for first, part in parts]
        predictions = restrict_to_digits(labels, np.concatenate(probs), n_classes)
        return float(predictions.correct.mean())

    unperturbed = accuracy("blur", 0)
    steps = [(kind, strength) for kind, how in PERTURBATIONS.items() for strength in how.strengths]
    accuracies: dict[str, list[float]] = {kind: [] for kind in PERTURBATIONS}
    for done, (kind, strength) in enumerate(steps):
        if cancelled():
            return None
        progress(done / len(steps))
        changes = strength != PERTURBATIONS[kind].neutral
        accuracies[kind].append(accuracy(kind, strength) if changes else unperturbed)
    progress(1.0)
    curves = {kind: Curve(how.strengths, tuple(accuracies[kind])) for kind, how in PERTURBATIONS.items()}
    return Robustness(len(images), curves)


def load(run: Run) -> Robustness | None:
    """Return the stored robustness of a run; None where there is none or the file can't be read."""
    try:
        return Robustness.from_dict(json.loads((run.path / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, ConfigError):
        return None


def save(run: Run, robustness: Robustness) -> bool:
    """Write the robustness into the run folder and return whether that worked. Shipped runs are never written to."""
    if run.shipped:
        return False
    try:
        write_json(run.path / _FILE, robustness.to_dict())
    except OSError:
        return False
    return True
