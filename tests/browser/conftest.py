"""A real server and a real Chromium, the system's or Playwright's. Without one, these tests are skipped."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from model.runs.store import RunStore
from tests.support import PROJECT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# If a page is opened by its own link, Streamlit sends these requests below the page's path first, and then above it.
STREAMLIT_PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")
# If a browser leaves while the server is sending to it, Streamlit closes the connection twice.
STREAMLIT_CLOSED = re.compile(
    r"Exception in ASGI application\nTraceback.*\n(?: .*\n)+.*WebSocketDisconnected: WebSocket is not connected\b.*\n"
    r"\nDuring handling of the above exception, another exception occurred:\n\n"
    r'Traceback.*\n(?: .*\n)+.*WebSocketDisconnected: Cannot call "send" once a close message has been sent\.\n'
)


class Server:
    """`streamlit run app.py` on a free port, with its own home."""

    def __init__(self, home: Path, data: Path | None):
        self.home, self.log, self.n_checked = home, home / "server.log", 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.environment = os.environ | {"DIGIT_LAB_HOME": str(home / "runs"), "DIGIT_LAB_CACHE": str(home / "cache")}
        # A dead proxy: the results must not depend on whether MNIST can be downloaded.
        self.environment |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        self.environment |= {"KERAS_HOME": str(home / "keras"), "DIGIT_LAB_DATA": str(data) if data else ""}
        self.start()

    def start(self):
        arguments = ["--server.port", str(self.port), "--server.headless", "true"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *arguments],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"no server after {seconds} s:\n{self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def delete_runs(self):
        """End all trainings and delete what they have written."""
        while (self.home / "runs").exists():
            for worker in psutil.Process(self.process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
            shutil.rmtree(self.home / "runs", ignore_errors=True)  # the next one in the queue may be writing

    def only_run(self):
        """Return the only run that was started on this server."""
        runs, damaged = RunStore(self.home / "runs").list()
        assert damaged == []
        (run,) = (run for run in runs if not run.shipped)
        return run


@contextmanager
def _running(home: Path, data: Path | None):
    """A server of its own, which has just started."""
    server = Server(home, data)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()
    _check_log(server)


def _check_log(server):
    """Check what the server has logged since the last check."""
    content = server.log.read_bytes()
    log, server.n_checked = content[server.n_checked :].decode(), len(content)
    log = STREAMLIT_CLOSED.sub("", log)
    assert "Traceback" not in log, log
    assert "Error:" not in log, log


class SharedServers:
    """Servers that many tests use one after the other: a start and the first page take two seconds of a core."""

    def __init__(self, new_folder):
        self._new_folder, self._servers = new_folder, {}

    @contextmanager
    def lend(self, data: Path | None):
        """A server without any runs of visitors. A test may also restart it, or change its environment."""
        if data not in self._servers:
            self._servers[data] = Server(self._new_folder("server"), data).wait_until_ready()
        server = self._servers[data]
        process, environment = server.process, dict(server.environment)
        try:
            yield server
        finally:
            if (server.process, server.environment) == (process, environment) and process.poll() is None:
                server.delete_runs()
            else:
                self._servers.pop(data).stop()
        _check_log(server)

    def stop(self):
        for server in self._servers.values():
            server.stop()
            _check_log(server)


@pytest.fixture(scope="session")
def shared_servers(tmp_path_factory):
    servers = SharedServers(tmp_path_factory.mktemp)
    yield servers
    servers.stop()


@pytest.fixture
def server(shared_servers):
    """A server without any dataset folder, and without any visitor's runs."""
    with shared_servers.lend(None) as server:
        yield server


@pytest.fixture
def server_with_mnist(shared_servers, real_data):
    with shared_servers.lend(real_data) as server:
        yield server


@pytest.fixture
def cold_server(tmp_path):
    """A server that nobody has visited yet, without any dataset folder."""
    with _running(tmp_path, None) as server:
        yield server


@pytest.fixture
def cold_server_with_mnist(tmp_path, real_data):
    with _running(tmp_path, real_data) as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright's Python package")
    with sync_api.sync_playwright() as playwright:
        bundled = Path(playwright.chromium.executable_path)
        found = next(filter(None, map(shutil.which, NAMES)), None) or (str(bundled) if bundled.exists() else None)
        if not found:
            if os.environ.get("DIGIT_LAB_REQUIRE_BROWSER"):
                pytest.fail("DIGIT_LAB_REQUIRE_BROWSER is set, but Chromium isn't installed")
            pytest.skip("needs Chromium: Debian's package chromium, or `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """One person's browser window, which records the errors in its console."""

    def __init__(self, browser, url, **options):
        self.url, self.errors = url, []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, message):
        source = message.location.get("url", "")
        if message.type == "error" and not STREAMLIT_PROBES.search(source):
            self.errors.append(f"{message.text} {source}")

    def open(self, path=""):
        self.page.goto(f"{self.url}/{path}")
        self.page.wait_for_selector(".st-key-footer")
        return self.page

    def start_a_long_training(self, page=None):
        """Start a training that would take minutes, with the default settings otherwise."""
        page = page or self.open("train")
        page.locator(".st-key-train-epochs input").fill("100")
        page.locator(".st-key-train-epochs input").press("Enter")
        page.locator(".st-key-train-start button").click()
        page.wait_for_selector("[class*='st-key-train-example-']", state="detached")  # its charts have points, too
        return page

    def open_draw(self):
        """Open the Draw page and wait for its last part, the bars: by then the canvas accepts strokes."""
        self.open("draw")
        self.page.wait_for_selector(".st-key-draw-canvas canvas")
        self.page.wait_for_selector(".st-key-draw-bars .js-plotly-plot")
        return self.page

    def go(self, page):
        """Open a page from the menu, as a person does."""
        self.page.locator(f".st-key-menu a[href$='{page.lower()}']").click()
        self.page.wait_for_url(f"**/{page.lower()}*")
        self.page.wait_for_selector(".st-key-footer")

    def text(self, key):
        return self.page.locator(f".st-key-{key}").inner_text()

    def wait_for_text(self, key, wanted, timeout=60_000):
        self.page.locator(f".st-key-{key}").get_by_text(wanted).first.wait_for(timeout=timeout)

    def points(self, key):
        """Return the number of points in the training curve of a live chart."""
        return self.page.evaluate(
            "key => document.querySelector(`.st-key-${key} .live-chart`)?.data?.[0]?.x?.length ?? 0", key
        )

    def wait_for_points(self, key, more_than=0):
        self.page.wait_for_function(
            "([key, n]) => (document.querySelector(`.st-key-${key} .live-chart`)?.data?.[0]?.x?.length ?? 0) > n",
            arg=[key, more_than],
        )

    def draw(self, strokes):
        """Draw strokes, in canvas pixels, with the mouse."""
        canvas = self.page.locator(".st-key-draw-canvas canvas.upper-canvas").last
        canvas.wait_for()
        self._wait_for_pen(canvas)
        box = canvas.bounding_box()
        for stroke in strokes:
            for number, (x, y) in enumerate(stroke):
                self.page.mouse.move(box["x"] + x, box["y"] + y)
                if number == 0:
                    self.page.mouse.down()
            self.page.mouse.up()

    def _wait_for_pen(self, canvas, seconds=20):
        """Move over the canvas until the mouse pointer is a cross: a new canvas can't draw yet."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for place in (20, 30):
                canvas.hover(position={"x": place, "y": place}, force=True)
            if canvas.evaluate("canvas => canvas.style.cursor") == "crosshair":
                return
        raise AssertionError(f"no pen after {seconds} s")

    def prediction(self):
        return self.text("draw-answer").splitlines()[0]


def press_tab_until(page, selector, most=80):
    """Press Tab until the focus is on `selector`, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => Boolean(document.activeElement?.closest(selector))", selector):
            return
    raise AssertionError(f"{selector} can't be reached with Tab")


@pytest.fixture
def visit(chromium):
    """Open windows; at the end of the test, no window may have errors in its console or on its page."""
    visitors = []

    def opener(server, **options):
        visitors.append(Visitor(chromium, server.url, **options))
        return visitors[-1]

    yield opener
    for visitor in visitors:
        in_console, on_page = visitor.errors, visitor.page.locator('[data-testid="stException"]').count()
        visitor.context.close()
        assert in_console == []
        assert on_page == 0
