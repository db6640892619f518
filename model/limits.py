"""Limits on trainings and runs, set by the host of the app in environment variables."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Self, TypeVar

from model.errors import ConfigError

_Number = TypeVar("_Number", int, float)
_MAX = 1_000_000  # for any limit; more is a typing error


@dataclass(frozen=True)
class Limits:
    """Limits that `jobs` and `runs.retention` enforce; all above 0."""

    trainings: int = 1  # at a time
    waiting: int = 20  # behind them
    minutes: float = 15.0  # of one training
    epochs: int = 100  # of one training
    runs: int = 200  # in the store
    disk_mb: int = 4000  # of all runs together, in megabytes of 1,000,000 bytes

    @property
    def run_mb(self) -> float:
        """The megabytes that one training may use: a quarter of all, so that one visitor can't take everything."""
        return self.disk_mb / 4

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> tuple[Self, list[str]]:
        """Read DIGIT_LAB_MAX_TRAININGS, _WAITING, _MINUTES, _EPOCHS, _RUNS and _DISK_MB.

        Variables that are not set, or not a number from 1 (minutes: above 0) to 1,000,000, get the default. Returns the
        limits and one sentence for each value that can't be used.
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
    """Return a variable's number or the default, and add to `wrong` why a value can't be used."""
    name = f"DIGIT_LAB_MAX_{field.upper()}"
    value = environment.get(name, "").strip()
    try:
        return parse(name, value) if value else default
    except ConfigError as error:
        wrong.append(f"{error} {default:g} is used.")
        return default


def _whole(name: str, value: str) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
    if not 1 <= number <= _MAX:
        raise ConfigError(f"{name} came as {value[:40]!r}; expected a whole number from 1 to {_MAX}.")
    return number


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MAX:  # false for NaN too
        raise ConfigError(f"{name} came as {value[:40]!r}; expected a number above 0 and up to {_MAX}.")
    return number
