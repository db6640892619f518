"""The learning rate at every step, as a pure function: the training loop uses it and a page can draw it."""

from dataclasses import dataclass
from math import cos, isclose, pi

WARM_UP = 0.2  # share of the steps in which one-cycle climbs to its peak
START = 1 / 25  # of the peak, where one-cycle begins
STEPS, STEP_FACTOR = (0.5, 0.75), 0.1  # after which shares of the steps the rate falls, and to what part
COSINE_WARM_UP = 0.1  # share of the steps in which cosine climbs to its peak
END = 1 / 10_000  # of the peak, where it ends


def learning_rate(schedule: str, peak: float, step: int, total_steps: int) -> float:
    """Return the learning rate of the batch after `step` finished ones, `0 <= step < total_steps`.

    `constant` is `peak` throughout; `step` a tenth of it after half of the steps, a hundredth after three quarters.
    `one-cycle` climbs to `peak` and falls to nearly nothing, both in a straight line
    (L. N. Smith and N. Topin, "Super-convergence", 2018). Straight lines and this warm-up were chosen on validation
    images; the usual form, half a cosine and 0.3, lost: README, "What was tried and lost".
    `cosine` climbs sooner and falls along half a cosine to 0 (I. Loshchilov and F. Hutter, "SGDR", 2017), which suits
    trainings of many epochs.

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
    """The learning rate of one training: its schedule times `factor`, which a person changes while it runs."""

    schedule: str
    peak: float
    total_steps: int
    factor: float = 1.0

    def at(self, step: int) -> float:
        """Return the learning rate of the batch after `step` finished ones; of the last one after all of them."""
        step = min(step, self.total_steps - 1)
        return self.factor * learning_rate(self.schedule, self.peak, step, self.total_steps)

    def set(self, step: int, wanted: float) -> bool:
        """Scale the schedule so that it passes through `wanted` at `step`, and return whether that changed it.

        A rate that is set already changes nothing: a click that arrives twice is one wish.
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
