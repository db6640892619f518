"""Plotly figures contain the values they are given."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from model.config import SCHEDULES
from model.runs.curves import History
from model.runs.events import EpochEvent, FinishedEvent, TrainingPlan
from model.training.schedules import learning_rate
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.charts import lesson as lesson_charts
from pages.ui.charts import training as training_charts
from pages.ui.charts.common import BLUE, GREY, probability_bars
from pages.ui.charts.training import RATE_CHANGE, schedule


def history(n, total=None, ended=False, changes=()):
    step = np.arange(1, n + 1)
    epochs = (EpochEvent(epoch=1, step=n, val_loss=0.4, val_accuracy=0.9),) if n else ()
    last = FinishedEvent(accuracy=0.9, loss=0.4, kept_epoch=1) if ended else None
    plan = TrainingPlan(epochs=1, batches_per_epoch=total or n)
    return History(step, 1 / step, 1 - 1 / step, step * 0.0, epochs, changes, plan, last=last)


@pytest.mark.parametrize("n", [0, 1, 400, 401, 8600])
@pytest.mark.parametrize("name", ["loss", "accuracy"])
def test_a_curve_has_at_most_400_points(n, name):
    training, smoothed, validation = go.Figure(training_charts.curve(history(n), name)).data
    assert len(training.x) == len(training.y) <= 400
    assert len(smoothed.x) == len(smoothed.y) <= 400
    assert len(validation.x) == (1 if n else 0)


def test_a_curve_leaves_room_for_the_rest_of_the_training():
    assert go.Figure(training_charts.curve(history(10, total=50), "loss")).layout.xaxis.range == (0, 51)
    assert go.Figure(
        training_charts.curve(history(10, total=50, ended=True), "loss")
    ).layout.xaxis.range == pytest.approx((0, 10.2))


def test_an_empty_accuracy_axis_runs_from_0_to_100_percent():
    for zoomed in (False, True):
        assert go.Figure(training_charts.curve(history(0), "accuracy", zoomed)).layout.yaxis.range == (0, 1)
        assert go.Figure(training_charts.comparison([("a", history(0))], "accuracy", zoomed)).layout.yaxis.range == (
            0,
            1,
        )
    assert go.Figure(training_charts.curve(history(9), "accuracy")).layout.yaxis.range is None


def test_a_changed_learning_rate_is_marked_on_every_chart():
    changed = history(200, changes=((50, 0.01), (120, 0.0003)))
    for figure in map(go.Figure, (training_charts.curve(changed, "loss"), training_charts.learning_rate(changed))):
        assert [shape.x0 for shape in figure.layout.shapes] == [50, 120]
        assert [each.text for each in figure.layout.annotations] == [
            RATE_CHANGE.format(rate=rate) for rate in ("0.01", "0.0003")
        ]


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_preview_of_a_schedule_equals_the_real_one(name):
    (line,) = schedule(name, 0.01).data
    assert list(line.y) == [learning_rate(name, 0.01, step, 200) for step in range(200)]


def test_zoom_survives_new_points():
    first, second = (go.Figure(training_charts.curve(history(n), "loss")) for n in (10, 20))
    assert first.layout.uirevision == second.layout.uirevision


def test_zooming_in_shows_the_plateau():
    plateau = history(2000)  # a loss of about 1 / step and an accuracy of about 1 - 1 / step
    loss, accuracy = (training_charts.curve(plateau, name, zoomed=True)["layout"] for name in ("loss", "accuracy"))
    assert loss["yaxis"]["type"] == "log"
    low, high = (10**each for each in loss["yaxis"]["range"])
    assert low < 1 / 2000
    assert 0.4 < high < 2.4
    assert accuracy["yaxis"]["range"][0] == pytest.approx(0.895, abs=0.01), "validation reached 0.9"
    assert accuracy["yaxis"]["range"][1] > 0.99
    assert loss["uirevision"] != training_charts.curve(plateau, "loss")["layout"]["uirevision"]


@pytest.mark.parametrize("name", ["loss", "accuracy"])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_chart_of_very_few_points_can_be_zoomed_in(n, name):
    assert go.Figure(training_charts.curve(history(n), name, zoomed=True)).to_json()
    assert go.Figure(training_charts.comparison([("a", history(n))], name, zoomed=True)).to_json()


def test_bars_have_numbers_and_the_largest_is_highlighted():
    probabilities = np.array([0.0, 0.9, 0.0996, 0.0004, *[0] * 6])
    (bars,) = go.Figure(probability_bars("0123456789", probabilities)).data
    assert list(bars.x) == pytest.approx(probabilities.tolist())
    assert bars.text[:4] == ("", "90.0%", "10.0%", "")
    assert [i for i, colour in enumerate(bars.marker.color) if colour == BLUE] == [1]


def test_without_a_prediction_no_bar_is_highlighted():
    (bars,) = go.Figure(probability_bars("0123456789", np.zeros(10))).data
    assert set(bars.marker.color) == {GREY}


def test_the_matrix_shows_counts_and_colours_mistakes_only():
    confusion = np.array([[90, 2], [0, 80]])
    heatmap, counts, cells = evaluation_charts.confusion_matrix(confusion, ["a", "b"], dark=False).data
    assert [confusion[true, predicted] for true, predicted in cells.customdata] == [90, 2, 0, 80]
    assert np.array_equal(heatmap.z, [[0, 2], [0, 0]])
    shown = set(zip(counts.y, counts.x, counts.text, strict=True))
    assert shown == {("a", "a", "90"), ("a", "b", "2"), ("b", "b", "80")}


def test_a_figure_is_json():
    json.dumps(training_charts.curve(history(3), "loss"), allow_nan=False)


def test_the_curves_of_the_lesson_are_means_of_epochs():
    step = np.arange(1, 7)
    epochs = tuple(EpochEvent(epoch=n, step=2 * n, val_loss=0.1 * n, val_accuracy=0.9) for n in (1, 2, 3))
    three = History(step, np.array([6, 4, 3, 1, 0.5, 0.1]), np.array([0, 0, 0, 0, 0.8, 0.9]), step * 0.0, epochs)
    (training,) = lesson_charts.losses(three, with_validation=False)["data"]
    assert training["y"] == pytest.approx([5, 2, 0.3])
    _training, validation = lesson_charts.losses(three, with_validation=True)["data"]
    assert (validation["x"], validation["y"]) == ([1, 2, 3], pytest.approx([0.1, 0.2, 0.3]))
    assert lesson_charts.last_training_accuracy(three) == pytest.approx(0.85)


def test_the_bars_of_the_parameters_highlight_the_largest_layer():
    (bars,) = lesson_charts.parameters(["a", "b<c>"], [10, 2000])["data"]
    assert (bars["x"], bars["text"], bars["y"][1]) == ([10, 2000], ["10", "2,000"], "b&lt;c&gt;")
    assert bars["marker"]["color"] == [GREY, BLUE]
