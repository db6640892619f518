"""The search space: its texts, its limits, and the settings that a trial gets."""

import pytest

from model.config import CUSTOM, Augmentation, Block, Design, TrainingConfig
from model.errors import ConfigError
from model.networks.presets import layers_of
from model.tuning.space import NAMES, Choices, Range, check_space, config_of, dimension_from_dict, grid, parse
from tests.support import check_message


@pytest.mark.parametrize("name", NAMES)
def test_a_name_alone_has_its_usual_values(name):
    dimension = parse(name)
    assert dimension.name == name
    assert parse(str(dimension)) == dimension
    check_space((dimension,), TrainingConfig())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("learning_rate=0.001:0.1:log", Range("learning_rate", 0.001, 0.1, log=True)),
        ("dropout=0:0.5", Range("dropout", 0.0, 0.5)),
        ("epochs=2:8", Range("epochs", 2, 8)),
        ("batch_size=16, 32,64", Choices("batch_size", (16, 32, 64))),
        ("learning_rate=1e-3,3e-3", Choices("learning_rate", (0.001, 0.003))),
        ("optimizer=adam,sgd", Choices("optimizer", ("adam", "sgd"))),
    ],
)
def test_texts_are_ranges_and_choices(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("learning_rate=0.1:0.1", "learning_rate"),
        ("epochs=8:2", "epochs"),
        ("learning_rate=0:1:log", "learning_rate"),
        ("dropout=0:1", "dropout"),
        ("dropout=0.0:0.5:log", "dropout"),
        ("batch_size=16,8192", "batch_size"),
        ("epochs=1.5:3", "epochs"),
        ("learning_rate=", "learning_rate"),
        ("learning_rate=fast:slow", "learning_rate"),
        ("learning_rate=nan:1", "learning_rate"),
        ("learning_rate=1:2:3:4", "learning_rate"),
        ("optimizer=adam:sgd", "optimizer"),
        ("optimizer=adam,rmsprop", "optimizer"),
        ("batch_size=32", "batch_size"),
        ("batch_size=32,32", "batch_size"),
        ("momentum=0:1", "momentum"),
        ("", ""),
    ],
)
def test_a_bad_text_is_refused_in_one_sentence(text, name):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    check_message(caught.value, name=name)


def test_json_values_become_the_same_dimensions():
    for dimension in (Range("learning_rate", 0.001, 0.1, log=True), Choices("optimizer", ("adam", "sgd"))):
        assert dimension_from_dict(vars(dimension)) == dimension
    for wrong in (None, [], {"name": "epochs"}, {"name": "epochs", "values": 3}, {"name": [], "values": [1, 2]}):
        with pytest.raises(ConfigError):
            dimension_from_dict(wrong)


def test_only_the_named_settings_change():
    base = TrainingConfig(dataset="uci-digits", seed=7, epochs=3)
    config = config_of(base, {"learning_rate": 0.01, "batch_size": 64, "optimizer": "sgd", "train_images": 100})
    changed = {name for name, value in config.to_dict().items() if value != base.to_dict()[name]}
    assert changed == {"learning_rate", "batch_size", "optimizer", "train_images"}


@pytest.mark.parametrize("preset", ["dense-64", "dense-128", "dense-128-dropout"])
def test_layers_vary_from_those_of_the_preset(preset):
    base = TrainingConfig(preset=preset)
    config = config_of(base, {"filters": 32})
    assert config.preset == CUSTOM
    assert layers_of(config.network, 10) == layers_of(preset, 10), "32 is the number that the preset has"


def test_each_block_has_twice_the_filters_of_the_one_before():
    config = config_of(TrainingConfig(), {"blocks": 3, "filters": 8, "dense_units": 50, "dropout": 0.4})
    assert config.design == Design((Block(8), Block(16), Block(32)), (50,), 0.4)


def test_the_layers_of_deep_are_fixed():
    with pytest.raises(ConfigError) as caught:
        check_space((parse("dropout"),), TrainingConfig(preset="deep"))
    check_message(caught.value, name="dropout", preset="deep")


def test_augmentation_is_scaled():
    base = TrainingConfig(augmentation=Augmentation(rotation=10, zoom=0.4, flip=True))
    assert config_of(base, {"augmentation": 0.5}).augmentation == Augmentation(rotation=5, zoom=0.2, flip=True)
    assert config_of(base, {"augmentation": 3}).augmentation.zoom == 0.5, "no limit exceeds the highest allowed"
    assert not config_of(TrainingConfig(), {"augmentation": 0}).augmentation
    assert config_of(TrainingConfig(), {"augmentation": 1}).augmentation.rotation > 0


@pytest.mark.parametrize("texts", [[], ["epochs", "epochs=1,2"], ["preset", "blocks"]])
def test_dimensions_that_cannot_be_combined_are_refused(texts):
    with pytest.raises(ConfigError):
        check_space(tuple(map(parse, texts)), TrainingConfig())


def test_a_log_range_is_spread_by_equal_factors():
    values = Range("learning_rate", 1e-4, 1, log=True).spread(5)
    assert values == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert (values[0], values[-1]) == (1e-4, 1)
    assert Range("epochs", 1, 3).spread(9) == (1, 2, 3)


@pytest.mark.parametrize(("texts", "most"), [(["learning_rate"], 8), (["learning_rate", "dropout"], 12)])
def test_a_grid_uses_all_trials_that_it_can(texts, most):
    points = grid(tuple(map(parse, texts)), most)
    assert len(points) == most
    assert len({tuple(point.items()) for point in points}) == most


def test_a_grid_has_every_combination_of_choices():
    points = grid((parse("optimizer=adam,sgd"), parse("batch_size=16,32,64")), 100)
    assert {(point["optimizer"], point["batch_size"]) for point in points} == {
        (optimizer, size) for optimizer in ("adam", "sgd") for size in (16, 32, 64)
    }
