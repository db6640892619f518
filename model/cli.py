"""The command line: train, evaluate, predict, runs, data.

Reads arguments and prints; the work is done by the functions that the app calls too. Results go to stdout,
everything else to stderr; a bad argument or file ends with exit code 2 and one line that says what is wrong.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

from model.config import (
    CUSTOM,
    KEPT,
    LOSSES,
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    Augmentation,
    Design,
    TrainingConfig,
    usual_learning_rate,
)
from model.errors import ConfigError, DigitLabError
from model.networks.presets import PRESETS
from model.runs.events import (
    BatchEvent,
    DownloadingEvent,
    DrawingEvent,
    EpochEvent,
    Event,
    FailedEvent,
    FinishedEvent,
    InterruptedEvent,
    ResumedEvent,
    RunState,
    StartedEvent,
    TrainingPlan,
)
from model.runs.run import FinishedRun, Run, open_run, require_finished
from model.runs.store import DEFAULT_RUN, RunStore
from model.training.quiet import quiet_stderr
from model.training.recipes import RECIPES


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 for a user's mistake, 1 for a training that failed."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except DigitLabError as error:
        print(f"{chosen.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> _Parser:
    parser = _Parser(prog="python -m model", description="Train, evaluate and use digit networks.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a network and keep it as a run"))
    evaluate = commands.add_parser("evaluate", help="score a run on its test set")
    evaluate.add_argument("wanted", nargs="?", metavar="RUN", help="a run's id or folder; default: the shipped network")
    evaluate.add_argument("--dataset", help="score on this dataset's test images instead of the run's own")
    evaluate.set_defaults(run=_evaluate)
    predict = commands.add_parser("predict", help="read drawings or pictures of digits")
    predict.add_argument("paths", nargs="+", metavar="[RUN] FILE", help='.jsonl of {"strokes": …}, or images')
    predict.add_argument("--numbers", action="store_true", help="read several digits from left to right")
    predict.set_defaults(run=_predict)
    commands.add_parser("runs", help="list the runs").set_defaults(run=_runs)
    commands.add_parser("data", help="list the datasets").set_defaults(run=_data)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", default=False, help="print one JSON object a line")
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    # Without defaults of their own: what is not given comes from the recipe.
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("--recipe", default="classroom", choices=RECIPES, help="settings to begin with, default: classroom")
    add("--dataset", help="mnist, fashion-mnist, cifar-10, uci-digits or one of your own")
    add("--preset", choices=PRESETS)
    add("--design", type=_design, metavar="JSON", help="a network of your own, as JSON; see README")
    add("--epochs", type=int)
    add("--batch-size", type=int)
    add("--optimizer", choices=OPTIMIZERS)
    add("--learning-rate", type=float, help="default: the usual one for optimizer and schedule")
    add("--schedule", choices=SCHEDULES)
    add("--loss", choices=LOSSES, help="labels as class numbers or as one-hot rows")
    add("--label-smoothing", type=float, help="share of each one-hot row that is spread over all classes")
    add("--validation-share", type=float)
    add("--train-images", type=int, help="learn from so many images only")
    add("--patience", type=int, help="stop after so many epochs without a better validation loss")
    add("--rotation", type=float, help="augmentation: degrees, both ways")
    add("--shift", type=float, help="augmentation: share of the image's side, both ways")
    add("--zoom", type=float, help="augmentation: 0.1 is a scale from 0.9 to 1.1")
    add("--shear", type=float, help="augmentation: degrees by which upright lines lean, both ways")
    add("--elastic", type=float, help="augmentation: pixels of a smooth bending")
    add("--flip", action="store_true", help="augmentation: left and right exchanged")
    add("--drawings", action="store_true", help="drawn digits from DIGIT_LAB_DATA join, and a class 'no digit'")
    add("--keep", choices=KEPT, help="weights of the epoch with the best validation loss, or of the last")
    add("--seed", type=int)
    add("--precision", choices=PRECISIONS)
    add("--resume", metavar="RUN", default=None, help="go on with an interrupted run")
    add("--run", metavar="FOLDER", dest="folder", type=Path, default=None, help="train what this folder's config says")
    add("--warm", action="store_true", default=False, help="wait for a run's folder on stdin")
    add("--control", action="store_true", default=False, help="obey commands on stdin; its end interrupts")
    parser.set_defaults(run=_train)


def _design(text: str) -> Design:
    try:
        return Design.from_dict(json.loads(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no JSON ({error}); expected an object in braces") from error


def _train(chosen: argparse.Namespace) -> int:
    from model.training import worker

    folder = worker.wait_for_run() if chosen.warm else _run_folder(chosen)
    if folder is None:
        return 0
    show = _json_event if chosen.json else _Progress(folder)
    state = worker.run(folder, chosen.control, show)
    return {RunState.FAILED: 1, RunState.INTERRUPTED: 130}.get(state, 0)


def _run_folder(chosen: argparse.Namespace) -> Path:
    from model.training.training_data import check_config

    if chosen.folder:
        return Path(chosen.folder)
    store = RunStore()
    if chosen.resume:
        return store.open(chosen.resume).path
    config = _config(chosen)
    check_config(config)
    return store.create(config).path


def _config(chosen: argparse.Namespace) -> TrainingConfig:
    """Return the recipe with what was given instead; a new optimizer or schedule brings its usual learning rate."""
    given = {field.name: getattr(chosen, field.name) for field in fields(TrainingConfig) if hasattr(chosen, field.name)}
    if "design" in given:
        given = {"preset": CUSTOM} | given
    moves = {field.name: getattr(chosen, field.name) for field in fields(Augmentation) if hasattr(chosen, field.name)}
    config = RECIPES[chosen.recipe].config
    if given.keys() & {"optimizer", "schedule"}:
        optimizer, schedule = given.get("optimizer", config.optimizer), given.get("schedule", config.schedule)
        given = {"learning_rate": usual_learning_rate(optimizer, schedule)} | given
    return replace(config, **given, augmentation=replace(config.augmentation, **moves))


def _json_event(event: Event) -> None:
    _print_json(event.to_dict())


class _Progress:
    """Shows a training on a terminal: one line that is written over, and one that stays for each epoch."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._plan = TrainingPlan()

    def __call__(self, event: Event) -> None:
        match event:
            case DownloadingEvent():
                self._over(f"Downloading {event.dataset}: {event.percent} %")
            case DrawingEvent():
                self._over(f"Drawing training images: {event.images:,}")
            case StartedEvent() | ResumedEvent():
                self._plan = event.plan or self._plan
            case BatchEvent():
                self._batch(event)
            case EpochEvent():
                self._epoch(event)
            case FailedEvent():
                self._line(event.reason)
            case InterruptedEvent():
                reason = event.reason or "Interrupted."
                self._line(f"{reason} Go on with: python -m model train --resume {self._folder.name}")
            case FinishedEvent():
                self._over("")
                print(f"Test accuracy {event.accuracy:.2%}, loss {event.loss:.4f}. Kept in {self._folder}")

    def _batch(self, event: BatchEvent) -> None:
        per_epoch, epochs = self._plan.batches_per_epoch, self._plan.epochs
        done = event.step - (event.epoch - 1) * per_epoch
        if done % 10 and done != per_epoch:
            return
        filled = 30 * done // per_epoch
        bar = "=" * filled + "." * (30 - filled)
        self._over(f"Epoch {event.epoch}/{epochs} [{bar}] loss {event.loss:.4f}")

    def _epoch(self, event: EpochEvent) -> None:
        train = "" if event.loss is None else f"loss {event.loss:.4f}, accuracy {event.accuracy:.2%}; "
        validation = f"on validation images {event.val_loss:.4f}, {event.val_accuracy:.2%}"
        self._line(f"Epoch {event.epoch}: {train}{validation}")

    def _over(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def _line(self, text: str) -> None:
        self._over("")
        print(text, file=sys.stderr, flush=True)


def _evaluate(chosen: argparse.Namespace) -> int:
    from model.evaluation.evaluate import evaluate

    run = _open_finished(chosen.wanted)
    with quiet_stderr():
        result = evaluate(run, chosen.dataset)
    if chosen.json:
        _print_json({"run": run.id} | result.to_dict())
        return 0
    metrics = result.metrics
    print(f"{run.id} on {metrics.n:,} test images of {result.dataset} ({result.source})")
    low, high = result.interval
    print(f"accuracy {metrics.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})   loss {metrics.loss:.4f}")
    if result.calibration_error is not None:
        print(f"expected calibration error {result.calibration_error:.4f}")
    print(f"{'class':16}{'precision':>10}{'recall':>10}{'F1':>10}{'support':>10}")
    for row in metrics.classes:
        print(f"{row.name:16}{row.precision:10.4f}{row.recall:10.4f}{row.f1:10.4f}{row.support:10,}")
    print(f"{'macro average':16}{metrics.macro_precision:10.4f}{metrics.macro_recall:10.4f}{metrics.macro_f1:10.4f}")
    return 0


def _predict(chosen: argparse.Namespace) -> int:
    from model.inference.classifier import Classifier
    from model.inference.digit_reader import DigitReader, predict_file

    run, files = _run_and_files(chosen.paths)
    with quiet_stderr():
        reader = DigitReader(Classifier(run))
    for file in files:
        for prediction in predict_file(reader, file, chosen.numbers):
            _print_json(prediction.to_dict()) if chosen.json else print(prediction.describe())
    return 0


def _run_and_files(paths: list[str]) -> tuple[FinishedRun, list[Path]]:
    """The first word is a run if one is called so; a file of that name would need ./ before it."""
    first = paths[0]
    if _is_run(first):
        run, paths = _open_finished(first), paths[1:]
    else:
        run = _open_finished(None)
    files = [Path(path) for path in paths]
    if not files:
        raise ConfigError(f"Only the run {first} was named; expected a file to read after it.")
    missing = next((file for file in files if not _exists(file)), None)
    if missing:
        raise ConfigError(f"{missing} is neither a file nor a run; expected a .jsonl of strokes or an image.")
    return run, files


def _is_run(word: str) -> bool:
    store = RunStore()
    return _exists(Path(word) / "config.json") or any(run.id == word for run in store.list()[0])


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _open_finished(wanted: str | None) -> FinishedRun:
    """Open a run by id or folder; None is the shipped network."""
    if wanted and _exists(Path(wanted) / "config.json"):
        return require_finished(open_run(Path(wanted)))
    return RunStore().open_finished(wanted or DEFAULT_RUN)


def _runs(chosen: argparse.Namespace) -> int:
    runs, damaged = RunStore().list()
    rows = [_run_row(run) for run in runs] + [{"run": d.id, "status": "damaged", "reason": d.reason} for d in damaged]
    if chosen.json:
        _print_json_lines(rows)
        return 0
    for row in rows:
        accuracy = f"{row['accuracy']:.2%}" if row.get("accuracy") is not None else ""
        print(f"{row['run']:44}{row['status']:14}{row.get('dataset', ''):16}{accuracy:10}{row.get('reason') or ''}")
    return 0


def _run_row(run: Run) -> dict[str, Any]:
    metrics = run.metrics if isinstance(run, FinishedRun) else None
    return {
        "run": run.id,
        "status": str(run.state()),
        "dataset": run.config.dataset,
        "preset": run.config.preset,
        "accuracy": metrics and metrics.accuracy,
        "loss": metrics and metrics.loss,
        "created": run.description.created,
        "shipped": run.shipped,
        "reason": run.reason or None,
        "path": str(run.path),
    }


def _data(chosen: argparse.Namespace) -> int:
    from dataclasses import asdict

    from model.data import catalog

    rows = [asdict(status) for status in catalog.available()]
    if chosen.json:
        _print_json_lines(rows)
        return 0
    for row in rows:
        print(f"{row['name']:24}{'here' if row['here'] else 'not here':12}{row['where']}")
    return 0


def _print_json_lines(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        _print_json(row)


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


def leave(status: int) -> NoReturn:
    """End the process. Where TensorFlow was read, at once: to take it apart takes a second, in which the next waits."""
    if "tensorflow" in sys.modules:
        with suppress(OSError):  # nobody listens any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
