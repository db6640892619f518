"""The settings in which runs differ, and the words for their values."""

from dataclasses import fields, replace

from model.config import CUSTOM, KEPT, LOSSES, OPTIMIZERS, SCHEDULES, Augmentation, TrainingConfig
from pages.ui.shell import labels
from pages.ui.shell.text import in_words
from pages.ui.train.compare_runs import differences

USUAL = TrainingConfig()


def test_only_differing_settings_are_listed():
    other = replace(USUAL, epochs=7, augmentation=Augmentation(rotation=10), seed=3)
    third = replace(USUAL, seed=3)
    assert differences([USUAL, other, third]) == {"epochs": (5, 7, 5), "rotation": (0.0, 10, 0.0), "seed": (0, 3, 3)}


def test_equal_settings_have_no_differences():
    assert differences([USUAL, TrainingConfig()]) == {}


def test_every_setting_and_option_has_a_label():
    names = {each.name for config in (TrainingConfig, Augmentation) for each in fields(config)} - {"augmentation"}
    assert names == set(labels.SETTINGS)
    options = {CUSTOM, *KEPT, *LOSSES, *OPTIMIZERS, *SCHEDULES}
    assert options <= set(labels.OPTIONS)
    assert labels.option("mnist") == "mnist", "a value without a label"


def test_values_are_readable():
    assert [in_words(value) for value in (0.001, 32, "adam", None)] == ["0.001", "32", "adam", "–"]
    assert in_words(True) != in_words(False)
    design = {"blocks": ({"filters": 8, "batch_normalization": True},), "dense": (64, 32)}
    assert in_words(design) == f"blocks (filters 8, batch normalization {in_words(True)}), dense 64 + 32"
