"""Apply the policy to this session's visitor, and check the teacher's key.

The key is DIGIT_LAB_TEACHER_KEY, in the environment or in Streamlit's secrets. Knows the session, the metadata of runs
and the key; starts nothing.
"""

import hmac
import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from model.runs.metadata import RunMetadata, fingerprint
from model.runs.run import Run
from pages.ui.shell import services, session
from pages.ui.shell.policy import Policy
from pages.ui.translation import _

_VARIABLE = "DIGIT_LAB_TEACHER_KEY"
_WRONG_KEY_DELAY = 1.0  # seconds, against guessing


def owned_metadata(of: RunMetadata | None = None) -> RunMetadata:
    """Return a copy of `of`, by default empty metadata, with this visitor as owner and this tab in control."""
    visitor = session.visitor()
    return replace(of or RunMetadata(), tab=fingerprint(visitor.tab), browser=fingerprint(visitor.browser))


def metadata_for_resume(run: Run) -> RunMetadata:
    """Return a run's metadata with this tab in control; a run without an owner stays without one."""
    metadata = owned_metadata(run.metadata)
    return metadata if run.metadata.browser else replace(metadata, browser="")


def may_train() -> bool:
    """Return whether this visitor may start a training."""
    return _policy().may_train()


def may_control(run: Run) -> bool:
    """Return whether this tab may pause, stop and adjust the run."""
    return _policy().may_control(run.metadata)


def may_take_control(run: Run) -> bool:
    """Return whether this visitor started the run in another tab of this browser and may control it from here."""
    return _policy().may_take_control(run.metadata, run.shipped)


def may_control_search(owner: RunMetadata) -> bool:
    """Return whether this visitor may stop a search and train its best again: from any tab that can start its runs."""
    policy = _policy()
    return policy.may_train() and (policy.may_control(owner) or policy.owns(owner))


def owns(run: Run) -> bool:
    """Return whether this visitor may rename, extend and delete the run."""
    return _policy().owns(run.metadata, run.shipped)


def may_resume(run: Run) -> bool:
    """Return whether this visitor may resume an interrupted run."""
    return _policy().may_resume(run.metadata, run.shipped)


def has_teacher_key() -> bool:
    """Return whether this server has a teacher's key."""
    return bool(_key())


def is_teacher() -> bool:
    """Return whether the teacher's key was entered in this tab; always False on a server without a key."""
    return bool(_key()) and fingerprint(session.visitor().tab) in _teachers()


def _policy() -> Policy:
    visitor = session.visitor()
    return Policy(visitor.tab, visitor.browser, has_teacher_key=has_teacher_key(), is_teacher=is_teacher())


def key_field(reason: str = "") -> None:
    """Draw a field for the teacher's key, with the reason for it: by default, that only the teacher can train."""
    default = _("Only your teacher can train on this server. Everyone can watch, draw and evaluate.")
    st.caption(reason or default)
    entered = st.text_input(_("Teacher's key"), type="password", key="train-teacher-key", autocomplete="off")
    if entered:
        if hmac.compare_digest(entered.encode(), _key().encode()):
            _teachers().add(fingerprint(session.visitor().tab))
            st.rerun()
        time.sleep(_WRONG_KEY_DELAY)
        st.warning(_("Wrong key."))


def _key() -> str:
    """Return the teacher's key, or an empty text if everyone may train."""
    return os.environ.get(_VARIABLE) or _secret()


def _secret() -> str:
    if st.secrets.load_if_toml_exists():
        return str(st.secrets.get(_VARIABLE, ""))
    # An unreadable file may contain a key. Until its host fixes the file, no key is right and nobody can train.
    return _unreadable_key() if any(Path(path).is_file() for path in st.get_option("secrets.files")) else ""


@st.cache_resource(show_spinner=False)
def _unreadable_key() -> str:
    print(
        "secrets.toml can't be read. It may contain the teacher's key, so nobody can train until it is fixed.",
        file=sys.stderr,
    )
    return secrets.token_urlsafe(32)


@st.cache_resource(show_spinner=False)
def _teachers() -> set[str]:
    """Return the tabs in which the key was entered: shared, because a refresh starts a new session."""
    return set()


def take_control(run: Run) -> None:
    """Let this tab control a run that another tab of the same browser started; does nothing for other visitors."""
    if may_take_control(run):
        services.store().set_metadata(run.id, owned_metadata(run.metadata))
