"""The networks of the Draw page: one that predicts, and a second one to compare it with."""

from collections.abc import Sequence

from model.runs.run import FinishedRun
from pages.ui.draw import inputs
from pages.ui.shell.run_picker import other_run_control, run_control


def choose_network(runs: list[FinishedRun]) -> FinishedRun:
    """Draw the list of networks, of which there is one at least; return the chosen one."""
    return run_control("Network", "draw-model-choice", runs)


def choose_other(run: FinishedRun, runs: Sequence[FinishedRun]) -> FinishedRun | None:
    """Draw the list of networks that can be compared with `run`; return the chosen one."""
    return other_run_control(
        f"draw-other-{run.id}",
        (other for other in runs if other.id != run.id and is_comparable(other, run)),
        "Compare with another network",
        disabled=inputs.reads_numbers(),
        label_visibility="collapsed",
    )


def is_comparable(one: FinishedRun, other: FinishedRun) -> bool:
    """Tell whether two networks can predict the same image and know the same classes."""
    if one.reads_digits or other.reads_digits:
        return one.reads_digits and other.reads_digits
    return one.dataset.image_shape == other.dataset.image_shape and one.output_names == other.output_names
