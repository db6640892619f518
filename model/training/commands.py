"""The commands for a running training: one thread puts them into a queue, the training obeys between two batches.

Imports nothing of processes, Keras or pages.
"""

import json
import queue
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from model.errors import ConfigError

_MAX_REASON = 200  # characters


class CommandName(StrEnum):
    """The names of commands, as the worker protocol has them under `do`."""

    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    STOP = "stop"
    SET = "set"
    INTERRUPT = "interrupt"  # by a signal or the end of stdin, never by a line of the protocol


_PROTOCOL = tuple(name for name in CommandName if name is not CommandName.INTERRUPT)


class Interrupted(Exception):
    """The training was left in the middle and can be resumed; the text, if any, is the reason."""


@dataclass(frozen=True)
class Command:
    """One command; each of the other fields belongs to one `do` alone."""

    do: CommandName
    learning_rate: float | None = None  # of set, from 1e-8 to 100
    reason: str | None = None  # of stop: who or what asked for it, a sentence of at most 200 characters
    after: int | None = None  # of step: take it where no more batches are done, so a click that came twice is one wish

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read one line of the worker protocol. Raises ConfigError for anything else."""
        try:
            values = json.loads(line)
            do = CommandName(values["do"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise _unknown_command(line) from None
        match do:
            case CommandName.INTERRUPT:
                raise _unknown_command(line)
            case CommandName.SET:
                return cls(do, learning_rate=_learning_rate(values.get("learning_rate")))
            case CommandName.STOP:
                return cls(do, reason=_reason(values.get("reason")))
            case CommandName.STEP:
                return cls(do, after=_after(values.get("after")))
            case CommandName.PAUSE | CommandName.RESUME:
                return cls(do)

    def to_json(self) -> str:
        """Return the line that `from_json` reads."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


def _unknown_command(line: str) -> ConfigError:
    return ConfigError(f"The command came as {line.strip()[:80]!r}; expected one of {', '.join(_PROTOCOL)}.")


def _learning_rate(rate: object) -> float:
    # The comparison is false for NaN too.
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1e-8 <= rate <= 100:
        raise ConfigError(f"learning_rate came as {rate!r}; expected a number from 1e-8 to 100.")
    return float(rate)


def _reason(reason: object) -> str | None:
    if reason is None or (isinstance(reason, str) and len(reason) <= _MAX_REASON):
        return reason
    raise ConfigError(f"reason came as {repr(reason)[:80]}; expected a text of at most {_MAX_REASON} letters.")


def _after(after: object) -> int | None:
    if after is None or (isinstance(after, int) and not isinstance(after, bool) and after >= 0):
        return after
    raise ConfigError(f"after came as {repr(after)[:80]}; expected a whole number of batches from 0 on.")


class CommandQueue:
    """A queue of commands; safe between threads."""

    def __init__(self) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def put(self, command: Command) -> None:
        """Add a command; returns at once."""
        self._commands.put(command)

    def get(self, wait: bool) -> Command | None:
        """Remove and return the oldest command; None where there is none and `wait` is False."""
        try:
            return self._commands.get(block=wait)
        except queue.Empty:
            return None
