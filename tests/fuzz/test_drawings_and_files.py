"""Drawings, uploads, clicks and files of other programs: each is valid, or rejected with a message."""

import csv
import io
import json
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

from model.config import TrainingConfig
from model.data import npz
from model.drawings import collection, corpus
from model.errors import ConfigError, DataError, InkError, RunError
from model.ink.grouping import by_shape
from model.ink.image_file import fit_picture
from model.ink.photo import read_photo, read_photo_digits
from model.ink.render import FARTHEST, parse_strokes, render
from model.messages import Message
from model.results import MAX_CLASS_NAME
from model.runs import metadata
from model.runs.curves import EventReader
from model.runs.events import EVENTS
from model.runs.export import history_csv
from model.runs.run import FinishedRun
from model.runs.store import CLASSROOM_RUN, RunStore
from model.training import diagnosis, epoch_probe, estimates
from model.training.commands import Command
from pages.ui.charts import training as training_charts
from pages.ui.components.fabric_strokes import strokes_from_fabric
from pages.ui.evaluate.confusion import _is_cell
from pages.ui.evaluate.downloads import _spreadsheet_text
from pages.ui.shell.text import markdown, plain, run_title
from tests.fuzz.hostile import broken, cases, numbers, objects, texts, to_json, values

pytestmark = pytest.mark.slow

COORDINATES = st.floats(-50, 400) | st.integers(0, 300)
COMMANDS = st.tuples(st.sampled_from("MLQ"), *[COORDINATES] * 4).map(list) | st.lists(values, max_size=4)
PATHS = objects(
    path=st.lists(COMMANDS, min_size=1, max_size=6),
    left=COORDINATES,
    top=COORDINATES,
    scaleX=numbers,
    scaleY=numbers,
    angle=numbers,
    flipX=st.booleans(),
)
GOOD_PATHS = st.builds(
    lambda path, left, top: {"path": path, "left": left, "top": top},
    st.lists(st.tuples(st.sampled_from("MLQ"), *[COORDINATES] * 4).map(list), min_size=1, max_size=6),
    COORDINATES,
    COORDINATES,
)

DRAWINGS = st.builds(lambda paths: {"objects": paths}, st.lists(GOOD_PATHS, max_size=4)) | objects(
    objects=st.lists(PATHS | GOOD_PATHS, max_size=4)
)


@cases(800, DRAWINGS | values)
def test_any_json_from_the_canvas_is_a_drawing_or_rejected(folder, drawing):
    try:
        strokes = parse_strokes(strokes_from_fabric(json.loads(to_json(drawing))))
    except InkError as error:
        markdown(error).encode()
        return
    assert all(np.abs(stroke).max() <= FARTHEST and stroke.shape[1] == 2 for stroke in strokes)
    assert render(strokes).shape == (28, 28)


POINTS = st.tuples(COORDINATES, COORDINATES).map(list)
STROKES = st.lists(st.lists(POINTS | values, max_size=4) | values, max_size=3)
GOOD_STROKES = st.lists(st.lists(POINTS, min_size=1, max_size=4), min_size=1, max_size=3)
LINES = objects(
    id=texts,
    label=st.integers(0, 9) | st.just("no digit"),
    strokes=GOOD_STROKES | STROKES,
    writer=texts,
)


@cases(500, st.lists(LINES.map(to_json) | texts, max_size=3))
def test_any_line_of_a_drawing_is_valid_or_skipped(folder, lines):
    path = folder / "drawings.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    for drawing in collection.read(path):
        assert drawing.label in collection.LABELS
        assert 0 < len(drawing.id) <= 64
        assert json.loads(drawing.to_line())["label"] == drawing.label
    for line in lines:
        with suppress(DataError):
            assert corpus._drawing(line, Message("line"), corpus.DIGITS).label in range(10)


def _files() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    image = Image.fromarray(np.where(rng.random((40, 40)) > 0.9, 0, 230).astype(np.uint8))
    contents = {}
    for name, mode in (("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("GIF", "P"), ("TIFF", "L")):
        file = io.BytesIO()
        image.convert(mode).save(file, name)
        contents[f"{name}-{mode}"] = file.getvalue()
    return contents


UPLOADS = st.one_of([broken(content) for content in _files().values()]) | st.binary(max_size=60)


@cases(700, UPLOADS)
def test_any_upload_is_an_image_or_rejected(folder, content):
    for read in (
        read_photo,
        lambda file: read_photo_digits(file, grouped=lambda boxes, image_of: by_shape(boxes)),
        _fitted,
    ):
        try:
            read(content)
        except InkError as error:
            assert len(str(error)) < 200


def _fitted(content: bytes) -> None:
    assert fit_picture(content, (32, 32, 3)).shape == (32, 32, 3)


@cases(200, values | st.lists(values | st.integers(0, 9), min_size=2, max_size=2))
def test_a_click_is_a_cell_or_ignored(folder, clicked):
    if _is_cell(clicked, 10):
        assert [type(label) for label in clicked] == [int, int]
        assert all(0 <= label < 10 for label in clicked)


@cases(
    400,
    objects(
        do=st.sampled_from(["pause", "set", "stop", "step", "interrupt", "resume"]),
        learning_rate=numbers,
        reason=texts,
        after=numbers,
    ).map(to_json)
    | texts,
)
def test_any_line_is_a_command_or_rejected(folder, line):
    with suppress(ConfigError):
        command = Command.from_json(line)
        assert Command.from_json(command.to_json()) == command


@cache
def _stored(name: str) -> dict:
    return json.loads((RunStore().shipped / CLASSROOM_RUN / name).read_text(encoding="utf-8"))


_MISSING = object()


def _changed(stored: dict) -> st.SearchStrategy:
    """Return copies of JSON values in which one value, at any depth, is another one or missing."""
    places = [place for place in _places(stored) if place]
    text = json.dumps(stored)

    def change(parts: tuple) -> dict:
        copy, ((*inside, last), new) = json.loads(text), parts
        part = copy
        for key in inside:
            part = part[key]
        part[last] = new
        if new is _MISSING:
            del part[last]
        return copy

    return st.tuples(st.sampled_from(places), st.just(_MISSING) | values).map(change)


def _places(value: object, place: tuple = ()) -> list[tuple]:
    """Return the path of each value; of long lists, only the first two items."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [place] + [inner for key, item in items for inner in _places(item, (*place, key))]


FOLDERS = st.tuples(
    _changed(_stored("config.json")) | st.just(_stored("config.json")) | values,
    _changed({**_stored("run.json"), "figures": {**_stored("run.json")["figures"], "mistakes": []}}) | values,
    objects(name=texts, note=texts, tab=texts, browser=texts) | values,
)


@cases(700, FOLDERS)
def test_any_run_folder_is_a_run_or_damaged(folder, contents):
    home = folder / "home"
    (home / "odd").mkdir(parents=True, exist_ok=True)
    for name, content in zip(("config.json", "run.json", "label.json"), contents, strict=True):
        (home / "odd" / name).write_text(to_json(content))
    runs, damaged = RunStore(home, shipped=folder / "none").list()
    assert len(runs) + len(damaged) == 1
    for each in damaged:
        markdown(each.reason).encode()
    for run in runs:
        plain(run_title(run)).encode()
        run_title(run).encode()
        assert metadata.read(run.path) == run.metadata
        markdown(run.reason).encode()
        if isinstance(run, FinishedRun):
            assert all(0 < len(name) <= MAX_CLASS_NAME for name in run.class_names)
            "".join(run.class_names).encode()
            assert 0 <= run.metrics.accuracy <= 1


EVENT_FIELDS = {
    name: numbers if "int" in str(field.type) or "float" in str(field.type) else texts
    for kind in EVENTS.values()
    for name, field in kind.__dataclass_fields__.items()
    if name not in ("name", "probe")
}
_EVENT = st.fixed_dictionaries({"event": st.sampled_from(sorted(EVENTS)), "epochs": st.integers(0, 9)})
SMALL = {name: st.integers(0, 20) for name, strategy in EVENT_FIELDS.items() if strategy is numbers}
EVENT_LINES = st.one_of(
    st.tuples(st.fixed_dictionaries(SMALL), _EVENT).map(lambda both: {**both[0], **both[1]}),
    st.tuples(st.fixed_dictionaries(SMALL), objects(**EVENT_FIELDS), _EVENT).map(
        lambda parts: {**parts[0], **parts[1], **parts[2]}
    ),
    values,
)


@cases(500, st.lists(EVENT_LINES.map(to_json) | texts, max_size=8))
def test_any_event_file_gives_curves_that_can_be_drawn(folder, lines):
    path = folder / "events.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    history = EventReader(path).read()
    for name in ("loss", "accuracy"):
        for zoomed in (False, True):
            json.dumps(training_charts.curve(history, name, zoomed))
            json.dumps(training_charts.comparison([("a", history), ("b", history)], name, zoomed))
    json.dumps(training_charts.learning_rate(history))
    diagnosis.diagnose(history, 10)
    estimates.seconds_left(history, 5)
    assert 0 <= history.share_done <= 1
    assert len(list(csv.reader(io.StringIO(history_csv(history))))) == 1 + len(history.step)


FILTERS = objects(shape=st.lists(st.integers(-2, 5), max_size=5), values=st.sampled_from(["AAAA", "AA==", "!", ""]))


@cases(
    200, objects(answers=st.lists(numbers, max_size=3), probabilities=st.lists(numbers, max_size=3), filters=FILTERS)
)
def test_any_probe_is_drawn_or_ignored(folder, fields):
    probe = epoch_probe.unpack(json.loads(to_json(fields)), 1, 2)
    if probe:
        assert probe.predicted.shape == probe.probabilities.shape == (2,)
        assert probe.filters is None or (probe.filters.ndim == 4 and probe.filters.size)


ARRAYS = st.fixed_dictionaries(
    {"x": st.sampled_from(["u1", "f4", "i8", "b", "U3", "O", "f2"]), "y": st.sampled_from(["i8", "f4", "u1", "U1"])},
    optional={
        "shape": st.lists(st.integers(0, 9), min_size=2, max_size=4),
        "high": st.sampled_from([0, 1, 255, 300, -1, 10**6]),
        "names": st.lists(texts, max_size=3),
        "cut": st.integers(1, 400),
    },
)


@cases(200, ARRAYS)
def test_any_archive_is_a_dataset_or_rejected(folder, made):
    n, shape = 6, tuple(made.get("shape", (6, 8, 8)))
    x = np.full(shape, made.get("high", 1)).astype(made["x"])
    y = (np.arange(n) % 2).astype(made["y"])
    names = {"class_names": np.array(made["names"], dtype=str)} if _storable(made.get("names")) else {}
    path = folder / "own.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y, **names)
    path.write_bytes(path.read_bytes()[: -made["cut"]] if "cut" in made else path.read_bytes())
    try:
        arrays, class_names = npz.read_npz(path)
    except DataError as error:
        assert len(str(error)) < 300
        markdown(error).encode()
        return
    assert arrays.x_train.dtype == np.uint8
    "".join(class_names).encode()
    for name in map(_spreadsheet_text, class_names):
        assert len(name) == 1 or name[0] not in "=+-@"


def _storable(names: list[str] | None) -> bool:
    return bool(names) and all("\ud800" not in name for name in names or ())


def test_a_config_with_a_lone_surrogate_is_damaged(tmp_path):
    run = RunStore(tmp_path).create(TrainingConfig())
    (run.path / "config.json").write_text('{"config": {"dataset": "\\ud800"}}')
    (damaged,) = RunStore(tmp_path).list()[1]
    markdown(damaged.reason).encode()
    with suppress(RunError):
        RunStore(tmp_path).open(run.id)
