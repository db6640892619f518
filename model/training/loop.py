"""The one training loop, for the command line, the app's worker and the notebook.

Takes a dataset and a config, calls `on_event` with every event, and carries out commands between two batches. Imports
neither processes nor pages; the only files it writes are checkpoints.
"""

from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import numpy as np

from model.config import TrainingConfig
from model.data.dataset import Dataset
from model.data.splits import round_robin_by_class, validation_split
from model.errors import RunError, TrainingError
from model.networks import keras_models
from model.results import Checkpoint
from model.runs.events import (
    BatchEvent,
    EpochEvent,
    InterruptedEvent,
    ResumedEvent,
    StartedEvent,
    StoppedEvent,
    TrainingPlan,
)
from model.training import epoch_probe
from model.training.batches import Batches, targets_of
from model.training.checkpoints import Checkpoints, Weights
from model.training.commands import CommandQueue, Interrupted
from model.training.control import OnEvent, StopRequested, TrainingControl
from model.training.export import load_model, load_weights
from model.training.precision import choose_precision
from model.training.schedules import ScheduledRate
from model.training.training_data import check_config, join_drawings, load_dataset, split_dataset

MOMENTUM = 0.9
WEIGHT_DECAY = 0.02


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network: `model` is float32 and has the weights of `epoch`, by default the best one.

    `history` has the format of Keras's `fit`: `loss`, `accuracy`, `val_loss` and `val_accuracy` for each epoch trained
    here. The first two are NaN for an epoch that was resumed and stopped before its next batch.
    """

    model: keras.Model
    epoch: int
    snapshots: dict[int, Weights]  # epoch -> weights; 0 is the untrained network
    history: dict[str, list[float]]
    stopped: bool  # by a command, before its last epoch
    reason: str | None = None  # why it ended before its last epoch

    def __repr__(self) -> str:
        epochs = len(self.history["loss"])
        return f"TrainingResult(model={self.model.name!r}, epoch={self.epoch}, {epochs} epochs, stopped={self.stopped})"


def train(
    config: TrainingConfig,
    dataset: Dataset | None = None,
    on_event: OnEvent = lambda event: None,
    commands: CommandQueue | None = None,
    checkpoints: Path | None = None,
    resume: Checkpoint | None = None,
    start_from: Path | None = None,
) -> TrainingResult:
    """Train a network on the training images of `dataset`, by default the dataset named in `config`.

    Calls `on_event` with each event of `model.runs.events` from `StartedEvent` to `StoppedEvent`. If `checkpoints` is a
    folder, every epoch saves a file such as `epoch-003.keras` there. `start_from` is a .keras file of the same network,
    whose weights are used as the first ones. Raises TrainingError if the loss is no longer a number or that file
    doesn't fit, DataError if the images can't be loaded or split, Interrupted on the command `interrupt`.
    """
    if dataset is None:
        check_config(config)
        dataset = join_drawings(load_dataset(config), config)
    commands = commands or CommandQueue()
    return _Training(config, dataset, on_event, commands, Checkpoints(checkpoints)).run(resume, start_from)


def warm_up() -> None:
    """Split and train one tiny batch, so that the next training doesn't wait for the libraries."""
    validation_split(np.arange(8) % 2, 0.5, seed=0)
    model = keras_models.build("dense-64", (12, 12, 1), 2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.zeros((2, 12, 12, 1), np.float32), np.zeros(2, np.int64))
    keras.backend.clear_session()


class _Training:
    """The state of one training; `run` is its only public method."""

    model: keras.Model

    def __init__(
        self,
        config: TrainingConfig,
        dataset: Dataset,
        on_event: OnEvent,
        commands: CommandQueue,
        checkpoints: Checkpoints,
    ):
        self.config, self.on_event, self.checkpoints = config, on_event, checkpoints
        self.n_classes, self.image_shape = len(dataset.class_names), dataset.image_shape
        (images, labels), (validation_images, self.validation_labels) = split_dataset(dataset, config)
        self.batches = Batches(images, targets_of(labels, self.n_classes, config.loss), config)
        self.x_validation = validation_images.astype(np.float32)
        self.y_validation = targets_of(self.validation_labels, self.n_classes, config.loss)
        self.probed = round_robin_by_class(self.validation_labels, epoch_probe.N_IMAGES)
        self.rate = ScheduledRate(config.schedule, config.learning_rate, self.batches.total)
        self.control = TrainingControl(commands, self.rate, on_event)
        self.step, self.seconds = 0, 0.0
        self.epoch_sums = np.zeros(3)  # loss and accuracy, each multiplied by the number of images; images
        self.validation_losses: dict[int, float] = {}
        self.history: dict[str, list[float]] = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}

    def run(self, resume: Checkpoint | None, start_from: Path | None) -> TrainingResult:
        keras.utils.set_random_seed(self.config.seed)
        self.precision = choose_precision(self.config.precision)
        self.model = self._load(resume) if resume else self._build(start_from)
        self.dropouts = [layer for layer in self.model.layers if isinstance(layer, keras.layers.Dropout)]
        try:
            while self.step < self.batches.total and not self._out_of_patience():
                self._run_epoch()
        except StopRequested as stop:
            return self._stop(str(stop) or None)
        except Interrupted:
            self._interrupt()
            raise
        return self._result(stopped=False, reason=self._end_early() if self.step < self.batches.total else None)

    def _run_epoch(self) -> None:
        done, skip = divmod(self.step, self.batches.per_epoch)
        self.epoch_sums[:] = 0
        for images, targets in self.batches.of_epoch(done + 1, skip):
            self.control.handle_commands(self.step)
            self._train_batch(done + 1, images, targets)
        self._end_epoch(done + 1)

    def _train_batch(self, epoch: int, images: np.ndarray, targets: np.ndarray) -> None:
        begin = perf_counter()
        rate = self.rate.at(self.step)
        self.model.optimizer.learning_rate = rate
        self._seed_dropout()
        self.model.reset_metrics()  # Keras averages since the last reset; this gives the figures of one batch
        figures = self.model.train_on_batch(images, targets, return_dict=True)
        loss, accuracy = float(figures["loss"]), float(figures["accuracy"])
        self.seconds += perf_counter() - begin
        self.step += 1
        if not isfinite(loss):
            raise _divergence(self.step, rate)
        self.epoch_sums += (loss * len(images), accuracy * len(images), len(images))
        self.on_event(
            BatchEvent(
                step=self.step,
                epoch=epoch,
                loss=round(loss, 6),
                accuracy=round(accuracy, 6),
                learning_rate=float(f"{rate:.6g}"),
                seconds=round(self.seconds, 3),
            )
        )

    def _end_epoch(self, epoch: int) -> None:
        """Validate, remember the weights and save a checkpoint, also for an epoch that was cut short."""
        figures = self.model.evaluate(self.x_validation, self.y_validation, batch_size=500, verbose=0, return_dict=True)
        val_loss, val_accuracy = float(figures["loss"]), float(figures["accuracy"])
        if not isfinite(val_loss):  # the loss of the last batch was computed before its own step
            raise _divergence(self.step, self.rate.at(self.step))
        self.validation_losses[epoch] = val_loss
        loss_sum, accuracy_sum, images = self.epoch_sums.tolist()
        trained = images > 0  # false if it was resumed in mid-epoch and stopped at once
        means = (loss_sum / images, accuracy_sum / images) if trained else (np.nan, np.nan)
        for values, figure in zip(self.history.values(), (*means, val_loss, val_accuracy), strict=True):
            values.append(figure)
        checkpoint = self.checkpoints.save_epoch(self.model, epoch)
        self.on_event(
            EpochEvent(
                epoch=epoch,
                step=self.step,
                images=int(images),
                loss=means[0] if trained else None,
                accuracy=means[1] if trained else None,
                val_loss=val_loss,
                val_accuracy=val_accuracy,
                seconds=round(self.seconds, 4),
                rate_factor=self.rate.factor,
                checkpoint=checkpoint,
                probe=self._probe(self.model),
            )
        )

    def _build(self, start_from: Path | None) -> keras.Model:
        model = keras_models.build(self.config.network, self.image_shape, self.n_classes, self.precision)
        if start_from:
            _set_weights(model, start_from)
        model.compile(optimizer(self.config), loss(self.config), metrics=["accuracy"])
        self.checkpoints.save_probe_images(self.x_validation[self.probed], self.validation_labels[self.probed])
        self.on_event(StartedEvent(**asdict(self._plan()), probe=self._probe(model)))
        self.checkpoints.save_epoch(model, 0)
        return model

    def _load(self, resume: Checkpoint) -> keras.Model:
        model = load_model(resume.checkpoint)
        self.step, self.seconds = resume.step, resume.seconds
        self.rate.factor = resume.rate_factor
        self.validation_losses = dict(resume.validation_losses)
        self.on_event(ResumedEvent(step=self.step, **asdict(self._plan())))
        return model

    def _plan(self) -> TrainingPlan:
        return TrainingPlan(
            epochs=self.config.epochs,
            batches_per_epoch=self.batches.per_epoch,
            n_train=len(self.batches.images),
            n_validation=len(self.x_validation),
            precision=self.precision,
        )

    def _probe(self, model: keras.Model) -> dict[str, Any]:
        """Return the probe of an epoch. Calls the model as a function, because `predict` takes a second to set up."""
        probabilities = keras.ops.convert_to_numpy(model(self.x_validation[self.probed], training=False))
        first = next((layer for layer in model.layers if layer.weights), None)
        kernel = first.kernel if isinstance(first, keras.layers.Conv2D) else None
        return epoch_probe.pack(probabilities, None if kernel is None else keras.ops.convert_to_numpy(kernel))

    def _seed_dropout(self) -> None:
        """Make dropout depend only on seed and step: a .keras file doesn't contain the state of a generator."""
        for number, layer in enumerate(self.dropouts):
            layer.seed_generator.state.assign([self.config.seed + number, self.step])

    def _out_of_patience(self) -> bool:
        """Return whether the validation loss hasn't improved for `patience` epochs."""
        losses = self.validation_losses
        best = min(losses, key=losses.__getitem__, default=0)
        return 0 < self.config.patience <= max(losses, default=0) - best

    def _end_early(self) -> str:
        """Report early stopping and return the reason."""
        n = self.config.patience
        epochs = "1 epoch" if n == 1 else f"{n} epochs"
        reason = f"Early stopping: the validation loss hasn't improved for {epochs}."
        self.on_event(StoppedEvent(step=self.step, reason=reason))
        return reason

    def _stop(self, reason: str | None) -> TrainingResult:
        if self.step % self.batches.per_epoch:
            self._end_epoch(self.step // self.batches.per_epoch + 1)
        self.on_event(StoppedEvent(step=self.step, reason=reason))
        return self._result(stopped=True, reason=reason)

    def _interrupt(self) -> None:
        checkpoint = self.checkpoints.save_step(self.model, self.step)
        self.on_event(
            InterruptedEvent(
                step=self.step,
                seconds=round(self.seconds, 4),
                rate_factor=self.rate.factor,
                checkpoint=checkpoint,
            )
        )

    def _result(self, stopped: bool, reason: str | None) -> TrainingResult:
        self.checkpoints.read_earlier(max(self.validation_losses, default=0))
        weights = self.checkpoints.weights
        losses = {epoch: loss for epoch, loss in self.validation_losses.items() if epoch in weights}
        kept = min(losses, key=losses.__getitem__, default=0)
        if self.config.keep == "last":
            kept = max(losses, default=0)
        model = keras_models.build(self.config.network, self.image_shape, self.n_classes)
        model.set_weights(weights[kept])
        return TrainingResult(model, kept, weights, self.history, stopped, reason)


def _set_weights(model: keras.Model, file: Path) -> None:
    try:
        model.set_weights(load_weights(file))
    except (RunError, ValueError) as error:
        raise TrainingError(
            "The weights of {run} don't fit this network ({reason}). Choose a run whose network has the same layers.",
            run=file.parent.name,
            reason=str(error).splitlines()[0][:120],
        ) from error


def optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Return a new optimizer with the settings of `config`."""
    rate = float(config.learning_rate)  # JSON may contain a whole number, which Keras rejects
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM)
    if config.optimizer == "adamw":
        adamw = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)
        adamw.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return adamw
    return keras.optimizers.Adam(rate)


def loss(config: TrainingConfig) -> keras.losses.Loss:
    """Return the cross-entropy chosen in `config`."""
    if config.loss == "categorical":
        return keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def _divergence(step: int, learning_rate: float) -> TrainingError:
    """Return the error of a training that diverged, with advice."""
    return TrainingError(
        "The training diverged after batch {step}: with a learning rate of {rate:g}, the loss is no longer a number. "
        "Start again with a smaller learning rate, such as {smaller:.2g}.",
        step=step,
        rate=learning_rate,
        smaller=learning_rate / 10,
    )
