"""The report on a run: one file that works offline and never runs what somebody typed."""

from html.parser import HTMLParser

import numpy as np
import pytest

from model.runs.metadata import RunMetadata
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from pages.ui.components.image_grid import data_uri
from pages.ui.report.report import training_report
from pages.ui.shell.text import percent


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self._inside = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        self._inside = self._inside[:-1] if self._inside and self._inside[-1] == tag else self._inside

    def handle_data(self, data):
        if "script" not in self._inside:
            self.text.append(data)


@pytest.mark.parametrize("run_id", [CLASSROOM_RUN, DEFAULT_RUN])
def test_the_report_has_the_metrics_and_loads_nothing(run_id):
    run = RunStore().open(run_id)
    html = training_report(run)
    read = Reader(html)
    text = " ".join(read.text)
    assert f"{run.metrics.accuracy:.2%}" in text
    assert f"{run.metrics.n:,}" in text
    assert all(f"{each.f1:.4f}" in text for each in run.metrics.classes if each.support)
    assert f"{run.outcome.parameters:,}" in text
    assert html.count("Plotly.newPlot(") >= 4
    assert not [attributes for _, attributes in read.tags if {"src", "href"} & attributes.keys()]


def test_the_report_embeds_its_most_confident_mistakes(rng):
    run = RunStore().open(CLASSROOM_RUN)
    images = rng.integers(0, 256, (run.metrics.n, 28, 28, 1)).astype(np.uint8)
    read = Reader(training_report(run, images))
    shown = [attributes for tag, attributes in read.tags if tag == "img"]
    assert [each["src"] for each in shown] == [data_uri(images[each.index]) for each in run.metrics.mistakes[:24]]
    assert percent(run.metrics.mistakes[0].probability) in " ".join(read.text)


def test_typed_text_is_escaped(tmp_path):
    import shutil

    store = RunStore(tmp_path)
    shutil.copytree(RunStore().open(CLASSROOM_RUN).path, tmp_path / "mine")
    store.set_metadata(
        "mine", RunMetadata(name="<script>alert(1)</script>", note="a & b\n<img src=x onerror=alert(2)>")
    )
    read = Reader(training_report(store.open("mine")))
    assert "<script>alert(1)</script>" in " ".join(read.text)
    assert "img" not in [tag for tag, _ in read.tags]
