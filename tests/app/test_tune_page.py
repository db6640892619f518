"""The Tune page in Streamlit's own AppTest, with searches over a job manager without processes."""

import json
from dataclasses import replace

import pytest

from model.config import TrainingConfig, settings_text
from model.runs.metadata import RunMetadata, fingerprint
from model.runs.store import RunStore
from model.tuning import results
from model.tuning import search as search_module
from model.tuning.record import SearchStore
from model.tuning.search import Search
from model.tuning.settings import TuningSettings
from model.tuning.space import parse
from model.tuning.study import read_trials
from pages.ui.charts import tuning as tuning_charts
from pages.ui.report.search_report import search_report
from pages.ui.shell import services
from pages.ui.tune import help
from tests.app.pages import opened, text, unescaped
from tests.model.tuning.fake_jobs import FakeJobs
from tests.support import wait_for

PAGE = "pages/tune.py"


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)
    monkeypatch.setattr(search_module, "TICK_S", 0.001)


def finished(*texts, **options):
    """Run a search in the home of this test."""
    jobs = FakeJobs(RunStore().home)
    space = tuple(map(parse, texts or ["learning_rate"]))
    options = {"trials": 6, "pruner": "none"} | options
    settings = TuningSettings(TrainingConfig(dataset="uci-digits", epochs=3), space, **options)
    return Search(SearchStore(jobs.store).create(settings), jobs).run()


def warnings(test):
    return [unescaped(each.value) for each in test.warning]


def button(test, key):
    return next((each for each in test.button if each.key == key), None)


def test_the_shipped_example_is_shown_first():
    test = opened(PAGE)
    assert not test.exception
    assert not test.warning
    assert unescaped(help.EXAMPLE) in text(test)
    record = SearchStore(RunStore()).open("which-learning-rate")
    best = results.best(read_trials(record), record.settings)
    assert f"Trial {best.number} is the best of" in text(test)
    assert button(test, "tune-stop") is None
    assert button(test, "tune-repeat") is None, "its networks aren't here"


def test_the_shipped_example_shows_all_rates_and_a_clear_winner():
    record = SearchStore(RunStore()).open("which-learning-rate")
    trials = read_trials(record)
    assert record.shipped
    assert record.settings.config.dataset == "mnist"
    assert [trial.state for trial in trials] == ["complete"] * record.settings.n_trials
    by_rate = sorted(trials, key=lambda trial: trial.parameters["learning_rate"])
    best = results.best(trials, record.settings)
    assert by_rate[0].value < best.value > by_rate[-1].value, "too small and too large are both worse"
    assert all(len(trial.curve) == record.settings.config.epochs for trial in trials)


def test_a_finished_search_names_its_best_trial_and_uses_it():
    record = finished("learning_rate", "optimizer=adam,sgd")
    best = results.best(read_trials(record), record.settings)
    test = opened(PAGE, search=record.id)
    assert not test.exception
    for message in results.verdict(read_trials(record), record.settings):
        assert str(message) in text(test)
    links = {(link.proto.page, link.proto.query_string) for link in test.get("page_link")}
    assert ("evaluate", f"run={best.run}") in links
    assert ("draw", f"run={best.run}") in links
    config = record.settings.config_of(best.parameters)
    assert ("train", f"settings={settings_text(config)}") in links


def test_the_table_has_every_trial_the_best_first():
    record = finished()
    best = results.best(read_trials(record), record.settings)
    (table,) = opened(PAGE, search=record.id).dataframe
    assert len(table.value) == 6
    assert table.value.iloc[0, 0].split()[0] == str(best.number)


@pytest.mark.parametrize("plot", ["history", "slice", "parallel", "importances", "heat"])
def test_every_plot_can_be_chosen(plot):
    record = finished("learning_rate=0.001,0.01,0.1", "optimizer=adam,sgd", sampler="grid")
    test = opened(PAGE, search=record.id)
    chosen = next(each for each in test.get("button_group") if each.key.startswith("tune-plot"))
    chosen.set_value(plot).run()
    assert not test.exception
    assert help.NO_IMPORTANCES not in text(test)


def test_plots_wait_for_three_trials():
    record = finished(trials=2)
    test = opened(PAGE, search=record.id)
    assert help.MORE_PLOTS in text(test)
    assert not any((each.key or "").startswith("tune-plot") for each in test.get("button_group"))


@pytest.mark.parametrize("search_id", ["no-such-search", "../../etc", "[x](http://evil)"])
def test_an_unknown_search_is_one_sentence(search_id):
    test = opened(PAGE, search=search_id)
    assert not test.exception
    assert len(test.warning) == 1
    assert "http" not in test.warning[0].value


@pytest.mark.parametrize("damage", ["journal", "search.json", "version"])
def test_a_damaged_search_is_one_sentence_and_others_are_shown(damage):
    record = finished()
    if damage == "journal":
        record.journal.write_bytes(b"SQLite format 3\x00\n\n")
    elif damage == "version":
        values = json.loads((record.path / "search.json").read_text())
        (record.path / "search.json").write_text(json.dumps(values | {"optuna": "9.0.0"}))
    else:
        (record.path / "search.json").write_text("[" * 10_000)
    test = opened(PAGE, search=record.id)
    assert not test.exception
    assert record.id in warnings(test)[0]
    assert button(test, "tune-start") is not None
    assert not opened(PAGE, search="which-learning-rate").exception


@pytest.mark.parametrize(
    ("key", "value"),
    [("tune-values-learning_rate", "0.1:0.1"), ("tune-values-learning_rate", "[x](http://evil)"), ("tune-vary", [])],
)
def test_a_search_that_cannot_work_cannot_be_started(key, value):
    test = opened(PAGE)
    widget = next(each for each in (*test.text_input, *test.multiselect) if each.key == key)
    widget.set_value(value).run()
    assert not test.exception
    assert button(test, "tune-start").disabled
    assert value == [] or len(test.warning) == 1
    assert not any("](http" in each.value for each in test.warning)


def test_a_batch_above_the_training_images_is_explained():
    test = opened(PAGE)
    next(each for each in test.multiselect if each.key == "tune-vary").set_value(["batch_size"]).run()
    next(each for each in test.text_input if each.key == "tune-values-batch_size").set_value("16,2000").run()
    assert "1,317" in warnings(test)[0]


def test_a_link_from_the_train_page_brings_its_settings():
    config = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=7)
    test = opened(PAGE, settings=settings_text(config))
    assert not test.exception
    recipe = next(each for each in test.selectbox if each.key.startswith("tune-recipe"))
    assert recipe.value == "linked"
    assert len(opened(PAGE, settings="nonsense").warning) == 1


def test_start_begins_a_search_that_the_visitor_can_stop(monkeypatch):
    jobs = FakeJobs(RunStore().home)
    monkeypatch.setattr(services, "jobs", lambda: jobs)
    monkeypatch.setattr(search_module, "TICK_S", 0.3)
    test = opened(PAGE)
    recipe = next(each for each in test.selectbox if each.key.startswith("tune-recipe"))
    recipe.set_value("memorizer").run()
    button(test, "tune-start").click().run()
    assert not test.exception
    (record,) = (record for record in SearchStore(RunStore()).list()[0] if not record.shipped)
    assert record.id in test.query_params["search"]
    assert record.settings.config.preset == "dense-128"
    assert record.owner.tab
    button(test, "tune-stop").click().run()
    assert not test.exception
    assert record.is_stop_requested()
    services.searches().close()


def test_somebody_else_can_only_watch(monkeypatch):
    jobs = FakeJobs(RunStore().home)
    monkeypatch.setattr(services, "jobs", lambda: jobs)
    settings = TuningSettings(TrainingConfig(dataset="uci-digits"), (parse("learning_rate"),))
    owner = RunMetadata(tab=fingerprint("another tab"), browser=fingerprint("another browser"))
    record = SearchStore(RunStore()).create(settings, owner)
    lock = record.lock()
    test = opened(PAGE, search=record.id)
    assert button(test, "tune-stop") is None
    assert help.VIEW_ONLY in text(test)
    lock.release()


def test_only_the_teacher_starts_searches(monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_TEACHER_KEY", "secret")
    test = opened(PAGE)
    assert button(test, "tune-start") is None
    assert button(test, "tune-ready-start") is None
    assert any(each.key == "train-teacher-key" for each in test.text_input)


def test_an_interrupted_search_goes_on_when_a_server_opens_the_page(monkeypatch):
    owner = RunMetadata(tab=fingerprint("a tab"), browser=fingerprint("a browser"))
    replace(finished(trials=5), owner=owner).end("")  # as after a kill just before the end
    jobs = FakeJobs(RunStore().home)
    monkeypatch.setattr(services, "jobs", lambda: jobs)
    opened(PAGE)
    wait_for(lambda: SearchStore(RunStore()).list()[0][0].ended == "finished")


def test_a_search_of_a_terminal_is_left_to_its_terminal():
    record = finished(trials=5).end("")
    test = opened(PAGE, search=record.id)
    assert f"--resume {record.id}" in text(test)
    assert not SearchStore(RunStore()).open(record.id).ended


def test_the_report_has_every_trial_and_loads_nothing():
    record = finished("learning_rate=0.001,0.01,0.1", "optimizer=adam,sgd", sampler="grid")
    trials = read_trials(record)
    html = search_report(record, trials)
    assert all(trial.run in html for trial in trials)
    assert html.count("Plotly.newPlot(") == 7
    assert "<script src" not in html
    assert "<link" not in html


def test_every_hyperparameter_has_a_label():
    from model.tuning.space import NAMES

    assert set(tuning_charts.PARAMETERS) == set(NAMES)
