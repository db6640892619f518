"""What answers on a test set say beyond their figures: how sure a share is, which of two networks is better, what is
confused with what, and how far confidence can be believed.

Knows labels, probabilities and SciPy; knows nothing of networks, files or drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.errors import DataError
from model.results import Predictions

_CHANCE = 0.05  # a p-value from which on a difference may well be chance


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same n images: how often only the first, only the second, both or none is right."""

    n: int
    only_a: int
    only_b: int
    both_right: int
    both_wrong: int
    p_value: float  # how likely a difference as large or larger is among networks that are equally good
    differ: np.ndarray  # (only_a + only_b,) int64: the images that exactly one gets right, ascending

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
    """How often images of one class were taken for another; classes by number and by name."""

    true: int
    predicted: int
    count: int
    true_name: str
    predicted_name: str

    def in_words(self) -> str:
        """Return one line, such as "9 read as 4: 6 times"."""
        times = f"{self.count:,} times" if self.count > 1 else "once"
        return f"{self.true_name} read as {self.predicted_name}: {times}"


@dataclass(frozen=True)
class Reliability:
    """Answers in equally wide bins of confidence: what was claimed and what came true."""

    edges: np.ndarray  # (bins + 1,) float64 from 0 to 1
    count: np.ndarray  # (bins,) int64 answers
    confidence: np.ndarray  # (bins,) float64, their mean confidence; nan in an empty bin
    accuracy: np.ndarray  # (bins,) float64, the share of them that is right; nan in an empty bin


@dataclass(frozen=True)
class OperatingPoint:
    """What becomes of a network that answers only where it is sure enough."""

    share: float  # of the images that are answered, in [0, 1]
    accuracy: float  # of the answers; nan without any


@dataclass(frozen=True)
class RiskCoverageCurve:
    """`OperatingPoint` for every threshold that makes a difference, from the strictest to the one that answers all."""

    threshold: np.ndarray  # (m,) float64, descending
    share: np.ndarray  # (m,) float64, ascending to 1
    accuracy: np.ndarray  # (m,) float64


@dataclass(frozen=True)
class LowMarginPrediction:
    """A right answer that was hardly preferred to another; `index` counts in the test set."""

    index: int
    true: int
    second: int  # the class that came next
    probability: float  # of the right answer
    margin: float  # by which it is above the second


def wilson_interval(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval in which the true share lies with `confidence`, when `right` of `n` were seen; in [0, 1].

    E. Wilson, "Probable inference, the law of succession, and statistical inference", 1927: it stays inside [0, 1] and
    has some width even where all are right. Without anything seen it is (0, 1).
    """
    from scipy.stats import binomtest

    if n == 0:
        return 0.0, 1.0
    interval = binomtest(right, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def compare(a: Predictions, b: Predictions) -> Comparison:
    """Compare what two networks said about the same images.

    The p-value is McNemar's test, exact: of the images that only one gets right, half would be each one's by chance
    (Q. McNemar, "Note on the sampling error of the difference between correlated proportions", 1947). Raises DataError
    where the two were not asked about the same images.
    """
    from scipy.stats import binomtest

    if not np.array_equal(a.labels, b.labels):
        raise DataError(
            f"Two networks came with answers to {len(a.labels):,} and {len(b.labels):,} images of other labels; "
            "expected the same images, so choose two runs that were scored on the same test set."
        )
    a_right, b_right = a.correct, b.correct
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    return Comparison(
        n=len(a.labels),
        only_a=only_a,
        only_b=only_b,
        both_right=int((a_right & b_right).sum()),
        both_wrong=int((~a_right & ~b_right).sum()),
        p_value=float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0,
        differ=np.flatnonzero(a_right != b_right),
    )


def confused_pairs(confusion: np.ndarray, names: Sequence[str], limit: int = 5) -> tuple[ConfusedPair, ...]:
    """Return the `limit` most frequent confusions of a matrix `(classes, classes)`, row = true class.

    Of equally frequent ones the smaller class numbers come first; pairs that were never confused are left out.
    """
    wrong = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    most = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(cell), len(wrong)) for cell in most if wrong.flat[cell]]
    return tuple(ConfusedPair(true, said, int(wrong[true, said]), names[true], names[said]) for true, said in cells)


def reliability(right: np.ndarray, confidence: np.ndarray, bins: int = 15) -> Reliability:
    """Sort answers into bins by their confidence, `(n,)` in [0, 1]; `right` `(n,)` bool says which are right.

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
        accuracy=np.bincount(bin_of, right, bins) / filled,
    )


def risk_coverage_curve(right: np.ndarray, confidence: np.ndarray) -> RiskCoverageCurve:
    """Return share and accuracy of what is answered, for every threshold on `confidence`, `(n,)`; `right` `(n,)` bool.

    Known as the risk-coverage curve (R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective
    classification", 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    falling = np.asarray(confidence, dtype=np.float64)[order]
    last = np.flatnonzero(np.diff(falling, append=-np.inf))  # of equally confident answers: all or none are given
    given = last + 1
    return RiskCoverageCurve(falling[last], given / max(len(order), 1), np.cumsum(right[order])[last] / given)


def operating_point(right: np.ndarray, confidence: np.ndarray, threshold: float) -> OperatingPoint:
    """Return what becomes of a network that answers where its confidence is `threshold` or more."""
    answered = confidence >= threshold
    n = int(answered.sum())
    return OperatingPoint(n / max(len(answered), 1), float(right[answered].mean()) if n else float("nan"))


def low_margin_predictions(evaluation: Predictions, limit: int = 20) -> tuple[LowMarginPrediction, ...]:
    """Return the right answers that were least ahead of the second best, the narrowest first."""
    said = evaluation.probabilities
    if said.shape[1] < 2:
        return ()
    first, second = np.argsort(-said, axis=1, kind="stable")[:, :2].T
    rows = np.arange(len(said))
    margin = said[rows, first] - said[rows, second]
    right = np.flatnonzero(first == evaluation.labels)
    narrow = right[np.argsort(margin[right], kind="stable")][:limit]
    return tuple(
        LowMarginPrediction(int(i), int(first[i]), int(second[i]), float(said[i, first[i]]), float(margin[i]))
        for i in narrow
    )
