"""Analysis of predictions on a test set: intervals, comparison of two networks, confusions, reliability, coverage.

Works on labels and probabilities, with SciPy; knows nothing of networks, files or drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.errors import DataError
from model.messages import Message
from model.results import Array, ArrayRepr, Predictions

_CHANCE = 0.05  # a difference with this p-value or a larger one may be chance


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ArrayRepr):
    """Two networks on the same n images: how often only the first, only the second, both or neither is correct."""

    n: int
    only_a: int
    only_b: int
    both_right: int
    both_wrong: int
    p_value: float  # probability of at least this difference between equally good networks
    differ: Array  # (only_a + only_b,) int64: images that exactly one classifies correctly, ascending

    def in_words(self, name_a: str, name_b: str) -> Message:
        """Return the result in words: how many images only one of them classifies correctly, and whether by chance."""
        if not len(self.differ):
            return Message("{a} and {b} classify the same images correctly.", {"a": name_a, "b": name_b})
        values = {
            "a": name_a,
            "b": name_b,
            "n_a": self.only_a,
            "n_b": self.only_b,
            "p": Message("p = {p:.2g}", {"p": self.p_value}) if self.p_value >= 0.001 else Message("p < 0.001"),
        }
        if self.p_value >= _CHANCE:
            return Message(
                "Images that only {a} classifies correctly: {n_a:,}, only {b}: {n_b:,}. That could be chance ({p}).",
                values,
            )
        return Message(
            "Images that only {a} classifies correctly: {n_a:,}, only {b}: {n_b:,}. That is hardly chance ({p}).",
            values,
        )


@dataclass(frozen=True)
class ConfusedPair:
    """How often images of one class were predicted as another; both classes by number and by name."""

    true: int
    predicted: int
    count: int
    true_name: str
    predicted_name: str

    def in_words(self) -> Message:
        """Return the confusion in words, such as "9 predicted as 4: 6 times"."""
        values = {"true": self.true_name, "predicted": self.predicted_name, "n": self.count}
        if self.count == 1:
            return Message("{true} predicted as {predicted}: once", values)
        return Message("{true} predicted as {predicted}: {n:,} times", values)


@dataclass(frozen=True, eq=False, repr=False)
class Reliability(ArrayRepr):
    """Predictions grouped by confidence into bins of equal width, with the mean confidence and accuracy of each bin."""

    edges: Array  # (bins + 1,) float64 from 0 to 1
    count: Array  # (bins,) int64, number of predictions
    confidence: Array  # (bins,) float64, mean confidence; nan in an empty bin
    accuracy: Array  # (bins,) float64, share of correct predictions; nan in an empty bin


@dataclass(frozen=True)
class OperatingPoint:
    """Coverage and accuracy of a network that predicts only if its confidence reaches a threshold."""

    share: float  # of images with a prediction (coverage), in [0, 1]
    accuracy: float  # of these predictions; nan if there are none


@dataclass(frozen=True, eq=False, repr=False)
class RiskCoverageCurve(ArrayRepr):
    """The `OperatingPoint`s of all thresholds that differ, from the strictest to the one that covers all images."""

    threshold: Array  # (m,) float64, descending
    share: Array  # (m,) float64, ascending to 1
    accuracy: Array  # (m,) float64


@dataclass(frozen=True)
class LowMarginPrediction:
    """A correct prediction with a small margin over the runner-up; `index` is its position in the test set."""

    index: int
    true: int
    runner_up: int  # the second most probable class
    probability: float  # of the correct class
    margin: float  # difference to the probability of the runner-up


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of `correct` out of `n`, in [0, 1].

    It stays inside [0, 1] and has some width even if everything is correct; for `n` of 0 it is (0, 1) (E. Wilson,
    "Probable inference, the law of succession, and statistical inference", 1927).

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

    The p-value is that of McNemar's exact test: of the images that only one classifies correctly, equally good networks
    are expected to have half each (Q. McNemar, "Note on the sampling error of the difference between correlated
    proportions", 1947). Raises DataError if the labels of the two differ.
    """
    from scipy.stats import binomtest

    if not np.array_equal(a.labels, b.labels):
        raise DataError(
            "The two runs were scored on different images ({n_a:,} and {n_b:,}). Choose two runs with the same "
            "test set.",
            n_a=len(a.labels),
            n_b=len(b.labels),
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

    Ties are ordered by class number; pairs that were never confused are left out.
    """
    wrong = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    most = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(cell), len(wrong)) for cell in most if wrong.flat[cell]]
    return tuple(
        ConfusedPair(true, predicted, int(wrong[true, predicted]), names[true], names[predicted])
        for true, predicted in cells
    )


def reliability(correct: Array, confidence: Array, bins: int = 15) -> Reliability:
    """Group predictions into bins by their `confidence`, `(n,)` in [0, 1]; `correct` is `(n,)` bool.

    The bins are those of `metrics.expected_calibration_error`, which is the mean of the gaps, weighted by count.
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

    R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective classification", 2010.
    """
    order = np.argsort(-confidence, kind="stable")
    falling = np.asarray(confidence, dtype=np.float64)[order]
    last = np.flatnonzero(np.diff(falling, append=-np.inf))  # a threshold can't separate equal confidences
    covered = last + 1
    return RiskCoverageCurve(falling[last], covered / max(len(order), 1), np.cumsum(correct[order])[last] / covered)


def operating_point(correct: Array, confidence: Array, threshold: float) -> OperatingPoint:
    """Return coverage and accuracy of a network that predicts only if its confidence is at least `threshold`."""
    covered = confidence >= threshold
    n = int(covered.sum())
    return OperatingPoint(n / max(len(covered), 1), float(correct[covered].mean()) if n else float("nan"))


def low_margin_predictions(predictions: Predictions, limit: int = 20) -> tuple[LowMarginPrediction, ...]:
    """Return the correct predictions with the smallest margins over the runner-up, the smallest first."""
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
