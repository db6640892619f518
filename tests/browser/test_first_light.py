"""The whole app in a real browser: train, watch, leave, come back, stop, evaluate, draw."""

import gzip
import json
import re
import subprocess
import sys

import numpy as np
import psutil
import pytest

from model.runs.events import RunState
from model.runs.store import DEFAULT_RUN, RunStore
from pages.ui.draw.help import DRAW_A_DIGIT
from tests.support import ONE, SEVEN

pytestmark = pytest.mark.browser

DIGIT = re.compile(r"^[0-9?]$")
ENDED = re.compile(f"{RunState.STOPPED}|{RunState.FINISHED}", re.IGNORECASE)


def wait_for_prediction(visitor, wanted=DIGIT):
    visitor.page.locator(".st-key-draw-answer h1").filter(has_text=wanted).wait_for()
    return visitor.prediction()


def test_a_training_survives_refreshes_and_page_switches(cold_server, visit):
    server = cold_server
    visitor = visit(server)
    page = visitor.open()
    visitor.go("Train")
    dataset = page.locator(".st-key-train-dataset input").input_value()
    assert dataset == "UCI digits", "the dataset that needs no download is the default"
    visitor.start_a_long_training(page)
    for chart in ("train-loss", "train-accuracy"):
        visitor.wait_for_points(chart)
    seen = visitor.points("train-loss")
    visitor.wait_for_points("train-loss", more_than=seen)
    assert RunState.RUNNING in visitor.text("train-status").lower()

    page.reload()
    page.wait_for_selector(".st-key-train-stop button")
    visitor.wait_for_points("train-loss", more_than=seen)
    visitor.go("Evaluate")
    visitor.go("Train")
    page.wait_for_selector(".st-key-train-stop button")
    second_tab = visit(server)
    second_tab.open("train")
    second_tab.wait_for_points("train-accuracy", more_than=seen)

    page.locator(".st-key-train-pause button").click()
    page.wait_for_selector(".st-key-train-step button")
    visitor.wait_for_text("train-status", RunState.PAUSED)
    paused = visitor.text("train-status")
    second_tab.wait_for_text("train-status", RunState.PAUSED)
    assert second_tab.page.locator(".st-key-train-resume").count() == 0, "other tabs can only watch"
    page.wait_for_timeout(1500)
    assert visitor.text("train-status") == paused, "nothing changes while it is paused"
    steps = len(server.only_run().history().step)
    page.locator(".st-key-train-step button").click()
    page.wait_for_function("before => document.querySelector('.st-key-train-status').innerText !== before", arg=paused)
    assert len(server.only_run().history().step) == steps + 1
    page.locator(".st-key-train-resume button").click()
    page.wait_for_selector(".st-key-train-pause button")

    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", RunState.STOPPED)
    page.locator(".st-key-train-buttons a[href*='evaluate']").click()
    page.wait_for_selector(".st-key-eval-confusion .js-plotly-plot")
    run = server.only_run()
    assert f"{run.metrics.accuracy:.2%}" in visitor.text("eval-accuracy")
    table = visitor.text("eval-classes")
    assert all(f"{each.recall:.4f}" in table for each in run.metrics.classes)
    shown = page.locator(".st-key-eval-errors .gallery button")
    shown.first.wait_for()
    assert shown.count() == min(24, len(run.metrics.mistakes))
    worst = run.metrics.mistakes[0]
    assert re.search(rf"{worst.true}\b.*\b{worst.predicted}\b", shown.first.inner_text(), re.DOTALL)
    page.goto(f"{server.url}/draw?run={run.id}")
    page.wait_for_selector(".st-key-draw-canvas canvas")
    assert "uci-digits" in page.locator(".st-key-draw-model input").input_value()


def test_charts_are_updated_in_place_and_keep_their_zoom(server, visit):
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_points("train-loss", more_than=3)
    chart = "document.querySelector('.st-key-train-loss .live-chart')"
    page.evaluate(f"{chart}.dataset.mark = 'the same node'")
    whole = page.evaluate(f"{chart}.layout.xaxis.range")
    box = page.locator(".st-key-train-loss .nsewdrag").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.9, steps=5)
    page.mouse.up()
    zoomed = page.evaluate(f"{chart}.layout.xaxis.range")
    assert zoomed[1] < 0.6 * whole[1], "dragging zooms in"
    visitor.wait_for_points("train-loss", more_than=visitor.points("train-loss") + 5)
    assert page.evaluate(f"{chart}.dataset.mark") == "the same node"
    assert page.evaluate(f"{chart}.layout.xaxis.range") == zoomed
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", ENDED)


def test_a_killed_worker_shows_as_interrupted_and_resumes(cold_server, visit):
    server = cold_server
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_points("train-loss", more_than=60)
    for child in psutil.Process(server.process.pid).children(recursive=True):
        child.kill()
    visitor.wait_for_text("train-status", RunState.INTERRUPTED, timeout=5000)
    page.locator(".st-key-train-resume button").click()
    visitor.wait_for_text("train-status", RunState.RUNNING)
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", RunState.STOPPED)
    steps = server.only_run().history().step
    assert steps.tolist() == list(range(1, len(steps) + 1)), "one curve, without gap or repetition"


def test_a_training_is_resumed_after_a_server_restart(cold_server, visit):
    server = cold_server
    visitor = visit(server)
    page = visitor.start_a_long_training()
    visitor.wait_for_points("train-loss", more_than=20)
    page.goto("about:blank")
    server.stop()
    run = server.only_run()
    assert run.state() == "interrupted"
    server.start()
    server.wait_until_ready()
    page = visitor.open()
    page.get_by_role("link", name=RunState.INTERRUPTED).click()
    page.locator(".st-key-train-resume button").click()
    visitor.wait_for_text("train-status", RunState.RUNNING)
    page.locator(".st-key-train-stop button").click()
    visitor.wait_for_text("train-status", RunState.STOPPED)
    steps = run.history().step
    assert steps.tolist() == list(range(1, len(steps) + 1))


def test_the_first_drawing_has_a_prediction_until_cleared(cold_server, visit):
    visitor = visit(cold_server)
    page = visitor.open_draw()
    assert visitor.prediction() == DRAW_A_DIGIT
    blank = page.locator(".st-key-draw-seen img").get_attribute("src")
    for strokes, digit in ((SEVEN, "7"), (ONE, "1"), (SEVEN, "7")):
        visitor.draw(strokes)
        wait_for_prediction(visitor, re.compile(f"^{digit}$"))
        visitor.page.wait_for_function(
            "digit => (n => n.data[0].x.indexOf(Math.max(...n.data[0].x)) == digit)"
            "(document.querySelector('.st-key-draw-bars .live-chart'))",
            arg=digit,
        )
        page.wait_for_function("blank => document.querySelector('.st-key-draw-seen img').src !== blank", arg=blank)
        page.locator(".st-key-draw-clear button").click()
        page.locator(".st-key-draw-answer h1").filter(has_text=DRAW_A_DIGIT).wait_for()
        assert not DIGIT.match(visitor.prediction())
        page.wait_for_function("blank => document.querySelector('.st-key-draw-seen img').src === blank", arg=blank)
        page.wait_for_function("Math.max(...document.querySelector('.st-key-draw-bars .live-chart').data[0].x) === 0")


def test_two_visitors_drawings_do_not_mix(server, visit):
    first, second = visit(server), visit(server)
    for visitor in (first, second):
        visitor.open_draw()
    first.draw(SEVEN)
    assert wait_for_prediction(first, re.compile("^7$")) == "7"
    assert second.prediction() == DRAW_A_DIGIT
    second.draw(ONE)
    assert wait_for_prediction(second, re.compile("^1$")) == "1"
    assert first.prediction() == "7"


def test_really_drawn_digits_are_read_stroke_by_stroke(server, visit, real_data):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        drawn = [json.loads(line) for line in file]
    # Evenly spaced over the file, for many people's handwriting, and chosen before any of them is read.
    chosen = [drawn[i] for i in np.linspace(0, len(drawn) - 1, 12).astype(int)]
    visitor = visit(server)
    page = visitor.open_draw()
    predictions, texts = [], []
    for each in chosen:
        for number, stroke in enumerate(each["strokes"], 1):
            visitor.draw([stroke])
            page.wait_for_selector(f".st-key-draw-seen [alt^='{number} ']")
        predictions.append(wait_for_prediction(visitor))
        texts.append(visitor.text("draw-answer"))
        page.locator(".st-key-draw-clear button").click()
        page.locator(".st-key-draw-answer h1").filter(has_text=DRAW_A_DIGIT).wait_for()
    labels = [str(each["label"]) for each in chosen]
    right = sum(prediction == label for prediction, label in zip(predictions, labels, strict=True))
    assert right >= 10, list(zip(predictions, labels, texts, strict=True))
    file = server.home / "drawn.jsonl"
    file.write_text("".join(json.dumps({"strokes": each["strokes"]}) + "\n" for each in chosen))
    command = subprocess.run(
        [sys.executable, "-m", "model", "predict", str(file), "--json"], capture_output=True, text=True, check=True
    )
    readings = [json.loads(line) for line in command.stdout.splitlines()]
    expected = [each["text"] if each["accepted"] else "?" for each in readings]
    assert predictions == expected, "the page and the command line make the same predictions"


def test_every_page_opens_first_and_the_server_has_no_tensorflow(cold_server_with_mnist, visit):
    server = cold_server_with_mnist
    for path in ("", "learn?step=mistakes", "train", "evaluate", "draw", "glossary"):
        visit(server).open(path)
    visitor = visit(server)
    page = visitor.open("evaluate")
    page.wait_for_selector(".gallery button")
    assert str(len(RunStore().open(DEFAULT_RUN).metrics.mistakes)) in visitor.text("eval-errors")
    if not hasattr(psutil.Process, "memory_maps"):
        pytest.skip("needs a system that lists the libraries a process has mapped")
    mapped = {entry.path for entry in psutil.Process(server.process.pid).memory_maps()}
    assert not [path for path in mapped if "tensorflow" in path.lower() or "/keras/" in path], "no TensorFlow library"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(server, visit, scheme):
    visitor = visit(server, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for path in ("", "train", "tune", "evaluate", "draw", "glossary"):
        page = visitor.open(path)
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390, path
        assert not page.locator('[data-testid="stException"]').count(), path
