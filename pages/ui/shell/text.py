"""Format runs, numbers and settings for the pages. Knows runs; draws nothing."""

import re
from string import Formatter
from typing import Any

from model.errors import DigitLabError
from model.messages import N_, Listing, Message
from model.plain_text import readable
from model.runs.run import FinishedRun, Run
from pages.ui.language import format_number
from pages.ui.translation import _, formatted

_MARKDOWN = frozenset(r"\`*_{}[]()<>#+-.!|$~:&@=^")
# Streamlit looks for links, emoji, icons and arrows once more after it has removed the escapes. An invisible character
# that allows no line break keeps them apart.
_JOINER = "\u2060"
_REPLACED_LATER = re.compile(
    r":(?=[\w+/-]+:)|//|www(?=\.)|(?=@)|(?<!\S)(?=(?:<->|->|<-|--|>=|<=|~=)(?!\S))", re.IGNORECASE
)


# Names of shipped runs, which have no name of their own, because a file can't be translated.
_SHIPPED_NAMES = {
    "lesson-good": N_("Lesson: good"),
    "lesson-augmented": N_("Lesson: augmented"),
    "lesson-overfitted": N_("Lesson: overfitted"),
}


def name_of(run: Run) -> str:
    """Return the name of a run in the visitor's language if it is a shipped one; empty without a name."""
    return _(_SHIPPED_NAMES[run.id]) if run.shipped and run.id in _SHIPPED_NAMES else run.metadata.name


def run_title(run: Run) -> str:
    """Return the title of a run: its name, network, images, accuracy and date."""
    dataset = run.config.dataset
    parts = [
        name_of(run),
        _("custom network") if run.config.design else run.config.preset,
        _("{dataset} and drawings").format(dataset=dataset) if run.config.drawings else dataset,
        _("{accuracy} correct").format(accuracy=format_number(run.metrics.accuracy, ".2%"))
        if isinstance(run, FinishedRun)
        else "",
        created(run),
    ]
    return " · ".join(filter(None, parts))


def created(run: Run) -> str:
    """Return when a run was started, in UTC to the minute."""
    return _("built-in") if run.shipped else run.description.created[:16].replace("T", " ")


def plain(text: str) -> str:
    """Return text that Streamlit's Markdown shows as it is, in one line: for everything that comes from outside."""
    apart = _REPLACED_LATER.sub(lambda match: match[0] + _JOINER, " ".join(readable(text).split()))
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in apart)


def markdown(message: Message | DigitLabError | str) -> str:
    """Return a message, an error or a stored sentence in the visitor's language, for Streamlit's Markdown.

    Like `translate`, with every value escaped, because values come from links and files; a sentence without values may
    come from a run's folder, so it is escaped as a whole.

    >>> markdown(Message("See `{file}`: {n:,} *images*", {"file": "a*b*", "n": 1000}))
    'See `a\\\\*b\\\\*`: 1,000 *images*'
    """
    if isinstance(message, DigitLabError):
        message = message.message
    if isinstance(message, str):
        return plain(_(message))
    return _Escaping().vformat(_(message.text), (), message.values)


class _Escaping(Formatter):
    """`str.format`, but the values are escaped after their conversion and format, such as `!r` and `:,`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Listing):
            return ", ".join(map(markdown, value.messages))
        return markdown(value) if isinstance(value, Message) else plain(formatted(value, format_spec))


def percent(probability: float) -> str:
    """Return a probability in percent, never rounded to 0% or 100%: a network is never entirely certain."""
    if probability > 0.9995:
        return _("over 99.9%")
    return format_number(probability, ".1%") if probability >= 0.0005 else _("under 0.1%")


def in_words(value: Any) -> str:
    """Return a setting's value in words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return format_number(value, "g")
    if isinstance(value, dict):  # a custom network
        return ", ".join(f"{name.replace('_', ' ')} {in_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return " + ".join(f"({in_words(item)})" if isinstance(item, dict) else in_words(item) for item in value)
    return "–" if value is None else str(value)
