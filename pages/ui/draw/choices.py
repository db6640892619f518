"""The networks of the Draw page: one that predicts, and a second one to compare it with."""

from collections.abc import Sequence

from model.runs.run import FinishedRun
from pages.ui.draw import inputs
from pages.ui.shell.run_picker import other_run_control, run_control
from pages.ui.translation import _


def choose_network(runs: list[FinishedRun]) -> FinishedRun:
    """Draw the select box of at least one network; return the chosen one."""
    return run_control(_("Network"), "draw-model-choice", runs)


def choose_other(run: FinishedRun, runs: Sequence[FinishedRun]) -> FinishedRun | None:
    """Draw the select box of the networks that can be compared with `run`; return the chosen one."""
    return other_run_control(
        f"draw-other-{run.id}",
        (other for other in runs if other.id != run.id and is_comparable(other, run)),
        _("Compare with another network"),
        disabled=inputs.reads_numbers(),
        label_visibility="collapsed",
    )


def is_comparable(one: FinishedRun, other: FinishedRun) -> bool:
    """Return whether two networks accept the same images and have the same classes."""
    if one.reads_digits or other.reads_digits:
        return one.reads_digits and other.reads_digits
    return one.dataset.image_shape == other.dataset.image_shape and one.output_names == other.output_names
