"""The report of a run: one file that needs nothing else and runs nothing that somebody typed."""

from html.parser import HTMLParser

import numpy as np
import pytest

from model.runs.metadata import RunMetadata
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from pages.ui.report.report import training_report


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
def test_it_holds_the_figures_and_fetches_nothing(run_id):
    run = RunStore().open(run_id)
    html = training_report(run)
    read = Reader(html)
    text = " ".join(read.text)
    assert f"{run.metrics.accuracy:.2%} of {run.metrics.n:,} test images right" in text
    assert all(f"{each.f1:.4f}" in text for each in run.metrics.classes if each.support)
    assert f"{run.outcome.parameters:,}" in text
    assert html.count("Plotly.newPlot(") >= 4
    assert not [attributes for _, attributes in read.tags if {"src", "href"} & attributes.keys()]


def test_the_report_embeds_its_most_confident_mistakes():
    run = RunStore().open(CLASSROOM_RUN)
    read = Reader(training_report(run, np.zeros((run.metrics.n, 28, 28, 1), np.uint8)))
    shown = [attributes for tag, attributes in read.tags if tag == "img"]
    assert [each["alt"] for each in shown] == [f"test image {each.index}" for each in run.metrics.mistakes[:24]]
    assert all(each["src"].startswith("data:image/png;base64,") for each in shown)
    first = run.metrics.mistakes[0]
    assert f"{first.true} read as {first.predicted}" in " ".join(read.text)


def test_what_somebody_typed_is_text_and_no_code(tmp_path):
    import shutil

    store = RunStore(tmp_path)
    shutil.copytree(RunStore().open(CLASSROOM_RUN).path, tmp_path / "mine")
    store.set_metadata(
        "mine", RunMetadata(name="<script>alert(1)</script>", note="a & b\n<img src=x onerror=alert(2)>")
    )
    read = Reader(training_report(store.open("mine")))
    assert "<script>alert(1)</script>" in " ".join(read.text)
    assert "img" not in [tag for tag, _ in read.tags]
