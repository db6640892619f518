"""Measure how much an open page slows a training, and how soon its first point appears: real server, worker, Chromium.

    python -m tests.benchmarks.watching [--pairs 6] [--seconds 20] [--starts 5] [--memory-minutes 10]

Prints three results, each measured in one run. *Watched*: one training is alternately watched in one tab and not
watched; the ratios of batches per second in neighbouring periods, and their median. *First point*: the time from the
click on Start to the first point of the loss curve, with a warm worker. *Memory*: how much the server's resident memory
grows while one tab is open. Chromium runs on the same machine and uses its cores; on another one it would cost less.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from model.runs.run import FinishedRun
from model.runs.store import RunStore
from tests.browser.conftest import FLAGS, Server
from tests.support import REAL_DATA

os.environ.pop("DIGIT_LAB_WARM", None)
os.environ["DIGIT_LAB_MAX_MINUTES"] = "120"
_POINT = "(document.querySelector('.st-key-train-loss .live-chart')?.data?.[0]?.x?.length ?? 0) > 0"
_SETTLE_S = 3.0  # pause after a tab is opened or closed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--memory-minutes", type=float, default=10)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home), REAL_DATA)
        server.wait_until_ready()
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=FLAGS)
        try:
            if chosen.starts:
                _first_points(server, browser, chosen.starts)
            run = _start(server, browser, epochs=100)
            if chosen.pairs:
                _watched(server, browser, run, chosen.pairs, chosen.seconds)
            _memory(server, browser, run, chosen.memory_minutes)
        finally:
            browser.close()
            server.stop()


def _open(server, browser, run_id=None):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{server.url}/train" + (f"?run={run_id}" if run_id else ""))
    page.wait_for_selector(".st-key-footer")
    return page


def _start(server, browser, epochs):
    page = _open(server, browser)
    page.locator(".st-key-train-epochs input").fill(str(epochs))
    page.locator(".st-key-train-epochs input").press("Enter")
    page.locator(".st-key-train-start button").click()
    page.wait_for_function(_POINT)
    page.close()
    return next(run for run in RunStore(server.home / "runs").list()[0] if not isinstance(run, FinishedRun))


def _batches(run) -> int:
    return len(run.history().step)


def _rate(run, seconds: float) -> float:
    """Return the batches per second, measured for `seconds` seconds."""
    before, begin = _batches(run), time.perf_counter()
    time.sleep(seconds)
    return (_batches(run) - before) / (time.perf_counter() - begin)


def _watched(server, browser, run, pairs: int, seconds: float) -> None:
    alone, watched = [], []
    for _ in range(pairs):
        time.sleep(_SETTLE_S)
        alone.append(_rate(run, seconds))
        page = _open(server, browser, run.id)
        page.wait_for_function(_POINT)
        time.sleep(_SETTLE_S)
        watched.append(_rate(run, seconds))
        page.close()
    ratios = [one / other for one, other in zip(watched, alone, strict=True)]
    print(
        f"watched: {statistics.median(watched):.1f} batches per second, otherwise {statistics.median(alone):.1f}; "
        f"median of {pairs} ratios {statistics.median(ratios):.3f} "
        f"({', '.join(f'{ratio:.2f}' for ratio in sorted(ratios))})",
        flush=True,
    )


def _first_points(server, browser, starts: int) -> None:
    times = []
    for _ in range(starts):
        page = _open(server, browser)
        worker = _warm_worker(server)
        begin = time.perf_counter()
        page.locator(".st-key-train-start button").click()
        page.wait_for_function(_POINT)
        times.append(time.perf_counter() - begin)
        page.locator(".st-key-train-stop button").click()
        worker.wait(60)
        page.close()
    shown = ", ".join(f"{each:.2f}" for each in sorted(times))
    print(f"first point: median {statistics.median(times):.2f} s of {starts} starts ({shown})", flush=True)


def _warm_worker(server, seconds: float = 60.0) -> psutil.Process:
    """Return the waiting worker: it has imported its libraries, so it is idle."""
    deadline = time.monotonic() + seconds
    time.sleep(3)
    while time.monotonic() < deadline:
        for worker in psutil.Process(server.process.pid).children():
            if worker.cpu_percent(1.0) < 5:
                return worker
        time.sleep(0.5)
    raise SystemExit(f"no idle worker in {seconds:g} s")


def _memory(server, browser, run, minutes: float) -> None:
    process = psutil.Process(server.process.pid)
    page = _open(server, browser, run.id)
    page.wait_for_function(_POINT)
    time.sleep(30)  # until everything that is loaded once has been loaded
    before = process.memory_info().rss
    time.sleep(60 * minutes)
    growth = (process.memory_info().rss - before) / 1e6
    page.close()
    print(f"memory: {before / 1e6:.0f} MB, {growth:+.1f} MB after {minutes:g} minutes of watching", flush=True)


if __name__ == "__main__":
    main()
