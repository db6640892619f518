"""Recognize the range of pixel values, and scale it to [0, 255]. Arrays only.

People save the same images from 0 to 1, 0 to 16, 0 to 100, 0 to 255 or -1 to 1. A range that isn't recognized is
refused: read as another one, the images would be nearly black.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model.errors import DataError

# The largest value of images with fewer grey levels, and of percentages.
_LEVELS = (1, 3, 7, 15, 16, 31, 63, 64, 100, 127)
_DEEP_LEVELS = (1023, 4095, 65535)  # 10, 12 and 16 bits
_NEARLY_ALL = 0.95  # of the largest value, which a few images may not contain
_ROUNDING = 0.1  # beyond [0, 1] or [-1, 1]: rounding, and the overshoot of bicubic resizing
_BLOCK = 1024  # images scaled at a time: a float64 copy of a whole dataset takes gigabytes


@dataclass(frozen=True)
class PixelRange:
    """The values of black and white; `lowest` and `highest` are those that the images contain."""

    black: float = 0.0
    white: float = 255.0
    lowest: float = 0.0
    highest: float = 255.0


def find_range(file: str, images: Mapping[str, np.ndarray]) -> PixelRange:
    """Return the common range of several arrays of images, by their names in the file.

    Raises DataError for values that aren't finite numbers, for a range that isn't recognized, and for arrays that
    have different ranges.

    >>> found = find_range("a.npz", {"x_train": np.array([[0, 5], [16, 2]], np.uint8)})
    >>> found.black, found.white
    (0.0, 16.0)
    """
    ranges = {key: _extremes(file, key, array) for key, array in images.items()}
    kinds = {array.dtype.kind for array in images.values()}
    low_key = min(ranges, key=lambda key: ranges[key][0])
    high_key = max(ranges, key=lambda key: ranges[key][1])
    low, high = ranges[low_key][0], ranges[high_key][1]
    white = _white(low, high, is_float="f" in kinds)
    if white is None:
        raise DataError(
            "Pixels of {key} in {file} go from {low:g} to {high:g}. Rescale them to [0, 255]; [0, 1], [-1, 1], "
            "[0, 16] and [0, 100] are recognized too.",
            key=low_key if low < 0 else high_key,
            file=file,
            low=low,
            high=high,
        )
    black = -white if white <= 1 and low < -_ROUNDING else 0.0
    odd = next((key for key, part in ranges.items() if _is_another(part, black, white)), None)
    if odd:
        raise DataError(
            "{odd} and {other} in {file} must have the same range, got {odd_type} up to {odd_high:g} and {other_type} "
            "up to {other_high:g}. Rescale one of them.",
            odd=odd,
            other=high_key,
            file=file,
            odd_type=str(images[odd].dtype),
            odd_high=ranges[odd][1],
            other_type=str(images[high_key].dtype),
            other_high=high,
        )
    return PixelRange(black, white, low, high)


def to_uint8(images: np.ndarray, found: PixelRange) -> np.ndarray:
    """Return images with values of that range as uint8 in [0, 255], contiguous; values beyond the range are clipped."""
    if images.dtype == np.uint8 and (found.black, found.white) == (0, 255):
        return np.ascontiguousarray(images)
    pixels = np.empty(images.shape, np.uint8)
    factor = 255 / (found.white - found.black)
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK].astype(np.float64)
        pixels[start : start + _BLOCK] = np.rint(np.clip((block - found.black) * factor, 0, 255))
    return pixels


def _extremes(file: str, key: str, images: np.ndarray) -> tuple[float, float]:
    if images.dtype.kind not in "buif":
        raise DataError(
            "{key} in {file} must contain numbers, got the type {dtype}. Convert it.",
            key=key,
            file=file,
            dtype=str(images.dtype),
        )
    with np.errstate(invalid="ignore"):
        low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError("{key} in {file} contains NaN or infinity. Replace these values.", key=key, file=file)
    return low, high


def _white(low: float, high: float, is_float: bool) -> float | None:
    """Return the value of white; None if the range isn't recognized. Black is 0, or the negative of a white up to 1."""
    for white in (1.0, 0.5):
        if abs(low + white) <= white * _ROUNDING and high <= white * (1 + _ROUNDING) and high > 0:
            return white
    if low < (-_ROUNDING if is_float else 0):
        return None
    if high <= (1 + _ROUNDING if is_float else 1):
        return 1.0 if high > 0 else 255.0
    if high > 255:
        return high if high in _DEEP_LEVELS else None
    if high > 127.5:
        return 255.0
    return next((float(level) for level in _LEVELS if _NEARLY_ALL * level <= high <= level * 1.005), None)


def _is_another(part: tuple[float, float], black: float, white: float) -> bool:
    """Return whether one array can't have the range of all; all-black images fit any."""
    low, high = part
    if black < 0:
        return low > black / 2
    return white > 1 and 0 < high < white / 2
