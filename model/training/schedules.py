"""The learning rate at every step, as a pure function: the training loop uses it, and a page can plot it."""

from dataclasses import dataclass
from math import cos, isclose, pi

WARM_UP = 0.2  # share of the steps in which one-cycle rises to its peak
START = 1 / 25  # first rate of one-cycle and cosine, as a share of the peak
STEPS, STEP_FACTOR = (0.5, 0.75), 0.1  # shares of the steps after which the rate drops, and the factor
COSINE_WARM_UP = 0.1  # share of the steps in which cosine rises to its peak
END = 1 / 10_000  # last rate of one-cycle, as a share of the peak


def learning_rate(schedule: str, peak: float, step: int, total_steps: int) -> float:
    """Return the learning rate of the batch after `step` finished ones, `0 <= step < total_steps`.

    `constant` is always `peak`. `step` drops to a tenth of it after half of the steps and to a hundredth after three
    quarters. `one-cycle` rises to `peak` and falls almost to 0, both in a straight line
    (L. N. Smith and N. Topin, "Super-convergence", 2018). Straight lines and this warm-up were chosen on validation
    images; the usual form, half a cosine and a warm-up of 0.3, lost: see docs/measurements.md.
    `cosine` rises sooner and falls to 0 along half a cosine (I. Loshchilov and F. Hutter, "SGDR", 2017), which suits
    long trainings.

    >>> [round(learning_rate("step", 0.01, step, total_steps=100), 6) for step in (0, 50, 75)]
    [0.01, 0.001, 0.0001]
    """
    if schedule == "constant":
        return peak
    if schedule == "step":
        return peak * STEP_FACTOR ** sum(step >= share * total_steps for share in STEPS)
    if schedule == "cosine":
        return peak * _warmed_cosine(step / total_steps)
    turn = WARM_UP * total_steps
    if step < turn:
        return _between(START * peak, peak, step / turn)
    return _between(peak, END * peak, (step - turn) / max(total_steps - turn, 1))


@dataclass
class ScheduledRate:
    """The learning rate of one training: its schedule times `factor`, which a user can change while it runs."""

    schedule: str
    peak: float
    total_steps: int
    factor: float = 1.0

    def at(self, step: int) -> float:
        """Return the learning rate of the batch after `step` finished ones; after all of them, that of the last."""
        step = min(step, self.total_steps - 1)
        return self.factor * learning_rate(self.schedule, self.peak, step, self.total_steps)

    def set(self, step: int, wanted: float) -> bool:
        """Scale the schedule so that it passes through `wanted` at `step`, and return whether that changed it.

        Setting the current rate again changes nothing, so a double click counts once.
        """
        if isclose(wanted, self.at(step), rel_tol=1e-6):
            return False
        self.factor *= wanted / self.at(step)
        return True


def _warmed_cosine(share: float) -> float:
    if share < COSINE_WARM_UP:
        return _between(START, 1, share / COSINE_WARM_UP)
    return (1 + cos(pi * (share - COSINE_WARM_UP) / (1 - COSINE_WARM_UP))) / 2


def _between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
