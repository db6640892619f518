"""The learning rate at every step, as a pure function: the training obeys it and a page can draw it."""

from math import cos, pi

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


def _warmed_cosine(share: float) -> float:
    if share < COSINE_WARM_UP:
        return _between(START, 1, share / COSINE_WARM_UP)
    return (1 + cos(pi * (share - COSINE_WARM_UP) / (1 - COSINE_WARM_UP))) / 2


def _between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
