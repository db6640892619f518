"""One run from its settings to its manifest: load the data, train, calibrate, export, evaluate on the test set.

Imports the loop, and Keras with it, so the worker imports this module late. Works on one run folder; imports neither
processes nor signals nor pages.
"""

import hashlib
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from model.data.dataset import Dataset
from model.data.inspection import inspect
from model.drawings import mixing
from model.errors import RunError
from model.evaluation.metrics import compute_metrics
from model.inference.litert import Recognizer
from model.inference.rejection import is_accepted, rejection_scores, restrict_to_digits
from model.networks.summary import summary
from model.results import NO_DIGIT, UNCALIBRATED, Calibration, Checkpoint, Inspection, Metrics
from model.runs.atomic_files import write_json, write_npz
from model.runs.events import DownloadingEvent, DrawingEvent, FinishedEvent, RunState
from model.runs.manifest import DatasetInfo, Manifest, TrainingOutcome
from model.runs.run import FinishedRun, Run
from model.runs.store import RunStore
from model.training.checkpoints import epoch_file
from model.training.commands import CommandQueue, Interrupted
from model.training.control import OnEvent
from model.training.export import calibrate, export_litert, load_model, save_keras
from model.training.loop import TrainingResult, train
from model.training.quiet import quiet_stderr
from model.training.training_data import check_config, join_drawings, load_dataset

if TYPE_CHECKING:
    import keras

MAX_EXPORTED_EPOCHS = 25  # per run
_LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy")


class Pipeline:
    """The stages of one training; `run` goes through them in order."""

    def __init__(
        self,
        run: Run,
        on_event: OnEvent,
        commands: CommandQueue,
        checkpoints: Sequence[Checkpoint] = (),
        is_cancelled: Callable[[], bool] = lambda: False,
    ):
        """Take the run, and its checkpoints, newest first: it resumes from the first one that can be read.

        `is_cancelled` is checked while data is loaded and while snapshots are exported.
        """
        self.folder, self.config, self.resume = run, run.config, _first_readable(checkpoints)
        self.on_event, self.commands, self.is_cancelled = on_event, commands, is_cancelled
        self.inspection: Inspection | None = None

    def run(self) -> RunState:
        """Train and return the final state, finished or stopped.

        Raises Interrupted if it is cancelled, and ConfigError, DataError, RunError or TrainingError if it fails.
        """
        dataset = self._load()
        self._describe(dataset)
        result = self._train(dataset)
        calibration = self._calibrate(result.model, dataset)
        self._export(result.model)
        metrics, outputs = self._evaluate(dataset)
        self._export_snapshots(result)
        self._remove_step_checkpoints()
        return self._complete(result, dataset, metrics, calibration, outputs)

    def _load(self) -> Dataset:
        dataset = load_dataset(self.config, self._download_progress())
        check_config(self.config)
        self.inspection = inspect(dataset)  # of the dataset alone, as people brought it
        return join_drawings(dataset, self.config, self.folder.path, self._on_drawing)

    def _download_progress(self) -> Callable[[int, int], None]:
        """Return a function that reports each whole percent of a download once."""
        last = -1

        def on_download(done: int, total: int) -> None:
            nonlocal last
            if self.is_cancelled():
                raise Interrupted("The download was cancelled.")
            percent = 100 * done // total if total else 0
            if percent > last:
                last = percent
                self.on_event(DownloadingEvent(dataset=self.config.dataset, percent=percent))

        return on_download

    def _on_drawing(self, images: int) -> None:
        if self.is_cancelled():
            raise Interrupted("The rendering of drawings was cancelled.")
        self.on_event(DrawingEvent(images=images))

    def _describe(self, dataset: Dataset) -> None:
        """Add the dataset to config.json. Raises RunError if the dataset of a resumed run has changed."""
        before = self.folder.description.dataset
        info = DatasetInfo(
            name=dataset.name,
            source=dataset.source,
            fingerprint=dataset.fingerprint,
            n_train=len(dataset.x_train),
            n_test=len(dataset.x_test),
            image_shape=dataset.image_shape,
            class_names=dataset.class_names,
            training_fingerprint=_fingerprint(dataset.x_train),
            inspection=self.inspection,
        )
        if self.resume and before and not before.has_same_images(info):
            raise RunError(
                "The dataset {dataset} has changed since this run started. Restore its old images, or start a new run.",
                dataset=dataset.name,
            )
        versions = {"python": sys.version.split()[0]} | {name: version(name) for name in _LIBRARIES}
        description = replace(self.folder.description, dataset=info, versions=versions)
        write_json(self.folder.path / "config.json", description.to_dict())

    def _train(self, dataset: Dataset) -> TrainingResult:
        # A run that fine-tunes another starts with the other run's weights; a resumed one has its own.
        start_from = self._base_run().path / "model.keras" if self.config.start_from and not self.resume else None
        return train(
            self.config, dataset, self.on_event, self.commands, self.folder.checkpoints, self.resume, start_from
        )

    def _base_run(self) -> FinishedRun:
        """Return the run whose weights this one starts with; it is in the same store or shipped with Digit Lab."""
        return RunStore(self.folder.path.resolve().parent).open_finished(self.config.start_from)

    def _calibrate(self, model: "keras.Model", dataset: Dataset) -> Calibration:
        """Calibrate a network trained on drawings; a fine-tuned one starts with calibrated weights."""
        if self.config.drawings and not self.config.start_from:
            return calibrate(model, mixing.calibration_images(dataset, self.config.seed))
        if self.config.start_from:
            with suppress(RunError):  # it may have been deleted since
                return self._base_run().calibration
        return UNCALIBRATED

    def _export(self, model: "keras.Model") -> None:
        save_keras(model, self.folder.path / "model.keras")
        export_litert(model, self.folder.path / "model.tflite")

    def _evaluate(self, dataset: Dataset) -> tuple[Metrics, np.ndarray]:
        """Evaluate the exported network on the test set; return the metrics and all outputs `(n, outputs)` float32."""
        with quiet_stderr():
            probabilities = Recognizer(self.folder.path / "model.tflite").probabilities(dataset.x_test)
        tested = [name for name in dataset.class_names if name != NO_DIGIT]
        predictions = restrict_to_digits(dataset.y_test, probabilities, len(tested))
        write_npz(
            self.folder.path / "evaluation.npz",
            labels=predictions.labels,
            probabilities=predictions.probabilities,
            doubt=rejection_scores(probabilities, len(tested)),  # the name in the file
        )
        return compute_metrics(predictions.labels, predictions.probabilities, tested), probabilities

    def _export_snapshots(self, result: TrainingResult) -> None:
        """Export the networks of all epochs; if this is cancelled, the final network is enough."""
        kept = result.model.get_weights()
        for epoch in epochs_to_export(result.snapshots, result.epoch):
            if self.is_cancelled():
                break
            result.model.set_weights(result.snapshots[epoch])
            export_litert(result.model, self.folder.checkpoints / epoch_file(epoch, ".tflite"))
        result.model.set_weights(kept)

    def _remove_step_checkpoints(self) -> None:
        """Remove the checkpoints saved in mid-epoch: they were for resuming, and this run is complete."""
        for path in self.folder.checkpoints.glob("step-*.keras"):
            path.unlink()

    def _complete(
        self, result: TrainingResult, dataset: Dataset, metrics: Metrics, calibration: Calibration, outputs: np.ndarray
    ) -> RunState:
        layers = summary(self.config.network, dataset.image_shape, len(dataset.class_names))
        history = self.folder.history()
        rejected = ~is_accepted(outputs, calibration.rejection_threshold, len(metrics.classes))
        outcome = TrainingOutcome(
            metrics=metrics,
            parameters=sum(layer.parameters for layer in layers),
            kept_epoch=result.epoch,
            epochs=max(result.snapshots),
            steps=history.steps_done,
            seconds=round(history.seconds, 2),
            precision=history.plan.precision,
            calibration=calibration,
            n_rejected=int(rejected.sum()) if calibration.is_fitted else 0,
            network_bytes=self.folder.network.stat().st_size,
        )
        state = RunState.STOPPED if result.stopped else RunState.FINISHED
        write_json(self.folder.path / "run.json", Manifest(state, result.reason or "", outcome).to_dict())
        self.on_event(
            FinishedEvent(status=state, accuracy=metrics.accuracy, loss=metrics.loss, kept_epoch=result.epoch)
        )
        return state


def _first_readable(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """Return the first checkpoint that can be read; each one that can't is named on stderr."""
    for checkpoint in checkpoints:
        try:
            load_model(checkpoint.checkpoint)
        except RunError as error:
            print(f"{error} The training continues from an earlier checkpoint.", file=sys.stderr)
        else:
            return checkpoint
    return None


def epochs_to_export(epochs: Collection[int], kept: int) -> list[int]:
    """Return the epochs whose networks are exported: all, or 25 evenly spaced ones and `kept` if there are more.

    Exporting one takes half a second, and nobody should wait a minute at the end of a training of a hundred epochs.

    >>> len(epochs_to_export(range(101), kept=62))
    26
    """
    ordered = sorted(epochs)
    if len(ordered) <= MAX_EXPORTED_EPOCHS:
        return ordered
    indices = np.linspace(0, len(ordered) - 1, MAX_EXPORTED_EPOCHS).round().astype(int)
    return sorted({ordered[index] for index in indices} | {kept})


def _fingerprint(images: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()[:16]
