"""What all tests share: a home of their own, and the real data where it lies beside the project."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.support import REAL_DATA

# Nothing here is timed: the machine has other things to do.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path, monkeypatch):
    """No test sees or touches the runs and datasets of the person who runs it."""
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path / "runs"))
    monkeypatch.setenv("DIGIT_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("DIGIT_LAB_DATA", raising=False)
    monkeypatch.setenv("DIGIT_LAB_WARM", "0")  # a worker that no test asked for would take a core from the others


@pytest.fixture
def real_data(monkeypatch) -> Path:
    """The folder with real MNIST and really drawn digits; whoever asks for it is skipped where it is missing."""
    if not (REAL_DATA / "mnist.npz").exists():
        pytest.skip(f"needs real MNIST and drawn digits in {REAL_DATA} (DIGIT_LAB_TEST_DATA names another folder)")
    monkeypatch.setenv("DIGIT_LAB_DATA", str(REAL_DATA))
    return REAL_DATA


@pytest.fixture(scope="session")
def uci_digits():
    """Real handwritten digits that need no network."""
    from model.data import catalog

    return catalog.load("uci-digits")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
