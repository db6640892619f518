"""Limits on training and on saved runs, which the host of the app sets in environment variables."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Self, TypeVar

from model.errors import ConfigError

_Number = TypeVar("_Number", int, float)
_MAX = 1_000_000  # of any limit; more is a typing mistake


@dataclass(frozen=True)
class Limits:
    """The limits that `jobs` and `runs.retention` enforce; all are above 0."""

    trainings: int = 1  # runs in training at the same time
    waiting: int = 20  # runs in the queue
    minutes: float = 15.0  # per run
    epochs: int = 100  # per run
    runs: int = 200  # saved runs
    disk_mb: int = 4000  # all runs together, in megabytes of 1,000,000 bytes

    @property
    def run_mb(self) -> float:
        """The megabytes that one run may use: a quarter of the total, so that one visitor can't fill the disk."""
        return self.disk_mb / 4

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> tuple[Self, list[str]]:
        """Read DIGIT_LAB_MAX_TRAININGS, _WAITING, _MINUTES, _EPOCHS, _RUNS and _DISK_MB.

        A variable that isn't set, or isn't a number from 1 (minutes: above 0) to 1,000,000, leaves the default. Returns
        the limits and a message for the server's log for each invalid value.
        """
        wrong: list[str] = []

        def whole(field: str) -> int:
            return _read(environment, field, _whole, int(DEFAULTS[field]), wrong)

        limits = cls(
            trainings=whole("trainings"),
            waiting=whole("waiting"),
            minutes=_read(environment, "minutes", _positive, float(DEFAULTS["minutes"]), wrong),
            epochs=whole("epochs"),
            runs=whole("runs"),
            disk_mb=whole("disk_mb"),
        )
        return limits, wrong


DEFAULT_LIMITS = Limits()
DEFAULTS = asdict(DEFAULT_LIMITS)


def _read(
    environment: Mapping[str, str], field: str, parse: Callable[[str, str], _Number], default: _Number, wrong: list[str]
) -> _Number:
    """Return the number in a variable, or the default; add a message about an invalid value to `wrong`."""
    name = f"DIGIT_LAB_MAX_{field.upper()}"
    value = environment.get(name, "").strip()
    try:
        return parse(name, value) if value else default
    except ConfigError as error:
        wrong.append(f"{error} Using the default, {default:g}.")
        return default


def _whole(name: str, value: str) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
    if not 1 <= number <= _MAX:
        raise ConfigError(
            "{name} must be a whole number from 1 to {high:,}, got {value!r}.", name=name, high=_MAX, value=value[:40]
        )
    return number


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MAX:  # false for NaN too
        raise ConfigError(
            "{name} must be a number above 0 and at most {high:,}, got {value!r}.",
            name=name,
            high=_MAX,
            value=value[:40],
        )
    return number
