"""What tests of several folders share: where things lie."""

import os
from pathlib import Path

PROJECT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("DIGIT_LAB_TEST_DATA", PROJECT.parent / "shared" / "data"))
