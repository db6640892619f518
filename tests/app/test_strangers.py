"""Nobody stops, resumes, renames or deletes what isn't theirs, or exceeds the caps, with old pages or forged clicks.

A browser can send any state for any widget, so clicks on buttons that only the owner sees are forged here, too.
"""

import os
import re
import time
from dataclasses import replace

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates

from model.config import TrainingConfig
from model.drawings import collection
from model.drawings.collection import DrawingCollection
from model.errors import InkError, RunError
from model.jobs.local import LocalExecutor
from model.jobs.manager import JobManager
from model.limits import Limits
from model.runs import retention
from model.runs.events import EventLog, RunState, StartedEvent
from model.runs.metadata import MAX_NAME, RunMetadata, fingerprint
from model.runs.store import RunStore
from pages.ui.shell import session
from pages.ui.shell.session import Visitor
from tests.app.pages import opened

pytestmark = pytest.mark.slow

ANN, BOB = Visitor("a" * 20, "A" * 20), Visitor("b" * 20, "B" * 20)
ONE = [[[140.0, 60.0], [140.0, 220.0]]]


def owned_by(visitor, name=""):
    return RunMetadata(name, "", fingerprint(visitor.tab), fingerprint(visitor.browser))


def opened_by(visitor, run):
    test = opened("pages/train.py", run=run.id)
    test.session_state["visitor"] = visitor
    return test.run()


@pytest.fixture
def sent(monkeypatch):
    """Record what pages ask of the job manager, which starts no process."""
    sent = []
    monkeypatch.setattr(JobManager, "send", lambda self, run_id, command: sent.append(str(command.do)))
    monkeypatch.setattr(JobManager, "resume", lambda self, run_id, here=False: sent.append("resume"))
    monkeypatch.setattr(LocalExecutor, "_add", lambda self, run_id: sent.append("start"))
    return sent


def active_run(monkeypatch, state, metadata):
    run = RunStore().create(TrainingConfig(dataset="uci-digits"), metadata)
    log = EventLog(run.path / "events.jsonl")
    log.write(StartedEvent(epochs=1, batches_per_epoch=10))
    log.close()
    monkeypatch.setattr(JobManager, "active", lambda self: (run.id,))
    monkeypatch.setattr(JobManager, "state", lambda self, run: state)
    return run


OWNERS_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.INTERRUPTED, RunState.FAILED)


def buttons(test):
    return {button.key: button for button in test.button if button.key != "train-start"}


@pytest.mark.parametrize("state", OWNERS_STATES)
def test_the_owner_has_buttons_that_others_do_not(monkeypatch, sent, state):
    run = active_run(monkeypatch, state, owned_by(ANN))
    assert buttons(opened_by(ANN, run))
    assert not buttons(opened_by(BOB, run))


@pytest.mark.parametrize("state", OWNERS_STATES)
def test_forged_clicks_on_the_owners_buttons_do_nothing(monkeypatch, sent, state):
    run = active_run(monkeypatch, state, owned_by(ANN))
    forged, owners_page = WidgetStates(), opened_by(ANN, run)
    for button in buttons(owners_page).values():
        forged.widgets.add(id=button.id, trigger_value=True)
    for box in owners_page.checkbox:
        forged.widgets.add(id=box.id, bool_value="delete" in box.key)
    assert len(forged.widgets)
    test = opened_by(BOB, run)
    test._run(forged)
    assert not test.exception
    assert sent == []
    assert RunStore().open(run.id).metadata == owned_by(ANN)


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.INTERRUPTED])
def test_a_button_of_an_old_page_does_nothing_for_others(monkeypatch, sent, state):
    run = active_run(monkeypatch, state, owned_by(BOB) if state is not RunState.INTERRUPTED else RunMetadata())
    for key in buttons(opened_by(BOB, run)):
        if key == "train-set-rate":
            continue
        RunStore().set_metadata(run.id, owned_by(BOB) if state is not RunState.INTERRUPTED else RunMetadata())
        old_page = opened_by(BOB, run)
        RunStore().set_metadata(run.id, owned_by(ANN))
        old_page.button(key=key).click().run()
        assert sent == [], key
        assert RunStore().open(run.id).metadata == owned_by(ANN)


def test_control_is_not_taken_from_others_by_an_old_page(monkeypatch, sent):
    run = active_run(monkeypatch, RunState.RUNNING, replace(owned_by(ANN), browser=fingerprint(BOB.browser)))
    old_page = opened_by(BOB, run)
    RunStore().set_metadata(run.id, owned_by(ANN))
    old_page.button(key="train-take-over").click().run()
    assert RunStore().open(run.id).metadata == owned_by(ANN)


def test_the_owner_can_rename_and_delete(sent):
    run = RunStore().create(TrainingConfig(dataset="uci-digits"), owned_by(ANN))
    test = opened_by(ANN, run)
    test.text_input(key=f"train-label-name-{run.id}").set_value("Ann's")
    test.button(key="train-label-save").click().run()
    assert RunStore().open(run.id).metadata.name == "Ann's"
    test.checkbox(key=f"train-delete-sure-{run.id}").check().run()
    test.button(key="train-delete").click().run()
    assert run.id not in [each.id for each in RunStore().list()[0]]


def test_a_name_longer_than_its_field_is_not_stored(sent):
    run = RunStore().create(TrainingConfig(dataset="uci-digits"), owned_by(ANN))
    test = opened_by(ANN, run)
    test.text_input(key=f"train-label-name-{run.id}").set_value("x" * 100_000)
    test.button(key="train-label-save").click().run()
    assert not test.exception
    assert len(RunStore().open(run.id).metadata.name) <= MAX_NAME


def test_a_forged_number_of_epochs_starts_nothing(sent):
    test = opened("pages/train.py")
    forged = WidgetStates()
    forged.widgets.add(id=test.number_input(key="train-epochs").id, double_value=1e9)
    forged.widgets.add(id=test.number_input(key="train-batch-size").id, double_value=1e9)
    forged.widgets.add(id=test.selectbox(key="train-preset").id, string_value="../../evil")
    forged.widgets.add(id=test.selectbox(key="train-dataset").id, string_value="../../evil")
    forged.widgets.add(id=test.button(key="train-start").id, trigger_value=True)
    test._run(forged)
    assert not test.exception
    runs = [run for run in RunStore().list()[0] if not run.shipped]
    assert all(run.config.epochs <= 100 and re.fullmatch(r"[\w-]+", run.config.preset) for run in runs)
    assert {path.name for path in RunStore().home.parent.iterdir()} <= {"runs", "cache", "keras"}


# The caps on disk.


def trained(store, age, name=""):
    run = store.create(TrainingConfig(), RunMetadata(name))
    (run.path / "model.keras").write_bytes(b"network")
    os.utime(run.path, (time.time() - age,) * 2)
    return run


def test_abandoned_trainings_delete_nobodys_networks():
    store, limits = RunStore(), Limits(runs=8, waiting=4)
    others = [trained(store, 3600) for _ in range(4)]
    with pytest.raises(RunError) as caught:
        for _ in range(20):
            retention.make_room(store, limits, ())
            store.create(TrainingConfig())
    assert caught.value.values["n"] == 4
    for run in store.list()[0]:
        if run.path.parent == store.home and run not in others:
            os.utime(run.path, (time.time() - 120,) * 2)
    for _ in range(3):
        retention.make_room(store, limits, ())
        store.create(TrainingConfig())
    assert all(run.path.exists() for run in others), "runs without a checkpoint are deleted first"


def test_names_do_not_keep_runs_without_a_network():
    store = RunStore()
    for _ in range(3):
        run = store.create(TrainingConfig(), RunMetadata("mine for ever"))
        os.utime(run.path, (time.time() - 120,) * 2)
    kept = trained(store, 3600, "worth keeping")
    retention.make_room(store, Limits(runs=3), ())
    assert kept.path.exists()


def test_made_up_browsers_delete_nobodys_drawings(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_VISITORS", 3)
    DrawingCollection(tmp_path, "ann").save("a", 1, ONE)
    for number in range(2):
        DrawingCollection(tmp_path, f"made up {number}").save("a", 1, ONE)
    with pytest.raises(InkError) as caught:
        DrawingCollection(tmp_path, "made up 2").save("a", 1, ONE)
    assert caught.value.values["n"] == 3
    assert DrawingCollection(tmp_path, "ann").all()
    DrawingCollection(tmp_path, "ann").save("b", 2, ONE)
    assert len(list((tmp_path / "_drawings").iterdir())) == 3


def test_the_drawings_of_a_browser_stay_within_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_BYTES", 60_000)
    scribble = np.random.default_rng(0).uniform(0, 280, (4, 1000, 2)).round(2).tolist()
    drawings = DrawingCollection(tmp_path, "ann")
    for number in range(4):
        drawings.save(str(number), number, scribble)
    (file,) = (tmp_path / "_drawings").iterdir()
    assert file.stat().st_size < 2 * 60_000, "one drawing more than fits is kept, or nothing could be saved"


def test_tokens_that_are_no_tokens_leave_the_visitor(monkeypatch):
    test = opened("pages/train.py")
    before = test.session_state["visitor"]
    assert isinstance(before, session.Visitor)
    test.session_state["identity-keeper"] = {"visitor": {"tab": "../..", "browser": "x"}}
    test.run()
    assert test.session_state["visitor"] == before
