"""Applies the policy to this session's visitor, and asks for the teacher's key.

The key is DIGIT_LAB_TEACHER_KEY, in the environment or in Streamlit's secrets. Knows the session, labels of runs and
the key; starts nothing.
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

_VARIABLE = "DIGIT_LAB_TEACHER_KEY"
_GUESS_S = 1.0  # that a wrong key costs


def owned_metadata(of: RunMetadata | None = None) -> RunMetadata:
    """Return `of`, by default an empty label, with this visitor as the owner and this tab as the one that steers."""
    visitor = session.visitor()
    return replace(of or RunMetadata(), tab=fingerprint(visitor.tab), browser=fingerprint(visitor.browser))


def metadata_for_resume(run: Run) -> RunMetadata:
    """Return a run's label with this tab as the one that steers; a run that was nobody's stays nobody's to delete."""
    mine = owned_metadata(run.metadata)
    return mine if run.metadata.browser else replace(mine, browser="")


def may_train() -> bool:
    """Tell whether this visitor may start a training."""
    return _policy().may_train()


def may_control(run: Run) -> bool:
    """Tell whether this tab may pause, stop and set."""
    return _policy().may_control(run.metadata)


def may_take_control(run: Run) -> bool:
    """Tell whether this visitor started the run in another tab of this browser, and may steer it from here instead."""
    return _policy().may_take_control(run.metadata, run.shipped)


def owns(run: Run) -> bool:
    """Tell whether this visitor may name, extend and delete the run."""
    return _policy().owns(run.metadata, run.shipped)


def may_resume(run: Run) -> bool:
    """Tell whether this visitor may continue an interrupted run."""
    return _policy().may_resume(run.metadata, run.shipped)


def _policy() -> Policy:
    visitor = session.visitor()
    return Policy(visitor.tab, visitor.browser, has_teacher_key=bool(_key()), is_teacher=_is_teacher())


def ask_for_the_key() -> None:
    """Draw the door: a field for the teacher's key."""
    st.caption("Your teacher trains here, and everybody can watch, draw and evaluate.")
    entered = st.text_input("Teacher's key", type="password", key="train-teacher-key", autocomplete="off")
    if entered:
        if hmac.compare_digest(entered.encode(), _key().encode()):
            _teachers().add(fingerprint(session.visitor().tab))
            st.rerun()
        time.sleep(_GUESS_S)
        st.warning("That is not the key of this server; expected the one that it was started with.")


def _key() -> str:
    """Return the teacher's key, or nothing where anybody may train."""
    return os.environ.get(_VARIABLE) or _secret()


def _secret() -> str:
    if st.secrets.load_if_toml_exists():
        return str(st.secrets.get(_VARIABLE, ""))
    # A file that can't be read may hold a key: nobody knows it, so nobody trains, until its host mends the file.
    return _unreadable_key() if any(Path(path).is_file() for path in st.get_option("secrets.files")) else ""


@st.cache_resource(show_spinner=False)
def _unreadable_key() -> str:
    print("secrets.toml can't be read: nobody may train until it can, as it may hold the key.", file=sys.stderr)
    return secrets.token_urlsafe(32)


def _is_teacher() -> bool:
    return bool(_key()) and fingerprint(session.visitor().tab) in _teachers()


@st.cache_resource(show_spinner=False)
def _teachers() -> set[str]:
    """The tabs in which the key was entered; services keep it, because a refresh is a new session."""
    return set()


def take_control(run: Run) -> None:
    """Let this tab steer a run that another tab of the same browser started."""
    services.store().set_metadata(run.id, owned_metadata(run.metadata))
