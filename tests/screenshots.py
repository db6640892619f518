"""Take the README's pictures: real pages of a real server in a real Chromium.

    python -m tests.screenshots [draw] [train] [evaluate] [host] [demo]

Without names, all of them are renewed; they are written to docs/images/. Training needs real MNIST, from DIGIT_LAB_DATA
or the folder that the tests use. Finds its way by the pages' keys, so that it doesn't depend on their words. Nothing is
retouched: pictures are only cropped, scaled and compressed. In the demo, the time that screenshots take while the mouse
draws is left out, and the training is sped up to last a few seconds.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from model.config import TrainingConfig, settings_text
from model.runs.store import CLASSROOM_RUN, RunStore
from model.training.recipes import RECIPES
from tests.browser.conftest import FLAGS, NAMES, Server, Visitor
from tests.support import PROJECT, REAL_DATA

IMAGES = PROJECT / "docs" / "images"
WIDTH, MAX_BYTES = 1280, 200_000  # of a screenshot
DEMO_WIDTH, DEMO_MAX_BYTES = 800, 2_000_000
DEMO_WINDOW = {"width": WIDTH, "height": 680}
DEMO_CROP = {"x": 64, "y": 0, "width": 1152, "height": 668}
TRAINING_MS = 6000

# Drawings in canvas pixels, 280 x 280: corners that `smooth` rounds.
FOUR = [[(118, 44), (100, 92), (78, 148), (120, 150), (196, 146)], [(158, 92), (154, 150), (150, 232)]]
STAR = [[(140, 50), (172, 226), (58, 112), (222, 112), (96, 224), (140, 50)]]
SMALL_FOUR = [[(0.45 * x + 150, 0.45 * y + 140) for x, y in points] for points in FOUR]

# The page is at rest: the server is idle, nothing waits for a prediction, and no element is an old one.
_AT_REST = """() => !document.querySelector(
  '[data-testid="stStatusWidget"], [data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]'
) && !document.body.classList.contains('awaits-answer')"""
# The validation curve is the one whose points are marked.
_N_VALIDATED = """(document.querySelector('.st-key-train-accuracy .live-chart')?.data ?? [])
  .find(line => line.mode?.includes('markers'))?.x?.length ?? 0"""
_FINISHED = ".st-key-train-buttons [data-testid='stPageLink']"  # to Evaluate and Draw


def main() -> None:
    """Take the pictures whose names are given."""
    pictures = {"draw": _draw, "train": _train, "evaluate": _evaluate, "host": _host, "demo": _demo}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(pictures))
    names = parser.parse_args().names or list(pictures)
    if unknown := set(names) - set(pictures):
        parser.error(f"{', '.join(unknown)} must be one of {', '.join(pictures)}")
    data = Path(os.environ.get("DIGIT_LAB_DATA") or REAL_DATA).resolve()
    if not (data / "mnist.npz").exists():
        sys.exit(f"There is no mnist.npz in {data}. Set DIGIT_LAB_DATA to a folder that contains it.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home), data)
        found = next(filter(None, map(shutil.which, NAMES)), None)  # else Playwright's own
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            server.wait_until_ready()
            for name in names:
                pictures[name](server, browser)
        finally:
            browser.close()
            server.stop()


def _draw(server: Server, browser: Browser) -> None:
    """A small digit far from the centre, what a network would see without centring, and how the prediction formed."""
    visitor = _visitor(server, browser, height=1400)
    page = visitor.open_draw()
    visitor.draw(smooth(SMALL_FOUR))
    page.wait_for_selector(".st-key-draw-seen img")
    _rest(page)
    page.locator(".st-key-draw-squeezed label").first.click()
    _rest(page)
    page.locator(".st-key-draw-part button").nth(1).click()
    _rest(page)
    _save(page, "draw", bottom=page.locator(".st-key-footer").bounding_box()["y"])
    visitor.context.close()


def _train(server: Server, browser: Browser) -> None:
    """The classroom's training in its fourth epoch."""
    visitor = _visitor(server, browser, height=1200)
    page = _start(visitor, RECIPES["classroom"].config)
    page.wait_for_function(f"({_N_VALIDATED}) >= 3", timeout=600_000)
    page.wait_for_timeout(4000)  # until the predictions after the third epoch are shown, too
    images = page.locator(".st-key-train-glimpse .gallery").first.bounding_box()
    _save(page, "train", bottom=images["y"] + images["height"] + 12)
    page.locator(".st-key-train-stop button").click()
    page.wait_for_selector(_FINISHED)
    visitor.context.close()


def _evaluate(server: Server, browser: Browser) -> None:
    """The classroom network: its figures, its confusion matrix and its most confident mistakes."""
    visitor = _visitor(server, browser, height=1500)
    page = visitor.open(f"evaluate?run={CLASSROOM_RUN}")
    page.wait_for_selector(".st-key-eval-confusion .js-plotly-plot")
    page.wait_for_selector(".st-key-eval-errors .gallery button img")
    _rest(page)
    images = page.locator(".st-key-eval-errors .gallery button").first.bounding_box()
    _save(page, "evaluate", bottom=images["y"] + images["height"] + 12)
    visitor.context.close()


def _host(server: Server, browser: Browser) -> None:
    """A teacher's view of a training, another one in the queue and some saved runs, on a server with a key."""
    home = server.home / "with-key"
    store = RunStore(home / "runs")
    for seed in range(12):
        run = store.create(TrainingConfig(seed=seed))
        shutil.copytree(store.open(CLASSROOM_RUN).path, run.path, dirs_exist_ok=True)
    os.environ |= {"DIGIT_LAB_TEACHER_KEY": "key", "DIGIT_LAB_MAX_RUNS": "40"}
    with_key = Server(home, Path(server.environment["DIGIT_LAB_DATA"]))
    for name in ("DIGIT_LAB_TEACHER_KEY", "DIGIT_LAB_MAX_RUNS"):
        del os.environ[name]
    try:
        visitor = _visitor(with_key.wait_until_ready(), browser, height=1000)
        page = visitor.open("host")
        page.locator(".st-key-train-teacher-key input").fill("key")
        page.keyboard.press("Enter")
        page.wait_for_selector(".st-key-host-memory")
        visitor.go("Train")
        for epochs in ("5", "4"):
            page.locator(".st-key-train-epochs input").fill(epochs)
            page.keyboard.press("Enter")
            _rest(page)
            page.locator(".st-key-train-start button").click()
            page.wait_for_selector(".st-key-train-stop button")
            page.wait_for_timeout(4000)  # the same click within three seconds would count as a double click
        page.locator(".st-key-footer a[href$='host']").click()
        page.wait_for_selector(".st-key-host-memory")
        page.wait_for_timeout(15_000)  # until the training has a progress bar worth looking at
        _save(page, "host", bottom=page.locator(".st-key-footer").bounding_box()["y"])
        visitor.context.close()
    finally:
        with_key.stop()


def _demo(server: Server, browser: Browser) -> None:
    """A digit and a star are drawn and read; then a network is trained in seconds."""
    film = Film()
    visitor = _visitor(server, browser, **DEMO_WINDOW)
    page = visitor.open_draw()
    _rest(page)
    film.take(page, 400)
    _record_drawing(visitor, film, FOUR)
    film.hold(600)
    _clear(page)
    film.take(page, 300)
    _record_drawing(visitor, film, STAR)
    film.hold(700)
    _record_training(visitor, film, RECIPES["five-seconds"].config)
    film.hold(1400)
    film.save(IMAGES / "demo.webp")
    visitor.context.close()


def _record_drawing(visitor: Visitor, film: "Film", strokes: list[list[tuple[float, float]]]) -> None:
    """Draw with the mouse, a picture every few points, and one of each prediction."""
    page = visitor.page
    for points in smooth(strokes):
        canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas").last
        visitor._wait_for_pen(canvas)
        box = canvas.bounding_box()
        before = _seen(page)
        for number, (x, y) in enumerate(points):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if number == 0:
                page.mouse.down()
            elif number % 6 == 0:
                film.take(page, 60)
        page.mouse.up()
        film.take(page, 100)
        page.wait_for_function("before => document.querySelector('.st-key-draw-seen img').src !== before", arg=before)
        _rest(page)
        film.take(page, 700)


def _clear(page: Page) -> None:
    drawn = _seen(page)
    page.locator(".st-key-draw-clear button").click()
    page.wait_for_function("drawn => document.querySelector('.st-key-draw-seen img').src !== drawn", arg=drawn)
    _rest(page)


def _seen(page: Page) -> str:
    return page.locator(".st-key-draw-seen img").first.get_attribute("src") or ""


def _record_training(visitor: Visitor, film: "Film", config: TrainingConfig) -> None:
    """Start a training and film it until it has finished."""
    page = _start(visitor, config)
    training = Film()
    while not page.locator(_FINISHED).count():
        begin = time.perf_counter()
        training.take(page, 0)
        page.wait_for_timeout(250)  # the curves move less often than that
        training.hold(1000 * (time.perf_counter() - begin))
    film.add(training, TRAINING_MS)
    _rest(page)
    film.take(page, 0)


def _start(visitor: Visitor, config: TrainingConfig) -> Page:
    """Open the Train page with these settings, start, and wait for the first point."""
    page = visitor.open(f"train?settings={settings_text(config)}")
    page.wait_for_timeout(8000)  # until the worker that waits has imported TensorFlow
    _rest(page)
    page.locator(".st-key-train-start button").click()
    page.mouse.move(0, 0)
    visitor.wait_for_points("train-loss")
    return page


def _visitor(server: Server, browser: Browser, height: int, width: int = WIDTH) -> Visitor:
    return Visitor(browser, server.url, viewport={"width": width, "height": height}, color_scheme="light")


def _rest(page: Page) -> None:
    """Wait until nothing on the page is about to change, and for the browser to have painted it."""
    page.wait_for_timeout(300)
    page.wait_for_function(_AT_REST)
    page.wait_for_timeout(300)


def _save(page: Page, name: str, bottom: float) -> None:
    """Write the window down to `bottom` as a PNG of 256 colours, smaller where the file would be too large."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(200)
    crop = {"x": 0, "y": 0, "width": WIDTH, "height": round(bottom)}
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled", clip=crop))).convert("RGB")
    for share in (1, 0.9, 0.8, 0.7, 0.6):
        side = (round(image.width * share), round(image.height * share))
        scaled = image if share == 1 else image.resize(side, Image.Resampling.LANCZOS)
        file = io.BytesIO()
        scaled.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() < MAX_BYTES:
            break
    (IMAGES / f"{name}.png").write_bytes(file.getvalue())
    print(f"{name}.png: {scaled.width} x {scaled.height}, {file.tell() / 1000:.0f} kB", flush=True)


def smooth(strokes: list[list[tuple[float, float]]], step: float = 6.0) -> list[list[tuple[float, float]]]:
    """Return the strokes as curves through their points (Catmull-Rom), a point every few pixels."""
    return [_curve(np.array(points, float), step) for points in strokes]


def _curve(points: np.ndarray, step: float) -> list[tuple[float, float]]:
    padded = np.concatenate([points[:1], points, points[-1:]])
    curve = [points[:1]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        n = max(2, int(np.hypot(*(c - b)) / step))
        t = np.linspace(0, 1, n + 1)[1:, np.newaxis]
        curve.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return [(float(x), float(y)) for x, y in np.concatenate(curve)]


@dataclass
class _Frame:
    image: Image.Image
    ms: float


class Film:
    """Screenshots with their durations, saved as an animated WebP."""

    def __init__(self) -> None:
        """Start without a frame."""
        self._frames: list[_Frame] = []

    def take(self, page: Page, ms: float) -> None:
        """Add a picture of the page that is shown for `ms` milliseconds."""
        image = Image.open(io.BytesIO(page.screenshot(clip=DEMO_CROP))).convert("RGB")
        side = (DEMO_WIDTH, round(DEMO_WIDTH * image.height / image.width))
        self._frames.append(_Frame(image.resize(side, Image.Resampling.LANCZOS), ms))

    def hold(self, ms: float) -> None:
        """Show the last picture for longer."""
        self._frames[-1].ms += ms

    def add(self, other: "Film", ms: float) -> None:
        """Add another film, sped up or slowed down to last `ms` milliseconds."""
        factor = ms / sum(frame.ms for frame in other._frames)
        self._frames += [_Frame(frame.image, frame.ms * factor) for frame in other._frames]

    def save(self, path: Path) -> None:
        """Write the animation with the best quality that fits."""
        frames = [frame for frame in self._frames if frame.ms > 0]
        durations = [round(frame.ms) for frame in frames]
        for quality in (85, 75, 65, 50, 35):
            first, *others = (frame.image for frame in frames)
            first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=quality, method=4)
            if path.stat().st_size < DEMO_MAX_BYTES:
                break
        size = path.stat().st_size / 1000
        print(f"{path.name}: {len(frames)} frames, {sum(durations) / 1000:.1f} s, {size:.0f} kB, quality {quality}")


if __name__ == "__main__":
    main()
