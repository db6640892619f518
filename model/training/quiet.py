"""Silence the messages that native libraries print while they load."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Silence file descriptor 2 for the whole process, including Python's own messages.

    TensorFlow and LiteRT print messages from C++ while they load, and no setting turns them off. For the command line
    only: messages from other threads are lost too. Errors are still raised.
    """
    sys.stderr.flush()
    original = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        os.close(null)
