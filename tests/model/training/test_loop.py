"""The training loop, trained for real on the digits that need no network."""

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


class Heard:
    """Remembers what a training told, and may ask something back at a chosen batch."""

    def __init__(self, at=None, ask=None):
        self.events, self.at, self.ask = [], at, ask

    def __call__(self, event):
        self.events.append((event.name, {k: v for k, v in event.to_dict().items() if k != "event"}))
        if event.name == "batch" and event.step == self.at:
            self.ask()

    def of(self, wanted):
        return [fields for event, fields in self.events if event == wanted]


def losses(heard):
    return [fields["loss"] for fields in heard.of("batch")]


@pytest.fixture(scope="module")
def learnt(uci_digits):
    """One ordinary training that several tests look at."""
    heard = Heard()
    config = replace(QUICK, epochs=3, batch_size=32)
    return train(config, uci_digits, heard), heard


def test_it_learns_to_read(learnt, uci_digits):
    trained, heard = learnt
    answers = trained.model.predict(uci_digits.x_test.astype("float32"), verbose=0).argmax(axis=1)
    assert (answers == uci_digits.y_test).mean() > 0.9
    assert np.mean(losses(heard)[-10:]) < np.mean(losses(heard)[:10]) / 3


def test_every_batch_and_every_epoch_is_an_event(learnt, uci_digits):
    _, heard = learnt
    train_part, validation_part = validation_split(uci_digits.y_train, QUICK.validation_share, QUICK.seed)
    batches = -(-len(train_part) // 32)
    started = heard.of("started")[0]
    assert (started["n_train"], started["n_validation"]) == (len(train_part), len(validation_part))
    assert started["batches_per_epoch"] == batches
    assert [fields["step"] for fields in heard.of("batch")] == list(range(1, 3 * batches + 1))
    assert [fields["epoch"] for fields in heard.of("epoch")] == [1, 2, 3]
    assert all(fields["images"] == len(train_part) for fields in heard.of("epoch")), "the last small batch counts too"


def test_the_kept_weights_are_those_of_the_best_validation_loss(learnt, uci_digits):
    trained, heard = learnt
    told = {fields["epoch"]: fields["val_loss"] for fields in heard.of("epoch")}
    assert trained.epoch == min(told, key=told.get)
    _, held_back = validation_split(uci_digits.y_train, QUICK.validation_share, QUICK.seed)
    probabilities = trained.model.predict(uci_digits.x_train[held_back].astype("float32"), verbose=0)
    of_true = probabilities[np.arange(len(held_back)), uci_digits.y_train[held_back]]
    assert -np.log(of_true).mean() == pytest.approx(told[trained.epoch], rel=1e-3)


def test_the_last_epoch_is_kept_where_that_is_asked_for(uci_digits):
    commands, losses = CommandQueue(), []

    def spoil(event):
        """Ruin the second epoch, so that the first is the better one."""
        if event.name == "epoch":
            losses.append(event.val_loss)
            commands.put(Command("set", learning_rate=1.0))

    trained = train(replace(QUICK, epochs=2, keep="last"), uci_digits, spoil, commands)
    assert losses[0] < losses[1]
    assert trained.epoch == 2
    last = trained.snapshots[2]
    assert all(np.array_equal(kept, end) for kept, end in zip(trained.model.get_weights(), last, strict=True))


def test_snapshots_hold_the_untrained_network_and_every_epoch(learnt):
    trained, _ = learnt
    assert sorted(trained.snapshots) == [0, 1, 2, 3]
    assert not np.array_equal(trained.snapshots[0][0], trained.snapshots[1][0])


def test_each_epoch_is_probed_with_the_same_twenty_images(uci_digits, tmp_path):
    heard = Heard()
    train(replace(QUICK, epochs=2), uci_digits, heard, checkpoints=tmp_path)
    with np.load(tmp_path / "glimpsed.npz") as stored:
        images, labels = stored["images"], stored["labels"]
    assert images.dtype == np.uint8
    assert sorted(labels.tolist()) == sorted(list(range(10)) * 2)
    _, validation = split_dataset(uci_digits, QUICK)
    there = {(image.tobytes(), int(label)) for image, label in zip(*validation, strict=True)}
    assert {(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)} <= there
    for event in (*heard.of("started"), *heard.of("epoch")):
        seen = unpack(event.get("glimpse"), event.get("epoch", 0), 20)
        model = keras.models.load_model(tmp_path / f"epoch-{seen.epoch:03}.keras")
        said = model.predict(images.astype("float32"), verbose=0)
        assert seen.predicted.tolist() == said.argmax(axis=1).tolist()
        assert seen.probabilities == pytest.approx(said.max(axis=1), abs=1e-3)
        kernel = np.moveaxis(model.layers[1].get_weights()[0], -1, 0)
        assert seen.filters == pytest.approx(kernel / np.abs(kernel).max(), abs=0.01)


def test_one_batch_that_is_asked_for_twice_is_taken_once(uci_digits):
    control = CommandQueue()

    def ask():
        control.put(Command("pause"))
        for _ in range(2):
            control.put(Command("step", after=2))
        control.put(Command("stop", reason="the bell rings"))

    heard = Heard(at=2, ask=ask)
    trained = train(QUICK, uci_digits, heard, control)
    assert [fields["step"] for fields in heard.of("batch")] == [1, 2, 3]
    assert heard.of("stopped") == [{"step": 3, "reason": "the bell rings"}]
    assert trained.reason == "the bell rings"


def test_a_learning_rate_that_is_asked_for_twice_is_set_once(uci_digits):
    heard, commands = Heard(), CommandQueue()
    for _ in range(2):
        commands.put(Command("set", learning_rate=0.0005))
    train(replace(QUICK, epochs=1), uci_digits, heard, commands)
    assert [fields["learning_rate"] for fields in heard.of("set")] == [0.0005]


@pytest.mark.parametrize("own", [False, True])
def test_few_training_images_leave_validation_whole(own, uci_digits):
    validation = (uci_digits.x_test, uci_digits.y_test) if own else None
    dataset = replace(uci_digits, validation=validation)
    (x, y), held_back = split_dataset(dataset, replace(QUICK, train_images=100))
    (again, _), _ = split_dataset(dataset, replace(QUICK, train_images=100))
    (whole, _), all_held_back = split_dataset(dataset, QUICK)
    assert len(x) == len(y) == 100
    assert np.array_equal(x, again)
    assert {each.tobytes() for each in x} <= {each.tobytes() for each in whole}
    assert np.array_equal(held_back[0], all_held_back[0])
    assert np.array_equal(held_back[1], uci_digits.y_test) == own


def test_a_training_ends_early_without_improvement(uci_digits):
    heard = Heard()
    trained = train(replace(QUICK, epochs=30, learning_rate=0.1, patience=2), uci_digits, heard)
    losses = [fields["val_loss"] for fields in heard.of("epoch")]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 2 < 30
    reason = "It ended early: the last 2 epochs brought no better validation loss."
    assert heard.of("stopped") == [{"step": heard.of("batch")[-1]["step"], "reason": reason}]
    assert (trained.stopped, trained.reason) == (False, reason), "nobody stopped it"


def test_a_validation_loss_of_nan_ends_the_training(uci_digits):
    heard = Heard()
    wild = replace(
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
    with pytest.raises(TrainingError, match="no longer a number after batch"):
        train(wild, uci_digits, heard)
    assert all(np.isfinite(fields["val_loss"]) for fields in heard.of("epoch"))


def test_test_images_are_never_learnt_from(uci_digits):
    poisoned = replace(uci_digits, x_test=np.zeros((0, 28, 28, 1), np.uint8), y_test=np.zeros(0, np.int64))
    with_test, without_test = Heard(), Heard()
    train(QUICK, uci_digits, with_test)
    train(QUICK, poisoned, without_test)
    assert losses(with_test) == pytest.approx(losses(without_test), rel=1e-4)


def test_the_first_weights_depend_on_the_seed(uci_digits):
    first, again, other = (Heard() for _ in range(3))
    same = [train(QUICK, uci_digits, heard).snapshots[0] for heard in (first, again)]
    different = train(replace(QUICK, seed=1), uci_digits, other).snapshots[0]
    assert all(np.array_equal(a, b) for a, b in zip(*same, strict=True))
    assert losses(first)[:3] == pytest.approx(losses(again)[:3], rel=1e-4)
    assert not np.array_equal(same[0][0], different[0])


def test_class_numbers_and_one_hot_rows_teach_the_same(uci_digits):
    sparse, categorical = Heard(), Heard()
    train(QUICK, uci_digits, sparse)
    train(replace(QUICK, loss="categorical"), uci_digits, categorical)
    assert losses(sparse)[:4] == pytest.approx(losses(categorical)[:4], rel=1e-3)


def test_one_cycle_and_augmentation_train_too(uci_digits):
    heard = Heard()
    config = replace(
        QUICK, epochs=3, schedule="one-cycle", learning_rate=0.008, augmentation=Augmentation(10, 0.05, 0.1)
    )
    train(config, uci_digits, heard)
    rates = [fields["learning_rate"] for fields in heard.of("batch")]
    assert max(rates) == pytest.approx(0.008, rel=0.1)
    assert rates[0] < max(rates) / 10 > rates[-1]
    assert heard.of("epoch")[-1]["val_accuracy"] > 0.5


def test_dropout_draws_anew_for_every_batch_and_the_same_again(uci_digits):
    dropped, again, without = (Heard() for _ in range(3))
    for heard in (dropped, again):
        train(replace(QUICK, preset="dense-128-dropout"), uci_digits, heard)
    train(replace(QUICK, preset="dense-128"), uci_digits, without)
    assert losses(dropped) == pytest.approx(losses(again), rel=1e-3)
    assert losses(dropped) != pytest.approx(losses(without), rel=1e-3)


def test_sgd_has_momentum():
    made = optimizer(replace(QUICK, optimizer="sgd", learning_rate=0.01))
    assert isinstance(made, keras.optimizers.SGD)
    assert (made.momentum, float(made.learning_rate)) == (0.9, pytest.approx(0.01))


def test_a_loss_of_nan_ends_the_training_with_advice(uci_digits):
    # Pixels as bright as float32 can say: a few steps, and sums overflow.
    runaway = replace(uci_digits, x_train=np.full(uci_digits.x_train.shape, 1e38, np.float32))
    heard = Heard()
    with pytest.raises(TrainingError, match="no longer a number after batch .* rate of 0.5: .* such as 0.05"):
        train(replace(QUICK, learning_rate=0.5), runaway, heard)
    assert np.isfinite(losses(heard)).all()
    assert heard.of("epoch") == []


def test_stop_keeps_what_is_learnt_in_the_middle_of_an_epoch(uci_digits):
    commands = CommandQueue()
    heard = Heard(at=4, ask=lambda: commands.put(Command("stop")))
    trained = train(replace(QUICK, epochs=5), uci_digits, heard, commands)
    assert trained.stopped
    assert heard.of("batch")[-1]["step"] == 4
    assert heard.of("stopped") == [{"step": 4}]
    assert heard.of("epoch")[0]["images"] == 4 * 128
    assert sorted(trained.snapshots) == [0, 1]


def test_stop_before_the_first_batch_keeps_the_untrained_network(uci_digits):
    commands = CommandQueue()
    commands.put(Command("stop"))
    trained = train(QUICK, uci_digits, commands=commands)
    assert (trained.stopped, trained.epoch) == (True, 0)


def test_step_takes_one_batch_and_pauses(uci_digits):
    commands = CommandQueue()
    for do in ("pause", "step", "step", "stop"):
        commands.put(Command(do))
    heard = Heard()
    train(QUICK, uci_digits, heard, commands)
    names = [event for event, _ in heard.events]
    assert names == ["started", "paused", "batch", "batch", "epoch", "stopped"]


def test_a_learning_rate_set_in_mid_training_is_used(uci_digits):
    commands = CommandQueue()
    heard = Heard(at=3, ask=lambda: commands.put(Command("set", 0.0005)))
    train(QUICK, uci_digits, heard, commands)
    rates = [fields["learning_rate"] for fields in heard.of("batch")]
    assert rates[:3] == pytest.approx([0.001] * 3)
    assert rates[3:] == pytest.approx([0.0005] * len(rates[3:]))
    assert heard.of("set")[0]["step"] == 3


@pytest.mark.parametrize("config", [QUICK, replace(QUICK, preset="dense-128-dropout", augmentation=Augmentation(10))])
def test_an_interrupted_training_resumes_with_the_same_curve(uci_digits, tmp_path, config):
    config = replace(config, epochs=2)
    whole = Heard()
    train(config, uci_digits, whole)
    commands = CommandQueue()
    cut = Heard(at=5, ask=lambda: commands.put(Command("interrupt")))
    with pytest.raises(Interrupted):
        train(config, uci_digits, cut, commands, checkpoints=tmp_path)
    told = cut.of("interrupted")[0]
    rest = Heard()
    resume = Checkpoint(told["step"], tmp_path / told["checkpoint"], told["seconds"], told["rate_factor"])
    trained = train(config, uci_digits, rest, checkpoints=tmp_path, resume=resume)
    steps = [fields["step"] for fields in cut.of("batch") + rest.of("batch")]
    assert steps == [fields["step"] for fields in whole.of("batch")]
    assert losses(cut) + losses(rest) == pytest.approx(losses(whole), rel=1e-3)
    assert sorted(trained.snapshots) == [0, 1, 2]


def test_resumed_and_stopped_at_once_it_keeps_what_was_learnt(uci_digits, tmp_path):
    config, commands = replace(QUICK, epochs=3, batch_size=32), CommandQueue()
    cut = Heard(at=40, ask=lambda: commands.put(Command("interrupt")))
    with pytest.raises(Interrupted):
        train(config, uci_digits, cut, commands, checkpoints=tmp_path)
    commands.put(Command("stop"))
    resume = Checkpoint(40, tmp_path / cut.of("interrupted")[0]["checkpoint"])
    heard = Heard()
    trained = train(config, uci_digits, heard, commands, checkpoints=tmp_path, resume=resume)
    assert trained.epoch == 1
    assert "loss" not in heard.of("epoch")[0]
    assert heard.of("epoch")[0]["val_accuracy"] > 0.5


def test_mixed_precision_leaves_a_float32_network(uci_digits, tmp_path):
    trained = train(replace(QUICK, precision="mixed_bfloat16"), uci_digits)
    assert {str(weight.dtype) for weight in trained.model.weights} == {"float32"}
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    export_litert(trained.model, tmp_path / "model.tflite")


def test_auto_precision_follows_the_processor(monkeypatch):
    for has_it, policy in ((True, "mixed_bfloat16"), (False, "float32")):
        monkeypatch.setattr("model.training.precision.has_bfloat16", lambda has_it=has_it: has_it)
        assert choose_precision("auto") == policy
    assert choose_precision("float32") == "float32"


def test_a_processor_without_bfloat16_is_told_by_its_flags(tmp_path):
    for number, (flags, answer) in enumerate((("fpu avx2", False), ("fpu avx512_bf16", True), ("amx_bf16", True))):
        file = tmp_path / f"cpuinfo{number}"
        file.write_text(f"model name : x\nflags : {flags}\n")
        assert has_bfloat16(file) is answer
    assert not has_bfloat16(tmp_path / "missing")


def test_colour_images_and_few_classes_train_too(rng):
    from model.data.dataset import Dataset

    x = rng.integers(0, 256, (120, 20, 24, 3)).astype(np.uint8)
    y = np.arange(120) % 3
    dataset = Dataset("own", "a test", x, y, x[:10], y[:10], ("a", "b", "c"), "f")
    trained = train(replace(QUICK, batch_size=50, validation_share=0.1), dataset)
    assert trained.model.output_shape == (None, 3)


def test_the_history_has_the_figures_of_every_epoch(learnt):
    result, heard = learnt
    epochs = heard.of("epoch")
    assert result.history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in result.history.items():
        assert values == [fields[name] for fields in epochs]


def test_the_dataset_of_the_config_is_loaded_by_default(uci_digits):
    given, loaded = Heard(), Heard()
    train(QUICK, uci_digits, given)
    train(QUICK, on_event=loaded)
    assert losses(loaded) == losses(given)
