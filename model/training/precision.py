"""The number format of a training: float32, or bfloat16 if the processor supports it."""

from functools import cache
from pathlib import Path

_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}


def choose_precision(wanted: str) -> str:
    """Return the Keras dtype policy: `auto` is mixed_bfloat16 if the processor supports it, else float32."""
    if wanted == "auto":
        return "mixed_bfloat16" if has_bfloat16() else "float32"
    return wanted


@cache
def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the processor supports bfloat16, which makes a training step up to twice as fast.

    Otherwise TensorFlow emulates the type, more slowly than float32, so an unknown processor counts as unsupported.
    """
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    return any(_BFLOAT16_FLAGS & set(line.split()) for line in lines if line.startswith("flags"))
