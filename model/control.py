"""What a person may ask of a running training: one thread asks, the training obeys between two batches.

Knows the commands and a queue; knows nothing of processes, Keras or pages.
"""

import json
import queue
from dataclasses import dataclass
from typing import Any, Self

from model.errors import ConfigError

PAUSE, RESUME, STEP, STOP, SET, INTERRUPT = "pause", "resume", "step", "stop", "set", "interrupt"
_FROM_OUTSIDE = (PAUSE, RESUME, STEP, STOP, SET)


class Interrupted(Exception):
    """The training was left in the middle; what it had learnt by then lies in its checkpoints."""


@dataclass(frozen=True)
class Command:
    """One request; `learning_rate` belongs to `set` alone."""

    do: str
    learning_rate: float | None = None

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
        return cls(do, _learning_rate(values) if do == SET else None)

    def to_json(self) -> str:
        """Return the line that `from_json` reads."""
        rate = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        return json.dumps({"do": self.do} | rate)


def _learning_rate(values: dict[str, Any]) -> float:
    rate = values.get("learning_rate")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 1e-8 <= rate <= 100:  # false for NaN too
        raise ConfigError(f"learning_rate came as {rate!r}; expected a number from 1e-8 to 100.")
    return float(rate)


class Control:
    """A mailbox for commands; safe between threads."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def ask(self, command: Command) -> None:
        """Leave a command; returns at once."""
        self._asked.put(command)

    def next(self, wait: bool) -> Command | None:
        """Take the oldest command; None where there is none and `wait` is False."""
        try:
            return self._asked.get(block=wait)
        except queue.Empty:
            return None
