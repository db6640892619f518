"""Fixtures for all tests: empty folders for runs and downloads, and the real data if it is next to the project."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.support import REAL_DATA

# No deadlines: the machine may be busy with other things.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def empty_folders(tmp_path, monkeypatch):
    """Keep every test away from the runs and datasets of the person who runs it."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path / "runs"))
    monkeypatch.setenv("DIGIT_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("DIGIT_LAB_DATA", raising=False)
    monkeypatch.delenv("DIGIT_LAB_SCHEDULER", raising=False)
    monkeypatch.setenv("DIGIT_LAB_WARM", "0")  # workers in reserve would take a core from the tests


@pytest.fixture
def real_data(monkeypatch) -> Path:
    """The folder with real MNIST and drawn digits; tests that need it are skipped if it is missing."""
    if not (REAL_DATA / "mnist.npz").exists():
        pytest.skip(f"needs real MNIST and drawn digits in {REAL_DATA} (DIGIT_LAB_TEST_DATA names another folder)")
    monkeypatch.setenv("DIGIT_LAB_DATA", str(REAL_DATA))
    return REAL_DATA


@pytest.fixture(scope="session")
def uci_digits():
    """Real handwritten digits that need no download."""
    from model.data import catalog

    return catalog.load("uci-digits")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
