"""The Draw page in a real browser: mouse and finger, images from elsewhere, and saved drawings."""

import io
import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
from PIL import Image

from model.data.npz import read_npz
from model.errors import InkError
from model.ink.photo import read_photo
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from pages.ui.draw.help import CANVAS, DRAW_A_DIGIT, DRAW_A_NUMBER, NO_IMAGE, WIDE_CANVAS
from pages.ui.draw.options import BREAK, GROWTH, INPUTS, INSIDE, MY_DRAWINGS, NUMBER, PICTURE, SECTIONS
from tests.browser.conftest import _running
from tests.support import ONE, SEVEN

pytestmark = pytest.mark.browser

CLOTHES = "20261120-153012-clothes"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def server_with_clothes(tmp_path):
    """A server with a run whose classes have the names of clothes, and with test images for it."""
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


def wait_for_prediction(visitor, wanted):
    visitor.page.locator(".st-key-draw-answer h1").filter(has_text=re.compile(f"^{re.escape(wanted)}$")).wait_for()


def wait_for_class(visitor):
    visitor.page.locator(".st-key-draw-answer h1").filter(has_text=re.compile("^([a-h]|shirt|shoe)$")).wait_for()


def choose_input(visitor, kind):
    visitor.page.locator(".st-key-draw-way").get_by_role("radio", name=INPUTS[kind], exact=True).click()


def open_section(visitor, section):
    visitor.page.locator(".st-key-draw-part").get_by_role("radio", name=SECTIONS[section]).click()


def label_as(visitor, label):
    visitor.page.locator(".st-key-draw-meant").get_by_role("radio", name=label, exact=True).click()


def wait_for_saved_drawings(visitor, n):
    visitor.page.wait_for_function(
        "n => document.querySelectorAll('.st-key-draw-mine-tiles .gallery button').length === n", arg=n
    )
    assert visitor.page.locator(".st-key-draw-mine-tiles .gallery .wrong").count() == 0


def test_undo_redo_and_clear_update_the_prediction(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    blank = page.locator(".st-key-draw-seen img").get_attribute("src")
    undo, redo = (page.locator(".st-key-draw-canvas").get_by_role("button", name=name) for name in ("Undo", "Redo"))
    for _ in range(5):
        visitor.draw(SEVEN)
        wait_for_prediction(visitor, "7")
        undo.click()
        wait_for_prediction(visitor, DRAW_A_DIGIT)
        redo.click()
        wait_for_prediction(visitor, "7")
        page.locator(".st-key-draw-clear button").click()
        wait_for_prediction(visitor, DRAW_A_DIGIT)
        page.wait_for_function("blank => document.querySelector('.st-key-draw-seen img').src === blank", arg=blank)


def test_a_scribble_is_not_a_digit_and_the_upper_edge_draws(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    zigzag = [[20 + 240 * (i % 2), 4 + 9 * i] for i in range(30)]
    visitor.draw([[[250, 3], *zigzag]])
    wait_for_prediction(visitor, "?")
    assert re.search(r"\b\d, .*\d%", visitor.text("draw-answer")), "the closest digit is shown"
    visitor.go("Evaluate")
    visitor.go("Draw")
    page.wait_for_selector(".st-key-draw-canvas canvas")
    wait_for_prediction(visitor, DRAW_A_DIGIT)


def test_a_finger_draws_and_the_page_does_not_scroll_under_it(server, visit):
    visitor = visit(server, **PHONE)
    page = visitor.open_draw()
    canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas").last
    box = canvas.bounding_box()
    headline = page.locator(".st-key-draw-answer h1").bounding_box()
    assert headline["y"] + headline["height"] < 844, "the prediction is on the first screen"
    finger = visitor.context.new_cdp_session(page)
    zoom = box["width"] / 280
    top = "document.querySelector('.stMain').scrollTop + window.scrollY"
    before = page.evaluate(top)
    for number, (x, y) in enumerate(np.linspace((200, 20), (90, 260), 12)):
        place = {"x": box["x"] + x * zoom, "y": box["y"] + y * zoom}
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_selector(".st-key-draw-seen [alt^='1 ']")
    assert page.evaluate(top) == before
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    choose_input(visitor, NUMBER)
    page.wait_for_selector(".st-key-draw-wide canvas.upper-canvas")
    assert page.locator(".st-key-draw-wide canvas.upper-canvas").bounding_box()["width"] <= 358


def test_several_digits_are_read_at_once_each_in_its_box(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose_input(visitor, NUMBER)
    wait_for_prediction(visitor, DRAW_A_NUMBER)
    visitor.draw([[[x * 0.6 + left, y * 0.8] for x, y in stroke] for left in (20, 180) for stroke in SEVEN])
    visitor.draw([[[x + 260, y * 0.8] for x, y in stroke] for stroke in ONE])
    wait_for_prediction(visitor, "771")
    page.wait_for_selector(".st-key-draw-seen img[alt*='771']")
    assert page.locator(".st-key-draw-seen figure").count() == 3


def test_two_digits_in_a_drawing_of_one_can_be_read_as_a_number(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    visitor.draw(SEVEN)
    wait_for_prediction(visitor, "7")
    assert page.locator(".st-key-draw-several-digits").count() == 0
    visitor.draw([[[x + 90, y] for x, y in stroke] for stroke in ONE])
    page.locator(".st-key-draw-switch-to-number button").click()
    wait_for_prediction(visitor, "71")
    page.wait_for_selector(".st-key-draw-wide canvas.upper-canvas")
    page.locator(".st-key-draw-clear button").click()
    wait_for_prediction(visitor, DRAW_A_NUMBER)


def test_rows_are_shown_below_each_other(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose_input(visitor, NUMBER)
    wait_for_prediction(visitor, DRAW_A_NUMBER)
    for digit, left, top in ((SEVEN, 20, -20), (ONE, 120, -20), (ONE, 10, 95), (SEVEN, 110, 95)):
        visitor.draw([[[x * 0.5 + left, y * 0.5 + top] for x, y in stroke] for stroke in digit])
    page.wait_for_function("document.querySelector('.st-key-draw-answer h1')?.innerText === '71\\n17'")
    rows = page.locator(".st-key-draw-seen .gallery")
    rows.nth(1).wait_for()  # the images follow the prediction
    assert rows.count() == 2


def test_a_cancelled_touch_is_read_like_one_that_ends(server, visit):
    visitor = visit(server, **PHONE)
    page = visitor.open_draw()
    canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas").last
    box = canvas.bounding_box()
    finger = visitor.context.new_cdp_session(page)
    for number, (x, y) in enumerate(np.linspace((200, 30), (190, 240), 10)):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": box["x"] + x, "y": box["y"] + y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    wait_for_prediction(visitor, "1")
    unread = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert not canvas.evaluate(unread), "the layer of the unfinished stroke is empty"


def test_screen_readers_know_the_canvas_and_the_prediction(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    page.get_by_role("img", name=CANVAS).wait_for()
    page.get_by_role("status").get_by_text(DRAW_A_DIGIT).wait_for()
    visitor.draw(SEVEN)
    page.get_by_role("status").get_by_role("heading", name="7").wait_for()
    choose_input(visitor, NUMBER)
    page.get_by_role("img", name=WIDE_CANVAS).wait_for()
    choose_input(visitor, PICTURE)
    page.get_by_role("status").get_by_text(NO_IMAGE).wait_for()


def test_a_test_image_has_the_prediction_of_evaluate(server_with_mnist, visit):
    visitor = visit(server_with_mnist)
    run = RunStore().open(CLASSROOM_RUN)
    mistake = run.metrics.mistakes[0]
    page = visitor.open(f"draw?run={run.id}&image={mistake.index}")
    wait_for_prediction(visitor, str(mistake.predicted))
    page.wait_for_selector(f".st-key-draw-seen [alt*='{mistake.index}'][alt*='{mistake.true}']")
    assert re.search(rf"\b{mistake.true}\b", visitor.text("draw-answer")), "the true class is shown"
    page.wait_for_selector(".st-key-draw-bars .js-plotly-plot")
    shown = page.evaluate("document.querySelector('.st-key-draw-bars .live-chart').data[0].x")
    assert shown == pytest.approx(run.predictions().probabilities[mistake.index].tolist(), abs=2e-3)
    page.locator(".st-key-draw-back button").click()
    wait_for_prediction(visitor, DRAW_A_DIGIT)
    assert "image=" not in page.url
    page = visitor.open("draw?image=123456789")
    page.get_by_role("alert").get_by_text("9,999").wait_for()
    page.wait_for_selector(".st-key-draw-seen [alt*='image 0']")


def file_of(kind, content):
    return {"name": f"digit.{kind}", "mimeType": f"image/{kind}", "buffer": content}


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_photos_are_read_and_other_files_are_explained(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose_input(visitor, PICTURE)
    wait_for_prediction(visitor, NO_IMAGE)
    paper = np.full((300, 300), 235, np.uint8)
    paper[50:250, 140:160] = 20
    grey = Image.fromarray(paper)
    jpeg = encoded(grey, "JPEG")
    bomb = encoded(Image.new("1", (20_000, 20_000)), "PNG")
    upload = page.locator(".st-key-draw-upload input[type=file]")
    for name, content, is_readable in (
        ("png", b"this is text", False),
        ("png", bomb, False),
        ("jpeg", jpeg[: len(jpeg) // 2], False),
        ("jpeg", encoded(grey.convert("CMYK"), "JPEG"), True),
        ("png", encoded(Image.fromarray(paper.astype(np.uint16) * 257), "PNG"), True),
        ("webp", encoded(grey, "WEBP"), True),
    ):
        upload.set_input_files(file_of(name, content))
        if is_readable:
            wait_for_prediction(visitor, "1")
            page.wait_for_function("document.querySelectorAll('.st-key-draw-steps img').length == 4")
        else:
            with pytest.raises(InkError) as caught:
                read_photo(content, f"digit.{name}")
            page.get_by_role("alert").get_by_text(str(caught.value)).wait_for()
            wait_for_prediction(visitor, NO_IMAGE)
        page.locator(".st-key-draw-upload").get_by_role("button", name="Remove").first.click()
        wait_for_prediction(visitor, NO_IMAGE)
        page.get_by_text(f"digit.{name} ").wait_for(state="detached")


def on_a_table():
    photo = np.full((600, 800), 60, np.uint8)
    photo[100:500, 200:600] = 235
    photo[180:420, 390:412] = 20
    return encoded(Image.fromarray(photo), "JPEG")


def test_the_paper_is_shown_moved_and_turned_off(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose_input(visitor, PICTURE)
    wait_for_prediction(visitor, NO_IMAGE)
    page.locator(".st-key-draw-upload input[type=file]").set_input_files(file_of("jpeg", on_a_table()))
    wait_for_prediction(visitor, "1")
    page.wait_for_function("document.querySelectorAll('.st-key-draw-steps img').length == 5")
    corner = page.locator(".st-key-draw-corners button").nth(2)
    before = corner.bounding_box()
    assert page.locator(".st-key-draw-corners-reset").count() == 0
    page.mouse.move(before["x"] + 14, before["y"] + 14)
    page.mouse.down()
    page.mouse.move(before["x"] - 6, before["y"] - 1, steps=3)
    page.mouse.up()
    page.locator(".st-key-draw-corners-reset button").click()
    page.wait_for_selector(".st-key-draw-corners-reset", state="detached")
    page.locator(".st-key-draw-paper label").click()
    page.wait_for_selector(".st-key-draw-corners", state="detached")
    page.wait_for_function("document.querySelectorAll('.st-key-draw-steps img').length == 4")


def test_several_files_have_their_names_despite_a_bad_one(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    choose_input(visitor, PICTURE)
    wait_for_prediction(visitor, NO_IMAGE)
    files = [
        {"name": "one.JPG", "mimeType": "image/jpeg", "buffer": on_a_table()},
        {"name": "bad <b>.png", "mimeType": "image/png", "buffer": b"not an image"},
        {"name": "two.jfif", "mimeType": "image/jpeg", "buffer": on_a_table()},
    ]
    page.locator(".st-key-draw-upload input[type=file]").set_input_files(files)
    for name in ("one.JPG", "two.jfif"):
        page.locator(".st-key-draw-files button", has_text=name).wait_for()
    page.get_by_role("alert").get_by_text("bad <b>.png").wait_for()
    assert page.locator(".st-key-draw-files button").count() == 2
    page.locator(".st-key-draw-files button", has_text="two.jfif").click()
    page.wait_for_selector(".st-key-draw-corners img[alt='two.jfif']")
    wait_for_prediction(visitor, "1")


def test_my_drawings_survive_a_refresh_until_deleted(server, visit):
    visitor, other = visit(server), visit(server)
    page = visitor.open_draw()
    visitor.draw(SEVEN)
    wait_for_prediction(visitor, "7")
    label_as(visitor, "7")
    saved = page.locator(".st-key-draw-meant [role=img]")
    saved.wait_for()
    open_section(visitor, MY_DRAWINGS)
    wait_for_saved_drawings(visitor, 1)
    visitor.draw([[[110, 140], [150, 140], [190, 140]]])
    saved.wait_for(state="detached")
    page.locator(".st-key-draw-canvas").get_by_role("button", name="Undo").click()
    saved.wait_for()
    wait_for_saved_drawings(visitor, 1)
    undo = page.locator(".st-key-draw-canvas").get_by_role("button", name="Undo")
    undo.click()
    wait_for_prediction(visitor, DRAW_A_DIGIT)
    visitor.draw(ONE)
    wait_for_prediction(visitor, "1")
    label_as(visitor, "1")
    wait_for_saved_drawings(visitor, 2)
    label_as(visitor, "1")
    wait_for_saved_drawings(visitor, 1)
    page.reload()
    page.wait_for_selector(".st-key-draw-bars .js-plotly-plot")
    open_section(visitor, MY_DRAWINGS)
    wait_for_saved_drawings(visitor, 1)
    with page.expect_download() as download:
        page.locator(".st-key-draw-mine-jsonl button").click()
    (line,) = download.value.path().read_text().splitlines()
    assert json.loads(line)["label"] == 7
    assert len(json.loads(line)["strokes"]) == 1
    other.open_draw()
    open_section(other, MY_DRAWINGS)
    other.page.wait_for_selector(".st-key-draw-mine-empty")
    page.locator(".st-key-draw-mine-delete-menu button").click()
    page.locator(".st-key-draw-mine-delete-all button").click()
    page.wait_for_selector(".st-key-draw-mine-empty")


def test_the_old_prediction_fades_until_the_new_one_is_there(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    visitor.draw(SEVEN)
    wait_for_prediction(visitor, "7")
    opacity = "getComputedStyle(document.querySelector('.st-key-draw-answer')).opacity"
    page.wait_for_function(f"{opacity} === '1'")
    os.kill(server.process.pid, signal.SIGSTOP)  # a busy server
    try:
        visitor.draw(ONE)
        page.wait_for_timeout(1500)
        assert float(page.evaluate(opacity)) < 0.5
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    page.wait_for_function(f"{opacity} === '1'")
    page.wait_for_selector(".st-key-draw-seen [alt^='2 ']")


def test_every_section_opens_with_a_drawing(server, visit):
    visitor = visit(server)
    page = visitor.open_draw()
    open_section(visitor, BREAK)
    assert page.locator(".st-key-draw-break-chart").count() == 0
    visitor.draw(SEVEN)
    page.wait_for_selector(".st-key-draw-break-chart .js-plotly-plot")
    slider = page.locator(".st-key-draw-break-turn [role=slider], .st-key-draw-break-turn input").first
    slider.focus()
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    page.locator(".st-key-draw-break-answer h3").filter(has_not_text="7").wait_for()
    assert visitor.prediction() == "7", "the drawing itself hasn't changed"
    open_section(visitor, INSIDE)
    page.wait_for_function("document.querySelectorAll('.gallery').length >= 3")
    open_section(visitor, GROWTH)
    page.locator(".st-key-draw-epochs-summary").get_by_text(re.compile(r"\d\b.*\d+\.\d%.*\b7\b")).wait_for()
    page.locator(".st-key-draw-centring label").click()
    page.wait_for_selector(".st-key-draw-squeezed img")
    page.locator(f".st-key-draw-other-{DEFAULT_RUN} input").click()
    page.get_by_role("option").first.click()
    page.wait_for_selector(".st-key-draw-other [role=img][aria-label^=check]")


def test_a_network_for_clothes_has_images_but_no_canvas(server_with_clothes, visit):
    visitor = visit(server_with_clothes)
    page = visitor.open(f"draw?run={CLOTHES}")
    page.wait_for_selector(".st-key-draw-seen [alt*='0'][alt$=' h']")
    assert page.locator(".st-key-draw-canvas").count() == 0
    wait_for_class(visitor)
    choose_input(visitor, PICTURE)
    image = Image.fromarray(np.full((64, 64), 250, np.uint8))
    page.locator(".st-key-draw-upload input[type=file]").set_input_files(file_of("png", encoded(image, "PNG")))
    page.wait_for_selector(".st-key-draw-seen [alt^='digit.png']")
    wait_for_class(visitor)
