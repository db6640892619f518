"""The Evaluate page in a real browser: from a cell of the matrix to its images, and from an image to its details."""

import re

import numpy as np
import pytest

from model.evaluation import explain
from model.inference.litert import Recognizer
from model.runs.store import CLASSROOM_RUN, RunStore
from pages.ui.evaluate.image_browser import describe_cell

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


def position_of(page, true, predicted):
    """Return the centre of a cell on the screen, once the chart is drawn."""
    # Looked up and measured in one go: while the page loads, the chart may be mounted again.
    place = page.wait_for_function(
        """([true_, predicted]) => {
          const chart = document.querySelector('.st-key-eval-confusion .js-plotly-plot');
          if (!chart?.querySelector('.scatterlayer')) return null;
          chart.scrollIntoView({ block: 'center' });
          const { xaxis, yaxis } = chart._fullLayout, box = chart.getBoundingClientRect();
          return [box.x + xaxis._offset + xaxis.d2p(predicted), box.y + yaxis._offset + yaxis.d2p(true_)];
        }""",
        arg=[str(true), str(predicted)],
    )
    return place.json_value()


def click_cell(page, true, predicted):
    page.mouse.click(*position_of(page, true, predicted))


def shown_images(page):
    alts = page.locator(".st-key-eval-errors .gallery img").evaluate_all("all => all.map(each => each.alt)")
    return [int(re.search(r"\d+", alt)[0]) for alt in alts]


def wait_for_caption(page, n, true=None, predicted=None):
    """Wait until the images of a cell are announced."""
    page.locator(".st-key-eval-errors").get_by_text(describe_cell(n, true, predicted)).first.wait_for()


def n_in(run, true, predicted):
    """Return the number of images in a cell."""
    return int(run.metrics.confusion[true, predicted])


def wait_for_cell(page, run, true, predicted):
    wait_for_caption(page, n_in(run, true, predicted), str(true), str(predicted))


def test_a_click_on_a_cell_shows_its_images(page, run, real_data):
    with np.load(real_data / "mnist.npz") as mnist:
        labels = mnist["y_test"]
    predicted = run.predictions().predicted
    expected = np.flatnonzero((labels == 9) & (predicted == 4))
    assert len(expected)
    click_cell(page, 9, 4)
    wait_for_caption(page, len(expected), "9", "4")
    page.wait_for_function(
        "n => document.querySelectorAll('.st-key-eval-errors .gallery img').length === n", arg=len(expected)
    )
    assert sorted(shown_images(page)) == expected.tolist()

    click_cell(page, 3, 3)
    wait_for_caption(page, int(((labels == 3) & (predicted == 3)).sum()), "3", "3")
    first_page = shown_images(page)
    page.locator(".st-key-eval-errors").get_by_role("button", name="Page 2", exact=True).click()
    page.wait_for_function(
        "first => !document.querySelector('.st-key-eval-errors .gallery img').alt.includes(first)",
        arg=f" {first_page[0]}:",
    )
    second_page = shown_images(page)
    assert len(second_page) == 24
    assert (labels[second_page] == 3).all()
    assert not set(second_page) & set(first_page)


def marked(page):
    """Return the edges of the cells that the chart marks: left, right, top and bottom, in classes."""
    return page.evaluate(
        "document.querySelector('.st-key-eval-confusion .live-chart').layout.shapes"
        ".filter(({ name }) => name === 'clicked').map(({ x0, x1, y0, y1 }) => [x0, x1, y0, y1])"
    )


def test_of_two_quick_clicks_the_second_counts(page, run):
    click_cell(page, 9, 4)
    click_cell(page, 3, 3)
    wait_for_cell(page, run, 3, 3)
    assert marked(page) == [pytest.approx([2.5, 3.5, 2.5, 3.5])]
    page.wait_for_timeout(1500)  # enough for a late response to the first click
    assert describe_cell(n_in(run, 3, 3), "3", "3") in page.locator(".st-key-eval-errors").inner_text()


def test_a_click_counts_while_the_chart_is_redrawn(page, run):
    chart = "document.querySelector('.st-key-eval-confusion .live-chart')"
    numbers = page.locator(".st-key-eval-by").get_by_role("radio")
    for turn, cell in enumerate(((9, 4), (3, 3), (4, 9), (9, 4)), 1):
        before = page.evaluate_handle(f"{chart}.newest")
        page.mouse.move(*position_of(page, *cell))
        page.mouse.down()
        numbers.nth(turn % 3).dispatch_event("click")  # redraws the chart, as a response of the server would
        page.wait_for_function(f"before => {chart}.newest !== before", arg=before)
        page.mouse.up()
        wait_for_cell(page, run, *cell)


def test_dragging_the_mouse_over_cells_clicks_none(page, run):
    page.mouse.move(*position_of(page, 9, 4))
    page.mouse.down()
    page.mouse.move(*position_of(page, 3, 3))
    page.mouse.up()
    click_cell(page, 4, 9)
    wait_for_cell(page, run, 4, 9)
    assert marked(page) == [pytest.approx([8.5, 9.5, 3.5, 4.5])]


def test_a_click_survives_another_widget_right_after_it(page, run):
    numbers = page.locator(".st-key-eval-by").get_by_role("radio")
    for turn, (true, predicted) in enumerate(((9, 4), (4, 9), (5, 3), (7, 2), (9, 4), (4, 9)), 1):
        click_cell(page, true, predicted)
        page.wait_for_timeout(50 * turn)  # so that the server is at a different point each time
        numbers.nth(turn % 3).click()
        wait_for_cell(page, run, true, predicted)


def test_an_image_opens_with_its_details(page, run):
    first = run.metrics.mistakes[0]
    page.locator(".st-key-eval-errors .gallery button").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(str(first.index)).first.wait_for()
    dialog.locator(".st-key-closeup-layers summary").click()
    dialog.locator(".st-key-closeup-layers .gallery img").first.wait_for()
    dialog.locator(".st-key-closeup-epochs summary").click()
    epochs = explain.epoch_networks(run)
    dialog.locator("table tbody tr").nth(len(epochs) - 1).wait_for()
    dialog.locator(".st-key-closeup-neighbours summary").click()
    dialog.locator(".st-key-closeup-neighbours .gallery img").nth(7).wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_an_image_has_the_same_prediction_on_the_draw_page(page, run):
    pair = max(((each.true, each.predicted) for each in run.metrics.mistakes), key=lambda pair: pair[1])
    click_cell(page, *pair)
    wait_for_cell(page, run, *pair)
    first = next(each for each in run.metrics.mistakes if (each.true, each.predicted) == pair)
    page.wait_for_selector(f".st-key-eval-errors .gallery button img[alt*=' {first.index}:'] >> nth=0")
    page.locator(".st-key-eval-errors .gallery button").first.click()
    page.get_by_role("dialog").get_by_role("link").click()
    page.locator(".st-key-draw-answer h1").filter(has_text=re.compile(f"^{pair[1]}$")).wait_for()
    assert str(pair[0]) in page.locator(".st-key-draw-answer").inner_text(), "the true class"
    assert f"image={first.index}" in page.url


def test_the_slider_replays_the_network_of_an_epoch(page, run, real_data):
    with np.load(real_data / "mnist.npz") as mnist:
        images, labels = mnist["x_test"][..., None], mnist["y_test"]
    predicted = Recognizer(explain.epoch_networks(run)[0]).probabilities(images).argmax(axis=1)
    slider = page.locator(".st-key-eval-run input[type=range]")
    slider.focus()
    slider.press("Home")
    page.locator(".st-key-eval-accuracy").get_by_text(f"{(predicted == labels).mean():.2%}").wait_for()
    wait_for_caption(page, int((predicted != labels).sum()))


def test_the_embedding_shows_the_image_under_the_mouse(page):
    page.locator(".st-key-eval-part").get_by_role("radio").last.click()
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
