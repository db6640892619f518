"""A class at its tables: visitors who draw and visitors who watch one training, through Streamlit's real protocol.

    python -m tests.benchmarks.load [draw=1,30,60] [train+draw=30] [watch=20,30,60,120] [--seconds 60]

Starts the server as README says, opens a websocket for each visitor, and prints one table row per load:

* *draw=30*: 30 visitors, each with a new stroke every two seconds. The time runs from sending a stroke until its
  prediction arrives. Each prediction is checked: it has to come with the image of this very drawing, and has to be
  what the same network predicts in this process. A stroke is *overtaken* if the next one is sent before its prediction
  arrives.
* *train+draw=30*: the same beside a training of the classroom network.
* *watch=30*: 30 tabs that watch one training. The time runs between two updates of a tab's chart. The last line
  compares the training's batches per second with those of the same training unwatched.

*train+draw+watch=30* combines them. All visitors live in one process on the same machine and use part of its cores; a
real class wouldn't.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import httpx
import psutil
import streamlit
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from model.drawings import corpus
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.ink.render import parse_strokes
from model.runs.run import FinishedRun
from model.runs.store import DEFAULT_RUN, RunStore
from pages.ui.components.fabric_strokes import strokes_from_fabric
from pages.ui.components.image_grid import data_uri
from tests.benchmarks.protocol import OPEN_S, Client
from tests.browser.conftest import Server
from tests.support import REAL_DATA

STROKE_S = 2.0  # between two strokes of a visitor
ALONE_S = 20.0  # over which the pace of an unwatched training is measured
ARRIVE_S = 10.0  # over which a class opens its pages
CANVAS, CHART = "streamlit_drawable_canvas", "live_chart"


@dataclass(frozen=True)
class Drawn:
    """A drawing as the canvas sends it, and what has to come back: the network's image and its prediction."""

    canvas: dict
    image: bytes
    text: str


@dataclass
class Drawer:
    """A visitor who draws: one stroke after the other, each on top of those before it."""

    drawings: Sequence[Drawn]
    seconds: list[float] = field(default_factory=list)  # of each stroke that was answered
    overtaken: int = 0
    wrong: int = 0
    opened_s: float = float("nan")
    _canvas: str = ""
    _fragment: str = ""
    _headline: tuple[float, str] = (0.0, "")
    _awaited: Drawn | None = None
    _sent: float = 0.0

    async def live(self, port: int, seconds: float, wait: float) -> None:
        """Open the Draw page after `wait` seconds, then draw for `seconds`."""
        await asyncio.sleep(wait)
        async with Client(port, "draw", on_message=self.hear) as client:
            self.opened_s = client.opened_s
            await asyncio.sleep(ARRIVE_S - wait + random.uniform(0, STROKE_S))
            end = time.perf_counter() + seconds
            for drawing in itertools.cycle(self.drawings):
                if time.perf_counter() > end:
                    break
                next_stroke = time.perf_counter() + STROKE_S
                await self._draw(client, drawing)
                await asyncio.sleep(max(next_stroke - time.perf_counter(), 0))
                self.overtaken += self._awaited is not None

    async def _draw(self, client: Client, drawing: Drawn) -> None:
        value = json.dumps({"drawing": {"raw": drawing.canvas, "data": None}})
        client.widgets[self._canvas] = WidgetState(id=self._canvas, json_value=value)
        self._awaited, self._sent = drawing, time.perf_counter()
        await client.rerun(self._fragment)

    def hear(self, message: ForwardMsg) -> None:
        """Note where the canvas is, and the prediction for the newest stroke."""
        if message.WhichOneof("type") != "delta":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "bidi_component" and CANVAS in element.bidi_component.component_name:
            self._canvas, self._fragment = element.bidi_component.id, message.delta.fragment_id
        elif kind == "markdown" and element.markdown.body.startswith("# "):
            self._headline = time.perf_counter(), element.markdown.body[2:].replace("\\", "")
        elif kind == "html" and self._awaited and b"data:image/png" in element.html.body.encode():
            self._see(element.html.body.encode())

    def _see(self, body: bytes) -> None:
        """Match the last headline to its drawing, which the image identifies."""
        if self._awaited and self._awaited.image in body:
            when, text = self._headline
            self.seconds.append(when - self._sent)
            self.wrong += text != self._awaited.text
            self._awaited = None
        elif not any(drawing.image in body for drawing in self.drawings):
            self.wrong += b'width="168"' in body  # neither this drawing nor an earlier one of this visitor


@dataclass
class Watcher:
    """A tab that follows a training."""

    run_id: str
    gaps: list[float] = field(default_factory=list)  # seconds between two updates of the chart of the loss
    opened_s: float = float("nan")
    _last: float = 0.0
    _seen: str = ""
    _follows: dict | None = None

    async def live(self, port: int, seconds: float, wait: float) -> None:
        """Open the Train page after `wait` seconds, then watch for `seconds`."""
        await asyncio.sleep(wait)
        async with Client(port, "train", f"run={self.run_id}", on_message=self.hear) as client:
            self.opened_s = client.opened_s
            await asyncio.sleep(ARRIVE_S - wait)
            self.gaps, self._last = [], time.perf_counter()  # what happened while others were arriving doesn't count
            polling = asyncio.create_task(self._poll(port)) if self._follows else None
            await asyncio.sleep(seconds)
            if polling:
                assert not polling.done(), polling.exception()
                polling.cancel()
            self.gaps.append(time.perf_counter() - self._last)  # the one that is still awaited

    def hear(self, message: ForwardMsg) -> None:
        """Note when the chart of the loss has changed."""
        if message.WhichOneof("type") != "delta":
            return
        element = message.delta.new_element
        if element.WhichOneof("type") != "bidi_component" or CHART not in element.bidi_component.component_name:
            return
        data = json.loads(element.bidi_component.json or element.bidi_component.mixed.json)
        if "loss" in element.bidi_component.id:
            self._follows = data.get("follow")
            self._note(json.dumps(data["figure"]))

    def _note(self, figure: str) -> None:
        if figure != self._seen:
            now = time.perf_counter()
            if self._last:
                self.gaps.append(now - self._last)
            self._last, self._seen = now, figure

    async def _poll(self, port: int) -> None:
        """Fetch the feed that the chart of the loss follows, at its interval."""
        assert self._follows
        url = urljoin(f"http://127.0.0.1:{port}/", self._follows["url"])
        async with httpx.AsyncClient(timeout=OPEN_S) as browser:
            while True:
                answer = await browser.get(url)
                feed = json.loads(gzip.decompress(answer.raise_for_status().content))
                self._note(json.dumps(feed["parts"][self._follows["part"]]["figure"]))
                await asyncio.sleep(feed["seconds"])


def _drawings(n: int, store: RunStore) -> list[list[Drawn]]:
    """Return `n` visitors' drawings by test writers, each drawing stroke by stroke."""
    run = store.open(DEFAULT_RUN)
    assert isinstance(run, FinishedRun)
    reader = DigitReader(Classifier(run))
    found = corpus.load(corpus.DIGITS, corpus.TEST)
    random.Random(0).shuffle(found)
    return [[drawn for d in found[i::n][:12] for drawn in _stroke_by_stroke(d.strokes, reader)] for i in range(n)]


def _stroke_by_stroke(strokes, reader: DigitReader):
    paths = [_fabric(stroke.tolist()) for stroke in strokes]
    for n in range(1, len(paths) + 1):
        canvas = {"version": "5", "objects": paths[:n]}
        (digit,) = reader.read_strokes(parse_strokes(strokes_from_fabric(canvas))).digits
        yield Drawn(canvas, data_uri(digit.image).encode(), digit.prediction.text)


def _fabric(points: list[list[float]]) -> dict:
    """Return the path that Fabric.js makes of a stroke that was drawn freely."""
    (first, *others), xs, ys = points, [x for x, _ in points], [y for _, y in points]
    path = [["M", *first], *(["L", *point] for point in others or [first])]
    return {"type": "path", "path": path, "left": (min(xs) + max(xs)) / 2, "top": (min(ys) + max(ys)) / 2}


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else float("nan")


def _milliseconds(values: Sequence[float]) -> str:
    shown = (statistics.median(values or [float("nan")]), _quantile(values, 0.95), max(values, default=float("nan")))
    return " | ".join(f"{1000 * value:,.0f} ms" for value in shown)


async def _together(visitors: Sequence[Drawer | Watcher], port: int, seconds: float) -> list[BaseException]:
    waits = [ARRIVE_S * number / len(visitors) for number in range(len(visitors))]
    lives = (visitor.live(port, seconds, wait) for visitor, wait in zip(visitors, waits, strict=True))
    return [lost for lost in await asyncio.gather(*lives, return_exceptions=True) if isinstance(lost, BaseException)]


class Load:
    """Measures loads on one server and prints a row for each."""

    def __init__(self, server: Server, seconds: float):
        """Measure each load for `seconds`."""
        self.server, self.seconds = server, seconds
        self.store = RunStore(server.home / "runs")
        self.process, self.visitors = psutil.Process(server.process.pid), psutil.Process()

    def row(self, name: str, visitors: Sequence[Drawer | Watcher]) -> None:
        """Let visitors come, measure, and print what was seen."""
        before = self._megabytes()
        for process in (self.process, self.visitors):
            process.cpu_percent()  # it measures from here on
        lost = asyncio.run(_together(visitors, self.server.port, self.seconds))
        cpu, own = self.process.cpu_percent(), self.visitors.cpu_percent()
        drawers = [visitor for visitor in visitors if isinstance(visitor, Drawer)]
        watchers = [visitor for visitor in visitors if isinstance(visitor, Watcher)]
        opened = max((visitor.opened_s for visitor in visitors if visitor.opened_s == visitor.opened_s), default=0)
        memory = f"{before:.0f} to {self._megabytes():.0f} MB"
        common = f"{opened:.1f} s | {cpu:.0f}% | {own:.0f}% | {memory} | {len(lost)}"
        for error in lost[:3]:
            print(f"lost: {error!r}", file=sys.stderr)
        if drawers:
            seconds = [second for drawer in drawers for second in drawer.seconds]
            late, wrong = sum(drawer.overtaken for drawer in drawers), sum(drawer.wrong for drawer in drawers)
            print(f"| {name}: strokes | {len(seconds)} | {_milliseconds(seconds)} | {late} | {wrong} | {common} |")
        if watchers:
            gaps = [gap for watcher in watchers for gap in watcher.gaps]
            print(f"| {name}: updates | {len(gaps)} | {_milliseconds(gaps)} | | | {common} |")
        sys.stdout.flush()

    def _megabytes(self) -> float:
        return self.process.memory_info().rss / 1e6

    def start_training(self) -> str:
        """Start the exercise with 100 epochs through the Train page, and return the run's id once batches come."""
        return asyncio.run(_start_training(self.server, self.store))

    def batches_per_second(self, run_id: str, during: Callable[[], None]) -> float:
        """Return the pace of a training while something else happens."""
        run = self.store.open(run_id)
        before, begin = len(run.history().step), time.perf_counter()
        during()
        return (len(run.history().step) - before) / (time.perf_counter() - begin)


async def _start_training(server: Server, store: RunStore) -> str:
    found: dict[str, str] = {}

    def hear(message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        widget = getattr(element, kind, None) if kind else None
        for key in ("train-epochs", "train-start"):
            if getattr(widget, "id", "").endswith(key):
                found[key] = widget.id

    async with Client(server.port, "train", on_message=hear) as client:
        client.widgets["epochs"] = WidgetState(id=found["train-epochs"], double_value=100)
        client.widgets["start"] = WidgetState(id=found["train-start"], trigger_value=True)
        await client.rerun()
        for _ in range(600):
            await asyncio.sleep(0.2)
            started = [run for run in store.list()[0] if not run.shipped and len(run.history().step)]
            if started:
                return started[0].id
    raise SystemExit("the training didn't start")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loads", nargs="*", default=["draw=1,30,60", "train+draw=30", "watch=20,30,60,120"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--option", action="append", default=[], help="of streamlit run, to try: runner.postScriptGC=true"
    )
    chosen = parser.parse_args()
    os.environ["DIGIT_LAB_MAX_MINUTES"] = "600"
    os.environ["DIGIT_LAB_DATA"] = str(REAL_DATA)
    versions = f"Streamlit {streamlit.__version__}, Python {platform.python_version()}"
    print(
        f"{psutil.cpu_count()} cores, {_processor()}, {versions}, {chosen.seconds:g} s each {' '.join(chosen.option)}"
    )
    print(
        "| load | n | median | 95th | longest | overtaken | wrong | opened | server CPU | visitors' | memory | lost |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as home:
        for option in chosen.option:
            name, value = option.split("=")
            os.environ[
                "STREAMLIT_" + "".join(f"_{c}" if c.isupper() else c for c in name).replace(".", "_").upper()
            ] = value
        server = Server(Path(home), REAL_DATA)
        server.wait_until_ready()
        try:
            _measure(Load(server, chosen.seconds), [load.split("=") for load in chosen.loads])
        finally:
            server.stop()


def _measure(load: Load, loads: list[list[str]]) -> None:
    training = ""
    for kind, numbers in loads:
        for n in map(int, numbers.split(",")):
            drawers = [Drawer(drawings) for drawings in _drawings(n, load.store)] if "draw" in kind else []
            if kind == "draw":
                load.row(f"{n} draw", drawers)
                continue
            training = training or load.start_training()
            watchers = [Watcher(training) for _ in range(n)] if "watch" in kind else []
            alone = load.batches_per_second(training, partial(time.sleep, ALONE_S))
            loaded = load.batches_per_second(training, partial(load.row, f"{n} {kind}", [*drawers, *watchers]))
            after = load.batches_per_second(training, partial(time.sleep, ALONE_S))
            ratio = 2 * loaded / (alone + after)
            print(f"training: {loaded:.1f} batches/s, alone {alone:.1f} and {after:.1f}: ratio {ratio:.2f}", flush=True)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
