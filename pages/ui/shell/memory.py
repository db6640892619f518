"""Keeps Streamlit's garbage collection short, and the server's memory small.

After each script run Streamlit looks through all that this process holds. Libraries make up nearly all of that and are
never garbage; set aside, they need not be looked through again. Measured with one visitor who follows a training:
README, "Figures". Knows the interpreter and the C library.
"""

import ctypes
import gc
import sys
from contextlib import suppress

_modules_set_aside = 0
_M_MMAP_THRESHOLD, _LARGE = -3, 256 * 1024  # of glibc's mallopt; bytes


def give_back_large_arrays() -> None:
    """Have memory of large arrays returned to the system when they are freed; may be called as often as one likes.

    A curve of 100,000 batches is copied for each look at it, and a dataset is read to keep a sixth of it. glibc would
    learn from the first large block that is freed to keep all later ones. Elsewhere nothing is changed.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def set_libraries_aside() -> None:
    """Set aside what is there, where modules were imported since the last time; called when a page has been drawn.

    Real garbage is collected first. What is set aside is still freed when nothing refers to it any more; only cycles
    among it stay, and there is an end to importing modules.
    """
    global _modules_set_aside
    if len(sys.modules) > _modules_set_aside:
        _modules_set_aside = len(sys.modules)
        gc.collect()
        gc.freeze()
