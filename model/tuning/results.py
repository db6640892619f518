"""What a search found: the best trials with their uncertainty, and the trials as rows, CSV and JSON.

Knows trials as plain values; knows nothing of Optuna, runs or pages.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from model.evaluation.analysis import wilson_interval
from model.messages import N_, Listing, Message, Term
from model.tuning.record import SearchRecord
from model.tuning.settings import TuningSettings
from model.tuning.study import COMPLETE, TrialResult

# The hyperparameters as they stand in a sentence.
_IN_WORDS = {
    "learning_rate": N_("learning rate"),
    "batch_size": N_("batch size"),
    "epochs": N_("epochs"),
    "optimizer": N_("optimizer"),
    "schedule": N_("schedule"),
    "preset": N_("network"),
    "blocks": N_("blocks"),
    "filters": N_("filters"),
    "dense_units": N_("dense units"),
    "dropout": N_("dropout"),
    "augmentation": N_("augmentation"),
    "train_images": N_("training images"),
}

N_REPEATED, REPEAT_SEEDS = 3, 2  # the best trials that can be trained again, each with as many other seeds


def ranking(trials: Sequence[TrialResult], settings: TuningSettings) -> list[TrialResult]:
    """Return the complete trials, best first, without those that repeat others with another seed."""
    complete = [trial for trial in trials if trial.state == COMPLETE and trial.value is not None]
    own = [trial for trial in complete if trial.repeats is None]
    return sorted(own, key=lambda trial: (trial.value or 0.0) * (-1 if settings.maximize else 1))


def best(trials: Sequence[TrialResult], settings: TuningSettings) -> TrialResult | None:
    """Return the best complete trial, the earliest of equals; None before there is one."""
    return next(iter(ranking(trials, settings)), None)


def interval(trial: TrialResult) -> tuple[float, float] | None:
    """Return the 95% Wilson interval of a trial's validation accuracy; None if the accuracy is unknown."""
    if trial.accuracy is None or not trial.n_validation:
        return None
    return wilson_interval(round(trial.accuracy * trial.n_validation), trial.n_validation)


def within_noise(one: TrialResult, other: TrialResult) -> bool:
    """Return whether the intervals of two trials overlap, so that chance alone can explain their difference."""
    first, second = interval(one), interval(other)
    if first is None or second is None:
        return True
    return first[0] <= second[1] and second[0] <= first[1]


def verdict(trials: Sequence[TrialResult], settings: TuningSettings) -> tuple[Message, ...]:
    """Return what was found and how certain that is: two sentences, one if fewer than two trials are complete."""
    ranked = ranking(trials, settings)
    if not ranked:
        return (Message("No trial was completed, so there is nothing to compare yet."),)
    found = Message(
        "Trial {number} is the best of {n} with {parameters}: {accuracy:.2%} of the validation images are correct (95% "
        "interval {low:.1%} to {high:.1%}).",
        {"number": ranked[0].number, "n": len(ranked), "parameters": _parameters(ranked[0])} | _figures(ranked[0]),
    )
    if len(ranked) < 2:
        return (found,)
    values = {"number": ranked[1].number, "parameters": _parameters(ranked[1])} | _figures(ranked[1])
    if within_noise(*ranked[:2]):
        return found, Message(
            "The second best, trial {number} with {parameters}, reaches {accuracy:.2%} ({low:.1%} to {high:.1%}): the "
            "intervals overlap, so the difference is within noise.",
            values,
        )
    return found, Message(
        "The second best, trial {number} with {parameters}, reaches {accuracy:.2%} ({low:.1%} to {high:.1%}): the "
        "intervals don't overlap, so chance alone is an unlikely explanation.",
        values,
    )


def _figures(trial: TrialResult) -> dict[str, float]:
    low, high = interval(trial) or (0.0, 1.0)
    return {"accuracy": trial.accuracy or 0.0, "low": low, "high": high}


def _parameters(trial: TrialResult) -> Listing:
    return Listing(tuple(_parameter(Term(_IN_WORDS[name]), value) for name, value in trial.parameters.items()))


def _parameter(name: Term, value: object) -> Message:
    values = {"name": name, "value": value}
    return Message("{name} {value:.3g}", values) if isinstance(value, float) else Message("{name} {value}", values)


def parameters_text(trial: TrialResult) -> str:
    """Return a trial's hyperparameters in one line.

    >>> parameters_text(TrialResult(0, COMPLETE, 0.9, {"learning_rate": 0.00123456, "optimizer": "adam"}))
    'learning rate 0.00123, optimizer adam'
    """
    return str(_parameters(trial))


@dataclass(frozen=True)
class Repeated:
    """A trial and its repetitions with other seeds: the value of each, and their mean."""

    trial: TrialResult
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of all values."""
        return fmean(self.values)


def repeated(trials: Sequence[TrialResult], settings: TuningSettings) -> list[Repeated]:
    """Return the trials that were trained again with other seeds, the best mean first."""
    originals = {trial.number: trial for trial in trials}
    groups: dict[int, list[float]] = {}
    for trial in trials:
        original = originals.get(trial.repeats) if trial.repeats is not None else None
        if original and original.value is not None and trial.state == COMPLETE and trial.value is not None:
            groups.setdefault(original.number, [original.value]).append(trial.value)
    found = [Repeated(originals[number], tuple(values)) for number, values in groups.items()]
    return sorted(found, key=lambda each: each.mean, reverse=settings.maximize)


def repeat_verdict(trials: Sequence[TrialResult], settings: TuningSettings) -> Message | None:
    """Return whether the best trial stays the best with other seeds; None before two trials were repeated."""
    groups = repeated(trials, settings)
    if len(groups) < 2:
        return None
    first, second = groups[:2]
    values = {
        "number": first.trial.number,
        "mean": _written(first.mean, settings),
        "low": _written(min(first.values), settings),
        "high": _written(max(first.values), settings),
        "second": second.trial.number,
        "mean_2": _written(second.mean, settings),
        "low_2": _written(min(second.values), settings),
        "high_2": _written(max(second.values), settings),
    }
    if max(min(first.values), min(second.values)) <= min(max(first.values), max(second.values)):
        return Message(
            "With other seeds, trial {number} has {mean} on average (from {low} to {high}) and trial {second} has "
            "{mean_2} (from {low_2} to {high_2}): they overlap, so either is a good choice.",
            values,
        )
    return Message(
        "With other seeds, trial {number} has {mean} on average (from {low} to {high}), and trial {second} has "
        "{mean_2} (from {low_2} to {high_2}): every seed confirms the order.",
        values,
    )


def _written(value: float, settings: TuningSettings) -> Message:
    return Message("{value:.2%}", {"value": value}) if settings.maximize else Message("{value:.4f}", {"value": value})


def as_csv(trials: Sequence[TrialResult], settings: TuningSettings) -> str:
    """Return the trials as comma-separated values, one row each, with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    measured = ("accuracy", "n_validation", "seconds", "seed", "repeats", "run", "reason")
    writer.writerow(("trial", "state", settings.objective_name, *settings.names, *measured))
    for trial in trials:
        values = [trial.parameters.get(name) for name in settings.names]
        writer.writerow((trial.number, trial.state, trial.value, *values, *(getattr(trial, name) for name in measured)))
    return out.getvalue()


def as_json(record: SearchRecord, trials: Sequence[TrialResult]) -> str:
    """Return a search and its trials as one JSON object."""
    details = ("curve", "accuracy", "n_validation", "seconds", "reason", "seed", "repeats")
    rows = [trial.to_dict() | {name: getattr(trial, name) for name in details} for trial in trials]
    values = {"search": record.id, "created": record.created, "settings": record.settings.to_dict(), "trials": rows}
    return json.dumps(values, indent=1)
