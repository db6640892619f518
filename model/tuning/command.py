"""The command `tune`: run a search in this process and print its trials.

Results go to stdout, everything else to stderr. It has its own job manager, with the server's limit on simultaneous
trainings and no others: they are for visitors of the app.
"""

import argparse
import json
import sys
from contextlib import closing
from dataclasses import replace

from model.config import TrainingConfig
from model.errors import ConfigError
from model.jobs.manager import JobManager
from model.limits import Limits
from model.messages import Message
from model.runs.store import RunStore
from model.tuning import results
from model.tuning.record import SearchRecord, SearchStore
from model.tuning.search import Search
from model.tuning.settings import TuningSettings, check
from model.tuning.space import parse
from model.tuning.study import COMPLETE, PRUNED, TrialResult, read_trials

_INTERRUPTED = 130  # exit code
_NO_LIMIT = 1_000_000


def run(chosen: argparse.Namespace, config: TrainingConfig) -> int:
    """Run a search and return the exit code: 0, 1 if no trial was completed, 130 if it was interrupted.

    Raises DigitLabError for settings that can't work or a cluster that doesn't answer, before the first training.
    """
    limits, wrong = Limits.from_environment()
    for message in wrong:
        print(message, file=sys.stderr)
    limits = replace(limits, minutes=_NO_LIMIT, epochs=1000, runs=_NO_LIMIT, disk_mb=_NO_LIMIT)
    with closing(JobManager.from_environment(RunStore(), limits)) as jobs:
        jobs.check_answers()
        record = _resumed(chosen.resume) if chosen.resume else _created(chosen, config)
        try:
            record = Search(record, jobs, lambda trial: _show(trial, chosen.json)).run()
        except KeyboardInterrupt:
            print(f"Interrupted. Continue with: python -m model tune --resume {record.id}", file=sys.stderr)
            return _INTERRUPTED
    return _show_best(record, chosen.json)


def _created(chosen: argparse.Namespace, config: TrainingConfig) -> SearchRecord:
    settings = TuningSettings(
        config,
        tuple(map(parse, chosen.vary or ["learning_rate"])),
        sampler=chosen.sampler,
        pruner=chosen.pruner,
        trials=chosen.trials,
        minutes=chosen.minutes,
        objective=chosen.objective,
        seed=config.seed,
    )
    check(settings)
    return SearchStore(RunStore()).create(settings)


def _resumed(search_id: str) -> SearchRecord:
    record = SearchStore(RunStore()).open(search_id)
    if record.ended or record.shipped:
        raise ConfigError("Search {search} has already ended. Start a new one.", search=search_id)
    return record


def _show(trial: TrialResult, as_json: bool) -> None:
    if as_json:
        print(json.dumps(trial.to_dict()), flush=True)
    else:
        value = "" if trial.value is None else f"{trial.value:.4f}"
        print(
            f"{trial.number:5}  {trial.state:10}{value:8}  {results.parameters_text(trial):40}  {trial.run}", flush=True
        )
    if trial.state not in (COMPLETE, PRUNED):
        print(f"Trial {trial.number} failed: {trial.reason}", file=sys.stderr)


def _show_best(record: SearchRecord, as_json: bool) -> int:
    trials = read_trials(record)
    best = results.best(trials, record.settings)
    if as_json:
        print(json.dumps({"best": best and best.to_dict()}), flush=True)
    else:
        for message in results.verdict(trials, record.settings):
            print(message)
    if record.ended == "stopped":
        print(Message("The search was stopped: {reason}", {"reason": record.reason}), file=sys.stderr)
    return 0 if best else 1
