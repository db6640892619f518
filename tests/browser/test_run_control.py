"""Who steers a training, who watches it, and what is kept of it, in a real browser."""

import re

import pytest

from model.runs.metadata import RunMetadata
from model.runs.store import RunStore

pytestmark = pytest.mark.browser

ENDED = re.compile("Stopped|Finished")  # a slow machine may need as long as the training does


def steers(page):
    return page.locator(".st-key-train-stop button").count() == 1


def test_after_a_refresh_the_tab_that_started_still_steers(server, visit):
    first, stranger = visit(server), visit(server)
    page = first.start_a_long_training()
    first.wait_for_points("train-loss", more_than=5)
    address = page.url
    assert re.search(r"[?&]run=", address)

    page.reload()
    page.wait_for_selector(".st-key-train-stop button")

    stranger.page.goto(address)
    stranger.wait_for_points("train-loss", more_than=5)
    stranger.wait_for_text("train-buttons", "You are watching")
    assert not steers(stranger.page)
    assert stranger.page.locator(".st-key-train-take-over").count() == 0

    second_tab = first.context.new_page()
    second_tab.goto(address)
    second_tab.wait_for_selector(".st-key-train-take-over button")
    assert not steers(second_tab)
    second_tab.locator(".st-key-train-take-over button").click()
    second_tab.wait_for_selector(".st-key-train-stop button")
    first.wait_for_text("train-buttons", "You are watching")

    second_tab.locator(".st-key-train-stop button").click()
    first.wait_for_text("train-status", ENDED)
    stranger.wait_for_text("train-status", ENDED)
    assert stranger.page.get_by_role("button", name="Name and note").count() == 0


def test_the_tab_of_the_browser_tells_how_far_the_training_is(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    page.wait_for_function("/^\\d+ % · Train$/.test(document.title)")
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", ENDED)
    page.wait_for_function("document.title === 'Train · Digit Lab'")


def test_twenty_validation_images_are_answered_after_each_epoch(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_text("train-glimpse", re.compile("after epoch [1-9]"))
    tiles = page.locator(".st-key-train-glimpse figure")
    assert tiles.count() == 20
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", ENDED)
    marks = [text[0] for text in tiles.all_inner_texts()]
    assert set(marks) <= {"✓", "✗"}
    assert page.locator(".st-key-train-glimpse figure.right").count() == marks.count("✓")
    assert page.locator(".st-key-train-filters figure").count() == 32


def test_a_run_is_named_trained_on_compared_and_deleted(server, visit):
    visitor = visit(server)
    page = visitor.open("train")
    page.locator(".st-key-train-epochs input").fill("2")
    page.locator(".st-key-train-epochs input").press("Enter")
    page.locator(".st-key-train-start button").click()
    visitor.wait_for_text("train-status", "Finished", timeout=120_000)
    first = server.only_run()

    page.get_by_role("button", name="Name and note").click()
    page.get_by_label("Name", exact=True).fill("Two *epochs*")
    page.get_by_label("Note", exact=True).fill("for the lesson")
    page.get_by_role("button", name="Save").click()
    visitor.wait_for_text("train-runs", "Two *epochs*")
    visitor.wait_for_text("train-runs", "for the lesson")

    page.get_by_role("button", name="Train again").click()
    page.get_by_label("Epochs to add").fill("1")
    page.get_by_label("Epochs to add").press("Enter")
    page.get_by_role("button", name="Train on").click()
    page.wait_for_function("id => !location.search.includes(id)", arg=first.id)
    visitor.wait_for_text("train-status", re.compile("kept from epoch . of 3"), timeout=120_000)
    store = RunStore(server.home / "runs")
    longer = next(run for run in store.list()[0] if not run.shipped and run.id != first.id)
    history, before = longer.history(), first.history()
    assert history.loss[: len(before.loss)].tolist() == before.loss.tolist(), "it begins with the curve of the first"
    assert len(history.epochs) == 3

    boxes = page.locator(".st-key-train-runs [data-testid=stCheckbox]")
    boxes.nth(0).click()
    boxes.nth(1).click()
    visitor.wait_for_text("train-compare", "epochs")
    page.wait_for_function("document.querySelectorAll('.st-key-train-compare .live-chart .scatterlayer').length >= 2")
    assert len(page.evaluate("document.querySelector('.st-key-train-compare .live-chart').data")) == 4

    page.get_by_role("button", name="Name and note").click()
    page.get_by_text("Delete this run for good").click()
    page.locator(".st-key-train-delete button:not([disabled])").click()
    page.wait_for_function("!location.search.includes('run=')")
    assert not longer.path.exists()
    assert first.path.exists()


def test_with_a_teachers_key_only_who_has_it_trains(server, visit):
    server.stop()
    server.environment["DIGIT_LAB_TEACHER_KEY"] = "chalk"
    server.start()
    server.wait_until_ready()
    teacher, pupil = visit(server), visit(server)
    pupil.open("train")
    assert pupil.page.locator(".st-key-train-start").count() == 0
    page = teacher.open("train")
    field = page.get_by_label("Teacher's key")
    field.fill("cheese")
    field.press("Enter")
    page.get_by_text("not the key of this server").wait_for()
    field.fill("chalk")
    field.press("Enter")
    page.wait_for_selector(".st-key-train-start button")
    teacher.start_a_long_training(page)
    teacher.wait_for_points("train-loss", more_than=5)
    page.reload()
    page.wait_for_selector(".st-key-train-stop button")

    pupil.open("train")
    pupil.wait_for_points("train-loss", more_than=5)
    pupil.wait_for_text("train-buttons", "You are watching")
    assert not steers(pupil.page)
    page.locator(".st-key-train-stop button").click()
    pupil.wait_for_text("train-status", ENDED)
    assert pupil.page.locator(".st-key-train-again").count() == 0


def test_the_report_opens_without_a_network(server, visit, chromium):
    visitor = visit(server)
    store = RunStore(server.home / "runs")
    page = visitor.open("train?run=dense-128-dropout")
    page.get_by_role("button", name="Take along").click()
    with page.expect_download() as download:
        page.locator(".st-key-train-download-report-html button").click()
    context = chromium.new_context(offline=True)
    report = context.new_page()
    errors = []
    report.on("pageerror", lambda error: errors.append(str(error)))
    path = server.home / "report.html"
    download.value.save_as(path)
    report.goto(f"file://{path}")
    report.wait_for_selector(".js-plotly-plot .scatterlayer path.js-line")
    assert f"{store.open('dense-128-dropout').metrics.accuracy:.2%}" in report.inner_text("body")
    assert report.locator(".js-plotly-plot").count() == 4
    assert errors == []
    context.close()
    assert RunMetadata() == store.open("dense-128-dropout").metadata
