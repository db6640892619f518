"""Control of a training, viewers, and the actions on a finished run, in a real browser."""

import re

import pytest

from model.runs.events import RunState
from model.runs.metadata import RunMetadata
from model.runs.store import CLASSROOM_RUN, RunStore
from pages.ui.train import help
from pages.ui.train.run_status import STATES
from pages.ui.train.watch import TAB_TITLE
from tests.browser.conftest import _running

pytestmark = pytest.mark.browser

FINISHED, STOPPED = (STATES[state].capitalize() for state in (RunState.FINISHED, RunState.STOPPED))
ENDED = re.compile(f"{STOPPED}|{FINISHED}")  # a slow machine may reach the end before it stops


def in_control(page):
    return page.locator(".st-key-train-stop button").count() == 1


def test_after_a_refresh_the_tab_is_still_in_control(server, visit):
    first, stranger = visit(server), visit(server)
    page = first.start_a_long_training()
    first.wait_for_points("train-loss", more_than=5)
    link = page.url
    assert re.search(r"[?&]run=", link)

    page.reload()
    page.wait_for_selector(".st-key-train-stop button")

    stranger.page.goto(link)
    stranger.wait_for_points("train-loss", more_than=5)
    stranger.wait_for_text("train-buttons", help.VIEW_ONLY)
    assert not in_control(stranger.page)
    assert stranger.page.locator(".st-key-train-take-over").count() == 0

    second_tab = first.context.new_page()
    second_tab.goto(link)
    second_tab.wait_for_selector(".st-key-train-take-over button")
    assert not in_control(second_tab)
    second_tab.locator(".st-key-train-take-over button").click()
    second_tab.wait_for_selector(".st-key-train-stop button")
    first.wait_for_text("train-buttons", help.OTHER_TAB)

    second_tab.locator(".st-key-train-stop button").click()
    first.wait_for_text("train-status", ENDED)
    stranger.wait_for_text("train-status", ENDED)
    assert stranger.page.locator(".st-key-train-label").count() == 0


def test_the_browser_tab_shows_the_progress_of_the_training(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    title = TAB_TITLE.format(percent=r"\d+%")
    page.wait_for_function("title => new RegExp(`^${title}$`).test(document.title)", arg=title)
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", ENDED)
    page.wait_for_function("!document.title.includes('%')")


def test_twenty_validation_images_are_predicted_each_epoch(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_text("train-glimpse", re.compile(help.AFTER_EPOCH.format(epoch="[1-9]")))
    tiles = page.locator(".st-key-train-glimpse figure")
    assert tiles.count() == 20
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", ENDED)
    marks = [text[0] for text in tiles.all_inner_texts()]
    assert set(marks) <= {"✓", "✗"}
    assert page.locator(".st-key-train-glimpse figure.right").count() == marks.count("✓")
    assert page.locator(".st-key-train-filters figure").count() == 32


def test_a_run_is_named_continued_compared_and_deleted(server, visit):
    visitor = visit(server)
    page = visitor.open("train")
    page.locator(".st-key-train-epochs input").fill("2")
    page.locator(".st-key-train-epochs input").press("Enter")
    page.locator(".st-key-train-start button").click()
    visitor.wait_for_text("train-status", FINISHED, timeout=120_000)
    first = server.only_run()

    page.locator(".st-key-train-label button").click()
    page.locator('[class*="st-key-train-label-name-"] input').fill("Two *epochs*")
    page.locator('[class*="st-key-train-label-note-"] textarea').fill("for the lesson")
    page.locator(".st-key-train-label-save button").click()
    visitor.wait_for_text("train-runs", "Two *epochs*")
    visitor.wait_for_text("train-runs", "for the lesson")

    page.locator(".st-key-train-again-menu button").click()
    field = page.locator(f".st-key-train-more-{first.id} input")
    field.fill("1")
    field.press("Enter")
    page.locator(".st-key-train-more-start button").click()
    page.wait_for_function("id => !location.search.includes(id)", arg=first.id)
    result = help.RESULT.format(accuracy=".*", n=".*", epoch=".", epochs="3")
    visitor.wait_for_text("train-status", re.compile(result), timeout=120_000)
    store = RunStore(server.home / "runs")
    longer = next(run for run in store.list()[0] if not run.shipped and run.id != first.id)
    history, before = longer.history(), first.history()
    assert history.loss[: len(before.loss)].tolist() == before.loss.tolist(), "it starts with the curve of the first"
    assert len(history.epochs) == 3

    boxes = page.locator(".st-key-train-runs [data-testid=stCheckbox]")
    boxes.nth(0).click()
    boxes.nth(1).click()
    visitor.wait_for_text("train-compare", "epochs")
    page.wait_for_function("document.querySelectorAll('.st-key-train-compare .live-chart .scatterlayer').length >= 2")
    assert len(page.evaluate("document.querySelector('.st-key-train-compare .live-chart').data")) == 4

    page.locator(".st-key-train-label button").click()
    page.locator(f".st-key-train-delete-sure-{longer.id} label").click()
    page.locator(".st-key-train-delete button:not([disabled])").click()
    page.wait_for_function("!location.search.includes('run=')")
    assert not longer.path.exists()
    assert first.path.exists()


@pytest.fixture
def server_with_key(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_TEACHER_KEY", "chalk")
    with _running(tmp_path, None) as server:
        yield server


def test_with_a_teachers_key_only_the_teacher_can_train(server_with_key, visit):
    server = server_with_key
    teacher, pupil = visit(server), visit(server)
    pupil.open("train")
    assert pupil.page.locator(".st-key-train-start").count() == 0
    page = teacher.open("train")
    field = page.locator(".st-key-train-teacher-key input")
    field.fill("cheese")
    field.press("Enter")
    page.get_by_role("alert").first.wait_for()
    assert page.locator(".st-key-train-start").count() == 0
    field.fill("chalk")
    field.press("Enter")
    page.wait_for_selector(".st-key-train-start button")
    teacher.start_a_long_training(page)
    teacher.wait_for_points("train-loss", more_than=5)
    page.reload()
    page.wait_for_selector(".st-key-train-stop button")

    pupil.open("train")
    pupil.wait_for_points("train-loss", more_than=5)
    pupil.wait_for_text("train-buttons", help.VIEW_ONLY)
    assert not in_control(pupil.page)
    page.locator(".st-key-train-stop button").click()
    pupil.wait_for_text("train-status", ENDED)
    assert pupil.page.locator(".st-key-train-again").count() == 0


def test_the_report_opens_offline(server, visit, chromium):
    visitor = visit(server)
    store = RunStore(server.home / "runs")
    page = visitor.open(f"train?run={CLASSROOM_RUN}")
    page.locator(".st-key-train-downloads button").click()
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
    assert RunMetadata() == store.open(CLASSROOM_RUN).metadata
