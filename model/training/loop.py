"""The one training loop, for the command line, the app's worker and the notebook.

Knows Keras, one dataset and one config; tells what happens through `emit` and obeys `control` between two batches.
Knows nothing of processes, run folders beyond the checkpoints it is told to write, or pages.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import isclose, isfinite
from pathlib import Path
from time import perf_counter
from typing import Any
from zipfile import is_zipfile

import keras
import numpy as np

from model.config import TrainingConfig
from model.data.augmentation import augment
from model.data.dataset import Dataset
from model.data.splits import round_robin_by_class, validation_split
from model.errors import TrainingError
from model.networks import keras_models
from model.results import Checkpoint
from model.runs.atomic_files import write_npz
from model.training import commands as control
from model.training import epoch_probe, schedules
from model.training.export import Labelled, save_keras

MOMENTUM = 0.9
WEIGHT_DECAY = 0.02
Emit = Callable[..., None]  # emit("batch", step=1, loss=2.3, …)
Weights = list[np.ndarray]


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves: `model` is float32 and holds the weights of `epoch`, by default the best one."""

    model: keras.Model
    epoch: int
    snapshots: dict[int, Weights]  # epoch -> weights; 0 is the untrained network
    stopped: bool  # before its last epoch, because it was asked to
    reason: str | None = None  # why it ended before, where somebody or its own settings said so


def train(
    config: TrainingConfig,
    dataset: Dataset,
    emit: Emit = lambda event, **fields: None,
    commands: control.CommandQueue | None = None,
    checkpoints: Path | None = None,
    resume: Checkpoint | None = None,
    start_from: Path | None = None,
) -> TrainingResult:
    """Train a network as `config` says, on the training images of `dataset` alone.

    Emits `started` or `resumed`, `batch`, `epoch`, `paused`, `resumed`, `set` and `stopped` (fields: README, "The run
    folder"). With `checkpoints`, a folder, each epoch leaves `epoch-003.keras` there. `start_from` is a .keras file of
    the same network to begin with its weights. Raises TrainingError when the loss is no longer a number or that file
    does not fit, DataError when the images can't be split, control.Interrupted on `interrupt`.
    """
    return _Training(config, dataset, emit, commands or control.CommandQueue(), checkpoints, resume, start_from).run()


def warm_up() -> None:
    """Split and take one step with next to nothing, so that a training need not wait for the libraries."""
    validation_split(np.arange(8) % 2, 0.5, seed=0)
    model = keras_models.build("dense-64", (12, 12, 1), 2)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.zeros((2, 12, 12, 1), np.float32), np.zeros(2, np.int64))
    keras.backend.clear_session()


class _Stop(Exception):
    """Somebody asked to stop and keep; its text, if any, says why."""


class _Training:
    """The state of one training; `run` is its only door."""

    def __init__(self, config, dataset, emit, commands, checkpoints, resume, start_from):
        self.config, self.emit, self.commands, self.checkpoints = config, emit, commands, checkpoints
        self.n_classes, self.image_shape = len(dataset.class_names), dataset.image_shape
        (self.x, y), (x_validation, y_validation) = split_dataset(dataset, config)
        self.y, self.y_validation = self._targets(y), self._targets(y_validation)
        self.x_validation = x_validation.astype(np.float32)
        self.glimpsed = round_robin_by_class(y_validation, epoch_probe.N_IMAGES)
        self.batches_per_epoch = -(-len(self.x) // config.batch_size)
        self.total_steps = config.epochs * self.batches_per_epoch
        self.step, self.seconds, self.rate_factor, self.paused = 0, 0.0, 1.0, False
        self.validation_losses: dict[int, float] = {}
        self.snapshots: dict[int, Weights] = {}
        self.resume, self.start_from = resume, start_from
        self.epoch_sums = np.zeros(3)  # loss and accuracy, each times its images; images

    def run(self) -> TrainingResult:
        keras.utils.set_random_seed(self.config.seed)
        self.precision = choose_precision(self.config.precision)
        self.model = self._load() if self.resume else self._build()
        self.dropouts = [layer for layer in self.model.layers if isinstance(layer, keras.layers.Dropout)]
        try:
            while self.step < self.total_steps and not self._out_of_patience():
                self._run_epoch()
            stopped, reason = False, self._end_early() if self.step < self.total_steps else None
        except _Stop as stop:
            stopped, reason = True, str(stop) or None
            self._end_stopped_epoch(reason)
        return self._kept(stopped, reason)

    def _build(self) -> keras.Model:
        model = keras_models.build(self.config.network, self.image_shape, self.n_classes, self.precision)
        if self.start_from:
            _take_weights(model, self.start_from)
        model.compile(optimizer(self.config), loss(self.config), metrics=["accuracy"])
        self._keep_glimpsed()
        self.emit("started", **self._facts(), **self._glimpse(model))
        self.snapshots[0] = model.get_weights()
        self._save(model, "epoch-000.keras")
        return model

    def _load(self) -> keras.Model:
        model = keras.models.load_model(self.resume.checkpoint)
        self.step, self.seconds = self.resume.step, self.resume.seconds
        self.rate_factor = self.resume.rate_factor
        self.validation_losses = dict(self.resume.validation_losses)
        self.emit("resumed", step=self.step, **self._facts())
        return model

    def _facts(self) -> dict[str, Any]:
        return {
            "epochs": self.config.epochs,
            "batches_per_epoch": self.batches_per_epoch,
            "n_train": len(self.x),
            "n_validation": len(self.x_validation),
            "precision": self.precision,
        }

    def _keep_glimpsed(self) -> None:
        """Leave the images that each epoch answers, once: `images` uint8 `(n, h, w, c)` and `labels` `(n,)`."""
        if self.checkpoints:
            images, labels = self.x_validation[self.glimpsed], self.y_validation[self.glimpsed]
            labels = labels.argmax(axis=1) if labels.ndim == 2 else labels
            write_npz(self.checkpoints / "glimpsed.npz", images=images.round().astype(np.uint8), labels=labels)

    def _glimpse(self, model: keras.Model) -> dict[str, Any]:
        """Called as a function: twenty images are not worth the second in which `predict` gets ready."""
        probabilities = keras.ops.convert_to_numpy(model(self.x_validation[self.glimpsed], training=False))
        first = next((layer for layer in model.layers if layer.weights), None)
        kernel = first.kernel if isinstance(first, keras.layers.Conv2D) else None
        return epoch_probe.pack(probabilities, None if kernel is None else keras.ops.convert_to_numpy(kernel))

    def _targets(self, labels: np.ndarray) -> np.ndarray:
        if self.config.loss == "categorical":
            return np.eye(self.n_classes, dtype=np.float32)[labels]
        return labels

    def _run_epoch(self) -> None:
        epoch = self.step // self.batches_per_epoch + 1
        self.epoch_sums[:] = 0
        for images, targets in self._batches(epoch, self.step % self.batches_per_epoch):
            self._obey()
            self._train_batch(epoch, images, targets)
        self._end_epoch(epoch)

    def _batches(self, epoch: int, skip: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rest of an epoch; order and augmentation depend on seed, epoch and batch alone."""
        size, seed = self.config.batch_size, self.config.seed
        order = np.random.default_rng([seed, epoch]).permutation(len(self.x))
        for batch in range(skip, self.batches_per_epoch):
            chosen = order[batch * size : (batch + 1) * size]
            rng = np.random.default_rng([seed, epoch, batch])
            yield augment(self.x[chosen], self.config.augmentation, rng), self.y[chosen]

    def _train_batch(self, epoch: int, images: np.ndarray, targets: np.ndarray) -> None:
        begin = perf_counter()
        rate = self._learning_rate()
        self.model.optimizer.learning_rate = rate
        self._seed_dropout()
        # Keras averages since the last reset; each batch shall tell of itself.
        self.model.reset_metrics()
        result = self.model.train_on_batch(images, targets, return_dict=True)
        loss, accuracy = float(result["loss"]), float(result["accuracy"])
        self.seconds += perf_counter() - begin
        self.step += 1
        if not isfinite(loss):
            raise TrainingError(divergence_message(self.step, rate))
        self.epoch_sums += (loss * len(images), accuracy * len(images), len(images))
        self.emit(
            "batch",
            step=self.step,
            epoch=epoch,
            loss=round(loss, 6),
            accuracy=round(accuracy, 6),
            learning_rate=float(f"{rate:.6g}"),
            seconds=round(self.seconds, 3),
        )

    def _seed_dropout(self) -> None:
        """Let chance depend on seed and step alone: a .keras file forgets how far a generator had come."""
        for number, layer in enumerate(self.dropouts):
            layer.seed_generator.state.assign([self.config.seed + number, self.step])

    def _learning_rate(self) -> float:
        step = min(self.step, self.total_steps - 1)
        return self.rate_factor * schedules.learning_rate(
            self.config.schedule, self.config.learning_rate, step, self.total_steps
        )

    def _end_epoch(self, epoch: int) -> None:
        """Validate, remember the weights, and leave a checkpoint; also for an epoch that was cut short."""
        figures = self.model.evaluate(self.x_validation, self.y_validation, batch_size=500, verbose=0, return_dict=True)
        if not isfinite(figures["loss"]):  # after the last batch of all, whose own loss was still a number
            raise TrainingError(divergence_message(self.step, self._learning_rate()))
        self.validation_losses[epoch] = float(figures["loss"])
        self.snapshots[epoch] = self.model.get_weights()
        self._save(self.model, f"epoch-{epoch:03}.keras")
        loss_sum, accuracy_sum, images = self.epoch_sums
        trained = images > 0  # not where it was resumed in mid-epoch and stopped at once
        self.emit(
            "epoch",
            epoch=epoch,
            step=self.step,
            images=int(images),
            loss=float(loss_sum / images) if trained else None,
            accuracy=float(accuracy_sum / images) if trained else None,
            val_loss=float(figures["loss"]),
            val_accuracy=float(figures["accuracy"]),
            seconds=round(self.seconds, 4),
            rate_factor=self.rate_factor,
            checkpoint=f"epoch-{epoch:03}.keras",
            **self._glimpse(self.model),
        )

    def _out_of_patience(self) -> bool:
        """Tell whether the validation loss has not improved for as many epochs as the config waits."""
        losses = self.validation_losses
        best = min(losses, key=losses.__getitem__, default=0)
        waited = max(losses, default=0) - best
        return 0 < self.config.patience <= waited

    def _end_early(self) -> str:
        """Say why the training ends before its last epoch; it ends as planned, so it is none that somebody stopped."""
        n = self.config.patience
        epochs = "the last epoch" if n == 1 else f"the last {n} epochs"
        reason = f"It ended early: {epochs} brought no better validation loss."
        self.emit("stopped", step=self.step, reason=reason)
        return reason

    def _end_stopped_epoch(self, reason: str | None) -> None:
        if self.step % self.batches_per_epoch:
            self._end_epoch(self.step // self.batches_per_epoch + 1)
        self.emit("stopped", step=self.step, **({"reason": reason} if reason else {}))

    def _obey(self) -> None:
        """Carry out what was asked since the last batch; while paused, wait here."""
        while command := self.commands.get(wait=self.paused):
            match command.do:
                case control.PAUSE:
                    self._pause()
                case control.RESUME if self.paused:
                    self.paused = False
                    self.emit("resumed", step=self.step)
                case control.STEP if command.after is None or command.after >= self.step:
                    self._pause()
                    return
                case control.SET:
                    self._set_learning_rate(command.learning_rate)
                case control.STOP:
                    raise _Stop(command.reason or "")
                case control.INTERRUPT:
                    self._interrupt()

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            self.emit("paused", step=self.step)

    def _set_learning_rate(self, wanted: float) -> None:
        """Take the wanted rate from here on; a schedule keeps its shape and is scaled to pass through it.

        One that is obeyed already changes nothing: a click that arrives twice is one wish.
        """
        if isclose(wanted, self._learning_rate(), rel_tol=1e-6):
            return
        self.rate_factor *= wanted / self._learning_rate()
        self.emit("set", step=self.step, learning_rate=wanted, rate_factor=self.rate_factor)

    def _interrupt(self) -> None:
        name = f"step-{self.step:06}.keras"
        self._save(self.model, name)
        self.emit(
            "interrupted",
            step=self.step,
            seconds=round(self.seconds, 4),
            rate_factor=self.rate_factor,
            checkpoint=name,
        )
        raise control.Interrupted

    def _save(self, model: keras.Model, name: str) -> None:
        if self.checkpoints:
            save_keras(model, self.checkpoints / name)

    def _kept(self, stopped: bool, reason: str | None) -> TrainingResult:
        self._read_earlier_snapshots()
        known = {epoch: loss for epoch, loss in self.validation_losses.items() if epoch in self.snapshots}
        kept = min(known, key=known.__getitem__, default=0)
        if self.config.keep == "last":
            kept = max(known, default=0)
        model = keras_models.build(self.config.network, self.image_shape, self.n_classes)
        model.set_weights(self.snapshots[kept])
        return TrainingResult(model, kept, self.snapshots, stopped, reason)

    def _read_earlier_snapshots(self) -> None:
        """Bring back the weights of epochs before a resumption, as far as their files are there."""
        for epoch in range(max(self.validation_losses, default=0) + 1):
            path = self.checkpoints / f"epoch-{epoch:03}.keras" if self.checkpoints else None
            if epoch not in self.snapshots and path and is_zipfile(path):
                self.snapshots[epoch] = keras.models.load_model(path, compile=False).get_weights()


def split_dataset(dataset: Dataset, config: TrainingConfig) -> tuple[Labelled, Labelled]:
    """Return the images to train on and those to validate with. Raises DataError where they can't be split."""
    if dataset.validation:
        train, validation = np.arange(len(dataset.y_train)), dataset.validation
    else:
        train, held_back = validation_split(dataset.y_train, config.validation_share, config.seed)
        validation = dataset.x_train[held_back], dataset.y_train[held_back]
    if 0 < config.train_images < len(train):
        train = np.sort(np.random.default_rng(config.seed).permutation(train)[: config.train_images])
    images, labels = dataset.x_train[train], dataset.y_train[train]
    if dataset.lessons:
        images, labels = np.concatenate([images, dataset.lessons[0]]), np.concatenate([labels, dataset.lessons[1]])
    return (images, labels), validation


def _take_weights(model: keras.Model, file: Path) -> None:
    try:
        model.set_weights(keras.models.load_model(file, compile=False).get_weights())
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The weights of {file.parent.name} can't be begun with ({str(error).splitlines()[0][:120]}); expected a "
            "network of the same layers, so choose another run."
        ) from error


def optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Return a fresh optimizer as `config` asks for."""
    rate = float(config.learning_rate)  # JSON may bring a whole number, which Keras refuses
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM)
    if config.optimizer == "adamw":
        adamw = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)
        adamw.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return adamw
    return keras.optimizers.Adam(rate)


def loss(config: TrainingConfig) -> keras.losses.Loss:
    """Return the cross-entropy that `config` asks for."""
    if config.loss == "categorical":
        return keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def choose_precision(wanted: str) -> str:
    """Return the Keras dtype policy: `auto` takes mixed_bfloat16 where the processor computes in it."""
    if wanted == "auto":
        return "mixed_bfloat16" if computes_bfloat16() else "float32"
    return wanted


def divergence_message(step: int, learning_rate: float) -> str:
    """Say in one sentence why a training ended and what to try."""
    return (
        f"The loss was no longer a number after batch {step} at a learning rate of {learning_rate:g}: the steps were "
        f"too large and the weights ran away, so start again with a smaller one, such as {learning_rate / 10:.2g}."
    )


_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}


@cache
def computes_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether the processor multiplies bfloat16 itself, which makes a training step up to twice as fast.

    Without it TensorFlow emulates the type, slower than float32; so an unknown processor counts as one without.
    """
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    return any(_BFLOAT16_FLAGS & set(line.split()) for line in lines if line.startswith("flags"))
