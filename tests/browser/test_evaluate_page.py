"""The Evaluate page in a real browser: from a cell of the matrix to its images, and from an image to what is behind."""

import re

import numpy as np
import pytest

from model.evaluation import explain
from model.inference.litert import Recognizer
from model.runs.store import CLASSROOM_RUN, RunStore

pytestmark = pytest.mark.browser


@pytest.fixture
def run():
    return RunStore().open_finished(CLASSROOM_RUN)


@pytest.fixture
def page(server_with_mnist, visit):
    visitor = visit(server_with_mnist)
    page = visitor.open(f"evaluate?run={CLASSROOM_RUN}")
    page.wait_for_selector(".st-key-eval-errors .gallery button")
    return page


def place_of(page, true, predicted):
    """Return where on the screen a cell is."""
    return page.evaluate(
        """([true_, predicted]) => {
          const chart = document.querySelector('.st-key-eval-confusion .js-plotly-plot');
          chart.scrollIntoView({ block: 'center' });
          const { xaxis, yaxis } = chart._fullLayout, box = chart.getBoundingClientRect();
          return [box.x + xaxis._offset + xaxis.d2p(predicted), box.y + yaxis._offset + yaxis.d2p(true_)];
        }""",
        [str(true), str(predicted)],
    )


def click_cell(page, true, predicted):
    page.wait_for_selector(".st-key-eval-confusion .js-plotly-plot .scatterlayer")
    page.mouse.click(*place_of(page, true, predicted))


def shown_images(page):
    alts = page.locator(".st-key-eval-errors .gallery img").evaluate_all("all => all.map(each => each.alt)")
    return [int(re.match(r"Test image (\d+):", alt)[1]) for alt in alts]


def caption(page, text, timeout=60_000):
    page.locator(".st-key-eval-errors").get_by_text(re.compile(text)).first.wait_for(timeout=timeout)


def test_a_click_on_a_cell_shows_exactly_its_images(page, run, real_data):
    with np.load(real_data / "mnist.npz") as mnist:
        labels = mnist["y_test"]
    said = run.predictions().predicted
    expected = np.flatnonzero((labels == 9) & (said == 4))
    assert len(expected)
    click_cell(page, 9, 4)
    caption(page, rf"^{len(expected)} images? of 9 wrongly read as 4")
    page.wait_for_function(
        "n => document.querySelectorAll('.st-key-eval-errors .gallery img').length === n", arg=len(expected)
    )
    assert sorted(shown_images(page)) == expected.tolist()

    right = int(((labels == 3) & (said == 3)).sum())
    click_cell(page, 3, 3)
    caption(page, rf"^{right:,} images of 3 read right")
    first_page = shown_images(page)
    page.locator(".st-key-eval-errors").get_by_role("button", name="Page 2", exact=True).click()
    page.wait_for_function(
        "first => !document.querySelector('.st-key-eval-errors .gallery img').alt.startsWith(first)",
        arg=f"Test image {first_page[0]}:",
    )
    second_page = shown_images(page)
    assert len(second_page) == 24
    assert (labels[second_page] == 3).all()
    assert not set(second_page) & set(first_page)


def selected(page):
    """Return the cells that the chart marks."""
    return page.evaluate(
        "document.querySelector('.st-key-eval-confusion .live-chart').data"
        ".flatMap(({ selectedpoints = [], customdata }) => selectedpoints.map(i => customdata[i]))"
    )


def test_of_two_quick_clicks_the_second_counts(page):
    click_cell(page, 9, 4)
    click_cell(page, 3, 3)
    caption(page, "images of 3 read right")
    assert selected(page) == [[3, 3]]
    page.wait_for_timeout(1500)  # a late answer to the first click would come by now
    assert "images of 3 read right" in page.locator(".st-key-eval-errors").inner_text()


def test_a_click_is_heard_while_the_chart_is_drawn_again(page):
    chart = "document.querySelector('.st-key-eval-confusion .live-chart')"
    numbers = page.locator(".st-key-eval-by").get_by_role("radio")
    for turn, cell in enumerate(((9, 4), (3, 3), (4, 9), (9, 4)), 1):
        before = page.evaluate_handle(f"{chart}.newest")
        page.mouse.move(*place_of(page, *cell))
        page.mouse.down()
        numbers.nth(turn % 3).dispatch_event("click")  # as an answer of the server would that comes now
        page.wait_for_function(f"before => {chart}.newest !== before", arg=before)
        page.mouse.up()
        caption(page, f"of {cell[0]} " + ("read right" if cell[0] == cell[1] else f"wrongly read as {cell[1]}"))


def test_a_mouse_that_is_dragged_over_cells_clicks_none(page):
    page.mouse.move(*place_of(page, 9, 4))
    page.mouse.down()
    page.mouse.move(*place_of(page, 3, 3))
    page.mouse.up()
    click_cell(page, 4, 9)
    caption(page, "of 4 wrongly read as 9")
    assert selected(page) == [[4, 9]]


def test_a_click_survives_another_widget_right_after_it(page):
    numbers = page.locator(".st-key-eval-by").get_by_role("radio")
    for turn, (true, predicted) in enumerate(((9, 4), (4, 9), (5, 3), (7, 2), (9, 4), (4, 9)), 1):
        click_cell(page, true, predicted)
        page.wait_for_timeout(50 * turn)  # the server is at another place each time
        numbers.nth(turn % 3).click()
        caption(page, f"of {true} wrongly read as {predicted}")


def test_an_image_opens_with_what_is_behind_its_answer(page, run):
    first = run.metrics.mistakes[0]
    page.locator(".st-key-eval-errors .gallery button").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(f"Test image {first.index}").first.wait_for()
    dialog.get_by_text("What its layers see").click()
    dialog.get_by_text("First convolution").wait_for()
    dialog.get_by_text("The same image after each epoch").click()
    epochs = explain.epoch_networks(run)
    dialog.locator("table tbody tr").nth(len(epochs) - 1).wait_for()
    dialog.get_by_text("Training images that it finds alike").click()
    dialog.get_by_text(re.compile("The nearest of 6,000 training images")).wait_for()
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")


def test_an_image_sent_to_the_canvas_has_the_same_prediction(page, run):
    pair = max(((each.true, each.predicted) for each in run.metrics.mistakes), key=lambda pair: pair[1])
    click_cell(page, *pair)
    caption(page, f"images? of {pair[0]} wrongly read as {pair[1]}")
    first = next(each for each in run.metrics.mistakes if (each.true, each.predicted) == pair)
    page.wait_for_selector(f".st-key-eval-errors .gallery img[alt^='Test image {first.index}:'] >> nth=0")
    page.locator(".st-key-eval-errors .gallery button").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Send to the canvas").click()
    page.locator(".st-key-draw-answer h1").filter(has_text=re.compile(f"^{pair[1]}$")).wait_for()
    assert f"Wrong: it is {pair[0]}." in page.locator(".st-key-draw-answer").inner_text()
    assert f"image={first.index}" in page.url


def test_the_slider_replays_the_network_of_an_epoch(page, run, real_data):
    with np.load(real_data / "mnist.npz") as mnist:
        images, labels = mnist["x_test"][..., None], mnist["y_test"]
    said = Recognizer(explain.epoch_networks(run)[0]).probabilities(images).argmax(axis=1)
    slider = page.locator(".st-key-eval-run input[type=range]")
    slider.focus()
    slider.press("Home")
    page.locator(".st-key-eval-accuracy").get_by_text(f"{(said == labels).mean():.2%}").wait_for()
    caption(page, rf"^{int((said != labels).sum()):,} images read wrong")


def test_the_map_shows_the_image_under_the_mouse(page):
    page.get_by_text("A map", exact=True).click()
    page.wait_for_function("document.querySelector('.st-key-eval-deeper .live-chart')?.pictures")
    x, y = page.evaluate(
        """() => {
          const chart = document.querySelector('.st-key-eval-deeper .live-chart');
          chart.scrollIntoView({ block: 'center' });
          const { xaxis, yaxis } = chart._fullLayout, box = chart.getBoundingClientRect(), [points] = chart.data;
          return [box.x + xaxis._offset + xaxis.d2p(points.x[0]), box.y + yaxis._offset + yaxis.d2p(points.y[0])];
        }"""
    )
    page.mouse.move(x - 2, y - 2)
    page.mouse.move(x, y)
    page.wait_for_selector(".live-chart-picture:not([hidden])")
