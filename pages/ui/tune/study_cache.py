"""Trials and figures of searches, read and built once per change for everybody who watches. Draws nothing."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from model.tuning.record import SearchRecord
from model.tuning.settings import TuningSettings
from model.tuning.study import COMPLETE, TrialResult, open_study, read_trials
from pages.ui.charts import tuning as tuning_charts
from pages.ui.charts.common import PlainFigure

FIGURES: dict[str, Callable[[Any, TuningSettings, str], PlainFigure]] = {
    "history": lambda study, settings, name: tuning_charts.optimization_history(study, settings),
    "parallel": lambda study, settings, name: tuning_charts.parallel_coordinates(study, settings),
    "slice": tuning_charts.slices,
    "importances": lambda study, settings, name: tuning_charts.importances(study),
}


def trials_of(record: SearchRecord) -> tuple[TrialResult, ...]:
    """Return the trials of a search. Raises SearchError if its study can't be read."""
    return _trials(record, str(record.path), *_version(record))


def _version(record: SearchRecord) -> tuple[int, int]:
    try:
        stat = record.journal.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@st.cache_data(max_entries=60, show_spinner=False)
def _trials(_record: SearchRecord, path: str, size: int, changed: int) -> tuple[TrialResult, ...]:
    return read_trials(_record)


def figure(record: SearchRecord, trials: tuple[TrialResult, ...], kind: str, name: str = "") -> PlainFigure | None:
    """Return one of Optuna's figures; None if the trials don't suffice for it."""
    complete = tuple(trial.number for trial in trials if trial.state == COMPLETE)
    return _figure(record, str(record.path), complete, kind, name)


@st.cache_data(max_entries=100, show_spinner=False)
def _figure(_record: SearchRecord, path: str, complete: tuple[int, ...], kind: str, name: str) -> PlainFigure | None:
    try:
        return FIGURES[kind](open_study(_record), _record.settings, name)
    except (ValueError, RuntimeError):  # such as importances of trials that all have the same value
        return None
