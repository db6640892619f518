"""The pages in Streamlit's own AppTest, without a browser. The Draw page needs a real one: tests/browser."""

import base64
import json
import os
import re
import shutil
from dataclasses import replace

import pytest

from model.config import TrainingConfig, settings_text
from model.data import catalog
from model.errors import RunError
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.jobs.local import LocalExecutor
from model.jobs.memory import Memory
from model.runs.atomic_files import write_json
from model.runs.events import EventLog, InterruptedEvent, LoadingEvent, RunState
from model.runs.metadata import RunMetadata, fingerprint
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training.recipes import RECIPES
from pages.ui import glossary
from pages.ui.evaluate.image_browser import describe_cell
from pages.ui.home import showcase, term_list
from pages.ui.shell import labels, services
from pages.ui.shell.text import plain, run_title
from pages.ui.train import help
from tests.app.pages import opened, recipe_box, text, unescaped

PAGES = (
    "app.py",
    "pages/learn.py",
    "pages/train.py",
    "pages/tune.py",
    "pages/evaluate.py",
    "pages/glossary.py",
    "pages/host.py",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_the_first_one_opened(page):
    test = opened(page)
    assert not test.exception
    assert not test.error


@pytest.mark.parametrize("page", PAGES)
def test_every_page_links_to_the_glossary(page):
    links = [each.proto.page for each in opened(page).get("page_link")]
    assert links.count("glossary") == 1


def test_home_shows_drawings_with_real_predictions():
    run = RunStore().open_finished(DEFAULT_RUN)
    reader = DigitReader(Classifier(run))
    labels = [reader.read_strokes(strokes).digits[0].prediction.text for strokes in showcase.DRAWN]
    assert labels == ["2", "4", "5", "6", "7", "8", "?"]
    shown = next(each.value for each in opened("app.py").get("html") if "figure" in each.value)
    assert re.findall("<figcaption>(.)<br>", shown) == labels


def test_home_lists_networks_and_datasets():
    test = opened("app.py")
    shown = [each.value for each in test.markdown]
    for dataset in catalog.available():
        assert f"**{dataset.title}**" in text(test)
    networks = [each for each in shown if ":material/neurology:" in each]
    runs, _damaged = services.usable_runs()
    assert [plain(run_title(run)) in each for run, each in zip(runs, networks, strict=True)] == [True] * len(runs)


def test_home_shows_which_datasets_are_available(real_data):
    shown = [unescaped(each.value) for each in opened("app.py").markdown]
    available = next(each for each in shown if f"**{catalog.status('mnist').title}**" in each)
    missing = next(each for each in shown if f"**{catalog.status('fashion-mnist').title}**" in each)
    assert available.startswith(":material/check_circle:")
    assert missing.startswith(":material/cloud_download:")


def test_the_glossary_shows_every_term():
    test = opened("pages/glossary.py")
    assert {each.value for each in test.subheader} == set(glossary.TERMS)
    assert {glossary.explain(term) for term in glossary.TERMS} <= {each.value for each in test.markdown}
    anchors = [each.proto.anchor for each in test.subheader]
    assert len(set(anchors)) == len(anchors)
    assert "confusion-matrix" in anchors


def test_the_glossary_is_sorted_like_a_dictionary():
    terms = term_list.matches("")
    assert terms.index("Probability") < terms.index("p-value") < terms.index("Recall")
    assert terms.index("Training set") < terms.index("t-SNE") < terms.index("Underfitting")


def test_a_search_narrows_the_glossary():
    test = opened("pages/glossary.py")
    test.text_input(key="glossary-search").set_value(" HARMONIC mean ").run()
    assert [each.value for each in test.subheader] == ["F1"]
    test.text_input(key="glossary-search").set_value("").run()
    assert len(test.subheader) == len(glossary.TERMS)


def test_a_search_without_a_match_shows_one_sentence():
    test = opened("pages/glossary.py")
    test.text_input(key="glossary-search").set_value("*zebra*").run()
    assert not test.subheader
    (message,) = test.info
    assert r"\*zebra\*" in message.value
    assert not test.exception


def test_without_mnist_the_train_page_offers_uci_digits():
    test = opened("pages/train.py")
    assert test.selectbox(key="train-dataset").value == "uci-digits"
    assert help.INSTEAD_OF_MNIST in text(test)


def test_the_size_of_a_download_is_shown(monkeypatch):
    monkeypatch.setattr("model.data.catalog.reachable", lambda name, timeout=2.0: name == "fashion-mnist")
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("fashion-mnist").run()
    assert help.DOWNLOAD_OF_SIZE.format(megabytes=31) in text(test)


def test_an_unavailable_dataset_is_explained():
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("fashion-mnist").run()
    assert help.NOT_AVAILABLE.format(dataset="Fashion-MNIST", file="fashion-mnist.npz") in text(test)


@pytest.mark.slow
def test_the_recipe_box_names_the_recipe_of_the_settings():
    test = opened("pages/train.py")
    assert recipe_box(test).value == "classroom"
    for name in RECIPES:
        recipe_box(test).set_value(name).run()
        assert recipe_box(test).value == name
        assert RECIPES[name].why in text(test)
    test.number_input(key="train-epochs").set_value(7).run()
    assert recipe_box(test).value == "own"
    assert not test.exception


def test_unavailable_settings_in_a_link_are_explained():
    wanted = TrainingConfig(dataset="our-letters", epochs=300, preset="nonsense")
    test = opened("pages/train.py", settings=settings_text(wanted))
    assert {each.value.replace("\\", "") for each in test.warning} == {
        help.FROM_LINK_TOO_HIGH.format(setting=labels.setting("epochs"), value=300, most=100),
        help.FROM_LINK_NO_DATASET.format(dataset="our-letters"),
        help.FROM_LINK_NO_NETWORK.format(network="nonsense", replacement=TrainingConfig.preset),
    }


def test_texts_in_a_link_are_never_markdown():
    evil = {"optimizer": "[Log in again](https://example.org) ![](https://example.org/pixel.png)" + "x" * 500}
    link = base64.urlsafe_b64encode(json.dumps(evil).encode()).decode().rstrip("=")
    (warning,) = opened("pages/train.py", settings=link).warning
    assert "](https" not in warning.value
    assert len(warning.value) < 400


def test_mnist_is_the_default_if_it_is_available(real_data):
    test = opened("pages/train.py")
    assert test.selectbox(key="train-dataset").value == "mnist"


def test_settings_start_as_in_the_classroom_exercise():
    test = opened("pages/train.py")
    assert test.selectbox(key="train-preset").value == CLASSROOM_RUN
    assert test.number_input(key="train-epochs").value == 5
    assert test.number_input(key="train-batch-size").value == 32
    assert test.number_input(key="train-learning-rate-adam-constant").value == 0.001


def test_one_cycle_has_its_own_learning_rate():
    test = opened("pages/train.py")
    test.selectbox(key="train-schedule").set_value("one-cycle").run()
    assert test.number_input(key="train-learning-rate-adam-one-cycle").value == 0.008


def test_start_queues_exactly_the_chosen_settings(monkeypatch):
    started = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: started.append(run_id))
    test = opened("pages/train.py")
    test.number_input(key="train-epochs").set_value(2)
    test.number_input(key="train-seed").set_value(7)
    test.selectbox(key="train-preset").set_value("dense-64")
    test.button(key="train-start").click().run()
    assert not test.exception
    run = RunStore().open(started[0])
    assert run.config == TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=2, seed=7)
    assert test.query_params["run"] in (run.id, [run.id])


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_everything_but_the_dataset(name, monkeypatch):
    started = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: started.append(run_id))
    test = opened("pages/train.py")
    recipe_box(test).set_value(name).run()
    assert RECIPES[name].why in text(test)
    test.button(key="train-start").click().run()
    assert not test.exception
    assert RunStore().open(started[0]).config == replace(RECIPES[name].config, dataset="uci-digits")


def test_augmentation_is_previewed_with_images_of_the_dataset(uci_digits):
    test = opened("pages/train.py")
    assert help.NO_AUGMENTATION in text(test)
    test.slider(key="train-rotation").set_value(20.0).run()
    assert help.AUGMENTED in text(test)
    assert help.NO_AUGMENTATION not in text(test)
    assert not test.exception


def test_no_preview_downloads_a_dataset():
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("cifar-10").run()
    recipe_box(test).set_value("best").run()
    assert not test.exception
    assert help.NO_PREVIEW in text(test)
    assert not test.warning, "no download was tried"


def test_a_link_can_contain_whole_numbers():
    test = opened("pages/train.py", settings=settings_text(TrainingConfig(learning_rate=1, optimizer="sgd")))
    assert not test.exception
    assert test.number_input(key="train-learning-rate-sgd-constant").value == 1


def test_sparse_labels_turn_label_smoothing_off():
    test = opened("pages/train.py")
    test.selectbox(key="train-labels").set_value("categorical").run()
    test.slider(key="train-label-smoothing").set_value(0.1).run()
    test.selectbox(key="train-labels").set_value("sparse").run()
    assert not test.button(key="train-start").disabled, "smoothing disappeared with the one-hot labels"


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["no-such-run", "../../etc", "<script>alert(1)</script>"])
@pytest.mark.parametrize("page", ["pages/train.py", "pages/evaluate.py"])
def test_a_link_to_an_unknown_run_is_explained(page, wanted):
    test = opened(page, run=wanted)
    assert not test.exception
    assert wanted not in test.warning[0].value or wanted == "no-such-run"


def test_a_link_to_a_run_yields_to_a_later_choice():
    other = RunStore().create(TrainingConfig())
    shutil.copytree(RunStore().open(DEFAULT_RUN).path, other.path, dirs_exist_ok=True)
    test = opened("pages/evaluate.py", run=other.id)
    assert test.selectbox(key="eval-run-choice").value == other.id
    test.selectbox(key="eval-run-choice").set_value(DEFAULT_RUN).run()
    assert test.selectbox(key="eval-run-choice").value == DEFAULT_RUN
    assert test.query_params["run"] in (DEFAULT_RUN, [DEFAULT_RUN])
    test.query_params["run"] = other.id
    test.run()
    assert test.selectbox(key="eval-run-choice").value == other.id


def test_home_links_to_an_interrupted_run():
    run = RunStore().create(TrainingConfig(dataset="uci-digits"))
    links = [
        each.proto for each in opened("app.py").get("page_link") if f"**{RunState.INTERRUPTED}**" in each.proto.label
    ]
    assert [run.id in str(link) for link in links] == [True]


def test_a_failed_run_shows_its_reason():
    run = RunStore().create(TrainingConfig(dataset="uci-digits"))
    write_json(run.path / "run.json", {"status": "failed", "reason": "The loss was no longer a number."})
    test = opened("pages/train.py", run=run.id)
    assert unescaped(test.error[0].value) == "The loss was no longer a number."
    assert not test.exception


def test_an_interrupted_run_can_be_resumed():
    run = RunStore().create(TrainingConfig(dataset="uci-digits"))
    test = opened("pages/train.py", run=run.id)
    assert help.RESUME_FROM_START in text(test)
    assert not test.button(key="train-resume").disabled


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (InterruptedEvent(reason="It fell over."), "It fell over."),
        (InterruptedEvent(step=3), None),
        (LoadingEvent(dataset="uci-digits"), help.NO_REASON),
    ],
)
def test_an_interrupted_run_shows_why(event, shown):
    run = RunStore().create(TrainingConfig(dataset="uci-digits"))
    log = EventLog(run.path / "events.jsonl")
    log.write(event)
    log.close()
    os.utime(run.path / "events.jsonl", (0, 0))  # no heartbeat
    captions = text(opened("pages/train.py", run=run.id))
    assert help.RESUME_FROM_START in captions
    assert (f"{shown} {help.RESUME_FROM_START}" in captions) == bool(shown)


@pytest.mark.parametrize(("free", "warned"), [(10**8, True), (10**12, False)])
def test_a_training_that_needs_more_memory_is_warned_about(free, warned, monkeypatch):
    monkeypatch.setattr("model.jobs.memory.read", lambda: Memory(10**12, free))
    test = opened("pages/train.py")
    assert (help.MEMORY.partition("{free}")[2] in text(test)) == (warned and "100" in text(test))
    assert not test.button(key="train-start").disabled


def test_evaluate_explains_why_images_are_missing():
    test = opened("pages/evaluate.py")
    metrics = RunStore().open(DEFAULT_RUN).metrics
    assert [metric.value for metric in test.metric[:2]] == [f"{metrics.accuracy:.2%}", f"{metrics.loss:.4f}"]
    assert "mnist.npz" in unescaped(test.info[0].value)
    assert len(test.table) == 2, "the model card and the misclassified images"


def test_evaluate_shows_images_if_the_dataset_is_available(real_data):
    test = opened("pages/evaluate.py")
    assert not test.info
    assert not test.exception
    assert describe_cell(len(RunStore().open(DEFAULT_RUN).metrics.mistakes)) in text(test)


def test_evaluate_names_damaged_runs():
    RunStore().home.mkdir(parents=True)
    (RunStore().home / "broken").mkdir()
    test = opened("pages/evaluate.py")
    assert "broken" in test.warning[0].value


def test_images_of_another_dataset_with_that_name_are_hidden(real_data, tmp_path, monkeypatch):
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8), np.arange(40) % 10
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    test = opened("pages/evaluate.py")
    assert "mnist" in test.info[0].value
    assert len(test.table) == 2, "the misclassified images are listed without pictures"


def test_a_run_beyond_the_widgets_limits_is_shown():
    run = RunStore().create(replace(TrainingConfig(), epochs=1000))
    assert not opened("pages/train.py", run=run.id).exception


def test_a_link_sets_the_widgets():
    wanted = replace(RECIPES["best"].config, dataset="uci-digits", seed=77)
    test = opened("pages/train.py", settings=settings_text(wanted))
    assert test.number_input(key="train-seed").value == 77
    assert test.number_input(key="train-epochs").value == 40
    assert test.slider(key="train-rotation").value == 10
    assert test.selectbox(key="train-dataset").value == "uci-digits"
    assert "settings" not in test.query_params, "a refresh keeps later changes"


@pytest.mark.parametrize("text", ["", "nonsense", "e30=e30", "eyJlcG9jaHMiOjB9"])
def test_a_link_without_valid_settings_is_explained(text):
    test = opened("pages/train.py", settings=text)
    assert not test.exception
    assert len(test.warning) == 1
    assert test.number_input(key="train-epochs").value == 5


def test_settings_beyond_the_widgets_are_limited():
    wild = TrainingConfig(epochs=1000, batch_size=4096, learning_rate=1e-8, preset="gone", dataset="elsewhere")
    test = opened("pages/train.py", settings=settings_text(wild))
    assert not test.exception
    assert test.number_input(key="train-epochs").value == 100
    assert test.selectbox(key="train-preset").value == CLASSROOM_RUN


def test_the_time_and_its_limit_are_shown_at_start(real_data, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_MAX_MINUTES", "2")
    limit = help.TIME_LIMIT.format(minutes=2)
    test = opened("pages/train.py")
    assert help.TIME.partition("{time}")[0] + "1 min" in text(test)
    assert limit not in text(test)
    test.number_input(key="train-epochs").set_value(50).run()
    assert limit in text(test)


def test_a_wrong_limit_is_logged_and_the_page_works(monkeypatch, capsys):
    monkeypatch.setenv("DIGIT_LAB_MAX_TRAININGS", "many")
    assert not opened("pages/train.py").exception
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "DIGIT_LAB_MAX_TRAININGS" in line)
    assert "many" in line


def test_a_full_store_is_explained_and_nothing_starts(monkeypatch):
    RunStore().create(TrainingConfig(), RunMetadata(name="important"))
    monkeypatch.setenv("DIGIT_LAB_MAX_RUNS", "1")
    test = opened("pages/train.py")
    test.button(key="train-start").click().run()
    assert len(test.warning) == 1
    assert not test.exception
    assert "run" not in test.query_params
    assert [run.metadata.name for run in RunStore().list()[0] if not run.shipped] == ["important"]


def test_runs_of_others_can_be_neither_renamed_nor_deleted():
    others = RunStore().create(TrainingConfig(), RunMetadata(tab=fingerprint("somebody"), browser=fingerprint("else")))
    for run_id in (CLASSROOM_RUN, others.id):
        test = opened("pages/train.py", run=run_id)
        assert not test.exception
        assert [button.key for button in test.button if button.key in ("train-delete", "train-resume")] == []


def test_the_list_of_runs_never_shows_names_as_markdown():
    RunStore().create(TrainingConfig(), RunMetadata(name="*bold* [link](x)", note="$x$"))
    shown = [each.value for each in opened("pages/train.py").markdown]
    assert any(r"\*bold\* \[link\]\(x\)" in value and r"\$x\$" in value for value in shown)


def test_a_finished_run_can_be_downloaded_and_trained_again(monkeypatch):
    started = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: started.append(run_id))
    test = opened("pages/train.py", run=CLASSROOM_RUN)
    assert len(test.get("download_button")) == 5
    test.button(key="train-again").click().run()
    assert not test.exception
    assert RunStore().open(started[0]).config == RunStore().open(CLASSROOM_RUN).config


def test_nobody_can_train_if_the_secrets_are_unreadable(tmp_path, monkeypatch, capsys):
    (tmp_path / "secrets.toml").write_text("DIGIT_LAB_TEACHER_KEY = chalk without quotes")
    monkeypatch.setattr("streamlit.get_option", lambda name: [str(tmp_path / "secrets.toml")])
    monkeypatch.setattr("streamlit.secrets.load_if_toml_exists", lambda: False)
    test = opened("pages/train.py")
    assert not test.exception
    assert "train-start" not in [button.key for button in test.button]
    assert "secrets.toml" in capsys.readouterr().err


def test_a_network_that_is_deleted_while_in_use_is_explained():
    run = RunStore().create(TrainingConfig())
    shutil.copytree(RunStore().open(CLASSROOM_RUN).path, run.path, dirs_exist_ok=True)
    run = RunStore().open_finished(run.id)
    run.network.unlink()
    for use in (services.classifier, services.recognizer):
        with pytest.raises(RunError):
            use(run)
