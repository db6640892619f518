"""Words and numbers as a page shows them. Knows runs; draws nothing."""

from typing import Any

from model.runs.run import FinishedRun, Run

_MARKDOWN = frozenset(r"\`*_{}[]()<>#+-.!|$~:&")


def run_title(run: Run) -> str:
    """Name a run so that a person can tell it from others."""
    name = f"{run.metadata.name} · " if run.metadata.name else ""
    figures = f" · {run.metrics.accuracy:.2%}" if isinstance(run, FinishedRun) else ""
    images = run.config.dataset + (" and drawings" if run.config.drawings else "")
    network = "own network" if run.config.design else run.config.preset
    return f"{name}{network} · {images}{figures} · {created(run)}"


def created(run: Run) -> str:
    """Say when a run was begun, in UTC to the minute."""
    return "shipped" if run.shipped else run.description.created[:16].replace("T", " ")


def plain(text: str) -> str:
    """Return what somebody typed so that Markdown shows it as it is, in one line."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in " ".join(text.split()))


def percent(probability: float) -> str:
    """No network is ever wholly sure, and rounding shall not say so."""
    if probability > 0.9995:
        return "over 99.9%"
    return f"{probability:.1%}" if probability >= 0.0005 else "under 0.1%"


def in_words(value: Any) -> str:
    """Say a setting's value as a person would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):  # a network of one's own
        return ", ".join(f"{name.replace('_', ' ')} {in_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return " + ".join(f"({in_words(item)})" if isinstance(item, dict) else in_words(item) for item in value)
    return "–" if value is None else str(value)
