"""Silences what native libraries print while they load."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Silence file descriptor 2 for the whole process, Python's own messages included.

    TensorFlow and LiteRT greet from C++ while they load, which no setting of theirs turns off. For command lines
    only: another thread's message would be lost too. Errors are raised as ever.
    """
    sys.stderr.flush()
    original = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.close(nowhere)
