"""The training loop, with real trainings on digits that don't have to be downloaded."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from model.config import Augmentation, Design, TrainingConfig
from model.data.splits import validation_split
from model.errors import TrainingError
from model.results import Checkpoint
from model.training.commands import Command, CommandQueue, Interrupted
from model.training.epoch_probe import unpack
from model.training.export import export_litert
from model.training.loop import optimizer, train
from model.training.precision import choose_precision, has_bfloat16
from model.training.training_data import split_dataset

pytestmark = pytest.mark.slow

QUICK = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=1, batch_size=128, precision="float32")


class Recorder:
    """Records the events of a training, and can call `react` at a chosen batch."""

    def __init__(self, at=None, react=None):
        self.events, self.at, self.react = [], at, react

    def __call__(self, event):
        self.events.append((event.name, {k: v for k, v in event.to_dict().items() if k != "event"}))
        if event.name == "batch" and event.step == self.at:
            self.react()

    def of(self, wanted):
        return [fields for event, fields in self.events if event == wanted]


def losses(recorder):
    return [fields["loss"] for fields in recorder.of("batch")]


@pytest.fixture(scope="module")
def three_epochs(uci_digits):
    """One ordinary training that several tests share."""
    recorder = Recorder()
    config = replace(QUICK, epochs=3, batch_size=32)
    return train(config, uci_digits, recorder), recorder


def test_it_learns_to_classify_digits(three_epochs, uci_digits):
    trained, recorder = three_epochs
    predicted = trained.model.predict(uci_digits.x_test.astype("float32"), verbose=0).argmax(axis=1)
    assert (predicted == uci_digits.y_test).mean() > 0.9
    assert np.mean(losses(recorder)[-10:]) < np.mean(losses(recorder)[:10]) / 3


def test_every_batch_and_every_epoch_is_an_event(three_epochs, uci_digits):
    _, recorder = three_epochs
    train_part, validation_part = validation_split(uci_digits.y_train, QUICK.validation_share, QUICK.seed)
    batches = -(-len(train_part) // 32)
    started = recorder.of("started")[0]
    assert (started["n_train"], started["n_validation"]) == (len(train_part), len(validation_part))
    assert started["batches_per_epoch"] == batches
    assert [fields["step"] for fields in recorder.of("batch")] == list(range(1, 3 * batches + 1))
    assert [fields["epoch"] for fields in recorder.of("epoch")] == [1, 2, 3]
    assert all(fields["images"] == len(train_part) for fields in recorder.of("epoch")), "including the last batch"


def test_the_weights_with_the_best_validation_loss_are_kept(three_epochs, uci_digits):
    trained, recorder = three_epochs
    val_losses = {fields["epoch"]: fields["val_loss"] for fields in recorder.of("epoch")}
    assert trained.epoch == min(val_losses, key=val_losses.get)
    _, held_out = validation_split(uci_digits.y_train, QUICK.validation_share, QUICK.seed)
    probabilities = trained.model.predict(uci_digits.x_train[held_out].astype("float32"), verbose=0)
    of_true = probabilities[np.arange(len(held_out)), uci_digits.y_train[held_out]]
    assert -np.log(of_true).mean() == pytest.approx(val_losses[trained.epoch], rel=1e-3)


def test_the_weights_of_the_last_epoch_can_be_kept_instead(uci_digits):
    commands, losses = CommandQueue(), []

    def spoil(event):
        """Ruin the second epoch, so that the first one is better."""
        if event.name == "epoch":
            losses.append(event.val_loss)
            commands.put(Command("set", learning_rate=1.0))

    trained = train(replace(QUICK, epochs=2, keep="last"), uci_digits, spoil, commands)
    assert losses[0] < losses[1]
    assert trained.epoch == 2
    last = trained.snapshots[2]
    assert all(np.array_equal(kept, end) for kept, end in zip(trained.model.get_weights(), last, strict=True))


def test_snapshots_contain_the_untrained_network_and_all_epochs(three_epochs):
    trained, _ = three_epochs
    assert sorted(trained.snapshots) == [0, 1, 2, 3]
    assert not np.array_equal(trained.snapshots[0][0], trained.snapshots[1][0])


def test_each_epoch_is_probed_with_the_same_20_images(uci_digits, tmp_path):
    recorder = Recorder()
    train(replace(QUICK, epochs=2), uci_digits, recorder, checkpoints=tmp_path)
    with np.load(tmp_path / "glimpsed.npz") as stored:
        images, labels = stored["images"], stored["labels"]
    assert images.dtype == np.uint8
    assert sorted(labels.tolist()) == sorted(list(range(10)) * 2)
    _, validation = split_dataset(uci_digits, QUICK)
    available = {(image.tobytes(), int(label)) for image, label in zip(*validation, strict=True)}
    assert {(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)} <= available
    for event in (*recorder.of("started"), *recorder.of("epoch")):
        probe = unpack(event.get("glimpse"), event.get("epoch", 0), 20)
        model = keras.models.load_model(tmp_path / f"epoch-{probe.epoch:03}.keras")
        probabilities = model.predict(images.astype("float32"), verbose=0)
        assert probe.predicted.tolist() == probabilities.argmax(axis=1).tolist()
        assert probe.probabilities == pytest.approx(probabilities.max(axis=1), abs=1e-3)
        kernel = np.moveaxis(model.layers[1].get_weights()[0], -1, 0)
        assert probe.filters == pytest.approx(kernel / np.abs(kernel).max(), abs=0.01)


def test_a_double_click_on_step_trains_one_batch(uci_digits):
    commands = CommandQueue()

    def click():
        commands.put(Command("pause"))
        for _ in range(2):
            commands.put(Command("step", after=2))
        commands.put(Command("stop", reason="the lesson is over"))

    recorder = Recorder(at=2, react=click)
    trained = train(QUICK, uci_digits, recorder, commands)
    assert [fields["step"] for fields in recorder.of("batch")] == [1, 2, 3]
    assert recorder.of("stopped") == [{"step": 3, "reason": "the lesson is over"}]
    assert trained.reason == "the lesson is over"


def test_a_learning_rate_that_is_sent_twice_is_set_once(uci_digits):
    recorder, commands = Recorder(), CommandQueue()
    for _ in range(2):
        commands.put(Command("set", learning_rate=0.0005))
    train(replace(QUICK, epochs=1), uci_digits, recorder, commands)
    assert [fields["learning_rate"] for fields in recorder.of("set")] == [0.0005]


@pytest.mark.parametrize("has_validation", [False, True])
def test_fewer_training_images_leave_validation_unchanged(has_validation, uci_digits):
    validation = (uci_digits.x_test, uci_digits.y_test) if has_validation else None
    dataset = replace(uci_digits, validation=validation)
    (x, y), held_out = split_dataset(dataset, replace(QUICK, train_images=100))
    (again, _), _ = split_dataset(dataset, replace(QUICK, train_images=100))
    (everything, _), all_held_out = split_dataset(dataset, QUICK)
    assert len(x) == len(y) == 100
    assert np.array_equal(x, again)
    assert {image.tobytes() for image in x} <= {image.tobytes() for image in everything}
    assert np.array_equal(held_out[0], all_held_out[0])
    assert np.array_equal(held_out[1], uci_digits.y_test) == has_validation


def test_early_stopping_ends_a_training_without_improvement(uci_digits):
    recorder = Recorder()
    trained = train(replace(QUICK, epochs=30, learning_rate=0.1, patience=2), uci_digits, recorder)
    losses = [fields["val_loss"] for fields in recorder.of("epoch")]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 2 < 30
    (stopped,) = recorder.of("stopped")
    assert stopped["step"] == recorder.of("batch")[-1]["step"]
    assert "2 epochs" in stopped["reason"]
    assert (trained.stopped, trained.reason) == (False, stopped["reason"]), "nobody stopped it"


def test_a_validation_loss_of_nan_ends_the_training(uci_digits):
    recorder = Recorder()
    unstable = replace(
        QUICK,
        preset="own",
        design=Design(dense=(512, 512, 512, 512)),
        optimizer="sgd",
        learning_rate=100,
        batch_size=1024,
        train_images=64,
        epochs=3,
        keep="last",
    )
    with pytest.raises(TrainingError) as caught:
        train(unstable, uci_digits, recorder)
    assert caught.value.values["rate"] == 100
    assert all(np.isfinite(fields["val_loss"]) for fields in recorder.of("epoch"))


def test_test_images_are_never_used_for_training(uci_digits):
    no_test_images = replace(uci_digits, x_test=np.zeros((0, 28, 28, 1), np.uint8), y_test=np.zeros(0, np.int64))
    with_test, without_test = Recorder(), Recorder()
    train(QUICK, uci_digits, with_test)
    train(QUICK, no_test_images, without_test)
    assert losses(with_test) == pytest.approx(losses(without_test), rel=1e-4)


def test_the_first_weights_depend_on_the_seed(uci_digits):
    first, again, other = (Recorder() for _ in range(3))
    same = [train(QUICK, uci_digits, recorder).snapshots[0] for recorder in (first, again)]
    different = train(replace(QUICK, seed=1), uci_digits, other).snapshots[0]
    assert all(np.array_equal(a, b) for a, b in zip(*same, strict=True))
    assert losses(first)[:3] == pytest.approx(losses(again)[:3], rel=1e-4)
    assert not np.array_equal(same[0][0], different[0])


def test_sparse_and_one_hot_labels_train_alike(uci_digits):
    sparse, categorical = Recorder(), Recorder()
    train(QUICK, uci_digits, sparse)
    train(replace(QUICK, loss="categorical"), uci_digits, categorical)
    assert losses(sparse)[:4] == pytest.approx(losses(categorical)[:4], rel=1e-3)


def test_one_cycle_and_augmentation_work_together(uci_digits):
    recorder = Recorder()
    config = replace(
        QUICK, epochs=3, schedule="one-cycle", learning_rate=0.008, augmentation=Augmentation(10, 0.05, 0.1)
    )
    train(config, uci_digits, recorder)
    rates = [fields["learning_rate"] for fields in recorder.of("batch")]
    assert max(rates) == pytest.approx(0.008, rel=0.1)
    assert rates[0] < max(rates) / 10 > rates[-1]
    assert recorder.of("epoch")[-1]["val_accuracy"] > 0.5


def test_dropout_depends_on_the_seed_and_changes_the_loss(uci_digits):
    dropped, again, without = (Recorder() for _ in range(3))
    for recorder in (dropped, again):
        train(replace(QUICK, preset="dense-128-dropout"), uci_digits, recorder)
    train(replace(QUICK, preset="dense-128"), uci_digits, without)
    assert losses(dropped) == pytest.approx(losses(again), rel=1e-3)
    assert losses(dropped) != pytest.approx(losses(without), rel=1e-3)


def test_sgd_has_momentum():
    sgd = optimizer(replace(QUICK, optimizer="sgd", learning_rate=0.01))
    assert isinstance(sgd, keras.optimizers.SGD)
    assert (sgd.momentum, float(sgd.learning_rate)) == (0.9, pytest.approx(0.01))


def test_a_loss_of_nan_ends_the_training_with_advice(uci_digits):
    # Pixels near the largest float32, so that sums overflow after a few steps.
    overflowing = replace(uci_digits, x_train=np.full(uci_digits.x_train.shape, 1e38, np.float32))
    recorder = Recorder()
    with pytest.raises(TrainingError) as caught:
        train(replace(QUICK, learning_rate=0.5), overflowing, recorder)
    assert (caught.value.values["rate"], caught.value.values["smaller"]) == (0.5, 0.05)
    assert np.isfinite(losses(recorder)).all()
    assert recorder.of("epoch") == []


def test_stop_in_mid_epoch_saves_the_network_as_it_is(uci_digits):
    commands = CommandQueue()
    recorder = Recorder(at=4, react=lambda: commands.put(Command("stop")))
    trained = train(replace(QUICK, epochs=5), uci_digits, recorder, commands)
    assert trained.stopped
    assert recorder.of("batch")[-1]["step"] == 4
    assert recorder.of("stopped") == [{"step": 4}]
    assert recorder.of("epoch")[0]["images"] == 4 * 128
    assert sorted(trained.snapshots) == [0, 1]


def test_stop_before_the_first_batch_saves_an_untrained_network(uci_digits):
    commands = CommandQueue()
    commands.put(Command("stop"))
    trained = train(QUICK, uci_digits, commands=commands)
    assert (trained.stopped, trained.epoch) == (True, 0)


def test_step_trains_one_batch_and_pauses(uci_digits):
    commands = CommandQueue()
    for do in ("pause", "step", "step", "stop"):
        commands.put(Command(do))
    recorder = Recorder()
    train(QUICK, uci_digits, recorder, commands)
    names = [event for event, _ in recorder.events]
    assert names == ["started", "paused", "batch", "batch", "epoch", "stopped"]


def test_a_learning_rate_set_in_mid_training_is_used(uci_digits):
    commands = CommandQueue()
    recorder = Recorder(at=3, react=lambda: commands.put(Command("set", 0.0005)))
    train(QUICK, uci_digits, recorder, commands)
    rates = [fields["learning_rate"] for fields in recorder.of("batch")]
    assert rates[:3] == pytest.approx([0.001] * 3)
    assert rates[3:] == pytest.approx([0.0005] * len(rates[3:]))
    assert recorder.of("set")[0]["step"] == 3


@pytest.mark.parametrize("config", [QUICK, replace(QUICK, preset="dense-128-dropout", augmentation=Augmentation(10))])
def test_an_interrupted_training_resumes_with_the_same_curve(uci_digits, tmp_path, config):
    config = replace(config, epochs=2)
    whole = Recorder()
    train(config, uci_digits, whole)
    commands = CommandQueue()
    cut = Recorder(at=5, react=lambda: commands.put(Command("interrupt")))
    with pytest.raises(Interrupted):
        train(config, uci_digits, cut, commands, checkpoints=tmp_path)
    event = cut.of("interrupted")[0]
    rest = Recorder()
    resume = Checkpoint(event["step"], tmp_path / event["checkpoint"], event["seconds"], event["rate_factor"])
    trained = train(config, uci_digits, rest, checkpoints=tmp_path, resume=resume)
    steps = [fields["step"] for fields in cut.of("batch") + rest.of("batch")]
    assert steps == [fields["step"] for fields in whole.of("batch")]
    assert losses(cut) + losses(rest) == pytest.approx(losses(whole), rel=1e-3)
    assert sorted(trained.snapshots) == [0, 1, 2]


def test_a_run_stopped_right_after_resuming_loses_nothing(uci_digits, tmp_path):
    config, commands = replace(QUICK, epochs=3, batch_size=32), CommandQueue()
    cut = Recorder(at=40, react=lambda: commands.put(Command("interrupt")))
    with pytest.raises(Interrupted):
        train(config, uci_digits, cut, commands, checkpoints=tmp_path)
    commands.put(Command("stop"))
    resume = Checkpoint(40, tmp_path / cut.of("interrupted")[0]["checkpoint"])
    recorder = Recorder()
    trained = train(config, uci_digits, recorder, commands, checkpoints=tmp_path, resume=resume)
    assert trained.epoch == 1
    assert "loss" not in recorder.of("epoch")[0]
    assert recorder.of("epoch")[0]["val_accuracy"] > 0.5


def test_mixed_precision_returns_a_float32_network(uci_digits, tmp_path):
    trained = train(replace(QUICK, precision="mixed_bfloat16"), uci_digits)
    assert {str(weight.dtype) for weight in trained.model.weights} == {"float32"}
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    export_litert(trained.model, tmp_path / "model.tflite")


def test_auto_precision_follows_the_processor(monkeypatch):
    for supported, policy in ((True, "mixed_bfloat16"), (False, "float32")):
        monkeypatch.setattr("model.training.precision.has_bfloat16", lambda supported=supported: supported)
        assert choose_precision("auto") == policy
    assert choose_precision("float32") == "float32"


def test_bfloat16_is_detected_from_the_processor_flags(tmp_path):
    for number, (flags, expected) in enumerate((("fpu avx2", False), ("fpu avx512_bf16", True), ("amx_bf16", True))):
        file = tmp_path / f"cpuinfo{number}"
        file.write_text(f"model name : x\nflags : {flags}\n")
        assert has_bfloat16(file) is expected
    assert not has_bfloat16(tmp_path / "missing")


def test_colour_images_with_three_classes_can_be_trained_on(rng):
    from model.data.dataset import Dataset

    x = rng.integers(0, 256, (120, 20, 24, 3)).astype(np.uint8)
    y = np.arange(120) % 3
    dataset = Dataset("own", "a test", x, y, x[:10], y[:10], ("a", "b", "c"), "f")
    trained = train(replace(QUICK, batch_size=50, validation_share=0.1), dataset)
    assert trained.model.output_shape == (None, 3)


def test_the_history_contains_the_figures_of_every_epoch(three_epochs):
    result, recorder = three_epochs
    epochs = recorder.of("epoch")
    assert result.history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in result.history.items():
        assert values == [fields[name] for fields in epochs]


def test_the_dataset_of_the_config_is_loaded_by_default(uci_digits):
    given, loaded = Recorder(), Recorder()
    train(QUICK, uci_digits, given)
    train(QUICK, on_event=loaded)
    assert losses(loaded) == losses(given)
