"""The commands for a running training: one thread puts them into a queue, and the loop takes them between two batches.

Imports neither processes nor Keras nor pages.
"""

import json
import queue
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from model.errors import ConfigError

_MAX_REASON = 200  # characters


class CommandName(StrEnum):
    """The names of commands, under `do` in the worker protocol."""

    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    STOP = "stop"
    SET = "set"
    INTERRUPT = "interrupt"  # caused by a signal or the end of stdin, never by a line of the protocol


_PROTOCOL = tuple(name for name in CommandName if name is not CommandName.INTERRUPT)


class Interrupted(Exception):
    """The training was interrupted and can be resumed; the text, if any, is the reason."""


@dataclass(frozen=True)
class Command:
    """One command; every field except `do` belongs to one kind of command."""

    do: CommandName
    learning_rate: float | None = None  # for set, from 1e-8 to 100
    reason: str | None = None  # for stop: why, in a sentence of at most 200 characters
    after: int | None = None  # for step: ignored after more batches than this, so a double click trains one batch

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Parse one line of the worker protocol. Raises ConfigError if it isn't a valid command."""
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
        """Return the line that `from_json` parses."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


def _unknown_command(line: str) -> ConfigError:
    return ConfigError(
        "Unknown command {command}. Send one of {commands}.",
        command=_short(line.strip()),
        commands=", ".join(_PROTOCOL),
    )


def _learning_rate(rate: object) -> float:
    # The comparison is false for NaN too.
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1e-8 <= rate <= 100:
        raise ConfigError(
            "{name} must be a number from {low} to {high}, got {value}.",
            name="learning_rate",
            low="1e-8",
            high=100,
            value=_short(rate),
        )
    return float(rate)


def _reason(reason: object) -> str | None:
    if reason is None or (isinstance(reason, str) and len(reason) <= _MAX_REASON):
        return reason
    raise ConfigError(
        "{name} must be a text of at most {most} characters, got {value}.",
        name="reason",
        most=_MAX_REASON,
        value=_short(reason),
    )


def _after(after: object) -> int | None:
    if after is None or (isinstance(after, int) and not isinstance(after, bool) and after >= 0):
        return after
    raise ConfigError(
        "{name} must be a whole number of batches, 0 or more, got {value}.", name="after", value=_short(after)
    )


def _short(value: Any) -> str:
    return repr(value)[:80]


class CommandQueue:
    """A thread-safe queue of commands."""

    def __init__(self) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def put(self, command: Command) -> None:
        """Add a command without waiting."""
        self._commands.put(command)

    def get(self, wait: bool) -> Command | None:
        """Remove and return the oldest command. If the queue is empty, wait for one, or return None without `wait`."""
        try:
            return self._commands.get(block=wait)
        except queue.Empty:
            return None
