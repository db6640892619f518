"""Estimates of how long a queued training waits. Pure arithmetic on the seconds that the others still need."""

import heapq
from collections.abc import Sequence


def estimate_wait(running: Sequence[float | None], queued_before: Sequence[float | None], slots: int) -> float | None:
    """Estimate the seconds until a queued training starts; None if the seconds of any other training are unknown.

    `running` has the seconds left of each running training, and `queued_before` the seconds that each training ahead
    in the queue will take. Each of them takes the slot that is free first.

    >>> estimate_wait([30.0, 50.0], [100.0], slots=2)
    50.0
    """
    known = [seconds for seconds in (*running, *queued_before) if seconds is not None]
    if len(known) < len(running) + len(queued_before):
        return None
    free_in = known[: len(running)] + [0.0] * (slots - len(running))
    heapq.heapify(free_in)
    for seconds in known[len(running) :]:
        heapq.heapreplace(free_in, free_in[0] + seconds)
    return free_in[0]


def seconds_to_hold(estimate: float | None, held: float, limit: float, paused: bool = False) -> float | None:
    """Return for how many more seconds a training will hold its slot, at most until its `limit` is reached.

    `estimate` is the number of seconds of training left, None if unknown; a paused training may use up its limit.
    """
    left = max(limit - held, 0.0)
    if paused:
        return left
    return None if estimate is None else max(min(estimate, left), 0.0)
