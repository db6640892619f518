"""A network of one's own on the Train page, run by Streamlit's own AppTest."""

import pytest

from model.config import CUSTOM, Block, Design, TrainingConfig, settings_text
from model.jobs.manager import JobManager
from model.networks.summary import summary
from model.runs.store import RunStore
from tests.app.pages import opened, recipe_box, text

SHAPE = (28, 28, 1)
WANTED = Design((Block(8, 5, "same", True, False), Block(12), Block(7, 2)), (40, 30), 0.35, "gelu")


@pytest.fixture
def asked(monkeypatch):
    """The ids of the runs that would have been started."""
    ids = []
    monkeypatch.setattr(JobManager, "_enqueue", lambda self, run_id: ids.append(run_id))
    return ids


def choose_own():
    test = opened("pages/train.py")
    test.selectbox(key="train-preset").set_value(CUSTOM).run()
    assert not test.exception
    return test


def shown_table(test):
    return [tuple(row) for row in test.table[0].value.itertuples(index=False)]


def expected_table(network):
    rows = summary(network, SHAPE, 10)
    return [(row.title, " × ".join(map(str, row.shape)), f"{row.parameters:,}") for row in rows]


def test_building_ones_own_begins_with_the_classroom_network():
    test = choose_own()
    assert shown_table(test) == expected_table("dense-128-dropout")
    assert "225,034 parameters" in text(test)
    assert "The network from left to right" in text(test)
    assert not test.button(key="train-start").disabled


def test_a_preset_shows_its_drawing_too():
    assert "The network from left to right. Images of 28×28×1; Conv2D 32" in text(opened("pages/train.py"))


def test_every_widget_changes_the_network(asked):
    test = choose_own()
    test.number_input(key="train-own-blocks").set_value(3)
    test.number_input(key="train-own-dense").set_value(2)
    test.run()
    for number, block in enumerate(WANTED.blocks):
        test.number_input(key=f"train-own-{number}-filters").set_value(block.filters)
        test.selectbox(key=f"train-own-{number}-kernel").set_value(block.kernel)
        test.selectbox(key=f"train-own-{number}-padding").set_value(block.padding)
        test.toggle(key=f"train-own-{number}-batch-normalization").set_value(block.batch_normalization)
        test.toggle(key=f"train-own-{number}-pooling").set_value(block.pooling)
    for number, units in enumerate(WANTED.dense):
        test.number_input(key=f"train-own-dense-{number}").set_value(units)
    test.slider(key="train-own-dropout").set_value(WANTED.dropout)
    test.selectbox(key="train-own-activation").set_value(WANTED.activation)
    test.run()
    assert shown_table(test) == expected_table(WANTED)
    test.button(key="train-start").click().run()
    assert not test.exception
    assert RunStore().open(asked[0]).config == TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=WANTED)


def test_a_network_that_can_not_be_disables_start_and_says_why():
    test = choose_own()
    test.selectbox(key="train-own-0-kernel").set_value(7)
    test.selectbox(key="train-own-1-kernel").set_value(7)
    test.number_input(key="train-own-blocks").set_value(3).run()
    assert not test.exception
    test.selectbox(key="train-own-2-padding").set_value("valid")
    test.selectbox(key="train-own-2-kernel").set_value(7).run()
    assert test.button(key="train-start").disabled
    assert all("layer 5 of your network, which 2x2 enters" in each.value for each in test.warning)
    assert len(test.warning) == 2, "where the layers are chosen, and where the page shows it without them"
    test.selectbox(key="train-own-2-padding").set_value("same").run()
    assert not test.button(key="train-start").disabled
    assert not test.warning


def test_too_many_parameters_and_too_large_batches_are_told():
    test = choose_own()
    test.toggle(key="train-own-0-pooling").set_value(False)
    test.toggle(key="train-own-1-pooling").set_value(False)
    test.number_input(key="train-own-dense-0").set_value(2048).run()
    assert test.button(key="train-start").disabled
    assert "parameters came" in test.warning[0].value
    test.number_input(key="train-own-dense").set_value(0)
    test.number_input(key="train-own-0-filters").set_value(256)
    test.number_input(key="train-own-1-filters").set_value(256)
    test.number_input(key="train-batch-size").set_value(1024).run()
    assert test.button(key="train-start").disabled
    assert [each.value for each in test.warning if "a smaller batch" not in each.value] == []
    assert len(test.warning) == 1
    test.number_input(key="train-batch-size").set_value(128).run()
    assert not test.button(key="train-start").disabled


def test_a_link_with_a_design_fills_the_builder(asked):
    wanted = TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=WANTED, epochs=2)
    test = opened("pages/train.py", settings=settings_text(wanted))
    assert not test.exception
    assert test.selectbox(key="train-preset").value == CUSTOM
    assert test.number_input(key="train-own-blocks").value == 3
    assert shown_table(test) == expected_table(WANTED)
    test.button(key="train-start").click().run()
    assert RunStore().open(asked[0]).config == wanted


def test_a_recipe_chooses_its_preset_and_keeps_the_design():
    test = choose_own()
    test.number_input(key="train-own-0-filters").set_value(20).run()
    recipe_box(test).set_value("memorizer").run()
    assert test.selectbox(key="train-preset").value == "dense-128"
    test.selectbox(key="train-preset").set_value(CUSTOM).run()
    assert test.number_input(key="train-own-0-filters").value == 20


def test_no_digit_is_a_class_of_the_table():
    test = choose_own()
    test.toggle(key="train-drawings").set_value(True).run()
    assert shown_table(test)[-1][0] == "Dense 11 softmax"
    test.selectbox(key="train-dataset").set_value("cifar-10").run()
    assert shown_table(test)[-1][0] == "Dense 10 softmax"
