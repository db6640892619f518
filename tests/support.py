"""What tests of several folders share: where things lie, drawings in canvas pixels, and how to wait."""

import os
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("DIGIT_LAB_TEST_DATA", PROJECT.parent / "shared" / "data"))

# Drawings as lists of strokes, which are lists of points.
SEVEN = [[[80, 70], [110, 70], [150, 70], [200, 70], [180, 120], [160, 160], [140, 210]]]
ONE = [[[140, 60], [140, 100], [140, 150], [140, 220]]]
CROSSED_SEVEN = [[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds, and fail where it takes longer than that."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s"
        time.sleep(0.02)
