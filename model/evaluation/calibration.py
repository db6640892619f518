"""Calibrates a network's probabilities, and chooses the rejection score above which a drawing isn't a digit.

Knows probabilities and labels; knows nothing of networks, ink or files. Classes from `n_digits` on aren't digits.
"""

import numpy as np

from model.evaluation.metrics import expected_calibration_error
from model.inference.rejection import N_DIGITS, is_accepted, rejection_scores
from model.results import Calibration

ACCEPTED = 0.985  # of the held-out digits; slightly more than the 98% promised for new writers
DIGITS_AMONG_DRAWINGS = 0.9  # share of digits on a page that invites you to draw one; 80% in training
_SMALLEST = 1e-12


def calibrate(labels: np.ndarray, probabilities: np.ndarray, n_digits: int = N_DIGITS) -> Calibration:
    """Fit a temperature, a bias against "no digit" and a threshold on characters that were held out from training.

    `labels` `(n,)` int64 and `probabilities` `(n, classes)` float32 are those of digits and other characters. The
    threshold accepts 98.5% of the digits.
    """
    digits = labels < n_digits
    temperature, bias = fit_temperature_and_bias(labels, probabilities, n_digits)
    after = apply_calibration(probabilities, temperature, bias, n_digits)
    scores = rejection_scores(after, n_digits)
    rejection_threshold = float(np.quantile(scores[digits], ACCEPTED))
    accepted = is_accepted(after, rejection_threshold, n_digits)
    correct = probabilities[digits, :n_digits].argmax(axis=1) == labels[digits]
    return Calibration(
        temperature=temperature,
        bias=bias,
        rejection_threshold=rejection_threshold,
        n_digits=int(digits.sum()),
        n_others=int((~digits).sum()),
        ece_before=expected_calibration_error(correct, probabilities[digits, :n_digits].max(axis=1)),
        ece_after=expected_calibration_error(correct, after[digits, :n_digits].max(axis=1)),
        accepted=float(accepted[digits].mean()),
        rejected=float(1 - accepted[~digits].mean()) if not digits.all() else 0.0,
    )


def fit_temperature_and_bias(
    labels: np.ndarray, probabilities: np.ndarray, n_digits: int = N_DIGITS
) -> tuple[float, float]:
    """Return the temperature, and the bias for the classes from `n_digits` on, that minimize the cross-entropy.

    Temperature scaling (C. Guo et al., "On calibration of modern neural networks", 2017) with a bias for the classes'
    shares (A. Alexandari et al., "Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift
    adaptation", 2020): digits and others are weighted by their shares on the page, not in training.
    """
    from scipy.optimize import minimize

    digits = labels < n_digits
    both = digits.any() and not digits.all()
    share = DIGITS_AMONG_DRAWINGS if both else 1.0
    weight = np.where(digits, share / max(digits.sum(), 1), (1 - share) / max((~digits).sum(), 1))

    def loss(parameters: np.ndarray) -> float:
        temperature, bias = np.exp(parameters[0]), parameters[1] if both else 0.0
        of_true = apply_calibration(probabilities, temperature, bias, n_digits)[np.arange(len(labels)), labels]
        return float(-(weight * np.log(np.maximum(of_true, _SMALLEST))).sum())

    best = minimize(loss, np.zeros(2), method="Nelder-Mead", bounds=[(-1.6, 1.6), (-5, 5)]).x
    return float(np.exp(best[0])), float(best[1]) if both else 0.0


def apply_calibration(
    probabilities: np.ndarray, temperature: float, bias: float = 0.0, n_digits: int = N_DIGITS
) -> np.ndarray:
    """Return the calibrated probabilities, `(n, classes)` float64.

    They are a softmax whose inputs are first raised by `bias` from class `n_digits` on, then divided by `temperature`.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    logits[:, n_digits:] += bias
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    calibrated: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return calibrated
