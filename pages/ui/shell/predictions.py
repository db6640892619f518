"""What networks said about test sets, computed once for all visitors of this server.

Knows Streamlit's caches and the model package; draws nothing. What is large is shared and read only: arrays are handed
out as they are, not as copies.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from model.data import catalog
from model.data.splits import round_robin_by_class
from model.drawings import collection, corpus
from model.evaluation import explain, robustness
from model.evaluation.evaluate import DrawnDigits, ScoredDrawings, drawn_digits, evaluate_drawings
from model.evaluation.metrics import compute_metrics
from model.evaluation.robustness import Robustness
from model.inference.litert import Recognizer
from model.inference.rejection import restrict_to_digits
from model.results import NO_DIGIT, Metrics, Predictions
from model.runs.run import Run
from pages.ui.shell import services

N_NEIGHBOURS = 6_000  # training images among which the nearest are looked for
N_MAPPED = 2_000  # test images on the map


@dataclass(frozen=True)
class Score:
    """One network's answers to a test set, and the figures made from them."""

    evaluation: Predictions
    metrics: Metrics

    @property
    def right(self) -> np.ndarray:
        """Tell which answers are right, `(n,)` bool."""
        return self.evaluation.probabilities.argmax(axis=1) == self.evaluation.labels

    @property
    def confidence(self) -> np.ndarray:
        """Return the probability of each answer, `(n,)` in [0, 1]."""
        return self.evaluation.probabilities.max(axis=1)


def stored(run: Run) -> Score:
    """Return what the run's kept network said when it was scored. Raises RunError where that can't be read."""
    path = run.path / "evaluation.npz"
    written = path.stat().st_mtime_ns if path.exists() else 0
    return Score(_evaluation(run, written), run.metrics)


@st.cache_resource(max_entries=12, show_spinner=False, hash_funcs={Run: lambda run: str(run.path)})
def _evaluation(run: Run, written: int) -> Predictions:
    return run.evaluation()


def after_epoch(run: Run, epoch: int) -> Score:
    """Return what the network of one epoch says about the run's test images, computed where it was not yet.

    Raises DataError where the images are not here, RunError where the network can't be read.
    """
    path = explain.epoch_networks(run)[epoch]
    return _after_epoch(run, path, path.stat().st_mtime_ns)


@st.cache_resource(
    max_entries=60, show_spinner="Asking the network of that epoch…", hash_funcs={Run: lambda run: str(run.path)}
)
def _after_epoch(run: Run, path: Path, written: int) -> Score:
    names = [each.name for each in run.metrics.classes]
    said = services.network(path).probabilities(services.test_images(run))
    evaluation = restrict_to_digits(stored(run).evaluation.labels, said, len(names))
    return Score(evaluation, compute_metrics(evaluation.labels, evaluation.probabilities, names))


@st.cache_resource(max_entries=2, show_spinner="Reading the drawings…")
def _drawn(file: Path, written: int) -> DrawnDigits | None:
    return drawn_digits()


def on_drawings(run: Run) -> ScoredDrawings | None:
    """Return how a network for digits reads drawn ones; None where there are none here, or it is for something else."""
    file = corpus.file_of(corpus.DIGITS)
    if file is None:
        return None
    return _on_drawings(run, run.network.stat().st_mtime_ns, file, file.stat().st_mtime_ns)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Run: lambda run: str(run.path)})
def _on_drawings(run: Run, trained: int, file: Path, written: int) -> ScoredDrawings | None:
    drawn = _drawn(file, written)
    return evaluate_drawings(run, drawn, services.recognizer(run)) if drawn else None


def on_my_drawings(run: Run) -> ScoredDrawings | None:
    """Return how a network for digits reads the visitor's own labelled ones; None as `on_drawings`. Never shared."""
    kept = [each for each in services.my_drawings().all() if each.label != NO_DIGIT]
    if not kept:
        return None
    images, labels = collection.render_all(kept)
    return evaluate_drawings(run, DrawnDigits(images, labels, ("me",) * len(kept)), services.recognizer(run))


@dataclass(frozen=True)
class Neighbours:
    """Training images with what the network's last hidden layer makes of them."""

    images: np.ndarray  # (n, h, w, c) uint8
    labels: np.ndarray  # (n,)
    features: np.ndarray  # (n, units) float32


def neighbours(run: Run) -> Neighbours:
    """Return up to 6,000 training images, classes in turn, with their features.

    Raises DataError where the dataset is not here, RunError where the network tells no features.
    """
    return _neighbours(run, run.network.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Reading training images…", hash_funcs={Run: lambda run: str(run.path)})
def _neighbours(run: Run, written: int) -> Neighbours:
    services.test_images(run)  # tells what is wrong where the dataset is not here or is another one
    images, labels = _training_images(run.config.dataset, run.description["dataset"]["fingerprint"])
    return Neighbours(images, labels, services.recognizer(run).features(images))


@st.cache_resource(max_entries=2, show_spinner=False)
def _training_images(name: str, fingerprint: str) -> tuple[np.ndarray, np.ndarray]:
    dataset = catalog.load(name)
    chosen = round_robin_by_class(dataset.y_train, N_NEIGHBOURS)
    return dataset.x_train[chosen], dataset.y_train[chosen]  # copies, so that the others can leave the memory


def test_features(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return the first test images `(n,)` by their numbers, and their features `(n, units)`. Raises as `neighbours`."""
    return _test_features(run, run.network.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Run: lambda run: str(run.path)})
def _test_features(run: Run, written: int) -> tuple[np.ndarray, np.ndarray]:
    images = services.test_images(run)[:N_MAPPED]
    return np.arange(len(images)), services.recognizer(run).features(images)


@dataclass
class RobustnessJob:
    """A measurement of robustness that runs in a thread of its own, and what came of it."""

    share: float = 0.0  # that is done
    found: Robustness | None = None
    failed: str = ""


@st.cache_resource(show_spinner=False)
def _measurements() -> dict[str, RobustnessJob]:
    return {}


_beginning = threading.Lock()
_measuring = threading.Lock()  # each takes both cores, from trainings and from people who draw


def robustness_of(run: Run) -> RobustnessJob:
    """Return how robust a network is, or how far its measurement has come; the first who asks begins it.

    One is measured at a time. Where nothing was measured yet it raises DataError while the test images are not here,
    and RunError for a network or a stored evaluation that can't be read.
    """
    if stored_robustness := robustness.load(run):
        return RobustnessJob(1.0, stored_robustness)
    with _beginning:
        running, key = _measurements(), str(run.path)
        if key not in running:
            measuring = RobustnessJob()
            arguments = (run, services.recognizer(run), services.test_images(run), stored(run), measuring)
            threading.Thread(target=_measure, args=arguments, name=f"robustness-{run.id}", daemon=True).start()
            running[key] = measuring
        return running[key]


def measure_again(run: Run) -> None:
    """Forget a measurement that failed; the next who asks begins another."""
    with _beginning:
        _measurements().pop(str(run.path), None)


def _measure(run: Run, recognizer: Recognizer, images: np.ndarray, score: Score, measuring: RobustnessJob) -> None:
    def tell(share: float) -> None:
        measuring.share = share

    labels, n_classes = score.evaluation.labels, len(score.metrics.classes)
    try:
        with _measuring:
            measuring.found = robustness.measure_robustness(recognizer, images, labels, n_classes, tell)
    except Exception as error:
        # Whatever it is, who waits for it must not wait for ever.
        measuring.failed = f"The measurement ended with an error: {error}."
        raise
    robustness.save(run, measuring.found)
