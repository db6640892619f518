"""Measure how fast the Draw page predicts: real drawings are redrawn with the mouse, on a real server in Chromium.

    python -m tests.benchmarks.drawing [--drawings 100] [--cold 5]

Prints three results, each measured in one run. *Prediction*: the time from mouse-up to the new prediction on screen for
the last stroke of each drawing; the canvas itself waits 200 ms before it sends. *Agreement*: for how many drawings the
page and `python -m model predict` give the same prediction. *Cold*: the time from opening /draw on a server without
earlier visitors until the canvas accepts the first stroke. Chromium runs on the same machine and uses some of its time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from model.drawings import corpus
from tests.browser.conftest import FLAGS, Server, Visitor
from tests.support import REAL_DATA

os.environ["DIGIT_LAB_WARM"] = "0"
os.environ["DIGIT_LAB_DATA"] = str(REAL_DATA)

# The page itself watches for the prediction: polling from outside would take tens of milliseconds each time. It has
# arrived when the alternative text of the image that the network sees mentions the number of strokes.
_CANVAS = "[...document.querySelectorAll('.st-key-draw-canvas .stElementContainer')].at(-1)"
_WATCH = """n => {
  window.predicted = undefined;
  window.addEventListener('mouseup', () => { window.lifted = performance.now(); }, { once: true, capture: true });
  const look = () => {
    const seen = document.querySelector('.st-key-draw-seen img');
    if (seen && Number(seen.alt.match(/\\d+/)?.[0]) === n) window.predicted = performance.now() - window.lifted;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
_IS_CLEAR = "/^\\D+$/.test(document.querySelector('.st-key-draw-seen img')?.alt)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=100)
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=FLAGS)
        try:
            if chosen.cold:
                _cold(browser, chosen.cold)
            if chosen.drawings:
                _predictions(browser, chosen.drawings)
        finally:
            browser.close()


def _cold(browser, n: int) -> None:
    seconds = []
    for _ in range(n):
        with tempfile.TemporaryDirectory() as home:
            server = Server(Path(home), REAL_DATA).wait_until_ready()
            visitor = Visitor(browser, server.url)
            begin = time.perf_counter()
            visitor.page.goto(f"{server.url}/draw")
            canvas = visitor.page.locator(".st-key-draw-canvas canvas.upper-canvas")
            canvas.wait_for()
            visitor._wait_for_the_pen(canvas)
            seconds.append(time.perf_counter() - begin)
            visitor.context.close()
            server.stop()
    times = ", ".join(f"{each:.2f}" for each in seconds)
    print(f"cold: canvas usable after a median of {statistics.median(seconds):.2f} s ({times}); {_load()}", flush=True)


def _predictions(browser, n: int) -> None:
    all_digits = corpus.load(corpus.DIGITS)
    chosen = [all_digits[i] for i in np.linspace(0, len(all_digits) - 1, n).astype(int)]
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home), REAL_DATA).wait_until_ready()
        try:
            visitor = Visitor(browser, server.url)
            visitor.open_draw()
            measured = [_draw(visitor, each.strokes) for each in chosen]
        finally:
            server.stop()
        lines = "".join(json.dumps({"strokes": [s.tolist() for s in each.strokes]}) + "\n" for each in chosen)
        (Path(home) / "drawn.jsonl").write_text(lines)
        arguments = [sys.executable, "-m", "model", "predict", f"{home}/drawn.jsonl", "--json"]
        lines = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = [each["text"] if each["accepted"] else "?" for each in map(json.loads, lines)]
    times = sorted(ms for ms, _ in measured)
    same = sum(shown == text for (_, shown), text in zip(measured, expected, strict=True))
    median, late = statistics.median(times), times[int(0.95 * len(times)) - 1]
    print(
        f"prediction: median {median:.0f} ms, 95th percentile {late:.0f} ms, maximum {times[-1]:.0f} ms, "
        f"of {n} drawings; {_load()}"
    )
    print(f"agreement: {same} of {n} predictions as in `python -m model predict`")


def _draw(visitor: Visitor, strokes) -> tuple[float, str]:
    """Draw strokes and clear the canvas again; return the milliseconds and the prediction."""
    page = visitor.page
    for number, stroke in enumerate(strokes, 1):
        if number == len(strokes):
            page.evaluate(_WATCH, number)
        visitor.draw([stroke])
    page.wait_for_function("window.predicted !== undefined")
    milliseconds, prediction = page.evaluate("window.predicted"), visitor.prediction()
    page.evaluate(f"{_CANVAS}.dataset.old = 'yes'")
    page.locator(".st-key-draw-clear button").click()
    page.wait_for_function(_IS_CLEAR)
    page.wait_for_function(f"{_CANVAS} && !{_CANVAS}.dataset.old")
    return milliseconds, prediction


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
