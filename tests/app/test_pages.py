"""The pages in Streamlit's own AppTest, without a browser. The Draw page needs a real one: tests/browser."""

import base64
import json
import re
import shutil
from dataclasses import replace

import pytest

from model.config import TrainingConfig, settings_text
from model.data import catalog
from model.errors import RunError
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.jobs.manager import JobManager
from model.runs.atomic_files import write_json
from model.runs.events import RunState
from model.runs.metadata import RunMetadata, fingerprint
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training.recipes import RECIPES
from pages.ui import glossary
from pages.ui.home import showcase, term_list
from pages.ui.shell import services
from pages.ui.shell.text import plain, run_title
from tests.app.pages import opened, recipe_box, text

PAGES = ("app.py", "pages/train.py", "pages/evaluate.py", "pages/glossary.py")


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
    shown = [each.value for each in opened("app.py").markdown]
    for dataset in catalog.available():
        assert any(f"**{dataset.title}**" in each for each in shown)
    networks = [each for each in shown if ":material/neurology:" in each]
    runs, _damaged = services.usable_runs()
    assert [plain(run_title(run)) in each for run, each in zip(runs, networks, strict=True)] == [True] * len(runs)


def test_home_shows_which_datasets_are_available(real_data):
    shown = [each.value for each in opened("app.py").markdown]
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
    assert "MNIST is not on this machine" in text(test)
    assert "DIGIT_LAB_DATA" in text(test)


def test_a_dataset_to_be_downloaded_says_so(monkeypatch):
    monkeypatch.setattr("model.data.catalog.reachable", lambda name, timeout=2.0: name == "fashion-mnist")
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("fashion-mnist").run()
    assert "downloaded (31 MB) when the training starts" in text(test)


def test_a_dataset_that_can_not_be_had_says_why_and_what_to_do():
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("fashion-mnist").run()
    assert "Fashion-MNIST can't be had now: it is not on this machine and its server does not answer" in text(test)
    assert "fashion-mnist.npz into the folder named by DIGIT_LAB_DATA" in text(test)


@pytest.mark.slow
def test_the_recipe_box_says_of_which_recipe_the_settings_are():
    test = opened("pages/train.py")
    assert recipe_box(test).value == "classroom"
    for name in RECIPES:
        recipe_box(test).set_value(name).run()
        assert recipe_box(test).value == name
        assert RECIPES[name].why in text(test)
    test.number_input(key="train-epochs").set_value(7).run()
    assert recipe_box(test).value == "own"
    assert not test.exception


def test_what_a_link_asks_for_and_can_not_have_is_told():
    wanted = TrainingConfig(dataset="our-letters", epochs=300, preset="nonsense")
    test = opened("pages/train.py", settings=settings_text(wanted))
    told = " ".join(each.value.replace("\\", "") for each in test.warning)
    assert "epochs came as 300; 100 is the most here" in told
    assert "The dataset our-letters of this link is not here" in told
    assert "The network nonsense of this link is not known here" in told


def test_what_a_link_says_is_text():
    evil = {"optimizer": "[Log in again](https://example.org) ![](https://example.org/pixel.png)" + "x" * 500}
    link = base64.urlsafe_b64encode(json.dumps(evil).encode()).decode().rstrip("=")
    (warning,) = opened("pages/train.py", settings=link).warning
    assert "](https" not in warning.value
    assert len(warning.value) < 400


def test_where_mnist_is_here_it_is_the_default(real_data):
    test = opened("pages/train.py")
    assert test.selectbox(key="train-dataset").value == "mnist"


def test_settings_start_as_the_exercise_is_taught():
    test = opened("pages/train.py")
    assert test.selectbox(key="train-preset").value == CLASSROOM_RUN
    assert test.number_input(key="train-epochs").value == 5
    assert test.number_input(key="train-batch-size").value == 32
    assert test.number_input(key="train-learning-rate-adam-constant").value == 0.001


def test_one_cycle_brings_its_own_learning_rate():
    test = opened("pages/train.py")
    test.selectbox(key="train-schedule").set_value("one-cycle").run()
    assert test.number_input(key="train-learning-rate-adam-one-cycle").value == 0.008


def test_start_queues_exactly_what_is_chosen(monkeypatch):
    asked = []
    monkeypatch.setattr(JobManager, "_enqueue", lambda self, run_id: asked.append(run_id))
    test = opened("pages/train.py")
    test.number_input(key="train-epochs").set_value(2)
    test.number_input(key="train-seed").set_value(7)
    test.selectbox(key="train-preset").set_value("dense-64")
    test.button(key="train-start").click().run()
    assert not test.exception
    run = RunStore().open(asked[0])
    assert run.config == TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=2, seed=7)
    assert test.query_params["run"] in (run.id, [run.id])


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fills_every_setting_but_the_dataset(name, monkeypatch):
    asked = []
    monkeypatch.setattr(JobManager, "_enqueue", lambda self, run_id: asked.append(run_id))
    test = opened("pages/train.py")
    recipe_box(test).set_value(name).run()
    assert RECIPES[name].why in text(test)
    test.button(key="train-start").click().run()
    assert not test.exception
    assert RunStore().open(asked[0]).config == replace(RECIPES[name].config, dataset="uci-digits")


def test_augmentation_is_previewed_with_images_of_the_dataset(uci_digits):
    test = opened("pages/train.py")
    assert "Nothing is moved" in text(test)
    test.slider(key="train-rotation").set_value(20.0).run()
    assert "three times as training would see them" in text(test)
    assert not test.exception


def test_no_preview_downloads_a_dataset():
    test = opened("pages/train.py")
    test.selectbox(key="train-dataset").set_value("cifar-10").run()
    recipe_box(test).set_value("best").run()
    assert not test.exception
    assert "downloaded when the training starts" in text(test)
    assert not test.warning, "it was not even tried"


def test_a_link_may_carry_whole_numbers():
    test = opened("pages/train.py", settings=settings_text(TrainingConfig(learning_rate=1, optimizer="sgd")))
    assert not test.exception
    assert test.number_input(key="train-learning-rate-sgd-constant").value == 1


def test_sparse_labels_drop_the_label_smoothing():
    test = opened("pages/train.py")
    test.selectbox(key="train-labels").set_value("categorical").run()
    test.slider(key="train-label-smoothing").set_value(0.1).run()
    test.selectbox(key="train-labels").set_value("sparse").run()
    assert not test.button(key="train-start").disabled, "smoothing went with the rows that it smooths"


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
    assert test.error[0].value == "The loss was no longer a number."
    assert not test.exception


def test_an_interrupted_run_can_be_resumed():
    run = RunStore().create(TrainingConfig(dataset="uci-digits"))
    test = opened("pages/train.py", run=run.id)
    assert "Resume starts it from the beginning" in text(test)
    assert test.button(key="train-resume").label == "Resume"


def test_evaluate_says_why_pictures_are_missing():
    test = opened("pages/evaluate.py")
    metrics = RunStore().open(DEFAULT_RUN).metrics
    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["Accuracy"] == f"{metrics.accuracy:.2%}"
    assert shown["Loss"] == f"{metrics.loss:.4f}"
    assert "pictures are missing because MNIST is not on this machine" in test.info[0].value
    assert len(test.table) == 2  # the card, the mistakes


def test_evaluate_shows_the_pictures_where_the_dataset_is(real_data):
    test = opened("pages/evaluate.py")
    assert not test.info
    assert not test.exception
    mistakes = len(RunStore().open(DEFAULT_RUN).metrics.mistakes)
    assert f"{mistakes} images read wrong, the surest mistake first. Click one to look closer." in text(test)


def test_evaluate_names_damaged_runs():
    RunStore().home.mkdir(parents=True)
    (RunStore().home / "broken").mkdir()
    test = opened("pages/evaluate.py")
    assert "broken is damaged" in test.warning[0].value


def test_images_of_another_dataset_of_that_name_are_not_shown(real_data, tmp_path, monkeypatch):
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8), np.arange(40) % 10
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    assert "is not the one this run was scored on" in opened("pages/evaluate.py").info[0].value


def test_a_setting_that_no_widget_offers_is_still_shown():
    run = RunStore().create(replace(TrainingConfig(), epochs=1000))
    assert not opened("pages/train.py", run=run.id).exception


def test_a_link_carries_settings():
    wanted = replace(RECIPES["best"].config, dataset="uci-digits", seed=77)
    test = opened("pages/train.py", settings=settings_text(wanted))
    assert test.number_input(key="train-seed").value == 77
    assert test.number_input(key="train-epochs").value == 40
    assert test.slider(key="train-rotation").value == 10
    assert test.selectbox(key="train-dataset").value == "uci-digits"
    assert "settings" not in test.query_params, "a refresh keeps what was changed since"


@pytest.mark.parametrize("text", ["", "nonsense", "e30=e30", "eyJlcG9jaHMiOjB9"])
def test_a_link_without_settings_is_answered_in_words(text):
    test = opened("pages/train.py", settings=text)
    assert not test.exception
    assert len(test.warning) == 1
    assert test.number_input(key="train-epochs").value == 5


def test_settings_beyond_the_sliders_are_brought_to_their_ends():
    wild = TrainingConfig(epochs=1000, batch_size=4096, learning_rate=1e-8, preset="gone", dataset="elsewhere")
    test = opened("pages/train.py", settings=settings_text(wild))
    assert not test.exception
    assert test.number_input(key="train-epochs").value == 100
    assert test.selectbox(key="train-preset").value == CLASSROOM_RUN


def test_start_says_how_long_it_takes_and_what_happens_then(real_data, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_MAX_MINUTES", "2")
    test = opened("pages/train.py")
    assert "About 1 min" in text(test)
    assert "stopped" not in text(test)
    test.number_input(key="train-epochs").set_value(50).run()
    assert "After 2 minutes it is stopped, and what it has learnt is kept." in text(test)


def test_a_wrong_limit_is_logged_and_the_page_works(monkeypatch, capsys):
    monkeypatch.setenv("DIGIT_LAB_MAX_TRAININGS", "many")
    assert not opened("pages/train.py").exception
    assert "DIGIT_LAB_MAX_TRAININGS came as 'many'" in capsys.readouterr().err


def test_a_full_store_refuses_in_a_sentence_and_starts_nothing(monkeypatch):
    RunStore().create(TrainingConfig(), RunMetadata(name="dear to somebody"))
    monkeypatch.setenv("DIGIT_LAB_MAX_RUNS", "1")
    test = opened("pages/train.py")
    test.button(key="train-start").click().run()
    assert "expected fewer than 1 runs" in test.warning[0].value
    assert len(RunStore().list()[0]) == 3, "the named one and two that are shipped"


def test_runs_of_others_can_be_neither_named_nor_deleted():
    others = RunStore().create(TrainingConfig(), RunMetadata(tab=fingerprint("somebody"), browser=fingerprint("else")))
    for run_id in (CLASSROOM_RUN, others.id):
        test = opened("pages/train.py", run=run_id)
        assert not test.exception
        assert [button.key for button in test.button if button.key in ("train-delete", "train-resume")] == []


def test_the_list_of_runs_shows_typed_names_as_they_are_typed():
    RunStore().create(TrainingConfig(), RunMetadata(name="*bold* [link](x)", note="$x$"))
    shown = [each.value for each in opened("pages/train.py").markdown]
    assert any(r"\*bold\* \[link\]\(x\)" in value and r"\$x\$" in value for value in shown)


def test_a_finished_run_can_be_taken_along_and_started_again(monkeypatch):
    asked = []
    monkeypatch.setattr(JobManager, "_enqueue", lambda self, run_id: asked.append(run_id))
    test = opened("pages/train.py", run=CLASSROOM_RUN)
    assert len(test.get("download_button")) == 5
    test.button(key="train-again").click().run()
    assert not test.exception
    assert RunStore().open(asked[0]).config == RunStore().open(CLASSROOM_RUN).config


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
