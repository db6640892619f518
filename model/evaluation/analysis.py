"""Analysis of predictions on a test set: confidence intervals, comparing two networks, confused classes, calibration.

Works on labels and probabilities, with SciPy; knows nothing of networks, files or drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.errors import DataError
from model.results import Array, ArrayRepr, Predictions

_CHANCE = 0.05  # a difference with a larger p-value may well be chance


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ArrayRepr):
    """Two networks on the same n images: how often only the first, only the second, both or neither is correct."""

    n: int
    only_a: int
    only_b: int
    both_right: int
    both_wrong: int
    p_value: float  # probability of a difference this large or larger between equally good networks
    differ: Array  # (only_a + only_b,) int64: the images that exactly one classifies correctly, ascending

    def in_words(self, name_a: str, name_b: str) -> str:
        """Return one sentence, such as "27 images only A gets right, 14 only B: could be chance (p = 0.06)."."""
        if not len(self.differ):
            return f"{name_a} and {name_b} get the same images right."
        verdict = "could be chance" if self.p_value >= _CHANCE else "hardly chance"
        p = f"p = {self.p_value:.2g}" if self.p_value >= 0.001 else "p < 0.001"
        images = "1 image" if self.only_a == 1 else f"{self.only_a:,} images"
        return f"{images} only {name_a} gets right, {self.only_b:,} only {name_b}: {verdict} ({p})."


@dataclass(frozen=True)
class ConfusedPair:
    """How often images of one class were classified as another; classes by number and by name."""

    true: int
    predicted: int
    count: int
    true_name: str
    predicted_name: str

    def in_words(self) -> str:
        """Return one line, such as "9 read as 4: 6 times"."""
        times = f"{self.count:,} times" if self.count > 1 else "once"
        return f"{self.true_name} read as {self.predicted_name}: {times}"


@dataclass(frozen=True, eq=False, repr=False)
class Reliability(ArrayRepr):
    """Predictions in bins of equal width by their confidence: mean confidence and accuracy of each."""

    edges: Array  # (bins + 1,) float64 from 0 to 1
    count: Array  # (bins,) int64 predictions
    confidence: Array  # (bins,) float64, their mean confidence; nan in an empty bin
    accuracy: Array  # (bins,) float64, the share of them that is right; nan in an empty bin


@dataclass(frozen=True)
class OperatingPoint:
    """A network that predicts only where its confidence reaches a threshold."""

    share: float  # of the images that get a prediction (coverage), in [0, 1]
    accuracy: float  # of these predictions; nan without any


@dataclass(frozen=True, eq=False, repr=False)
class RiskCoverageCurve(ArrayRepr):
    """`OperatingPoint` at every threshold that makes a difference, from the strictest to the one that covers all."""

    threshold: Array  # (m,) float64, descending
    share: Array  # (m,) float64, ascending to 1
    accuracy: Array  # (m,) float64


@dataclass(frozen=True)
class LowMarginPrediction:
    """A correct prediction with a low margin over the runner-up; `index` counts in the test set."""

    index: int
    true: int
    runner_up: int  # the second most probable class
    probability: float  # of the correct class
    margin: float  # by which it is above the runner-up


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of `correct` out of `n`, in [0, 1].

    E. Wilson, "Probable inference, the law of succession, and statistical inference", 1927: it stays inside [0, 1] and
    has some width even where all are correct. For `n` of 0 it is (0, 1).

    >>> [round(bound, 3) for bound in wilson_interval(98, 100)]
    [0.93, 0.994]
    """
    from scipy.stats import binomtest

    if n == 0:
        return 0.0, 1.0
    interval = binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def compare(a: Predictions, b: Predictions) -> Comparison:
    """Compare the predictions of two networks for the same images.

    The p-value is McNemar's test, exact: of the images that only one classifies correctly, each network would have half
    by chance (Q. McNemar, "Note on the sampling error of the difference between correlated proportions", 1947). Raises
    DataError where the labels of the two are not the same.
    """
    from scipy.stats import binomtest

    if not np.array_equal(a.labels, b.labels):
        raise DataError(
            f"Two networks came with answers to {len(a.labels):,} and {len(b.labels):,} images of other labels; "
            "expected the same images, so choose two runs that were scored on the same test set."
        )
    only_a, only_b = int((a.correct & ~b.correct).sum()), int((b.correct & ~a.correct).sum())
    return Comparison(
        n=len(a.labels),
        only_a=only_a,
        only_b=only_b,
        both_right=int((a.correct & b.correct).sum()),
        both_wrong=int((~a.correct & ~b.correct).sum()),
        p_value=float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0,
        differ=np.flatnonzero(a.correct != b.correct),
    )


def confused_pairs(confusion: Array, names: Sequence[str], limit: int = 5) -> tuple[ConfusedPair, ...]:
    """Return the `limit` most frequent confusions of a matrix `(classes, classes)`, row = true class.

    Of equally frequent ones the smaller class numbers come first; pairs that were never confused are left out.
    """
    wrong = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    most = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(cell), len(wrong)) for cell in most if wrong.flat[cell]]
    return tuple(
        ConfusedPair(true, predicted, int(wrong[true, predicted]), names[true], names[predicted])
        for true, predicted in cells
    )


def reliability(correct: Array, confidence: Array, bins: int = 15) -> Reliability:
    """Sort predictions into bins by their confidence, `(n,)` in [0, 1]; `correct` is `(n,)` bool.

    The bins are those of `metrics.expected_calibration_error`: the gaps, weighted by count, add up to it.
    """
    confidence = np.asarray(confidence, dtype=np.float64)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    filled = np.where(count, count, np.nan)
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        count=count,
        confidence=np.bincount(bin_of, confidence, bins) / filled,
        accuracy=np.bincount(bin_of, correct, bins) / filled,
    )


def risk_coverage_curve(correct: Array, confidence: Array) -> RiskCoverageCurve:
    """Return coverage and accuracy for every threshold on `confidence`, `(n,)`; `correct` is `(n,)` bool.

    (R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective
    classification", 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    falling = np.asarray(confidence, dtype=np.float64)[order]
    last = np.flatnonzero(np.diff(falling, append=-np.inf))  # equally confident predictions are all made, or none
    given = last + 1
    return RiskCoverageCurve(falling[last], given / max(len(order), 1), np.cumsum(correct[order])[last] / given)


def operating_point(correct: Array, confidence: Array, threshold: float) -> OperatingPoint:
    """Return coverage and accuracy of a network that predicts where its confidence is `threshold` or more."""
    covered = confidence >= threshold
    n = int(covered.sum())
    return OperatingPoint(n / max(len(covered), 1), float(correct[covered].mean()) if n else float("nan"))


def low_margin_predictions(predictions: Predictions, limit: int = 20) -> tuple[LowMarginPrediction, ...]:
    """Return the correct predictions with the lowest margin over the runner-up, the lowest first."""
    probs = predictions.probabilities
    if probs.shape[1] < 2:
        return ()
    first, second = np.argsort(-probs, axis=1, kind="stable")[:, :2].T
    rows = np.arange(len(probs))
    margin = probs[rows, first] - probs[rows, second]
    correct = np.flatnonzero(first == predictions.labels)
    lowest = correct[np.argsort(margin[correct], kind="stable")][:limit]
    return tuple(
        LowMarginPrediction(int(i), int(first[i]), int(second[i]), float(probs[i, first[i]]), float(margin[i]))
        for i in lowest
    )
