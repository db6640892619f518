"""Computes metrics from labels and probabilities. Knows scikit-learn and arrays; knows nothing of networks or files."""

from collections.abc import Sequence

import numpy as np

from model.results import ClassMetrics, Metrics, Mistake, Predictions

# The smallest probability before the logarithm in Keras, so that this loss equals that of `model.evaluate`.
_SMALLEST_PROBABILITY = 1e-7


def compute_metrics(y_true: np.ndarray, y_prob: np.ndarray, class_names: Sequence[str]) -> Metrics:
    """Compute accuracy, loss, precision, recall, F1, the confusion matrix and the misclassified images.

    `y_true` is `(n,)` int64, `y_prob` `(n, classes)` in [0, 1].

    Precision, recall and F1 are 0 for a class that was never predicted or never occurs (scikit-learn with
    `zero_division=0`). Macro averages give equal weight to each class that occurs.
    """
    # Imported here because it takes a second, and the server usually needs only the stored metrics.
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    y_pred = y_prob.argmax(axis=1)
    every_class = np.arange(len(class_names))
    per_class = precision_recall_fscore_support(y_true, y_pred, labels=every_class, zero_division=0)
    occurring = np.unique(y_true)  # no test image has the class "no digit"
    macro = precision_recall_fscore_support(y_true, y_pred, labels=occurring, zero_division=0, average="macro")
    return Metrics(
        n=len(y_true),
        accuracy=float((y_pred == y_true).mean()),
        loss=cross_entropy(y_true, y_prob),
        macro_precision=float(macro[0]),
        macro_recall=float(macro[1]),
        macro_f1=float(macro[2]),
        classes=tuple(
            ClassMetrics(name, float(precision), float(recall), float(f1), int(support))
            for name, precision, recall, f1, support in zip(class_names, *per_class, strict=True)
        ),
        confusion=confusion_matrix(y_true, y_pred, labels=every_class).astype(np.int64),
        mistakes=mistakes(Predictions(y_true, y_prob)),
    )


def cross_entropy(y_true: np.ndarray, y_prob: np.ndarray) -> float:
    """Return the mean of -log(probability of the true class), in nats, as Keras computes it.

    >>> round(cross_entropy(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    of_true = y_prob[np.arange(len(y_true)), y_true].astype(np.float64)
    return float(-np.log(np.clip(of_true, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)).mean())


def expected_calibration_error(correct: np.ndarray, confidence: np.ndarray, bins: int = 15) -> float:
    """Return the gap between confidence and accuracy in [0, 1]: the mean over bins of equal width, weighted by count.

    `correct` is `(n,)` bool; `confidence`, `(n,)` in [0, 1], is the probability of the predicted class (M. Naeini et
    al., "Obtaining well calibrated probabilities using Bayesian binning", 2015).

    >>> correct, confidence = np.array([True, True, True, False]), np.array([0.95, 0.95, 0.95, 0.95])
    >>> round(expected_calibration_error(correct, confidence), 3)  # 95% confident, 75% correct
    0.2
    """
    bin_of = np.minimum((np.asarray(confidence, dtype=np.float64) * bins).astype(int), bins - 1)
    gap = np.bincount(bin_of, correct, bins) - np.bincount(bin_of, confidence, bins)
    return float(np.abs(gap).sum() / max(len(correct), 1))


def mistakes(predictions: Predictions) -> tuple[Mistake, ...]:
    """Return every misclassified image, the most confident first."""
    labels, predicted, confidence = predictions.labels, predictions.predicted, predictions.confidence
    return tuple(
        Mistake(int(i), int(labels[i]), int(predicted[i]), float(confidence[i])) for i in predictions.indices_in_cell()
    )
