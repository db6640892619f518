"""Names, notes, reasons, datasets and classes from outside reach no page as Markdown, HTML or Plotly's tags.

Every string that the server sends to the browser is checked, except those that Streamlit shows as they are.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType

import numpy as np
import pytest
from google.protobuf.message import Message

from model.config import TrainingConfig, settings_text
from model.data import catalog
from model.evaluation.metrics import compute_metrics
from model.inference.litert import Recognizer
from model.runs.atomic_files import write_json, write_npz
from model.runs.events import EventLog, InterruptedEvent, RunState
from model.runs.manifest import CardFigure, DatasetInfo, Manifest, ModelCard, TrainingOutcome
from model.runs.metadata import RunMetadata, fingerprint
from model.runs.store import CLASSROOM_RUN, RunStore
from pages.ui.evaluate.downloads import predictions_csv
from pages.ui.report.report import training_report
from pages.ui.shell import predictions
from pages.ui.shell.session import Visitor
from tests.app.pages import opened

NAME = "**evil** <b>evil</b> www.evil.ex [evil](//evil) :smile:"
NOTE = f"{NAME}\nhttps://evil.ex/a evil@evil.ex :material/home: $evil$ <img src=evil onerror=evil>"
CLASSES = tuple(f"<b>evil</b>{number} **evil** www.evil.ex" for number in range(10))
DATASET = "www.evil.ex _evil_ x"
VISITOR = Visitor("t" * 20, "b" * 20)

# Markdown and HTML, and what Streamlit replaces even where it was escaped.
RENDERED = re.compile(r"\*\*evil|<b>evil|\]\(//evil|(?<!\w)_evil_|(?<!\\)\$evil")
REPLACED_LATER = re.compile(r"www\.evil|https?://evil|evil@evil|:smile:|:material/home")
# Shown as they are: options and values of widgets, code, and addresses.
SHOWN_AS_IT_IS = re.compile(
    r"(Selectbox\.(options|raw_value)|TextInput\.\w+|TextArea\.\w+|Code\.\w+|\w+\.(id|\w+_id|key|url|page|query_string))$"
)
STATUS = "Progress.text"  # of a run: escaped by the part of the page that follows it


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.handlers = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.handlers += [name for name, _value in attributes if name.startswith("on")]


def strings(message: Message) -> Iterator[tuple[str, str]]:
    """Yield every string in a protobuf message with the name of its field."""
    for field, value in message.ListFields():
        items = [value] if isinstance(value, str | bytes | Message | bool | int | float) else list(value)
        for item in items:
            if isinstance(item, Message):
                yield from strings(item)
            elif isinstance(item, str):
                yield f"{message.DESCRIPTOR.name}.{field.name}", item


def inside(value: object) -> Iterator[str]:
    """Yield every string in JSON values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from inside(item)


def check(test) -> int:
    """Check everything that a page sent; return the number of strings that contain something from outside."""
    assert not test.exception
    messages = [node.proto for node in test._tree if isinstance(getattr(node, "proto", None), Message)]
    sent = [each for message in messages for each in strings(message) if "evil" in each[1]]
    for field, text in sent:
        if field == "Html.body":
            read = Tags(text)
            assert not {"b", "a", "script"} & read.tags, text
            assert not read.handlers, text
        elif field.startswith("PlotlyChart."):
            assert not any("<b>evil" in part for part in inside(json.loads(text))), text
        elif field == "BidiComponent.json":  # other components put texts into text nodes
            assert not any("<b>evil" in part for part in inside(json.loads(text).get("figure"))), text
        elif not SHOWN_AS_IT_IS.search(field) and field != STATUS:
            assert not RENDERED.search(text), (field, text)
            assert not REPLACED_LATER.search(text.replace("\\", "")), (field, text)
    return len(sent)


@pytest.fixture
def store(tmp_path, monkeypatch, rng):
    """A store with a finished run whose texts are all hostile, an interrupted, a failed and a damaged one."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("DIGIT_LAB_DATA", str(data))
    x = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    y = np.arange(40) % 10
    np.savez(data / f"{DATASET}.npz", x_train=x, y_train=y, x_test=x, y_test=y, class_names=np.array(CLASSES))
    dataset = catalog.load(DATASET)

    store = RunStore()
    owner = RunMetadata(NAME, NOTE, fingerprint(VISITOR.tab), fingerprint(VISITOR.browser))
    finished = store.create(TrainingConfig(dataset=DATASET, preset="www.evil.ex"), owner)
    description = finished.description
    shutil.copytree(store.shipped / CLASSROOM_RUN, finished.path, dirs_exist_ok=True)
    RunStore().set_metadata(finished.id, owner)
    probabilities = Recognizer(finished.path / "model.tflite").probabilities(dataset.x_test)[:, :10]
    write_npz(finished.path / "evaluation.npz", labels=dataset.y_test, probabilities=probabilities)
    info = DatasetInfo(DATASET, NAME, dataset.fingerprint, 40, 40, (28, 28, 1), CLASSES)
    write_json(finished.path / "config.json", replace(description, dataset=info).to_dict())
    card = ModelCard((NAME,), (NAME,), (NAME,), (CardFigure(NAME, NAME, NAME),))
    metrics = compute_metrics(dataset.y_test, probabilities, CLASSES)
    outcome = TrainingOutcome(metrics, 5, kept_epoch=1, epochs=1, seconds=1.0, card=card)
    write_json(finished.path / "run.json", Manifest(RunState.STOPPED, NOTE, outcome).to_dict())

    interrupted = store.create(TrainingConfig(dataset=DATASET), owner)
    log = EventLog(interrupted.path / "events.jsonl")
    log.write(InterruptedEvent(reason=NOTE))
    log.close()
    failed = store.create(TrainingConfig(dataset=DATASET), owner)
    write_json(failed.path / "run.json", Manifest(RunState.FAILED, NOTE).to_dict())
    for name in (NAME.replace("/", "-"), "a\x1b[2Jb", b"\xff".decode(errors="surrogateescape"), "www.evil.ex"):
        (store.home / name).mkdir()
    return store


def run_in(store, state):
    return next(run for run in store.list()[0] if run.state() == state and not run.shipped)


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.INTERRUPTED, RunState.FAILED])
def test_train_shows_texts_from_outside_as_they_are(store, state):
    test = opened(
        "pages/train.py", run=run_in(store, state).id, settings=settings_text(TrainingConfig(dataset=DATASET))
    )
    test.session_state["visitor"] = VISITOR
    for run in store.list()[0]:
        test.session_state[f"train-compare-{run.id}"] = True
    assert check(test.run()) > 10


@pytest.mark.slow
def test_evaluate_shows_texts_from_outside_as_they_are(store):
    run = run_in(store, RunState.STOPPED)
    test = opened("pages/evaluate.py", run=run.id)
    assert check(test) > 20
    for part in ("robust", "drawn", "map"):
        test.session_state["eval-part"] = part
        check(test.run())
    test.session_state["eval-part"] = "sure"
    test.session_state["eval-gallery"] = {"opened": 0}
    check(test.run())


@pytest.mark.parametrize("page", ["app.py", "pages/glossary.py"])
def test_home_and_glossary_show_texts_from_outside_as_they_are(store, page):
    test = opened(page)
    if page == "pages/glossary.py":
        test.text_input(key="glossary-search").set_value(NOTE).run()
    assert check(test) > 0


def test_draw_shows_texts_from_outside_as_they_are(store, monkeypatch):
    canvas = ModuleType("pages.ui.components.canvas")
    canvas.canvas = lambda *arguments: []
    monkeypatch.setitem(sys.modules, canvas.__name__, canvas)  # the real one needs a server
    run = run_in(store, RunState.STOPPED)
    test = opened("pages/draw.py", run=run.id, image="3")
    assert check(test) > 5
    for part in ("inside", "growth", "break"):
        test.session_state["draw-part"] = part
        check(test.run())


def test_the_report_and_the_csv_run_nothing_from_outside(store):
    run = run_in(store, RunState.STOPPED)
    store.set_metadata(run.id, RunMetadata(NAME, NOTE))
    html = training_report(store.open_finished(run.id), catalog.load(DATASET).x_test)
    body = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    read = Tags(body)
    assert not read.handlers
    assert {tag for tag in read.tags if tag in ("b", "a", "script")} <= {"b"}, "the titles of charts are bold"
    assert "<b>evil" not in html
    assert "\\u003cb\\u003eevil" not in html, "Plotly would interpret the tag"
    names = tuple(f"={name}" for name in CLASSES)
    result = predictions.stored(run)
    hostile = replace(
        result, metrics=compute_metrics(result.predictions.labels, result.predictions.probabilities, names)
    )
    cells = predictions_csv(hostile).replace("\n", ",").split(",")
    assert not [cell for cell in cells if cell.strip('"').startswith(("=", "@"))]
