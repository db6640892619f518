"""The lesson in a real browser: followed by keyboard alone, and the playground's numbers compared with SciPy's."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from model.networks.filtering import max_pool
from pages.ui import language
from pages.ui.learn.steps import STEPS
from pages.ui.translation import translate
from tests.browser.conftest import press_tab_until
from tests.support import SEVEN

pytestmark = pytest.mark.browser

RESULT = "document.querySelector('.playground').result"


def go_to(page, step, code="en"):
    page.wait_for_url(f"**/learn?*step={step.name}")
    with language.using(code):
        page.locator(f".st-key-learn-step-{step.name} h3").filter(has_text=translate(step.title)).wait_for()


def test_the_lesson_can_be_followed_by_keyboard_alone(server, visit):
    visitor = visit(server)
    page = visitor.open()
    press_tab_until(page, ".stMain a[href$='learn']:not(.st-key-menu a)")
    page.keyboard.press("Enter")
    for number, step in enumerate(STEPS):
        go_to(page, step)
        press_tab_until(page, f".st-key-learn-option-{step.name}-1 button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".st-key-learn-try a")
        if number == 0:
            page.keyboard.press("ArrowLeft")  # there is nothing before the first step
        if number + 1 < len(STEPS):
            page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    go_to(page, STEPS[-2])
    page.reload()
    page.wait_for_selector(".st-key-learn-try a")
    page.go_back()
    go_to(page, STEPS[-1])
    press_tab_until(page, ".st-key-learn-take-7 button")
    page.keyboard.press("Enter")
    page.locator(".st-key-learn-read").get_by_text("7 ·").last.wait_for()
    press_tab_until(page, ".st-key-learn-to-train a")
    page.keyboard.press("Enter")
    go_to(page, STEPS[4])
    press_tab_until(page, ".st-key-learn-try a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-key-train-start")
    press_tab_until(page, ".st-key-back-to-lesson a")
    page.keyboard.press("Enter")
    go_to(page, STEPS[4])


def check_that_a_term_opens(page):
    term = page.locator(".term", has_text="kernel").first
    tip = page.locator(".term-tip:popover-open")
    term.hover()
    tip.filter(has_text="Kernel").wait_for()
    page.mouse.move(640, 700)
    tip.wait_for(state="detached")
    term.focus()
    page.keyboard.press("Enter")
    tip.filter(has_text="Kernel").wait_for()
    page.keyboard.press("Escape")
    tip.wait_for(state="detached")


def expected_output(result, stride, padding, relu):
    image, kernel = np.array(result["pixels"]).reshape(28, 28), np.array(result["kernel"]).reshape(3, 3)
    if padding:
        # With a stride of 2, TensorFlow adds a row and a column of zeros below and on the right only.
        image = np.pad(image, (0, 1) if stride == 2 else 1)
    output = correlate2d(image, kernel, mode="valid")[::stride, ::stride]
    return output.clip(min=0) if relu else output


def test_the_playground_shows_the_numbers_of_scipy_without_reruns(server, visit):
    visitor = visit(server)
    sent = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page = visitor.open("learn?step=convolution")
    page.wait_for_function(f"{RESULT} !== undefined")
    check_that_a_term_opens(page)
    assert page.locator("[data-control=kernel]").is_disabled(), "the question comes first"
    page.locator(".st-key-learn-option-convolution-2 button").click()
    page.locator("[data-control=kernel]:enabled").wait_for()
    page.wait_for_timeout(500)
    n_sent = len(sent)

    for kernel, stride, padding, relu in (
        ("vertical", 1, False, False),
        ("blur", 1, True, False),
        ("sharpen", 2, True, True),
        ("learned", 3, True, False),
        ("horizontal", 2, False, True),
    ):
        page.select_option("[data-control=kernel]", kernel)
        page.select_option("[data-control=stride]", str(stride))
        page.locator("[data-control=padding]").set_checked(padding)
        page.locator("[data-control=relu]").set_checked(relu)
        page.locator("[data-control=pooling]").set_checked(relu)
        result = page.evaluate(RESULT)
        expected = expected_output(result, stride, padding, relu)
        assert np.array(result["output"]).reshape(expected.shape) == pytest.approx(expected), kernel
        if relu:
            assert np.array(result["pooled"]) == pytest.approx(max_pool(expected).ravel()), kernel

    page.locator("[data-weight='4']").fill("2.5")
    page.locator("[data-control=relu]").set_checked(False)
    assert page.locator("[data-control=kernel]").input_value() == "own"
    grid = page.locator("[data-grid=output] canvas")
    grid.hover(position={"x": 60, "y": 74})
    result = page.evaluate(RESULT)
    assert result["kernel"] == [-1, -1, -1, 0, 2.5, 0, 1, 1, 1]
    expected = expected_output(result, 2, False, False)
    row, column = result["row"], result["column"]
    assert (row, column) == (5, 4)
    assert sum(result["products"]) == result["sum"] == pytest.approx(expected[row, column])
    shown = [float(cell.replace(",", "")) for cell in page.locator(".product b").all_inner_texts()]
    assert shown == pytest.approx(result["products"])
    assert f"{result['sum']:,g}" in page.locator(".sum").inner_text()

    page.keyboard.press("Tab")
    grid.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(RESULT)["column"] == column + 1
    assert "step=convolution" in page.url, "the arrow key moved in the grid"
    page.locator("[data-control=next]").click()
    assert page.evaluate(RESULT)["column"] == column + 2
    page.locator("[data-control=play]").click()
    page.wait_for_function(f"{RESULT}.column > {column + 3}")
    page.locator("[data-control=play]").click()

    page.select_option("[data-control=image]", "drawn")
    assert max(page.evaluate(RESULT)["pixels"]) == 0
    box = page.locator("[data-grid=input] canvas").bounding_box()
    (seven,) = SEVEN
    for number, (x, y) in enumerate(seven):
        page.mouse.move(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    result = page.evaluate(RESULT)
    pixels = np.array(result["pixels"]).reshape(28, 28)
    assert pixels[7, 12] > 200 > 50 > pixels[20, 5], "ink where the pen was"
    assert np.array(result["output"]) == pytest.approx(expected_output(result, 2, False, False).ravel())
    assert len(sent) == n_sent, "the server wasn't asked for anything"


def test_no_step_is_wider_than_a_phone_and_a_drawing_is_read(server, visit):
    """In Spanish, whose words are longer."""
    visitor = visit(server, viewport={"width": 390, "height": 844}, locale="es-MX")
    page = visitor.open("learn")
    for step in STEPS:
        go_to(page, step, "es")
        page.locator(f".st-key-learn-option-{step.name}-0 button").click()
        page.wait_for_selector(".st-key-learn-try a")
        assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390, step.name
        if step != STEPS[-1]:
            page.locator(".st-key-learn-next a").click()
    pad = page.locator(".lesson-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    (seven,) = SEVEN
    for number, (x, y) in enumerate(seven):
        page.mouse.move(box["x"] + x * 0.8, box["y"] + y * 0.8)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    read = page.locator(".st-key-learn-read")
    with language.using("es"):
        network = translate("Network of the Draw page")
    read.get_by_text(f"{network}: 7").wait_for()
    assert read.locator("img").count() == 1
    page.locator(".st-key-learn-clear button").click()
    read.get_by_text(network).wait_for(state="detached")
    page.locator(".st-key-learn-again button").click()
    go_to(page, STEPS[0], "es")
    page.reload()
    page.locator(".st-key-learn-option-pixels-0 button").wait_for()
    page.wait_for_timeout(500)
    assert page.locator(".st-key-learn-try").count() == 0, "the old answers don't come back"
