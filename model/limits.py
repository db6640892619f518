"""How much one machine gives to trainings, as the person who hosts it says in the environment.

Knows numbers and environment variables; knows nothing of who keeps to them.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Self, TypeVar

from model.errors import ConfigError

_Number = TypeVar("_Number", int, float)
_MAX = 1_000_000  # of anything; more was mistyped


@dataclass(frozen=True)
class Limits:
    """What `jobs` and `upkeep` keep to; all above 0."""

    trainings: int = 1  # at a time
    waiting: int = 20  # behind them
    minutes: float = 15.0  # that one training may hold its place
    epochs: int = 100  # of one training
    runs: int = 200  # kept in the store
    disk_mb: int = 4000  # that they take together, in megabytes of 1,000,000 bytes

    @property
    def run_mb(self) -> float:
        """Return how many megabytes one training may fill: a quarter of all, so that no one visitor takes it all."""
        return self.disk_mb / 4

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> tuple[Self, list[str]]:
        """Read DIGIT_LAB_MAX_TRAININGS, _WAITING, _MINUTES, _EPOCHS, _RUNS and _DISK_MB; what is not set is usual.

        So is a value that is no number from 1 (minutes: above 0) to 1,000,000; each of those is told in a sentence.
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
    environment: Mapping[str, str], field: str, parse: Callable[[str, str], _Number], usual: _Number, wrong: list[str]
) -> _Number:
    """Return the number of a variable or the usual one, and add to `wrong` why a value can't be used."""
    name = f"DIGIT_LAB_MAX_{field.upper()}"
    value = environment.get(name, "").strip()
    try:
        return parse(name, value) if value else usual
    except ConfigError as error:
        wrong.append(f"{error} {usual:g} is used.")
        return usual


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
