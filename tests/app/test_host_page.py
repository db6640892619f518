"""The Host page: closed without the teacher's key, and what a teacher can see and do."""

import os
import time

import pytest

from model.config import TrainingConfig
from model.jobs.manager import JobManager
from model.jobs.warm_worker import daemon_timer
from model.limits import Limits
from model.runs.metadata import RunMetadata
from model.runs.store import RunStore
from pages.ui.host import help
from pages.ui.shell import permission, services
from tests.app.pages import opened, text

KEY = "chalk"


class Worker:
    """A worker that is as old as this process and never does anything."""

    exit_code, pid = None, os.getpid()

    def __init__(self):
        self.commands = []

    def is_alive(self):
        return True

    def wait(self, timeout_s=None):
        time.sleep(timeout_s or 0)
        return False

    def send(self, command):
        self.commands.append(command)


class Launcher:
    def __init__(self):
        self.workers = []

    def spawn(self, folder):
        self.workers.append(Worker())
        return self.workers[-1]

    def may_spawn_warm(self):
        return False


@pytest.fixture
def launcher(monkeypatch):
    """A server with a teacher's key, room for one training and five runs, and workers that do nothing."""
    launcher = Launcher()
    manager = JobManager(RunStore(), Limits(runs=5), launcher=launcher, make_timer=daemon_timer)
    monkeypatch.setenv("DIGIT_LAB_TEACHER_KEY", KEY)
    monkeypatch.setenv("DIGIT_LAB_MAX_RUNS", "5")
    monkeypatch.setattr(services, "jobs", lambda: manager)
    return launcher


def enter(test, key=KEY):
    test.text_input(key="train-teacher-key").set_value(key)
    return test.run()


def prune(test, keep, confirm=False):
    """Open the dialog again, as AppTest runs the whole page after each change, and not only the dialog."""
    test.number_input(key="host-prune-keep").set_value(keep)
    test.button(key="host-prune").click()
    if confirm:
        test.button(key="host-prune-confirm").click()
    return test.run()


def keys(test):
    return {button.key for button in test.button}


def old_run(age_s, name=""):
    run = RunStore().create(TrainingConfig(), RunMetadata(name=name))
    (run.path / "checkpoints" / "epoch-001.keras").touch()
    os.utime(run.path, (time.time() - age_s,) * 2)
    return run


def test_without_a_key_the_page_explains_how_to_set_one():
    test = opened("pages/host.py")
    assert [each.value for each in test.info] == [help.NO_KEY]
    assert "DIGIT_LAB_TEACHER_KEY" in help.NO_KEY
    assert not test.metric
    assert not test.text_input


def test_a_wrong_key_shows_nothing(launcher, monkeypatch):
    monkeypatch.setattr(permission, "_WRONG_KEY_DELAY", 0.0)
    services.jobs().start(TrainingConfig())
    test = enter(opened("pages/host.py"), "charcoal")
    assert len(test.warning) == 1
    assert not test.metric
    assert not keys(test)


def test_a_teacher_sees_the_server(launcher):
    running, waiting = (services.jobs().start(TrainingConfig(seed=seed)) for seed in range(2))
    test = enter(opened("pages/host.py"))
    assert not test.exception
    assert len(test.metric) == 3
    assert {f"host-stop-{running.id}", f"host-stop-{waiting.id}", "host-prune"} <= keys(test)
    assert "**1** of 1" in text(test)
    assert "**1** of 20" in text(test)


def test_only_a_teacher_finds_the_page_in_the_footer(launcher):
    def links(test):
        return [each.proto.page for each in test.get("page_link")]

    test = opened("app.py")
    assert "host" not in links(test)
    assert links(enter(test.switch_page("pages/host.py").run())).count("host") == 1
    assert links(test.switch_page("pages/glossary.py").run()).count("host") == 1


def test_a_training_is_stopped_and_another_leaves_the_queue(launcher):
    running, waiting = (services.jobs().start(TrainingConfig(seed=seed)) for seed in range(2))
    test = enter(opened("pages/host.py"))
    test.button(key=f"host-stop-{waiting.id}").click().run()
    assert services.jobs().active() == (running.id,)
    assert launcher.workers[0].commands == []
    test.button(key=f"host-stop-{running.id}").click().run()
    assert [(each.do, each.reason) for each in launcher.workers[0].commands] == [("stop", help.STOPPED)]
    assert not test.exception


def test_pruning_first_says_how_many_runs_it_deletes(launcher):
    runs = [old_run(9000 - 60 * number, name="important" if number == 1 else "") for number in range(4)]
    test = enter(opened("pages/host.py"))
    test.button(key="host-prune").click().run()
    assert test.button(key="host-prune-confirm").disabled, "the store is within its limits"
    label = prune(test, keep=2).button(key="host-prune-confirm").label
    assert "2" in label
    assert all(run.path.exists() for run in runs)
    prune(test, keep=2, confirm=True)
    assert [run.path.exists() for run in runs] == [False, True, False, True]
    assert not test.exception


def test_a_tab_that_is_no_longer_the_teachers_deletes_nothing(launcher, monkeypatch):
    run = old_run(9000)
    test = enter(opened("pages/host.py"))
    test.button(key="host-prune").click().run()
    prune(test, keep=0)
    assert not test.button(key="host-prune-confirm").disabled
    permission._teachers().clear()  # as after a restart of the server
    prune(test, keep=0, confirm=True)
    assert run.path.exists()
    assert not test.metric
