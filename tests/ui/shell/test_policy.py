"""The permissions of visitors, as tables: without a teacher's key, and with one."""

import pytest

from model.runs.metadata import RunMetadata, fingerprint
from pages.ui.shell.policy import Policy

OWN = RunMetadata(tab=fingerprint("tab"), browser=fingerprint("browser"))
OF_ANOTHER_TAB = RunMetadata(tab=fingerprint("other tab"), browser=fingerprint("browser"))
OF_SOMEONE_ELSE = RunMetadata(tab=fingerprint("other tab"), browser=fingerprint("other browser"))
RESUMED = RunMetadata(tab=fingerprint("tab"))  # a run without an owner, which this tab resumed
WITHOUT_OWNER = RunMetadata()

VISITOR = Policy("tab", "browser")
PUPIL = Policy("tab", "browser", has_teacher_key=True)
TEACHER = Policy("tab", "browser", has_teacher_key=True, is_teacher=True)


def rights(policy, run, shipped=False):
    allowed = {
        "control": policy.may_control(run),
        "take control": policy.may_take_control(run, shipped),
        "own": policy.owns(run, shipped),
        "resume": policy.may_resume(run, shipped),
    }
    return {right for right, granted in allowed.items() if granted}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (OWN, {"control", "own", "resume"}),
        (OF_ANOTHER_TAB, {"take control", "own", "resume"}),
        (OF_SOMEONE_ELSE, set()),
        (RESUMED, {"control", "resume"}),
        (WITHOUT_OWNER, {"resume"}),
    ],
)
def test_without_a_key_the_tab_that_started_a_run_controls_it(run, expected):
    assert rights(VISITOR, run) == expected


@pytest.mark.parametrize("run", [OWN, OF_ANOTHER_TAB, OF_SOMEONE_ELSE, RESUMED, WITHOUT_OWNER])
def test_with_a_key_the_teacher_may_do_everything(run):
    assert TEACHER.may_train()
    assert rights(TEACHER, run) == {"control", "own", "resume"}


@pytest.mark.parametrize("run", [OF_SOMEONE_ELSE, RESUMED, WITHOUT_OWNER])
def test_with_a_key_a_pupil_may_only_watch(run):
    assert not PUPIL.may_train()
    assert rights(PUPIL, run) == set()


@pytest.mark.parametrize("run", [OWN, OF_ANOTHER_TAB])
def test_with_a_key_a_pupil_keeps_only_the_ownership_of_a_run(run):
    assert rights(PUPIL, run) == {"own"}, "the run was started before the server had a key"


@pytest.mark.parametrize("policy", [VISITOR, PUPIL, TEACHER])
def test_nobody_owns_a_shipped_run(policy):
    assert not policy.owns(WITHOUT_OWNER, shipped=True)
    assert not policy.owns(OWN, shipped=True)
    assert not policy.may_take_control(OF_ANOTHER_TAB, shipped=True)


def test_a_visitor_without_tokens_owns_nothing():
    nobody = Policy("", "")
    assert rights(nobody, WITHOUT_OWNER) == {"resume"}
    assert rights(nobody, OWN) == set()
