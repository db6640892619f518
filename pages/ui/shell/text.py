"""Format runs, numbers and settings for the pages. Knows runs; draws nothing."""

from typing import Any

from model.runs.run import FinishedRun, Run
from pages.ui.translation import _

_MARKDOWN = frozenset(r"\`*_{}[]()<>#+-.!|$~:&")


def run_title(run: Run) -> str:
    """Return the title of a run: its name, network, images, accuracy and date."""
    dataset = run.config.dataset
    parts = [
        run.metadata.name,
        _("custom network") if run.config.design else run.config.preset,
        _("{dataset} and drawings").format(dataset=dataset) if run.config.drawings else dataset,
        f"{run.metrics.accuracy:.2%}" if isinstance(run, FinishedRun) else "",
        created(run),
    ]
    return " · ".join(filter(None, parts))


def created(run: Run) -> str:
    """Return when a run was started, in UTC to the minute."""
    return _("built-in") if run.shipped else run.description.created[:16].replace("T", " ")


def plain(text: str) -> str:
    """Return text with Markdown escaped, in one line: for names that users typed."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in " ".join(text.split()))


def percent(probability: float) -> str:
    """Return a probability in percent, never rounded to 0% or 100%: a network is never entirely certain."""
    if probability > 0.9995:
        return _("over 99.9%")
    return f"{probability:.1%}" if probability >= 0.0005 else _("under 0.1%")


def in_words(value: Any) -> str:
    """Return a setting's value in words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):  # a custom network
        return ", ".join(f"{name.replace('_', ' ')} {in_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return " + ".join(f"({in_words(item)})" if isinstance(item, dict) else in_words(item) for item in value)
    return "–" if value is None else str(value)
