"""What a person may ask of a running training: one thread asks, the training obeys between two batches.

Knows the commands and a queue; knows nothing of processes, Keras or pages.
"""

import json
import queue
from dataclasses import asdict, dataclass
from typing import Any, Self

from model.errors import ConfigError

PAUSE, RESUME, STEP, STOP, SET, INTERRUPT = "pause", "resume", "step", "stop", "set", "interrupt"
_LONGEST_REASON = 200
_FROM_OUTSIDE = (PAUSE, RESUME, STEP, STOP, SET)


class Interrupted(Exception):
    """The training was left in the middle; what it had learnt by then lies in its checkpoints."""


@dataclass(frozen=True)
class Command:
    """One request; each of the others belongs to one `do` alone."""

    do: str
    learning_rate: float | None = None  # of set, from 1e-8 to 100
    reason: str | None = None  # of stop: who or what asked for it, a sentence of at most 200 characters
    after: int | None = None  # of step: take it where no more batches are done, so a click that came twice is one wish

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read one line of the worker protocol. Raises ConfigError for anything else."""
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        do = values.get("do") if isinstance(values, dict) else None
        if do not in _FROM_OUTSIDE:
            raise ConfigError(f"The command came as {line.strip()[:80]!r}; expected one of {', '.join(_FROM_OUTSIDE)}.")
        return cls(
            do,
            learning_rate=_learning_rate(values) if do == SET else None,
            reason=_reason(values) if do == STOP else None,
            after=_after(values) if do == STEP else None,
        )

    def to_json(self) -> str:
        """Return the line that `from_json` reads."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


def _learning_rate(values: dict[str, Any]) -> float:
    rate = values.get("learning_rate")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 1e-8 <= rate <= 100:  # false for NaN too
        raise ConfigError(f"learning_rate came as {rate!r}; expected a number from 1e-8 to 100.")
    return float(rate)


def _reason(values: dict[str, Any]) -> str | None:
    reason = values.get("reason")
    if reason is not None and (not isinstance(reason, str) or len(reason) > _LONGEST_REASON):
        raise ConfigError(f"reason came as {repr(reason)[:80]}; expected a text of at most {_LONGEST_REASON} letters.")
    return reason


def _after(values: dict[str, Any]) -> int | None:
    after = values.get("after")
    if after is not None and (isinstance(after, bool) or not isinstance(after, int) or after < 0):
        raise ConfigError(f"after came as {repr(after)[:80]}; expected a whole number of batches from 0 on.")
    return after


class CommandQueue:
    """A mailbox for commands; safe between threads."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def put(self, command: Command) -> None:
        """Leave a command; returns at once."""
        self._asked.put(command)

    def get(self, wait: bool) -> Command | None:
        """Take the oldest command; None where there is none and `wait` is False."""
        try:
            return self._asked.get(block=wait)
        except queue.Empty:
            return None
