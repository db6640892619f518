"""Sentences that a page can show in another language: an English text and the values it mentions.

Texts stay English here, where they are the keys of the translations; `pages/ui/translation.py` translates them. Knows
nothing of Digit Lab.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """Mark a constant for the translators' template and return it unchanged; it is translated where it is shown."""
    return text


class Term(str):
    """A marked constant as a value of a message: it is translated, while names and other values stay as they are."""


@dataclass(frozen=True)
class Listing:
    """Messages as one value of another message, with commas between them."""

    messages: tuple["Message", ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.messages))


@dataclass(frozen=True)
class Message:
    """A sentence with `str.format` placeholders and their values: also messages, listings and terms.

    >>> str(Message("epochs must be at least {low}, got {value}.", {"low": 1, "value": 0}))
    'epochs must be at least 1, got 0.'
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return self.text.format(**self.values)
