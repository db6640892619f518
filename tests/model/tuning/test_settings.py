"""The settings of a search, and what is refused before the first training."""

import json
from dataclasses import replace

import pytest

from model.config import TrainingConfig
from model.errors import ConfigError
from model.limits import Limits
from model.tuning.settings import MAX_TRIALS, TuningSettings, check, which_learning_rate
from model.tuning.space import parse
from tests.support import check_message

UCI = TrainingConfig(dataset="uci-digits")


def search(*texts, config=UCI, **options):
    return TuningSettings(config, tuple(map(parse, texts or ["learning_rate"])), **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trials", 10_000),
        ("trials", 0),
        ("trials", True),
        ("trials", 2.0),
        ("sampler", "genetic"),
        ("pruner", "hyperband"),
        ("objective", "test accuracy"),
        ("minutes", -1),
        ("minutes", float("nan")),
        ("seed", -1),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_sentence(name, value):
    with pytest.raises(ConfigError) as caught:
        search(**{name: value})
    check_message(caught.value, name=name)


def test_settings_survive_json():
    settings = search("learning_rate", "optimizer=adam,sgd", sampler="random", minutes=2.5, objective="loss", seed=3)
    assert TuningSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize("change", [{"space": 3}, {"trials": "four"}, {"colour": 1}, {"config": []}, {"space": [[]]}])
def test_wrong_json_is_refused(change):
    with pytest.raises(ConfigError):
        TuningSettings.from_dict(search().to_dict() | change)
    with pytest.raises(ConfigError):
        TuningSettings.from_dict(None)


def test_a_grid_larger_than_the_trials_is_refused():
    with pytest.raises(ConfigError) as caught:
        search("preset", "batch_size", sampler="grid", trials=12)
    check_message(caught.value, n=20, trials=12)


def test_a_small_grid_needs_fewer_trials():
    assert search("optimizer=adam,sgd", sampler="grid", trials=MAX_TRIALS).n_trials == 2


def test_the_order_of_a_grid_depends_on_the_seed_alone():
    one, same, other = (search(sampler="grid", seed=seed).grid() for seed in (1, 1, 2))
    assert one == same != other
    assert sorted(map(str, one)) == sorted(map(str, other))


@pytest.mark.parametrize(
    ("texts", "change", "values"),
    [
        (["batch_size=16,2048"], {}, {"name": "batch_size", "high": 1317, "value": 2048}),
        (["learning_rate"], {"train_images": 20}, {"name": "batch_size", "high": 20, "value": 32}),
        (["train_images=100,5000"], {}, {"name": "train_images", "high": 1317, "value": 5000}),
        (["blocks=1:6"], {}, {}),
        (["epochs=1:300"], {}, {"most": 100, "value": 300}),
        (["learning_rate"], {"preset": "no-such"}, {"name": "preset"}),
    ],
)
def test_a_search_with_impossible_trials_never_starts(texts, change, values):
    with pytest.raises(ConfigError) as caught:
        check(search(*texts, config=replace(UCI, **change)), Limits())
    check_message(caught.value, **values)


def test_the_training_images_are_counted_as_the_training_does(uci_digits):
    from model.training.training_data import split_dataset

    (images, _), _ = split_dataset(uci_digits, UCI)
    n = len(images)
    check(search(config=replace(UCI, batch_size=n)))
    with pytest.raises(ConfigError):
        check(search(config=replace(UCI, batch_size=n + 1)))


def test_the_estimate_grows_with_the_trials_and_shrinks_with_the_slots():
    one, two = search(trials=6).seconds(), search(trials=12).seconds()
    assert two == pytest.approx(2 * one)
    assert search(trials=12).seconds(slots=2) == pytest.approx(one)
    assert search(trials=100, minutes=1).seconds() < 60 + two
    assert search(config=TrainingConfig(preset="no-such")).seconds() is None


@pytest.mark.parametrize("dataset", ["mnist", "uci-digits"])
def test_the_ready_made_search_takes_under_two_minutes(dataset):
    settings = which_learning_rate(dataset)
    check(settings, Limits())
    assert settings.seconds() < 120
    assert settings.n_trials == 8
