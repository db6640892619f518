"""Settings that come from outside: right ones survive a round trip, wrong ones get one sentence."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import Augmentation, TrainingConfig, usual_learning_rate
from model.errors import ConfigError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def test_the_defaults_are_those_of_the_exercise():
    config = TrainingConfig()
    assert (config.epochs, config.batch_size, config.optimizer, config.learning_rate) == (5, 32, "adam", 0.001)
    assert (config.schedule, config.loss, config.validation_share) == ("constant", "sparse", 1 / 12)
    assert not config.augmentation


def test_a_config_survives_json():
    config = TrainingConfig(dataset="cifar-10", epochs=3, augmentation=Augmentation(10, 0.1, 0.2, True), seed=7)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(st.dictionaries(st.sampled_from([*TrainingConfig().to_dict(), "strange"]), ANYTHING))
def test_any_json_is_a_config_or_one_sentence(values):
    try:
        assert isinstance(TrainingConfig.from_dict(values), TrainingConfig)
    except ConfigError as error:
        assert re.search("expected|known are", str(error))
        assert "\n" not in str(error)


@given(ANYTHING)
def test_what_is_no_object_at_all_is_refused_in_words(value):
    if not isinstance(value, dict):
        with pytest.raises(ConfigError, match="expected an object"):
            TrainingConfig.from_dict(value)


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
def test_each_field_says_what_came_and_what_was_expected(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ConfigError, match="expected") as caught:
        TrainingConfig(**wrong)
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)


def test_a_flip_alone_is_an_augmentation():
    assert Augmentation(flip=True)
    assert not Augmentation()


def test_sgd_starts_with_larger_steps_than_adam():
    assert usual_learning_rate("sgd", "constant") > usual_learning_rate("adam", "constant")
