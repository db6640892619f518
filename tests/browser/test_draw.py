"""The Draw page in a real browser: mouse and finger, what comes from elsewhere, and what is kept."""

import io
import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from model.data.formats import read_npz
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from tests.browser.conftest import _running
from tests.support import ONE, SEVEN

pytestmark = pytest.mark.browser

CLOTHES = "20261120-153012-clothes"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def server_with_clothes(tmp_path):
    """A server with one run that was taught clothes, if its labels are to be believed, and with their test images."""
    folder = tmp_path / "runs" / CLOTHES
    shutil.copytree(RunStore().open(CLASSROOM_RUN).path, folder)
    names = [*"abcdefgh", "shirt", "shoe"]
    rng = np.random.default_rng(0)
    arrays = {name: rng.integers(0, 255, (20, 28, 28), np.uint8) for name in ("x_train", "x_test")}
    arrays |= {name: np.arange(20) % 10 for name in ("y_train", "y_test")}
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "clothes.npz", **arrays, class_names=np.array(names))
    config, run = (json.loads((folder / name).read_text()) for name in ("config.json", "run.json"))
    fingerprint = read_npz(tmp_path / "data" / "clothes.npz")[0].fingerprint()
    config["config"]["dataset"] = "clothes"
    config["dataset"] |= {"name": "clothes", "fingerprint": fingerprint}
    for each, name in zip(run["figures"]["classes"], names, strict=True):
        each["name"] = name
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "run.json").write_text(json.dumps(run))
    with _running(tmp_path, tmp_path / "data") as server:
        yield server


def wait_for_answer(visitor, wanted):
    visitor.page.locator(".st-key-draw-answer h1").filter(has_text=re.compile(f"^{re.escape(wanted)}$")).wait_for()


def wait_for_class(visitor):
    visitor.page.locator(".st-key-draw-answer h1").filter(has_text=re.compile("^([a-h]|shirt|shoe)$")).wait_for()


def choose(visitor, label):
    visitor.page.get_by_role("radio", name=label).click()


def test_undo_redo_and_clear_update_the_prediction(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    undo, redo = (page.locator(".st-key-draw-canvas").get_by_role("button", name=name) for name in ("Undo", "Redo"))
    for _ in range(5):
        visitor.draw(SEVEN)
        wait_for_answer(visitor, "7")
        undo.click()
        wait_for_answer(visitor, "Draw a digit")
        redo.click()
        wait_for_answer(visitor, "7")
        page.locator(".st-key-draw-clear button").click()
        wait_for_answer(visitor, "Draw a digit")
        page.wait_for_selector(".st-key-draw-seen [alt='an empty image']")


def test_a_scribble_is_not_a_digit_and_the_upper_edge_draws(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    zigzag = [[20 + 240 * (i % 2), 4 + 9 * i] for i in range(30)]
    visitor.draw([[[250, 3], *zigzag]])
    wait_for_answer(visitor, "?")
    assert "This does not look like a digit to me. Best guess:" in visitor.text("draw-answer")
    visitor.go("Evaluate")
    visitor.go("Draw")
    page.wait_for_selector(".st-key-draw-canvas canvas")
    wait_for_answer(visitor, "Draw a digit")


def test_a_finger_draws_and_the_page_does_not_scroll_under_it(server, visit):
    visitor = visit(server, **PHONE)
    page = visitor.open_draw()
    canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas").last
    box = canvas.bounding_box()
    answer = page.locator(".st-key-draw-answer h1").bounding_box()
    assert answer["y"] + answer["height"] < 844, "the answer is on the first screen"
    finger = visitor.context.new_cdp_session(page)
    zoom = box["width"] / 280
    top = "document.querySelector('.stMain').scrollTop + window.scrollY"
    before = page.evaluate(top)
    for number, (x, y) in enumerate(np.linspace((200, 20), (90, 260), 12)):
        place = {"x": box["x"] + x * zoom, "y": box["y"] + y * zoom}
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_selector(".st-key-draw-seen [alt*='1 stroke']")
    assert page.evaluate(top) == before
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    choose(visitor, "Number")
    page.wait_for_selector(".st-key-draw-wide canvas.upper-canvas")
    assert page.locator(".st-key-draw-wide canvas.upper-canvas").bounding_box()["width"] <= 358


def test_several_digits_are_read_at_once_each_in_its_box(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose(visitor, "Number")
    wait_for_answer(visitor, "Draw a number")
    visitor.draw([[[x * 0.6 + left, y * 0.8] for x, y in stroke] for left in (20, 180) for stroke in SEVEN])
    visitor.draw([[[x + 260, y * 0.8] for x, y in stroke] for stroke in ONE])
    wait_for_answer(visitor, "771")
    page.wait_for_selector(".st-key-draw-seen img[alt^='the sheet with 3 boxes']")
    assert page.locator(".st-key-draw-seen figure").count() == 3


def test_a_test_image_has_the_answer_that_evaluate_has(server_with_mnist, visit):
    visitor = visit(server_with_mnist)
    run = RunStore().open(CLASSROOM_RUN)
    mistake = run.metrics.mistakes[0]
    page = visitor.open(f"draw?run={run.id}&image={mistake.index}")
    wait_for_answer(visitor, str(mistake.predicted))
    page.wait_for_selector(f".st-key-draw-seen [alt^='test image {mistake.index}, a {mistake.true}']")
    assert f"Wrong: it is {mistake.true}." in visitor.text("draw-answer")
    page.wait_for_selector(".st-key-draw-bars .js-plotly-plot")
    shown = page.evaluate("document.querySelector('.st-key-draw-bars .live-chart').data[0].x")
    assert shown == pytest.approx(run.predictions().probabilities[mistake.index].tolist(), abs=2e-3)
    page.locator(".st-key-draw-back button").click()
    wait_for_answer(visitor, "Draw a digit")
    assert "image=" not in page.url
    page = visitor.open("draw?image=123456789")
    page.get_by_text("There is no such test image; expected a number from 0 to 9,999").wait_for()


def file_of(kind, content):
    return {"name": f"digit.{kind}", "mimeType": f"image/{kind}", "buffer": content}


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_photos_are_read_and_other_files_explained(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose(visitor, "Picture")
    wait_for_answer(visitor, "No image")
    paper = np.full((300, 300), 235, np.uint8)
    paper[50:250, 140:160] = 20
    grey = Image.fromarray(paper)
    jpeg = saved(grey, "JPEG")
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    upload = page.locator(".st-key-draw-upload input[type=file]")
    for name, content, expected in (
        ("png", b"this is text", "is no picture that can be read here"),
        ("png", bomb, "expected at most 4,096 pixels a side"),
        ("jpeg", jpeg[: len(jpeg) // 2], "is cut or damaged"),
        ("jpeg", saved(grey.convert("CMYK"), "JPEG"), "1"),
        ("png", saved(Image.fromarray(paper.astype(np.uint16) * 257), "PNG"), "1"),
        ("webp", saved(grey, "WEBP"), "1"),
    ):
        upload.set_input_files(file_of(name, content))
        if expected == "1":
            wait_for_answer(visitor, "1")
            page.wait_for_function("document.querySelectorAll('.st-key-draw-steps img').length == 4")
        else:
            page.get_by_text(expected).wait_for()
            wait_for_answer(visitor, "No image")
        page.locator(".st-key-draw-upload").get_by_role("button", name="Remove").first.click()
        wait_for_answer(visitor, "No image")
        page.get_by_text(f"digit.{name} ").wait_for(state="detached")


def test_my_drawings_outlive_a_refresh_until_deleted(server, visit):
    visitor, other = visit(server), visit(server)
    page = visitor.open_draw()
    visitor.draw(SEVEN)
    wait_for_answer(visitor, "7")
    page.locator(".st-key-draw-meant").get_by_role("radio", name="7").click()
    page.get_by_text("kept in My drawings").wait_for()
    choose(visitor, "My drawings")
    page.get_by_text("1 of 1 right").wait_for()
    visitor.draw([[[110, 140], [150, 140], [190, 140]]])
    page.get_by_text("kept in My drawings").wait_for(state="detached")
    page.locator(".st-key-draw-canvas").get_by_role("button", name="Undo").click()
    page.get_by_text("kept in My drawings").wait_for()
    page.get_by_text("1 of 1 right").wait_for()
    undo = page.locator(".st-key-draw-canvas").get_by_role("button", name="Undo")
    undo.click()
    wait_for_answer(visitor, "Draw a digit")
    visitor.draw(ONE)
    wait_for_answer(visitor, "1")
    page.locator(".st-key-draw-meant").get_by_role("radio", name="1", exact=True).click()
    page.get_by_text("2 of 2 right").wait_for()
    page.locator(".st-key-draw-meant").get_by_role("radio", name="1", exact=True).click()
    page.get_by_text("1 of 1 right").wait_for()
    page.reload()
    page.wait_for_selector(".st-key-draw-bars .js-plotly-plot")
    choose(visitor, "My drawings")
    page.get_by_text("1 of 1 right").wait_for()
    with page.expect_download() as download:
        page.locator(".st-key-draw-mine-jsonl button").click()
    (line,) = download.value.path().read_text().splitlines()
    assert json.loads(line)["label"] == 7
    assert len(json.loads(line)["strokes"]) == 1
    other.open_draw()
    choose(other, "My drawings")
    other.page.get_by_text("Nothing is kept yet").wait_for()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="Delete them").click()
    page.get_by_text("Nothing is kept yet").wait_for()


def test_the_old_answer_pales_until_the_new_one_is_there(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    visitor.draw(SEVEN)
    wait_for_answer(visitor, "7")
    opacity = "getComputedStyle(document.querySelector('.st-key-draw-answer')).opacity"
    page.wait_for_function(f"{opacity} === '1'")
    os.kill(server.process.pid, signal.SIGSTOP)  # a server that has other things to do
    try:
        visitor.draw(ONE)
        page.wait_for_timeout(1500)
        assert float(page.evaluate(opacity)) < 0.5
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    page.wait_for_function(f"{opacity} === '1'")
    page.wait_for_selector(".st-key-draw-seen [alt*='2 strokes']")


def test_every_part_opens_with_a_drawing(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose(visitor, "Break it")
    page.get_by_text("This opens with the first stroke.").wait_for()
    visitor.draw(SEVEN)
    page.wait_for_selector(".st-key-draw-break-chart .js-plotly-plot")
    slider = page.locator(".st-key-draw-break-turn [role=slider], .st-key-draw-break-turn input").first
    slider.focus()
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    page.locator(".st-key-draw-break-answer").get_by_text("flipped").wait_for()
    assert visitor.answer() == "7", "the drawing itself is as it was"
    choose(visitor, "Inside the network")
    page.get_by_text("Second convolution").wait_for()
    choose(visitor, "How the answer grew")
    page.get_by_text(re.compile(r"Epoch 0 guessed \d at \d+%")).wait_for()
    page.locator(".st-key-draw-centring label").click()
    page.get_by_text("Squeezed, it answers").wait_for()
    page.locator(f".st-key-draw-other-{DEFAULT_RUN} input").click()
    page.get_by_role("option").first.click()
    page.locator(".st-key-draw-other").get_by_text("they agree").wait_for()


def test_a_network_for_clothes_takes_images_and_has_no_canvas(server_with_clothes, visit):
    visitor = visit(server_with_clothes)
    page = visitor.open(f"draw?run={CLOTHES}")
    page.wait_for_selector(".st-key-draw-seen [alt^='test image 0, a h']")
    assert page.locator(".st-key-draw-canvas").count() == 0
    wait_for_class(visitor)
    choose(visitor, "Picture")
    image = Image.fromarray(np.full((64, 64), 250, np.uint8))
    page.locator(".st-key-draw-upload input[type=file]").set_input_files(file_of("png", saved(image, "PNG")))
    page.wait_for_selector(".st-key-draw-seen [alt^='digit.png, shrunk']")
    wait_for_class(visitor)
