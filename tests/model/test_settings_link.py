"""Downloads and links of a run: they contain its history and settings, and settings from a link are checked."""

import base64
import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import Augmentation, TrainingConfig, settings_from, settings_text
from model.errors import ConfigError
from model.runs.export import history_csv
from model.runs.store import CLASSROOM_RUN, RunStore
from model.training.recipes import RECIPES
from tests.support import check_message


def test_the_csv_of_a_history_contains_every_batch_and_epoch():
    history = RunStore().open(CLASSROOM_RUN).history()
    rows = list(csv.DictReader(io.StringIO(history_csv(history))))
    assert [int(row["step"]) for row in rows] == history.step.tolist()
    assert [float(row["loss"]) for row in rows] == history.loss.tolist()
    ends = [(int(row["step"]), float(row["val_loss"])) for row in rows if row["val_loss"]]
    assert ends == [(epoch.step, epoch.val_loss) for epoch in history.epochs]


CONFIGS = st.builds(
    TrainingConfig,
    dataset=st.sampled_from(["mnist", "my own images"]),
    epochs=st.integers(1, 1000),
    learning_rate=st.floats(1e-8, 100),
    augmentation=st.builds(Augmentation, rotation=st.floats(0, 180), flip=st.booleans()),
    seed=st.integers(0, 2**31 - 1),
)


@given(CONFIGS)
def test_settings_survive_a_link(config):
    text = settings_text(config)
    assert settings_from(text) == config
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_links_are_short():
    assert all(len(settings_text(recipe.config)) < 600 for recipe in RECIPES.values())
    assert settings_from(settings_text(TrainingConfig())) == TrainingConfig()


@pytest.mark.parametrize(
    "text",
    ["", "!", "ä", "e30=e30", "bm8", "A" * 5000, "W" * 1000, base64.urlsafe_b64encode(b"[" * 2000).decode()]
    + [
        base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        for values in (7, [], {"epochs": 0}, {"epochs": "many"}, {"password": 1}, {"augmentation": {"spin": 1}})
    ],
)
def test_an_invalid_link_is_rejected_with_a_message(text):
    with pytest.raises(ConfigError) as caught:
        settings_from(text)
    check_message(caught.value)
    assert len(str(caught.value)) < 350


@given(st.text(max_size=80))
def test_any_link_gives_settings_or_a_message(text):
    try:
        assert isinstance(settings_from(text), TrainingConfig)
    except ConfigError as error:
        assert str(error)


def test_an_empty_object_gives_the_default_settings():
    assert settings_from("e30") == replace(TrainingConfig())
