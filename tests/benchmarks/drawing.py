"""How soon the Draw page answers: real drawings drawn anew with the mouse, in a real server and Chromium.

    python -m tests.benchmarks.drawing [--drawings 100] [--cold 5]

Prints three things, each measured in one run. *Answer*: from mouse-up to the new answer on the screen, over the last
stroke of each drawing; the canvas itself waits 200 ms before it sends. *Agreement*: in how many drawings the page says
what `python -m model predict` says to the strokes that the canvas sent. *Cold*: from opening /draw on a server that
nobody has visited yet until the canvas takes the first stroke. Chromium runs on the same machine and takes its share.
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

# Watches the answer in the page itself: asking from outside would cost tens of milliseconds each time. The answer is
# there when the picture of what the network sees is that of as many strokes.
_CANVAS = "[...document.querySelectorAll('.st-key-draw-canvas .stElementContainer')].at(-1)"
_WATCH = """n => {
  window.answered = undefined;
  window.addEventListener('mouseup', () => { window.lifted = performance.now(); }, { once: true, capture: true });
  const wanted = `the drawing of ${n} stroke${n == 1 ? '' : 's'} as`;
  const look = () => {
    const seen = document.querySelector('.st-key-draw-seen img');
    if (seen && seen.alt.startsWith(wanted)) window.answered = performance.now() - window.lifted;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


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
                _answers(browser, chosen.drawings)
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
    told = ", ".join(f"{each:.2f}" for each in seconds)
    print(f"cold: canvas usable after {statistics.median(seconds):.2f} s at the median ({told}); {_load()}", flush=True)


def _answers(browser, n: int) -> None:
    everything = corpus.load(corpus.DIGITS)
    chosen = [everything[i] for i in np.linspace(0, len(everything) - 1, n).astype(int)]
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home), REAL_DATA).wait_until_ready()
        try:
            visitor = Visitor(browser, server.url)
            visitor.open_draw()
            measured = [_one(visitor, each.strokes) for each in chosen]
        finally:
            server.stop()
        lines = "".join(json.dumps({"strokes": [s.tolist() for s in each.strokes]}) + "\n" for each in chosen)
        (Path(home) / "drawn.jsonl").write_text(lines)
        arguments = [sys.executable, "-m", "model", "predict", f"{home}/drawn.jsonl", "--json"]
        predicted = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    said = [each["text"] if each["accepted"] else "?" for each in map(json.loads, predicted)]
    times = sorted(ms for ms, _ in measured)
    same = sum(answer == expected for (_, answer), expected in zip(measured, said, strict=True))
    middle, late = statistics.median(times), times[int(0.95 * len(times)) - 1]
    print(
        f"answer: {middle:.0f} ms at the median, {late:.0f} ms at the 95th percentile, {times[-1]:.0f} ms at most, "
        f"of {n} drawings; {_load()}"
    )
    print(f"agreement: {same} of {n} as `predict` says")


def _one(visitor: Visitor, strokes) -> tuple[float, str]:
    page = visitor.page
    for number, stroke in enumerate(strokes, 1):
        if number == len(strokes):
            page.evaluate(_WATCH, number)
        visitor.draw([stroke])
    page.wait_for_function("window.answered !== undefined")
    answered, answer = page.evaluate("window.answered"), visitor.prediction()
    page.evaluate(f"{_CANVAS}.dataset.old = 'yes'")
    page.locator(".st-key-draw-clear button").click()
    page.locator(".st-key-draw-answer h1").filter(has_text="Draw a digit").wait_for()
    page.wait_for_selector(".st-key-draw-seen [alt='an empty image']")
    page.wait_for_function(f"{_CANVAS} && !{_CANVAS}.dataset.old")
    return answered, answer


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
