"""The Tune page in a real browser: hover and click, and a search that a visitor starts and stops."""

import pytest

from model.runs.store import RunStore
from model.tuning.record import SearchStore
from tests.support import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CURVES = "document.querySelector('.st-key-tune-curves .live-chart')"
# The place on the screen of a chart's first point.
FIRST_POINT = f"""() => {{
  const node = {CURVES}; node.scrollIntoView({{block: "center"}});
  const box = node.getBoundingClientRect(), trace = node.data[0], {{xaxis, yaxis}} = node._fullLayout;
  return [box.x + xaxis._offset + xaxis.d2p(trace.x[0]), box.y + yaxis._offset + yaxis.d2p(trace.y[0])];
}}"""


def test_the_example_is_drawn_and_a_search_can_be_stopped(server, visit):
    visitor = visit(server)
    page = visitor.open("tune")
    page.wait_for_function(f"() => {CURVES}?.data?.length === 8")
    page.mouse.move(*page.evaluate(FIRST_POINT))
    page.wait_for_selector(".st-key-tune-curves .hoverlayer .hovertext")
    page.mouse.click(*page.evaluate(FIRST_POINT))
    page.wait_for_selector("[data-testid=stToast]")
    assert "/tune" in page.url, "the runs of the example aren't included"
    page.locator(".st-key-tune-start button").click()
    page.locator(".st-key-tune-stop button").click()
    store = SearchStore(RunStore(server.home / "runs"))
    wait_for(lambda: [record.ended for record in store.list()[0] if not record.shipped] == ["stopped"], 120)
    visitor.wait_for_text("tune-status", "Stopped")
