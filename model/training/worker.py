"""The process around `training`: commands come in on stdin, events go out into the run folder.

Knows run folders, signals and threads; knows nothing of pages. The command line and the app run this same code; with
`control` an end of file on stdin means that the app is gone.
"""

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from model.config import TrainingConfig
from model.data import catalog
from model.data.dataset import Dataset
from model.drawings import fine_tuning, mixing
from model.errors import ConfigError, DataError, DigitLabError, RunError
from model.evaluation.metrics import compute_metrics
from model.inference.litert import Recognizer
from model.inference.rejection import rejection_scores, restrict_to_digits
from model.networks.summary import summary
from model.results import NO_DIGIT, Metrics
from model.runs.atomic_files import FolderLock, write_json, write_npz
from model.runs.events import EventLog
from model.runs.run import Run
from model.runs.store import RunStore
from model.training import commands as control
from model.training.commands import Command, CommandQueue, Interrupted

MAX_EXPORTED_EPOCHS = 25  # epochs of a run
_HEARTBEAT_S = 1.0
_LIKELY = "mnist"
_ahead: dict[str, Dataset] = {}  # what was read while the worker waited for its run
_LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy")
Listener = Callable[[str, dict[str, Any]], None]


def run(folder: Path, control: bool = False, listen: Listener = lambda event, fields: None) -> str:
    """Train the run that `folder` describes to its end, from its last checkpoint if it has one.

    Returns the final status: finished, stopped, failed or interrupted. `listen` hears every event, as the file does.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # notes on CUDA and oneDNN help nobody here
    return _Worker(Run(folder), control, listen).run()


def wait_for_run() -> Path | None:
    """Import what takes seconds, then wait for `{"run": folder}` on stdin; None where stdin ends instead.

    From then on what this process prints goes to the run's worker.log.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        from model.training.loop import warm_up

        warm_up()
    _read_ahead()
    with open(0, "rb", buffering=0, closefd=False) as stdin:  # unbuffered: what follows is for the training
        line = stdin.readline()
    if not line:
        return None
    folder = Path(json.loads(line)["run"])
    with (folder / "worker.log").open("ab") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    return folder


def _read_ahead() -> None:
    """Read the images that the next training most likely learns from, where they need no network."""
    with suppress(DataError):
        if catalog.status(_LIKELY).here:
            _ahead[_LIKELY] = catalog.load(_LIKELY)


class _Worker:
    """One training from config.json to run.json."""

    def __init__(self, run: Run, control: bool, listen: Listener):
        self.run_folder, self.listen = run, listen
        self.config = run.config
        self.lock = FolderLock(run.path)
        if run.manifest:
            raise RunError(f"Run {run.id} is {run.manifest['status']}; expected an incomplete one, so start a new run.")
        # Read before this worker writes anything, or its own events would count as history.
        self.latest_checkpoint = run.latest_checkpoint()
        self.log = EventLog(run.path / "events.jsonl")
        self.commands = CommandQueue()
        self.ended = threading.Event()
        self.app_is_gone = threading.Event()
        _thread("heartbeat", self._beat)
        if control:
            _thread("commands", self._read_commands)
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._on_signal)

    def run(self) -> str:
        try:
            return self._train()
        except Interrupted:
            return "interrupted"
        except RunError as error:
            return self._interrupted(str(error))
        except DataError as error:
            return self._interrupted(str(error)) if self.latest_checkpoint else self._failed(str(error))
        except DigitLabError as error:
            return self._failed(str(error))
        except Exception as error:
            # A full disk or a bug of ours: what was learnt can still be gone on with, so nothing is called final.
            self._interrupted(f"The training ended with an error: {error!r}.")
            raise
        finally:
            self.ended.set()
            self.log.close()
            self.lock.release()

    def _train(self) -> str:
        self.emit("loading", dataset=self.config.dataset)
        with quiet_stderr():
            from model.training.loop import train

        dataset = _ahead.pop(self.config.dataset, None)
        dataset = dataset or catalog.load(self.config.dataset, progress=self._download_progress())
        check_config(self.config)
        dataset = self._joined(dataset)
        self._describe(dataset)
        start_from = self._teacher().path / "model.keras" if self._begins_taught() else None
        trained = train(
            self.config,
            dataset,
            self.emit,
            self.commands,
            self.run_folder.checkpoints,
            self.latest_checkpoint,
            start_from,
        )
        return self._keep(trained, dataset)

    def _begins_taught(self) -> bool:
        """Tell whether the first weights are another run's; a resumed training has its own."""
        return bool(self.config.start_from) and not self.latest_checkpoint

    def _teacher(self) -> Run:
        """Return the run whose weights this one begins with; it lies beside it or is shipped."""
        return RunStore(self.run_folder.path.resolve().parent).open(self.config.start_from)

    def _joined(self, dataset: Dataset) -> Dataset:
        """Return the dataset with what joins its images."""
        if self.config.start_from:
            return fine_tuning.add_fine_tuning_drawings(
                dataset, self.run_folder.path, self.config.drawings, self.config.seed
            )
        if self.config.drawings:
            return mixing.add_drawings(dataset, self.config.validation_share, self.config.seed, self._drawing_progress)
        return dataset

    def emit(self, event: str, **fields: Any) -> None:
        self.log.write(event, **fields)
        try:
            self.listen(event, fields)
        except OSError:  # the terminal or the pipe behind it is gone; the run folder is the truth
            self.listen = lambda event, fields: None

    def _describe(self, dataset: Dataset) -> None:
        """Complete config.json, now that the dataset is known. Raises RunError where a resumed run's has changed."""
        before = self.run_folder.description.get("dataset", {})
        now = {"fingerprint": dataset.fingerprint, "training_fingerprint": _fingerprint(dataset.x_train)}
        if self.latest_checkpoint and any(before.get(name, value) != value for name, value in now.items()):
            raise RunError(
                f"The dataset {dataset.name} has changed since this run began; expected the same images "
                "to go on with, so put them back or start a new run."
            )
        facts = {
            "name": dataset.name,
            "source": dataset.source,
            **now,
            "n_train": len(dataset.x_train),
            "n_test": len(dataset.x_test),
            "image_shape": list(dataset.image_shape),
            "class_names": list(dataset.class_names),
        }
        versions = {"python": sys.version.split()[0]} | {name: version(name) for name in _LIBRARIES}
        write_json(
            self.run_folder.path / "config.json",
            self.run_folder.description | {"dataset": facts, "versions": versions},
        )

    def _keep(self, trained: Any, dataset: Dataset) -> str:
        """Export the kept network, score it on the test set with what will serve it, export the others, and close."""
        from model.training.export import calibrate, export_litert, save_keras

        path = self.run_folder.path
        calibration = None
        if self.config.drawings and not self.config.start_from:
            calibration = calibrate(trained.model, mixing.calibration_images(dataset, self.config.seed))
        save_keras(trained.model, path / "model.keras")
        export_litert(trained.model, path / "model.tflite")
        with quiet_stderr():
            probabilities = Recognizer(path / "model.tflite").probabilities(dataset.x_test)
        tested = [name for name in dataset.class_names if name != NO_DIGIT]
        evaluation = restrict_to_digits(dataset.y_test, probabilities, len(tested))
        doubt = rejection_scores(probabilities, len(tested))
        write_npz(
            path / "evaluation.npz", labels=evaluation.labels, probabilities=evaluation.probabilities, doubt=doubt
        )
        figures = compute_metrics(evaluation.labels, evaluation.probabilities, tested)
        self._export_snapshots(trained)
        self._tidy()
        status = "stopped" if trained.stopped else "finished"
        doubts = self._doubts(calibration.to_dict() if calibration else self._inherited_calibration(), doubt)
        self._complete(status, figures, trained, dataset, doubts)
        return status

    def _inherited_calibration(self) -> dict[str, Any] | None:
        """A network that was taught a little begins with probabilities that were made believable before."""
        if not self.config.start_from:
            return None
        with suppress(RunError):  # it may have been deleted meanwhile
            return (self._teacher().manifest or {}).get("calibration")
        return None

    def _doubts(self, calibration: dict[str, Any] | None, doubt: np.ndarray) -> dict[str, Any]:
        """Return what the manifest says of refusing: how it was calibrated, and how many test images it refuses."""
        if not calibration:
            return {}
        return {"calibration": calibration, "refused": int((doubt > calibration["reject_above"]).sum())}

    def _export_snapshots(self, trained: Any) -> None:
        """Leave a .tflite of the epochs to look back on; where the app is gone meanwhile, the kept one is enough."""
        from model.training.export import export_litert

        kept = trained.model.get_weights()
        for epoch in epochs_to_export(trained.snapshots, trained.epoch):
            if self.app_is_gone.is_set():
                break
            trained.model.set_weights(trained.snapshots[epoch])
            export_litert(trained.model, self.run_folder.checkpoints / f"epoch-{epoch:03}.tflite")
        trained.model.set_weights(kept)

    def _tidy(self) -> None:
        """Remove checkpoints in the middle of an epoch: they were for resuming, and this run is complete."""
        for path in self.run_folder.checkpoints.glob("step-*.keras"):
            path.unlink()

    def _complete(self, status: str, figures: Metrics, trained: Any, dataset: Dataset, doubts: dict[str, Any]) -> None:
        layers = summary(self.config.network, dataset.image_shape, len(dataset.class_names))
        history = self.run_folder.event_reader.read()
        manifest = {
            "format": 1,
            "status": status,
            "kept_epoch": trained.epoch,
            "epochs": max(trained.snapshots),
            "steps": int(history.step[-1]) if len(history.step) else 0,
            "seconds": round(history.seconds, 2),
            "precision": history.facts.get("precision"),
            "parameters": sum(layer.parameters for layer in layers),
            **doubts,
            **({"reason": trained.reason} if trained.reason else {}),
            "figures": figures.to_dict(),
        }
        write_json(self.run_folder.path / "run.json", manifest)
        self.emit("finished", status=status, accuracy=figures.accuracy, loss=figures.loss, kept_epoch=trained.epoch)

    def _failed(self, reason: str) -> str:
        self.emit("failed", reason=reason)
        write_json(self.run_folder.path / "run.json", {"format": 1, "status": "failed", "reason": reason})
        return "failed"

    def _interrupted(self, reason: str) -> str:
        with suppress(OSError):  # a full disk can't be told of on that disk
            self.emit("interrupted", reason=reason)
        return "interrupted"

    def _download_progress(self) -> Callable[[int, int], None]:
        """Return a hearer of download progress that tells of each whole percent once."""
        told = -1

        def tell(done: int, total: int) -> None:
            nonlocal told
            if self.app_is_gone.is_set():
                self._interrupted("The download was broken off.")
                raise Interrupted
            percent = 100 * done // total if total else 0
            if percent > told:
                told = percent
                self.emit("downloading", dataset=self.config.dataset, percent=percent)

        return tell

    def _drawing_progress(self, images: int) -> None:
        if self.app_is_gone.is_set():
            self._interrupted("The drawing of training images was broken off.")
            raise Interrupted
        self.emit("drawing", images=images)

    def _beat(self) -> None:
        """Touch the event file, so that readers without a hold on this process see that it lives."""
        while not self.ended.wait(_HEARTBEAT_S):
            try:
                os.utime(self.run_folder.path / "events.jsonl")
            except OSError:
                return  # the folder was deleted; the next file to be written will tell

    def _read_commands(self) -> None:
        """Pass commands on until stdin ends, which means that the app is gone."""
        try:
            # Unbuffered: Python aborts when it ends while a thread waits inside the buffer of sys.stdin.
            with open(0, "rb", buffering=0, closefd=False) as stdin:
                for line in stdin:
                    self._pass_on(line.decode(errors="replace"))
        finally:
            self._leave()

    def _pass_on(self, line: str) -> None:
        try:
            self.commands.put(Command.from_json(line))
        except ConfigError as error:
            print(error, file=sys.stderr)

    def _on_signal(self, *_: Any) -> None:
        if self.app_is_gone.is_set():
            raise KeyboardInterrupt  # the second Ctrl-C means now
        self._leave()

    def _leave(self) -> None:
        self.app_is_gone.set()
        self.commands.put(Command(control.INTERRUPT))


def epochs_to_export(epochs: Collection[int], kept: int) -> list[int]:
    """Return the epochs whose networks can be asked later: all, or of more than 25 as many evenly spread and `kept`.

    Writing one takes half a second, and nobody shall wait a minute for the end of a training of a hundred epochs.
    """
    ordered = sorted(epochs)
    if len(ordered) <= MAX_EXPORTED_EPOCHS:
        return ordered
    places = np.linspace(0, len(ordered) - 1, MAX_EXPORTED_EPOCHS).round().astype(int)
    return sorted({ordered[place] for place in places} | {kept})


def _fingerprint(images: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(images)).hexdigest()[:16]


def _thread(name: str, target: Callable[[], None]) -> None:
    threading.Thread(target=target, name=name, daemon=True).start()


def check_config(config: TrainingConfig) -> None:
    """Raise ConfigError for settings that would teach something wrong: a mirrored digit is no digit."""
    if config.augmentation.flip and not catalog.may_flip(config.dataset):
        raise ConfigError(
            f"flip came with {config.dataset}, whose images mean something else when mirrored; expected a dataset of "
            "things, so leave it out."
        )
    builtin = catalog.BUILTINS.get(config.dataset)
    if config.drawings and builtin and builtin.class_names != catalog.BUILTINS["mnist"].class_names:
        raise ConfigError(
            f"drawings came with {config.dataset}, whose images are no digits; expected mnist or uci-digits, so leave "
            "them out."
        )


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Silence file descriptor 2 for the whole process, Python's own messages included.

    TensorFlow and LiteRT greet from C++ while they load, which no setting of theirs turns off. For command lines
    only: another thread's message would be lost too. Errors are raised as ever.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
