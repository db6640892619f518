"""The custom network on the Train page, run by Streamlit's AppTest."""

from dataclasses import replace

import pytest

from model.config import CUSTOM, Block, Design, TrainingConfig, settings_text
from model.errors import ConfigError
from model.jobs.local import LocalExecutor
from model.networks.presets import CLASSROOM
from model.networks.summary import check_memory, summary
from model.runs.store import RunStore
from tests.app.pages import opened, recipe_box, text

SHAPE = (28, 28, 1)
WANTED = Design((Block(8, 5, "same", True, False), Block(12), Block(7, 2)), (40, 30), 0.35, "gelu")


@pytest.fixture
def started(monkeypatch):
    """The ids of the runs that would be trained."""
    ids = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: ids.append(run_id))
    return ids


def choose_custom():
    test = opened("pages/train.py")
    test.selectbox(key="train-preset").set_value(CUSTOM).run()
    assert not test.exception
    return test


def shown_table(test):
    return [tuple(row) for row in test.table[0].value.itertuples(index=False)]


def expected_table(network):
    rows = summary(network, SHAPE, 10)
    return [(row.title, " × ".join(map(str, row.shape)), f"{row.parameters:,}") for row in rows]


def refusal(check, *arguments):
    with pytest.raises(ConfigError) as caught:
        check(*arguments)
    return str(caught.value)


def test_a_custom_network_starts_as_the_classroom_network():
    test = choose_custom()
    assert shown_table(test) == expected_table("dense-128-dropout")
    assert "225,034" in text(test)
    assert text(test).count('<g class="stage"') == 7
    assert not test.button(key="train-start").disabled


def test_a_preset_has_a_diagram_too():
    assert text(opened("pages/train.py")).count('<g class="stage"') == 7


def test_every_widget_changes_the_network(started):
    test = choose_custom()
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
    assert RunStore().open(started[0]).config == TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=WANTED)


def test_an_impossible_network_disables_start_and_says_why():
    test = choose_custom()
    test.selectbox(key="train-own-0-kernel").set_value(7)
    test.selectbox(key="train-own-1-kernel").set_value(7)
    test.number_input(key="train-own-blocks").set_value(3).run()
    assert not test.exception
    test.selectbox(key="train-own-2-padding").set_value("valid")
    test.selectbox(key="train-own-2-kernel").set_value(7).run()
    assert test.button(key="train-start").disabled
    blocks = (Block(32, 7), Block(64, 7), Block(64, 7, pooling=False))
    reason = refusal(summary, replace(CLASSROOM, blocks=blocks), SHAPE, 10)
    # Once where the layers are chosen, and once where the page shows it while the builder is closed.
    assert [each.value for each in test.warning] == [reason, reason]
    test.selectbox(key="train-own-2-padding").set_value("same").run()
    assert not test.button(key="train-start").disabled
    assert not test.warning


def test_too_large_networks_and_batches_are_explained():
    test = choose_custom()
    test.toggle(key="train-own-0-pooling").set_value(False)
    test.toggle(key="train-own-1-pooling").set_value(False)
    test.number_input(key="train-own-dense-0").set_value(2048).run()
    assert test.button(key="train-start").disabled
    blocks = (Block(32, pooling=False), Block(64, pooling=False))
    assert test.warning[0].value == refusal(summary, replace(CLASSROOM, blocks=blocks, dense=(2048,)), SHAPE, 10)
    test.number_input(key="train-own-dense").set_value(0)
    test.number_input(key="train-own-0-filters").set_value(256)
    test.number_input(key="train-own-1-filters").set_value(256)
    test.number_input(key="train-batch-size").set_value(1024).run()
    assert test.button(key="train-start").disabled
    wide = Design((Block(256, pooling=False), Block(256, pooling=False)), (), CLASSROOM.dropout)
    assert [each.value for each in test.warning] == [refusal(check_memory, wide, SHAPE, 10, 1024)]
    test.number_input(key="train-batch-size").set_value(128).run()
    assert not test.button(key="train-start").disabled


def test_a_link_with_a_design_fills_the_builder(started):
    wanted = TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=WANTED, epochs=2)
    test = opened("pages/train.py", settings=settings_text(wanted))
    assert not test.exception
    assert test.selectbox(key="train-preset").value == CUSTOM
    assert test.number_input(key="train-own-blocks").value == 3
    assert shown_table(test) == expected_table(WANTED)
    test.button(key="train-start").click().run()
    assert RunStore().open(started[0]).config == wanted


def test_a_recipe_sets_its_preset_and_keeps_the_design():
    test = choose_custom()
    test.number_input(key="train-own-0-filters").set_value(20).run()
    recipe_box(test).set_value("memorizer").run()
    assert test.selectbox(key="train-preset").value == "dense-128"
    test.selectbox(key="train-preset").set_value(CUSTOM).run()
    assert test.number_input(key="train-own-0-filters").value == 20


def test_the_layer_table_includes_the_not_a_digit_class():
    test = choose_custom()
    test.toggle(key="train-drawings").set_value(True).run()
    assert shown_table(test)[-1][0] == "Dense 11 softmax"
    test.selectbox(key="train-dataset").set_value("cifar-10").run()
    assert shown_table(test)[-1][0] == "Dense 10 softmax"
