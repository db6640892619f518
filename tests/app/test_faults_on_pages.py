"""What a page shows when files are missing, cut or not writable, each in one sentence."""

import os
import shutil

import pytest

from model.config import TrainingConfig, settings_text
from model.jobs.local import LocalExecutor
from model.runs.run import Run
from model.runs.store import CLASSROOM_RUN, RunStore
from pages.ui.train import help
from tests.app.pages import opened, text, unescaped

CONFIG = TrainingConfig(dataset="uci-digits", preset="dense-64")


def warnings(test):
    assert not test.exception
    return [unescaped(each.value) for each in test.warning]


@pytest.mark.parametrize("link", ["nonsense", settings_text(TrainingConfig(dataset="our-letters"))])
def test_a_warning_about_a_link_survives_a_redraw(link, monkeypatch):
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: None)
    test = opened("pages/train.py", settings=link)
    (warning,) = warnings(test)
    assert warnings(test.run()) == [warning]
    assert warnings(test.switch_page("pages/glossary.py").run()) == []
    assert warnings(test.switch_page("pages/train.py").run()) == []
    test.query_params["settings"] = link
    assert warnings(test.run()) == [warning]
    test.button(key="train-start").click().run()
    assert warnings(test.run()) == []


def test_resume_explains_why_a_run_cannot_be_written():
    run = RunStore().create(CONFIG)
    (run.path / "worker.log").mkdir()
    test = opened("pages/train.py", run=run.id)
    assert warnings(test) == []
    test.button(key="train-resume").click().run()
    (warning,) = warnings(test)
    assert run.id in warning
    assert os.strerror(21) in warning
    assert not test.button(key="train-resume").disabled


def test_resume_on_a_writable_folder_shows_no_warning(monkeypatch):
    resumed = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: resumed.append(run_id))
    run = RunStore().create(CONFIG)
    test = opened("pages/train.py", run=run.id)
    test.button(key="train-resume").click().run()
    assert warnings(test) == []
    assert resumed == [run.id]


def test_a_page_names_a_run_that_was_deleted_meanwhile():
    run = RunStore().create(CONFIG)
    test = opened("pages/train.py", run=run.id)
    assert warnings(test) == []
    shutil.rmtree(run.path)
    (warning,) = warnings(test.run())
    assert run.id in warning


def test_a_home_that_is_a_file_is_named_at_start(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path / "file"))
    for page in ("app.py", "pages/evaluate.py", "pages/draw.py"):
        assert warnings(opened(page)) == []
    test = opened("pages/train.py")
    test.button(key="train-start").click().run()
    (warning,) = warnings(test)
    assert str(tmp_path / "file") in warning


def test_a_cut_dataset_is_named_before_anybody_trains_on_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 cut")
    assert ":material/error: **MNIST**" in text(opened("app.py"))
    test = opened("pages/train.py")
    assert test.selectbox(key="train-dataset").value == "uci-digits"
    assert help.INSTEAD_OF_MNIST in text(test)
    test.selectbox(key="train-dataset").set_value("mnist").run()
    assert "mnist" in warnings(test)[0]
    evaluated = opened("pages/evaluate.py")
    assert not evaluated.exception
    assert "mnist.npz" in unescaped(evaluated.info[0].value)


def test_a_data_folder_that_does_not_exist_is_named(tmp_path, monkeypatch):
    before = text(opened("app.py"))
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path / "nowhere"))
    after = text(opened("app.py"))
    assert "DIGIT_LAB_DATA" in after
    assert "DIGIT_LAB_DATA" not in before
    assert str(tmp_path) not in after, "visitors don't see the folders of the server"
    assert warnings(opened("pages/train.py")) == []


@pytest.mark.parametrize("file", ["model.tflite", "evaluation.npz", "model.keras", "events.jsonl"])
def test_a_run_with_a_cut_file_breaks_no_page(file):
    run = RunStore().create(CONFIG)
    shutil.copytree(RunStore().open(CLASSROOM_RUN).path, run.path, dirs_exist_ok=True)
    content = (run.path / file).read_bytes()
    (run.path / file).write_bytes(content[: len(content) // 2])
    for page in ("app.py", "pages/train.py", "pages/evaluate.py", "pages/draw.py"):
        test = opened(page, run=run.id)
        named = [warning for warning in warnings(test) if run.id in warning or file in warning]
        if (page, file) == ("pages/evaluate.py", "evaluation.npz"):
            assert len(named) == 1


def test_a_run_without_a_step_in_its_last_event_can_be_resumed(monkeypatch):
    resumed = []
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: resumed.append(run_id))
    run = RunStore().create(CONFIG)
    (run.path / "events.jsonl").write_text('{"event": "interrupted", "checkpoint": "epoch-001.keras"}\n')
    test = opened("pages/train.py", run=run.id)
    assert help.RESUME_FROM_START in text(test)
    test.button(key="train-resume").click().run()
    assert warnings(test) == []
    assert resumed == [run.id]
    assert Run(run.path).latest_checkpoint() is None
