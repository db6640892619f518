"""The Train page in a real browser: the live learning rate, several visitors at once, settings in a link."""

import io
import re

import numpy as np
import pytest

from model.config import TrainingConfig, settings_text
from model.runs.events import RunState
from pages.ui.charts.training import RATE_CHANGE
from pages.ui.train import help
from pages.ui.train.run_status import STATES

pytestmark = pytest.mark.browser

STARTING, RUNNING, FINISHED, STOPPED = (
    STATES[state].capitalize() for state in (RunState.STARTING, RunState.RUNNING, RunState.FINISHED, RunState.STOPPED)
)
RATE_FIELD = '[class*="st-key-train-live-rate-"] input'


def learning_rates(server):
    return server.only_run().history().rate_changes


def test_a_live_learning_rate_is_used_saved_and_marked(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_points("train-loss", more_than=20)
    page.locator(".st-key-train-rate-menu button").click()
    field = page.locator(RATE_FIELD)
    assert field.input_value() == "0.001"
    field.fill("0.0123")
    page.locator(".st-key-train-set-rate").get_by_role("button").click()
    page.keyboard.press("Escape")
    page.wait_for_function(
        "text => document.querySelector('.st-key-train-loss .live-chart')?.layout?.annotations?.[0]?.text === text",
        arg=RATE_CHANGE.format(rate="0.012"),
    )
    ((step, rate),) = learning_rates(server)
    assert rate == 0.0123
    page.reload()
    page.wait_for_selector(".st-key-train-stop button")
    page.wait_for_timeout(1500)  # for a few updates of the page
    page.locator(".st-key-train-rate-menu button").click()
    assert page.locator(RATE_FIELD).input_value() == "0.0123"
    page.keyboard.press("Escape")
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", STOPPED)
    history = server.only_run().history()
    assert set(history.learning_rate[history.step > step].tolist()) == {0.0123}
    assert set(history.learning_rate[history.step <= step].tolist()) == {0.001}


def test_a_second_training_waits_and_starts_automatically(server, visit):
    first, second = visit(server), visit(server)
    first.start_a_long_training()
    first.wait_for_points("train-loss", more_than=5)
    page = second.open("train")
    second.wait_for_points("train-loss", more_than=5)  # a new visitor sees the active run
    second.start_a_long_training(page)
    second.wait_for_text("train-status", help.QUEUED.format(place=1))
    first.page.locator(".st-key-train-stop button").click()
    first.wait_for_text("train-status", STOPPED)
    second.wait_for_text("train-status", RUNNING)
    page.locator(".st-key-train-stop button").click()
    second.wait_for_text("train-status", STOPPED)


def test_settings_in_a_link_are_used_for_the_training(server, visit):
    wanted = TrainingConfig(
        dataset="uci-digits", preset="dense-64", epochs=2, optimizer="sgd", learning_rate=0.02, seed=5
    )
    visitor = visit(server)
    page = visitor.open(f"train?settings={settings_text(wanted)}")
    page.locator(".st-key-train-start button").dblclick()  # a double click starts one training
    visitor.wait_for_text("train-status", FINISHED, timeout=120_000)
    assert server.only_run().config == wanted
    page.locator(".st-key-train-downloads button").click()
    link = page.locator("code", has_text="settings=").inner_text()
    assert link == f"{server.url}/train?settings={settings_text(wanted)}"
    with page.expect_download() as download:
        page.locator(".st-key-train-download-history-csv button").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + len(server.only_run().history().step)


def test_an_invalid_link_is_explained_and_the_page_works(server, visit):
    visitor = visit(server)
    page = visitor.open("train?settings=nonsense")
    page.get_by_role("alert").first.wait_for()
    visitor.start_a_long_training(page)
    visitor.wait_for_text("train-status", re.compile(f"{STARTING}|{RUNNING}"))
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", STOPPED)


def test_an_uploaded_dataset_is_checked_chosen_and_trained_on(server, visit):
    visitor, other = visit(server), visit(server)
    page = visitor.open("train")
    page.locator(".st-key-train-upload-menu button").click()
    files = page.locator("input[type=file]")
    files.set_input_files({"name": "notes.npz", "mimeType": "application/zip", "buffer": b"this is text"})
    page.locator(".st-key-train-upload-save button").click()
    page.get_by_role("alert").get_by_text("notes.npz").wait_for()
    page.get_by_role("button", name="Remove").first.click()
    files.set_input_files({"name": "two kinds.npz", "mimeType": "application/zip", "buffer": two_kinds_of_images()})
    page.locator(".st-key-train-upload-save button").click()
    page.wait_for_function("document.querySelector('.st-key-train-dataset input').value === 'two kinds'")
    page.keyboard.press("Escape")
    page.locator(".st-key-train-start button").click()
    visitor.wait_for_text("train-status", FINISHED, timeout=120_000)
    run = server.only_run()
    assert re.fullmatch(r"two kinds \(upload [0-9a-f]{8}\)", run.config.dataset)
    assert [each.name for each in run.metrics.classes] == ["bright", "dark"]
    page = other.open("train")
    page.locator(".st-key-train-dataset input").click()
    page.get_by_role("option", name="MNIST", exact=True).wait_for()
    assert not page.get_by_role("option", name="two kinds").count(), "only its visitor can choose it"


def two_kinds_of_images():
    """Return an .npz of 40 small images of two classes."""
    labels = np.arange(40) % 2
    images = np.random.default_rng(0).integers(0, 60, (40, 12, 12)) + 150 * (1 - labels)[:, None, None]
    file = io.BytesIO()
    np.savez(file, x=images.astype(np.uint8), y=labels, class_names=np.array(["bright", "dark"]))
    return file.getvalue()
