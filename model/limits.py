"""How much one machine gives to trainings, as the person who hosts it says in the environment.

Knows numbers and environment variables; knows nothing of who keeps to them.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from model.errors import ConfigError

_MOST = 1_000_000  # of anything; more was mistyped


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
        read = {"minutes": _positive} | dict.fromkeys(("trainings", "waiting", "epochs", "runs", "disk_mb"), _whole)
        names = {field: f"DIGIT_LAB_MAX_{field.upper()}" for field in read}
        given = {field: environment.get(name, "").strip() for field, name in names.items()}
        found, wrong = {}, []
        for field, value in given.items():
            try:
                found |= {field: read[field](names[field], value)} if value else {}
            except ConfigError as error:
                wrong.append(f"{error} {DEFAULTS[field]:g} is used.")
        return cls(**found), wrong


DEFAULT_LIMITS = Limits()
DEFAULTS = asdict(DEFAULT_LIMITS)


def _whole(name: str, value: str) -> int:
    number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
    if not 1 <= number <= _MOST:
        raise ConfigError(f"{name} came as {value[:40]!r}; expected a whole number from 1 to {_MOST}.")
    return number


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST:  # false for NaN too
        raise ConfigError(f"{name} came as {value[:40]!r}; expected a number above 0 and up to {_MOST}.")
    return number
