"""Settings from outside: valid ones survive a round trip, invalid ones raise a readable error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import Augmentation, TrainingConfig, usual_learning_rate
from model.errors import ConfigError
from tests.support import check_message

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def test_the_defaults_match_the_classroom_exercise():
    config = TrainingConfig()
    assert (config.epochs, config.batch_size, config.optimizer, config.learning_rate) == (5, 32, "adam", 0.001)
    assert (config.schedule, config.loss, config.validation_share) == ("constant", "sparse", 1 / 12)
    assert not config.augmentation


def test_a_config_survives_json():
    config = TrainingConfig(dataset="cifar-10", epochs=3, augmentation=Augmentation(10, 0.1, 0.2, True), seed=7)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(st.dictionaries(st.sampled_from([*TrainingConfig().to_dict(), "strange"]), ANYTHING))
def test_any_json_is_a_config_or_raises_a_message(values):
    try:
        assert isinstance(TrainingConfig.from_dict(values), TrainingConfig)
    except ConfigError as error:
        check_message(error)
        assert error.values


@given(ANYTHING)
def test_anything_but_an_object_is_rejected(value):
    if not isinstance(value, dict):
        with pytest.raises(ConfigError) as caught:
            TrainingConfig.from_dict(value)
        check_message(caught.value, name="settings")
        assert "epochs" in caught.value.values["known"]


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_dict({"augmentation": {"spin": 1}})
    check_message(caught.value, name="augmentation", field="'spin'")


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_dict({"optimizer": "x" * 500})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": True},
        {"batch_size": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": 0},
        {"optimizer": "rmsprop"},
        {"schedule": "magic"},
        {"loss": "mse"},
        {"validation_share": 0},
        {"seed": -1},
        {"precision": "float16"},
        {"preset": ""},
    ],
)
def test_an_error_mentions_the_field_and_its_value(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ConfigError) as caught:
        TrainingConfig(**wrong)
    check_message(caught.value, name=name, value=repr(value))


def test_a_flip_alone_is_an_augmentation():
    assert Augmentation(flip=True)
    assert not Augmentation()


def test_sgd_starts_with_a_higher_rate_than_adam():
    assert usual_learning_rate("sgd", "constant") > usual_learning_rate("adam", "constant")
