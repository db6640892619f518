"""Which settings differ between runs, and how they are said."""

from dataclasses import replace

from model.config import Augmentation, TrainingConfig
from pages.ui.shell.text import in_words
from pages.ui.train.compare_runs import differences

USUAL = TrainingConfig()


def test_only_what_differs_is_named():
    other = replace(USUAL, epochs=7, augmentation=Augmentation(rotation=10), seed=3)
    third = replace(USUAL, seed=3)
    assert differences([USUAL, other, third]) == {"epochs": (5, 7, 5), "rotation": (0.0, 10, 0.0), "seed": (0, 3, 3)}


def test_equal_settings_do_not_differ():
    assert differences([USUAL, TrainingConfig()]) == {}


def test_values_are_said_as_a_person_would():
    assert [in_words(value) for value in (True, False, 0.001, 32, "adam", None)] == [
        "yes",
        "no",
        "0.001",
        "32",
        "adam",
        "–",
    ]
    design = {"blocks": ({"filters": 8, "batch_normalization": True},), "dense": (64, 32)}
    assert in_words(design) == "blocks (filters 8, batch normalization yes), dense 64 + 32"
