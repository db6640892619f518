"""Keeps Streamlit's garbage collection short: after each script run it looks through all that this process holds.

Libraries make up nearly all of that and are never garbage; set aside, they need not be looked through again. Measured
with one visitor who follows a training: README, "Figures". Knows the interpreter only.
"""

import gc
import sys

_modules_set_aside = 0


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
