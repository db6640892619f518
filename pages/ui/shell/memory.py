"""Keep Streamlit's garbage collection short and the server's memory small.

After each script run Streamlit collects garbage among all objects of this process. Nearly all of them belong to
libraries and are never garbage; frozen, they don't have to be searched again. Measured with one visitor watching a
training: docs/measurements.md. Knows the interpreter and the C library.
"""

import ctypes
import gc
import sys
from contextlib import suppress

_n_frozen_modules = 0
_M_MMAP_THRESHOLD, _LARGE = -3, 256 * 1024  # of glibc's mallopt; bytes


def release_large_arrays() -> None:
    """Make glibc return the memory of large arrays to the system when they are freed; can be called repeatedly.

    A curve of 100,000 batches is copied each time it is shown, and a whole dataset is loaded for a sixth of it. By
    default, glibc raises its threshold once the first large block is freed, and holds on to all later ones. Without
    glibc this does nothing.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def freeze_libraries() -> None:
    """Freeze all objects if modules were imported since the last call; called at the end of every page.

    Real garbage is collected first. Frozen objects are still freed when nothing refers to them any more; only cycles
    among them stay, and sooner or later all modules are imported.
    """
    global _n_frozen_modules
    if len(sys.modules) > _n_frozen_modules:
        _n_frozen_modules = len(sys.modules)
        gc.collect()
        gc.freeze()
