"""Shared by the tests of several folders: paths, drawings in canvas pixels, waiting, checking messages."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from model.errors import DigitLabError

PROJECT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("DIGIT_LAB_TEST_DATA", PROJECT.parent / "shared" / "data"))

# Drawings as lists of strokes, which are lists of points.
SEVEN = [[[80, 70], [110, 70], [150, 70], [200, 70], [180, 120], [160, 160], [140, 210]]]
ONE = [[[140, 60], [140, 100], [140, 150], [140, 220]]]
CROSSED_SEVEN = [[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition is true, and fail if it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s"
        time.sleep(0.02)


def check_message(error: DigitLabError, **values: object) -> None:
    """Check that an error is one line of sentences and mentions these values; the wording is free."""
    assert values.items() <= error.values.items(), error.values
    assert all(f"{{{name}" in error.message.text for name in values), error.message.text
    assert str(error).endswith(".")
    assert "\n" not in str(error)
