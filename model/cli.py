"""The command line: train, tune, evaluate, predict, runs, data.

Parses arguments and prints; the same functions do the work for the app. Results go to stdout, everything else to
stderr; a bad argument or file ends in exit code 2 and a one-line message.
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

from model import terminal
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
from model.errors import ConfigError, DigitLabError, InkError, RunError
from model.limits import Limits
from model.networks.presets import PRESETS
from model.plain_text import readable
from model.runs import retention
from model.runs.events import Event, RunState
from model.runs.run import FinishedRun, Run, open_run, require_finished
from model.runs.store import DEFAULT_RUN, RunStore
from model.training.progress import TerminalProgress
from model.training.quiet import quiet_stderr
from model.training.recipes import RECIPES
from model.tuning import options

_INVERT = "exchange light and dark: for dark ink on a light ground"


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for a user's mistake, 1 for a failed training."""
    terminal.accept_every_character()
    with terminal.one_line_endings():
        chosen = _parser().parse_args(arguments)
        try:
            return int(chosen.run(chosen))
        except DigitLabError as error:
            print(f"{chosen.command}: {error}", file=sys.stderr)
            return 2


def _parser() -> _Parser:
    parser = _Parser(prog="python -m model", description="Train, evaluate and use digit networks.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a network and save it as a run"))
    _add_tune(commands.add_parser("tune", help="search for good settings: many trainings, each with other values"))
    evaluate = commands.add_parser("evaluate", help="score a run on its test set")
    evaluate.add_argument(
        "target", nargs="?", metavar="RUN", help="a run's id or folder (default: the network that ships with Digit Lab)"
    )
    evaluate.add_argument("--dataset", help="use the test images of this dataset instead of the run's")
    evaluate.add_argument("--invert", action="store_true", default=None, help=_INVERT)
    evaluate.set_defaults(run=_evaluate)
    predict = commands.add_parser("predict", help="read drawings or images of digits")
    predict.add_argument(
        "paths", nargs="+", metavar="[RUN] FILE", help='a .jsonl file of {"strokes": …} objects, or image files'
    )
    predict.add_argument("--numbers", action="store_true", help="read several digits from left to right")
    predict.set_defaults(run=_predict)
    runs = commands.add_parser("runs", help="list the runs, or delete the oldest ones")
    runs.add_argument(
        "--prune",
        action="store_true",
        help="delete the oldest runs without a name until DIGIT_LAB_MAX_RUNS and DIGIT_LAB_MAX_DISK_MB are kept",
    )
    runs.set_defaults(run=_runs)
    data = commands.add_parser("data", help="list the datasets, or inspect one")
    data.add_argument("dataset", nargs="?", metavar="NAME", help="show what this dataset contains")
    data.set_defaults(run=_data)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", default=False, help="print one JSON object per line")
    return parser


def _add_tune(parser: argparse.ArgumentParser) -> None:
    _add_settings(parser)
    options.add_arguments(parser)
    parser.set_defaults(run=_tune)


def _tune(chosen: argparse.Namespace) -> int:
    from model.tuning import command

    return command.run(chosen, _config(chosen))


def _add_train(parser: argparse.ArgumentParser) -> None:
    _add_settings(parser)
    add = parser.add_argument
    add("--resume", metavar="RUN", default=None, help="continue an interrupted run, with its own settings")
    add("--run", metavar="FOLDER", dest="folder", type=Path, default=None, help="train with this folder's config.json")
    add("--warm", action="store_true", default=False, help="wait for the folder of a run on stdin")
    add("--control", action="store_true", default=False, help="accept commands on stdin; closing it interrupts")
    parser.set_defaults(run=_train)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a training."""
    # No defaults here: options that are not given keep the recipe's values.
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("--recipe", choices=RECIPES, help="settings to start from (default: classroom)")
    add("--dataset", help="mnist, fashion-mnist, cifar-10, uci-digits, or your own dataset")
    add("--preset", choices=PRESETS)
    add("--design", type=_design, metavar="JSON", help="a custom network as JSON; see docs/networks.md")
    add("--epochs", type=int)
    add("--batch-size", type=int)
    add("--optimizer", choices=OPTIMIZERS)
    add("--learning-rate", type=float, help="default: the usual rate for the optimizer and schedule")
    add("--schedule", choices=SCHEDULES)
    add("--loss", choices=LOSSES, help="format of the labels: class numbers (sparse) or one-hot (categorical)")
    add("--label-smoothing", type=float, help="share of each label to spread over all classes")
    add("--validation-share", type=float, help="share of the training images to hold out for validation")
    add("--train-images", type=int, help="use only this many images")
    add("--patience", type=int, help="stop after this many epochs without a better validation loss")
    add("--rotation", type=float, help="augmentation: maximum angle in degrees, in both directions")
    add("--shift", type=float, help="augmentation: maximum share of the image's side, in all directions")
    add("--zoom", type=float, help="augmentation: 0.1 means a scale from 0.9 to 1.1")
    add("--shear", type=float, help="augmentation: maximum slant in degrees, in both directions")
    add("--elastic", type=float, help="augmentation: strength of the elastic deformation in pixels")
    add("--flip", action="store_true", help="augmentation: flip half of the images horizontally")
    add("--invert", action="store_true", help=_INVERT)
    add("--drawings", action="store_true", help="add the drawn digits in DIGIT_LAB_DATA and a 'not a digit' class")
    add("--keep", choices=KEPT, help="weights to keep: best epoch on validation, or last epoch")
    add("--seed", type=int)
    add("--precision", choices=PRECISIONS)


def _design(text: str) -> Design:
    try:
        return Design.from_dict(json.loads(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a JSON object ({error})") from error


def _train(chosen: argparse.Namespace) -> int:
    from model.training import worker

    folder = worker.wait_for_run() if chosen.warm else _run_folder(chosen)
    if folder is None:
        return 0
    show = _json_event if chosen.json else TerminalProgress(folder)
    state = worker.run(folder, chosen.control, show)
    return {RunState.FAILED: 1, RunState.INTERRUPTED: 130}.get(state, 0)


def _run_folder(chosen: argparse.Namespace) -> Path:
    from model.training.training_data import check_config

    if chosen.resume or chosen.folder:
        _refuse_settings(chosen)
    if chosen.folder:
        return Path(chosen.folder)
    store = RunStore()
    if chosen.resume:
        return store.open(chosen.resume).path
    config = _config(chosen)
    check_config(config)
    return store.create(config).path


def _refuse_settings(chosen: argparse.Namespace) -> None:
    """Raise ConfigError if settings are given for a run that has its own."""
    option = "--resume" if chosen.resume else "--run"
    names = ["recipe", *(field.name for kind in (TrainingConfig, Augmentation) for field in fields(kind))]
    given = [f"--{name.replace('_', '-')}" for name in names if hasattr(chosen, name)]
    given += ["--run"] * bool(chosen.resume and chosen.folder)
    if given:
        raise ConfigError(
            "{option} trains a run with its own settings, so {given} can't be given as well. Remove the extra options, "
            "or train a new run.",
            option=option,
            given=", ".join(given),
        )


def _config(chosen: argparse.Namespace) -> TrainingConfig:
    """Return the recipe with the given options; another optimizer or schedule brings its usual learning rate."""
    given = {field.name: getattr(chosen, field.name) for field in fields(TrainingConfig) if hasattr(chosen, field.name)}
    if "design" in given:
        given = {"preset": CUSTOM} | given
    moves = {field.name: getattr(chosen, field.name) for field in fields(Augmentation) if hasattr(chosen, field.name)}
    config = RECIPES[getattr(chosen, "recipe", "classroom")].config
    if given.keys() & {"optimizer", "schedule"}:
        optimizer, schedule = given.get("optimizer", config.optimizer), given.get("schedule", config.schedule)
        given = {"learning_rate": usual_learning_rate(optimizer, schedule)} | given
    return replace(config, **given, augmentation=replace(config.augmentation, **moves))


def _json_event(event: Event) -> None:
    _print_json(event.to_dict())


def _evaluate(chosen: argparse.Namespace) -> int:
    from model.evaluation.evaluate import evaluate

    run = _open_finished(chosen.target)
    with quiet_stderr():
        result = evaluate(run, chosen.dataset, chosen.invert)
    for warning in result.warnings:
        print(f"evaluate: {warning}", file=sys.stderr)
    if chosen.json:
        _print_json({"run": run.id} | result.to_dict())
        return 0
    metrics = result.metrics
    print(f"{run.id} on {metrics.n:,} test images of {result.dataset} ({result.source})")
    low, high = result.interval
    print(f"accuracy {metrics.accuracy:.4f} (95% interval {low:.4f} to {high:.4f})   loss {metrics.loss:.4f}")
    if result.calibration_error is not None:
        print(f"expected calibration error {result.calibration_error:.4f}")
    rows = [
        (row.name, *(f"{value:.4f}" for value in (row.precision, row.recall, row.f1)), f"{row.support:,}")
        for row in metrics.classes
    ]
    macro = (f"{value:.4f}" for value in (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1))
    header = ("class", "precision", "recall", "F1", "support")
    print(*terminal.table([header, *rows, ("macro average", *macro, "")], numbers=range(1, 5)), sep="\n")
    return 0


def _predict(chosen: argparse.Namespace) -> int:
    from model.inference.classifier import Classifier
    from model.inference.digit_reader import DigitReader, predict_file

    run, files = _run_and_files(chosen.paths)
    with quiet_stderr():
        reader = DigitReader(Classifier(run))
    code = 0
    for file in files:
        try:
            for prediction in predict_file(reader, file, chosen.numbers):
                # With several files, each line begins with its file.
                if chosen.json:
                    _print_json(({"file": str(file)} if len(files) > 1 else {}) | prediction.to_dict())
                else:
                    print((f"{readable(str(file))}: " if len(files) > 1 else "") + prediction.describe())
        except InkError as error:
            # The other files are read all the same.
            print(f"{chosen.command}: {error}", file=sys.stderr)
            code = 2
    return code


def _run_and_files(paths: list[str]) -> tuple[FinishedRun, list[Path]]:
    """Return the run and the files. The first word is a run if one has that name; ./NAME is always a file."""
    first = paths[0]
    if _is_run(first):
        run, paths = _open_finished(first), paths[1:]
    else:
        run = _open_finished(None)
    files = [Path(path) for path in paths]
    if not files:
        raise ConfigError("Run {run} needs a file to read. Add one after the run.", run=first)
    if not _exists(files[0]):
        raise ConfigError(
            "{file} is neither a file nor a run. Give a .jsonl file of strokes or an image file.", file=str(files[0])
        )
    return run, files


def _is_run(word: str) -> bool:
    store = RunStore()
    runs, damaged = store.list()
    return _exists(Path(word) / "config.json") or word in [run.id for run in runs] + [folder.id for folder in damaged]


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # not a valid file name
        return False


def _open_finished(target: str | None) -> FinishedRun:
    """Open a run by id or folder; None opens the network that ships with Digit Lab."""
    if target and _exists(Path(target) / "config.json"):
        return require_finished(open_run(Path(target)))
    store = RunStore()
    for damaged in store.list()[1]:
        if damaged.id == target:
            raise RunError("Run {run} is damaged: {reason}", run=target, reason=damaged.reason)
    return store.open_finished(target or DEFAULT_RUN)


def _runs(chosen: argparse.Namespace) -> int:
    if chosen.prune:
        return _prune(chosen)
    runs, damaged = RunStore().list()
    rows = [_run_row(run) for run in runs] + [
        {"run": d.id, "status": "damaged", "reason": str(d.reason)} for d in damaged
    ]
    if chosen.json:
        _print_json_lines(rows)
        return 0
    cells = [
        (
            readable(row["run"]),
            row["status"],
            readable(row.get("dataset", "")),
            "" if row.get("accuracy") is None else f"{row['accuracy']:.2%}",
            readable(row.get("reason") or ""),
        )
        for row in rows
    ]
    print(*terminal.table(cells, numbers=[3]), sep="\n")
    return 0


def _prune(chosen: argparse.Namespace) -> int:
    """Delete old runs and print them, one per line."""
    store, (limits, wrong) = RunStore(), Limits.from_environment()
    for message in wrong:
        print(message, file=sys.stderr)
    for run in retention.prune(store, limits):
        if chosen.json:
            _print_json({"run": run.id, "status": "deleted", "megabytes": round(run.megabytes, 2)})
        else:
            print(f"{run.id}  deleted  {run.megabytes:,.1f} MB", flush=True)
    left = retention.stored_size(store)
    print(
        f"{left.runs:,} runs are left, of at most {limits.runs:,}; {left.megabytes:,.1f} MB of at most "
        f"{limits.disk_mb:,} MB.",
        file=sys.stderr,
    )
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
        "reason": str(run.reason) or None,
        "path": str(run.path),
    }


def _data(chosen: argparse.Namespace) -> int:
    from model.data import report

    values, text, problems = report.answer(chosen.dataset)
    print(*(f"data: {problem}\n" for problem in problems), sep="", end="", file=sys.stderr)
    if chosen.json:
        _print_json_lines(values)
        return 0
    print(*text, sep="\n")
    return 0


def _print_json_lines(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        _print_json(row)


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


def leave(status: int) -> NoReturn:
    """End the process, without cleaning up if TensorFlow was imported: that takes a second, and the next job waits."""
    if "tensorflow" in sys.modules:
        with suppress(OSError):  # the reader has closed the pipe
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
