"""Optuna's side of a search: its study, samplers and pruners, and the trials as plain values.

The only module that imports Optuna, and only when it is used: the import takes a third of a second and 40 MB.
"""

import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model.errors import SearchError
from model.plain_text import is_id, readable
from model.tuning.record import SearchRecord
from model.tuning.settings import TuningSettings
from model.tuning.space import Dimension, Range, Value

if TYPE_CHECKING:
    import optuna

# The median pruner compares with at least this many finished trials, from the first epoch on.
_STARTUP_TRIALS, _WARMUP_EPOCHS = 3, 1
_TPE_STARTUP = 5  # trials that are drawn at random before TPE has anything to learn from
_MAX_REASON = 300  # characters

RUNNING, COMPLETE, PRUNED, FAILED = "running", "complete", "pruned", "failed"


@dataclass(frozen=True)
class TrialResult:
    """One trial: a training with its own values for the hyperparameters."""

    number: int
    state: str  # running | complete | pruned | failed
    value: float | None  # the objective at the kept epoch; of a pruned trial at its last one
    parameters: dict[str, Value]
    run: str = ""  # id; empty if no run could be started
    curve: tuple[tuple[int, float], ...] = ()  # (epoch, objective) after each epoch
    accuracy: float | None = None  # on the validation images, at the same epoch as `value`
    n_validation: int = 0  # images
    seconds: float | None = None  # from start to end, with the worker's own start
    reason: str = ""  # why it was pruned or failed
    seed: int | None = None  # of a trial that repeats another one with another seed
    repeats: int | None = None  # the number of that other trial

    def to_dict(self) -> dict[str, Any]:
        """Return the values that the command line prints."""
        return {
            "trial": self.number,
            "state": self.state,
            "value": self.value,
            "parameters": self.parameters,
            "run": self.run or None,
        }


def new_study(record: SearchRecord) -> "optuna.Study":
    """Create the study of a new search in its folder, with a journal that nobody else writes."""
    import optuna

    _quiet()
    directions = optuna.study.StudyDirection
    direction = directions.MAXIMIZE if record.settings.maximize else directions.MINIMIZE
    return optuna.create_study(
        storage=_storage(record.journal), study_name=record.id, direction=direction, pruner=_pruner(record.settings)
    )


def open_study(record: SearchRecord, repair: bool = False) -> "optuna.Study":
    """Open the study of a search. With `repair`, a line that a killed process left half-written is removed first.

    Raises SearchError if the journal is missing or damaged, belongs to another search, or was written by another major
    version of Optuna.
    """
    import optuna

    _quiet()
    _check_version(record, optuna.__version__)
    try:
        if not record.journal.is_file():
            raise ValueError("there is no such file")
        if repair:
            _remove_half_line(record.journal)
        study = optuna.load_study(
            storage=_storage(record.journal), study_name=record.id, pruner=_pruner(record.settings)
        )
        trials = study.get_trials(deepcopy=False)
        for trial in trials:
            _result(trial)
    except KeyError as error:
        raise _unreadable(record, "it belongs to another search") from error
    except Exception as error:  # a file of any kind: Optuna checks with assertions, indices and look-ups
        text = str(error) or type(error).__name__
        raise _unreadable(record, readable(text)[:_MAX_REASON]) from error
    return study


def _quiet() -> None:
    """Keep Optuna's progress and its warnings about experimental features out of logs."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _check_version(record: SearchRecord, ours: str) -> None:
    theirs = record.optuna
    if theirs.split(".")[0] != ours.split(".")[0]:
        raise SearchError(
            "Search {search} was written by Optuna {theirs}, and this is Optuna {ours}. Start a new search, or open it "
            "with that version.",
            search=record.id,
            theirs=theirs or "?",
            ours=ours,
        )


def _unreadable(record: SearchRecord, reason: str) -> SearchError:
    return SearchError(
        "The study of search {search} can't be read: {reason}. Restore its {file}, or start a new search.",
        search=record.id,
        reason=reason.rstrip("."),
        file=record.journal.name,
    )


def _storage(path: Path) -> "optuna.storages.JournalStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    # Optuna's default lock is a symbolic link, which Windows allows only administrators.
    return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))


def _remove_half_line(path: Path) -> None:
    """Cut a last line without an end: Optuna skips it, but the next line would be appended to it."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    # A process that was killed while it wrote has left its lock, too; only the owner of the search's lock comes here.
    path.with_name(path.name + ".lock").unlink(missing_ok=True)


def _pruner(settings: TuningSettings) -> "optuna.pruners.BasePruner":
    from optuna.pruners import MedianPruner, NopPruner

    if settings.pruner == "none":
        return NopPruner()
    return MedianPruner(n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=_WARMUP_EPOCHS)


def _sampler(settings: TuningSettings, number: int) -> "optuna.samplers.BaseSampler":
    """Return the sampler of one trial, with a seed of its own: a search that was interrupted draws the same values."""
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    if settings.sampler == "tpe":
        return TPESampler(n_startup_trials=_TPE_STARTUP, seed=seed)
    return RandomSampler(seed)


def _distribution(dimension: Dimension) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(dimension, Range):
        return CategoricalDistribution(dimension.values)
    if dimension.is_whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def n_started(study: "optuna.Study") -> int:
    """Return how many trials the search itself has started, without those that repeat others."""
    return sum("repeats" not in trial.user_attrs for trial in study.get_trials(deepcopy=False))


def ask(study: "optuna.Study", settings: TuningSettings) -> "optuna.Trial | None":
    """Return the next trial: one that was enqueued to repeat another, else a new one; None if there is none left."""
    from optuna.trial import TrialState

    waits = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    number = n_started(study)
    if not waits:
        if number >= settings.n_trials:
            return None
        if settings.sampler == "grid":
            # Optuna's GridSampler works only inside `Study.optimize`: after the last point, it stops that loop.
            study.enqueue_trial(settings.grid()[number])
    study.sampler = _sampler(settings, number)
    return study.ask({dimension.name: _distribution(dimension) for dimension in settings.space})


def repeat(study: "optuna.Study", result: TrialResult, seeds: tuple[int, ...]) -> None:
    """Enqueue trials with the parameters of another one and other seeds."""
    for seed in seeds:
        study.enqueue_trial(dict(result.parameters), user_attrs={"repeats": result.number, "seed": seed})


def running(study: "optuna.Study") -> list["optuna.Trial"]:
    """Return the trials that an interrupted search has left running."""
    from optuna.trial import Trial, TrialState

    unfinished = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [Trial(study, trial._trial_id) for trial in unfinished]


def tell(
    study: "optuna.Study",
    trial: "optuna.Trial",
    value: float | None,
    pruned: bool = False,
    **details: Any,
) -> None:
    """End a trial: complete with a value, pruned, or failed if it has no value; `details` are stored beside it."""
    from optuna.trial import TrialState

    for name, detail in details.items():
        trial.set_user_attr(name, detail[:_MAX_REASON] if isinstance(detail, str) else detail)
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    elif value is None or not np.isfinite(value):
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, value)


def results(study: "optuna.Study") -> tuple[TrialResult, ...]:
    """Return all trials that have started, by number."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    return tuple(_result(trial) for trial in trials if trial.state != TrialState.WAITING)


def read_trials(record: SearchRecord) -> tuple[TrialResult, ...]:
    """Return the trials of a search, read from its folder. Raises SearchError like `open_study`."""
    return results(open_study(record)) if record.journal.exists() or record.ended else ()


def _result(trial: "optuna.trial.FrozenTrial") -> TrialResult:
    details, run = trial.user_attrs, trial.user_attrs.get("run", "")
    state = {"COMPLETE": COMPLETE, "PRUNED": PRUNED, "FAIL": FAILED}.get(trial.state.name, RUNNING)
    values = [value for value in trial.values or () if np.isfinite(value)]
    curve = {int(epoch): float(value) for epoch, value in trial.intermediate_values.items() if np.isfinite(value)}
    return TrialResult(
        number=trial.number,
        state=state,
        value=float(values[0]) if values else None,
        parameters=dict(trial.params),
        run=run if is_id(run) else "",
        curve=tuple(sorted(curve.items())),
        accuracy=_float(details.get("accuracy")),
        n_validation=int(details.get("n_validation", 0)),
        seconds=_seconds(trial.datetime_start, trial.datetime_complete),
        reason=readable(str(details.get("reason", ""))),
        seed=details.get("seed"),
        repeats=details.get("repeats"),
    )


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def journal_lines(record: SearchRecord) -> int:
    """Return the number of whole lines in the journal: it changes whenever the study does."""
    try:
        return record.journal.read_bytes().count(b"\n")
    except OSError:
        return 0
