"""The Train page in a real browser: steering, several visitors at once, settings that travel in a link."""

import re

import pytest

from model.config import TrainingConfig, settings_text

pytestmark = pytest.mark.browser


def learning_rates(server):
    return server.only_run().history().rate_changes


def test_a_learning_rate_set_live_is_obeyed_told_and_marked(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_points("train-loss", more_than=20)
    page.get_by_role("button", name="Learning rate", exact=True).click()
    field = page.get_by_label("From the next batch on")
    assert field.input_value() == "0.001"
    field.fill("0.0123")
    page.get_by_role("button", name="Use it").click()
    page.keyboard.press("Escape")
    page.wait_for_function(
        "document.querySelector('.st-key-train-loss .live-chart')?.layout?.annotations?.[0]?.text === 'rate 0.012'"
    )
    ((step, rate),) = learning_rates(server)
    assert rate == 0.0123
    page.reload()
    page.wait_for_selector(".st-key-train-stop button")
    page.wait_for_timeout(1500)  # some looks at the run later
    page.get_by_role("button", name="Learning rate", exact=True).click()
    assert page.get_by_label("From the next batch on").input_value() == "0.0123"
    page.keyboard.press("Escape")
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", "Stopped")
    history = server.only_run().history()
    assert set(history.learning_rate[history.step > step].tolist()) == {0.0123}
    assert set(history.learning_rate[history.step <= step].tolist()) == {0.001}


def test_a_second_visitors_training_waits_and_starts_itself(server, visit):
    first, second = visit(server), visit(server)
    first.start_a_long_training()
    first.wait_for_points("train-loss", more_than=5)
    page = second.open("train")
    second.wait_for_points("train-loss", more_than=5)  # whoever comes sees what is going on
    page.locator(".st-key-train-start button").click()
    second.wait_for_text("train-status", "place 1 in the queue")
    first.page.locator(".st-key-train-stop button").click()
    first.wait_for_text("train-status", "Stopped")
    second.wait_for_text("train-status", "Running")
    page.locator(".st-key-train-stop button").click()
    second.wait_for_text("train-status", "Stopped")


def test_settings_travel_in_a_link_and_are_what_is_trained(server, visit):
    wanted = TrainingConfig(
        dataset="uci-digits", preset="dense-64", epochs=2, optimizer="sgd", learning_rate=0.02, seed=5
    )
    visitor = visit(server)
    page = visitor.open(f"train?settings={settings_text(wanted)}")
    page.locator(".st-key-train-start button").dblclick()  # in haste: it is one training all the same
    visitor.wait_for_text("train-status", "Finished", timeout=120_000)
    assert server.only_run().config == wanted
    page.get_by_role("button", name="Take along").click()
    link = page.locator("code", has_text="settings=").inner_text()
    assert link == f"{server.url}/train?settings={settings_text(wanted)}"
    with page.expect_download() as download:
        page.locator(".st-key-train-download-history-csv button").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + len(server.only_run().history().step)


def test_a_link_that_is_none_is_told_and_the_page_works(server, visit):
    visitor = visit(server)
    page = visitor.open("train?settings=nonsense")
    page.get_by_text("expected a link that Digit Lab made").wait_for()
    page.locator(".st-key-train-start button").click()
    visitor.wait_for_text("train-status", re.compile("Starting|Running"))
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", "Stopped")
