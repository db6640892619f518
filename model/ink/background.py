"""Separate handwriting from its background: lighting, paper, ruled lines and frames, whatever the colours.

Knows tones of grey and colour channels: nothing of surfaces, digits or networks.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from model.ink import frames, ruling
from model.ink.components import Mask

Tones = npt.NDArray[np.floating]  # (height, width) float32 in [0, 255], unless stated otherwise

MIN_DEPTH = 0.15  # ink is darker than its paper by at least this share
NOISE = 5  # and by at least this many standard deviations of the paper's grain
MIN_CONTRAST = 10  # the same in the thumbnail: with less, the sheet is blank
COLOUR_GAIN = 1.4  # times the contrast of the grey tones: a single colour channel is used

_THUMB = 96  # pixels of the longer side of the thumbnail, in which the lighting is estimated
_SHADOW = 21  # pixels of the thumbnail: a pen is thinner, a shadow wider


def opaque(image: Image.Image) -> Image.Image:
    """Convert any mode to greyscale or RGB; transparent parts become a background that contrasts with ink."""
    if not image.has_transparency_data:
        return image if image.mode in ("L", "RGB") else image.convert("RGB")
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    grey, cover = np.asarray(rgba.convert("RGB").convert("L")), np.asarray(rgba.getchannel("A"))
    if cover.mean() > 127.5:  # a photo with transparent parts, not ink on a transparent background
        ground = int(np.median(grey[cover > 127]))
    else:
        visible = np.multiply(grey, cover, dtype=np.uint16).sum(dtype=np.int64)
        ground = 0 if visible > 127.5 * cover.sum(dtype=np.int64) else 255
    return Image.composite(rgba.convert("RGB"), Image.new("RGB", rgba.size, (ground,) * 3), rgba.getchannel("A"))


def greyscale(image: Image.Image) -> Tones:
    """Return the tones of a greyscale or RGB image, in the channel in which the writing has the most contrast."""
    if image.mode == "L":
        return np.asarray(image, np.float32)
    light = image.convert("L")
    small = image.copy()
    small.thumbnail((2 * _THUMB, 2 * _THUMB))
    if np.ptp(np.asarray(small, np.int16), axis=2).max() < 24:
        return np.asarray(light, np.float32)
    channels = [light, *image.split()]
    contrasts = []
    for channel in channels:
        tones = _shrunk(np.asarray(channel, np.float32))
        beyond = np.maximum(tones + _closed(-tones), _closed(tones) - tones)
        contrasts.append(float(np.percentile(beyond, 99.5) / (_grain(tones) + 3)))
    best = int(np.argmax(contrasts))
    return np.asarray(channels[best if contrasts[best] > COLOUR_GAIN * contrasts[0] else 0], np.float32)


def without_paper(grey: Tones) -> Tones:
    """Remove lighting, paper and what is printed on it: (h, w) float32, 0 for paper, 1 for ink, whatever their tones.

    The paper under the ink is estimated by a morphological closing of the thumbnail. Ink is the missing share of the
    paper's brightness; a chalkboard is inverted first.
    """
    small = _shrunk(grey)
    above, below = small + _closed(-small), _closed(small) - small
    darkest = 64  # for white paper in a shadow; the negative of a board is never darker than 128
    if _is_bright_ink(above, below, small):
        grey, small, below, darkest = 255 - grey, 255 - small, above, 128
    if below.max() < MIN_CONTRAST * _grain(small):
        return np.zeros_like(grey)
    paper = resized(ndimage.uniform_filter(_closed(small), 3, mode="nearest"), grey.shape[1], grey.shape[0])
    depth: Tones = (paper - grey) / np.maximum(paper, darkest)
    depth = ruling.without_lines(depth)
    grain = _grain(depth)
    depth -= max(np.float32(0), np.float32(np.quantile(depth, 0.25) + np.float32(0.67) * grain))
    faintest = max(np.float32(MIN_DEPTH), np.float32(NOISE) * grain)
    ink = depth[depth > faintest]
    if not ink.size:
        return np.zeros_like(depth)
    full = np.percentile(ink, 80)
    cleared = np.clip((depth - faintest / 2) / (full - faintest / 2), 0, 1)
    return np.where(frames.without_frame(cleared > 0.3) | (cleared <= 0.3), cleared, 0)


def _grain(grey: Tones) -> np.float32:
    """Estimate the standard deviation of the paper's grain from the differences between neighbouring pixels.

    With normally distributed noise, 30% of neighbours differ by less than 0.54 standard deviations. The quantile is low
    because more than half of an image may be ink.
    """
    differences = np.concatenate([np.diff(grey, axis=axis).ravel() for axis in (0, 1)])
    return np.float32(np.quantile(np.abs(differences), 0.3) / np.float32(0.54))


def _is_bright_ink(above: Tones, below: Tones, level: Tones) -> bool:
    """Return whether the ink is bright on dark: ink surrounds its holes, so its box is larger; else the rim decides."""
    half = max(above.max(), below.max()) / 2
    bright, dark = (_extent(tones > half) for tones in (above, below))
    if max(bright, dark) > 1.2 * min(bright, dark):
        return bright > dark
    rim = np.median(level[on_rim(level.shape)])
    return bool(level.max() - rim > rim - level.min())


def _extent(mask: Mask) -> int:
    if not mask.any():
        return 0
    left, top, right, bottom = bounds_of(mask)
    return (right - left) * (bottom - top)


def _closed(grey: Tones) -> Tones:
    """Fill every dark area narrower than _SHADOW with the tone around it."""
    inside = (slice(_SHADOW, -_SHADOW),) * 2
    beyond = np.pad(_with_clean_rim(grey), _SHADOW, mode="edge")
    beyond[inside] = grey
    # The dark areas grow slightly, so that the edge of a shadow isn't mistaken for ink.
    brightest = ndimage.maximum_filter(beyond, _SHADOW, mode="nearest")
    closed: Tones = ndimage.minimum_filter(brightest, _SHADOW + 6, mode="nearest")[inside]
    return closed


def _with_clean_rim(grey: Tones) -> Tones:
    """Fill ink that touches the rim, so that the padding outside looks like paper."""
    filled = grey.copy()
    for side in (filled[:1], filled[-1:], filled[:, :1].T, filled[:, -1:].T):
        line = np.pad(side[0], _SHADOW, mode="edge")
        line = ndimage.minimum_filter1d(
            ndimage.maximum_filter1d(line, _SHADOW, mode="nearest"), _SHADOW, mode="nearest"
        )
        side[:] = line[_SHADOW:-_SHADOW]
    return filled


def _shrunk(grey: Tones) -> Tones:
    shrink = min(1.0, _THUMB / max(grey.shape))
    height, width = (max(1, round(side * shrink)) for side in grey.shape)
    return resized(grey, width, height)


def resized(grey: Tones, width: int, height: int) -> Tones:
    """Scale float32 tones with bicubic interpolation."""
    image = Image.fromarray(np.asarray(grey, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def bounds_of(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is True, the latter two exclusive; something must be."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def on_rim(shape: tuple[int, ...]) -> Mask:
    """Return the mask of the outermost pixels."""
    rim = np.ones(shape, dtype=bool)
    rim[1:-1, 1:-1] = False
    return rim
