"""Turn a photo, scan or screenshot of handwriting into 28x28 images like those of MNIST.

Uses NumPy, Pillow and the sizes in `render`: no networks, no pages. The paper may be light or dark and unevenly lit,
the pen thin or thick. `image_file` opens the file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from model.ink import components, image_file
from model.ink.components import Ints, Mask
from model.ink.grouping import Group
from model.ink.render import BOX, MIDDLE, SIDE, GreyImage, InkSteps, centre_of_mass, shift_to_middle
from model.results import ArrayRepr

Tones = npt.NDArray[np.floating]  # (height, width) float32 in [0, 255], unless stated otherwise
Images = Callable[[Sequence[int]], GreyImage]  # the parts of a group -> (28, 28)
Grouped = Callable[[Ints, Images], list[Group]]  # see `read_photo_digits`
WORKING = 640  # pixels of the longer side after scaling down: a digit of a tenth of it still has 64

MIN_DEPTH = 0.15  # ink is darker than its paper by at least this share
NOISE = 5  # and by at least this many standard deviations of the paper's grain
MIN_CONTRAST = 10  # the same in the thumbnail: with less, the sheet is blank

# A pen thinner than THIN at 28x28 is thickened to PEN, both measured as 2 x area / outline. In MNIST, nine images out
# of ten have 1.3 to 3.0; the median is 2.0.
THIN, PEN = 1.6, 1.9

_THUMB = 96  # pixels of the longer side of the thumbnail, in which the lighting is estimated
_SHADOW = 21  # pixels of the thumbnail: a pen is thinner, a shadow wider
_CLOSE = 8 * BOX  # pixels of the ink's longer side in the enlarged image


def read_photo(picture: str | Path | bytes, source: str | None = None) -> InkSteps | None:
    """Return the steps from all ink in an image file to the image of one digit, or None if the sheet is blank.

    `picture` is a PNG, JPEG or WebP file, as a path or as bytes, of 8 to 4,096 pixels per side; `source` is its name
    in error messages. An MNIST image is returned unchanged. Raises InkError for any other file, and for incomplete,
    damaged or animated ones.
    """
    digits = _read(picture, source, lambda boxes, image_of: [Group(tuple(range(len(boxes))))] if len(boxes) else [])
    return digits[0] if digits else None


def read_photo_digits(
    picture: str | Path | bytes, source: str | None = None, *, grouped: Grouped, cut: bool = False
) -> list[InkSteps]:
    """Return the steps for each digit on a line of digits, from left to right; an empty list for a blank sheet.

    Arguments and errors are those of `read_photo`. `grouped(boxes, image_of)` groups parts into digits, like the
    functions in `grouping`. With `cut` it receives the pieces of wide parts, such as touching digits, and must be able
    to join them again.
    """
    return _read(picture, source, grouped, cut)


def _read(picture: str | Path | bytes, source: str | None, grouped: Grouped, cut: bool = False) -> list[InkSteps]:
    grey, zoom = _load_grey(picture, source)
    mnist_like = _as_mnist(grey)
    if mnist_like is not None:
        return [_unchanged(mnist_like)]
    sheet = _sheet(grey, zoom)
    if cut:
        part, boxes = components.cut(sheet.part, sheet.boxes)
        sheet = replace(sheet, part=part, boxes=boxes)
    groups = grouped(sheet.boxes, lambda members: _steps(sheet, members).image)
    return [_in_row(_steps(sheet, group.members), group, sheet.zoom) for group in groups]


def _in_row(steps: InkSteps, group: Group, zoom: float) -> InkSteps:
    """Return the steps with the group's row; a sign is scaled down again, as small as it is beside the digits."""
    if not group.is_sign:
        return replace(steps, row=group.row)
    left, top, right, bottom = steps.box
    small = max(1, round(SIDE * max(right - left, bottom - top) / zoom / group.line))
    centred = np.zeros((SIDE, SIDE), dtype=np.uint8)
    corner = (SIDE - small) // 2
    shrunk = Image.fromarray(steps.centred).resize((small, small), Image.Resampling.BOX)
    centred[corner : corner + small, corner : corner + small] = np.asarray(shrunk)
    edge = (SIDE - BOX) // 2
    return replace(steps, scaled=centred[edge:-edge, edge:-edge], centred=centred, row=group.row, is_sign=True)


@dataclass(frozen=True, eq=False, repr=False)
class _Sheet(ArrayRepr):
    grey: Tones  # (h, w) float32 in [0, 255]
    zoom: float  # pixels of the image file per pixel of `grey`
    ink: Tones  # (h, w) float32 in [0, 1], without lighting and paper, bright on black
    part: Ints  # (h, w): the number of each pixel's connected part, -1 for background
    boxes: Ints  # (parts, 4): left, top, right, bottom, the latter two exclusive


def _load_grey(picture: str | Path | bytes, source: str | None) -> tuple[Tones, float]:
    """Decode, turn upright, convert to greyscale, scale down to WORKING: (h, w) float32 in [0, 255], and the zoom."""
    name = source or (Path(picture).name if isinstance(picture, str | Path) else image_file.UNNAMED)
    with image_file.decoding:
        grey = _grey(image_file.open_picture(picture, name))
        zoom = max(1.0, max(grey.shape) / WORKING)
        if zoom > 1:
            height, width = (max(1, round(side / zoom)) for side in grey.shape)
            grey = _resized(grey, width, height)
    return grey, zoom


def _grey(image: Image.Image) -> Tones:
    """Convert any mode to (h, w) float32 in [0, 255]; transparent parts become a background that contrasts with ink."""
    if image.mode.startswith("I") or image.mode == "F":
        return np.clip(np.asarray(image, dtype=np.float32) / 257, 0, 255)
    if not image.has_transparency_data:
        rgb = image.convert("RGB") if image.mode in ("CMYK", "P") else image
        return np.asarray(rgb.convert("L"), dtype=np.float32)
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    grey, cover = np.asarray(rgba.convert("RGB").convert("L")), np.asarray(rgba.getchannel("A"))
    if cover.mean() > 127.5:  # a photo with transparent parts, not ink on a transparent background
        ground = np.float32(np.median(grey[cover > 127]))
    else:
        visible = np.multiply(grey, cover, dtype=np.uint16).sum(dtype=np.int64)
        ground = np.float32(0 if visible > 127.5 * cover.sum(dtype=np.int64) else 255)
    blended = grey.astype(np.float32)
    blended -= ground  # in place, as every copy of a large image takes 64 MB
    blended *= np.multiply(cover, 1 / 255, dtype=np.float32)
    blended += ground
    return blended


def _as_mnist(grey: Tones) -> GreyImage | None:
    """Return the image `(28, 28)` uint8 if it already has MNIST's size, background, scale and position, else None."""
    if grey.shape != (SIDE, SIDE):
        return None
    rim = np.median(grey[_on_rim(grey.shape)])
    image = grey if rim < 128 else 255 - grey
    ink = image > 30
    if min(rim, 255 - rim) > 10 or not ink.any():
        return None
    left, top, right, bottom = _box(ink)
    off_middle = np.abs(centre_of_mass(image) - MIDDLE).max()
    fits = abs(max(right - left, bottom - top) - BOX) <= 2 and off_middle <= 1
    return np.rint(image).astype(np.uint8) if fits else None


def _unchanged(image: GreyImage) -> InkSteps:
    left, top, right, bottom = _box(image > 30)
    cropped = image[top:bottom, left:right]
    scaled = np.zeros((BOX, BOX), dtype=np.uint8)
    height, width = np.minimum(cropped.shape, BOX)
    row, column = (BOX - height) // 2, (BOX - width) // 2
    scaled[row : row + height, column : column + width] = cropped[:height, :width]
    box = (float(left), float(top), float(right), float(bottom))
    return InkSteps(drawn=image, cropped=cropped, scaled=scaled, centred=image, box=box)


def _sheet(grey: Tones, zoom: float) -> _Sheet:
    ink = _without_paper(grey)
    return _Sheet(grey, zoom, ink, *components.find(ink > 0.5))


def _without_paper(grey: Tones) -> Tones:
    """Remove lighting and paper: (h, w) float32, 0 for paper and 1 for ink, regardless of their tones.

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
    paper = _resized(_filtered(_closed(small), 3, np.mean), grey.shape[1], grey.shape[0])
    depth = (paper - grey) / np.maximum(paper, darkest)
    grain = _grain(depth)
    depth -= max(np.float32(0), np.float32(np.quantile(depth, 0.25) + np.float32(0.67) * grain))
    faintest = max(np.float32(MIN_DEPTH), np.float32(NOISE) * grain)
    ink = depth[depth > faintest]
    if not ink.size:
        return np.zeros_like(depth)
    full = np.percentile(ink, 80)
    return np.clip((depth - faintest / 2) / (full - faintest / 2), 0, 1)


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
    rim = np.median(level[_on_rim(level.shape)])
    return bool(level.max() - rim > rim - level.min())


def _extent(mask: Mask) -> int:
    if not mask.any():
        return 0
    left, top, right, bottom = _box(mask)
    return (right - left) * (bottom - top)


def _closed(grey: Tones) -> Tones:
    """Fill every dark area narrower than _SHADOW with the tone around it."""
    inside = (slice(_SHADOW, -_SHADOW),) * 2
    beyond = np.pad(_with_clean_rim(grey), _SHADOW, mode="edge")
    beyond[inside] = grey
    # The dark areas grow slightly, so that the edge of a shadow isn't mistaken for ink.
    return _filtered(_filtered(beyond, _SHADOW, np.max), _SHADOW + 6, np.min)[inside]


def _with_clean_rim(grey: Tones) -> Tones:
    """Fill ink that touches the rim, so that the padding outside looks like paper."""
    filled = grey.copy()
    for side in (filled[:1], filled[-1:], filled[:, :1].T, filled[:, -1:].T):
        line = np.pad(side[0], _SHADOW, mode="edge")[None]
        side[:] = _filtered(_filtered(line, _SHADOW, np.max, (1,)), _SHADOW, np.min, (1,))[:, _SHADOW:-_SHADOW]
    return filled


def _filtered(grey: Tones, size: int, reduce: Callable[..., Tones], axes: tuple[int, ...] = (0, 1)) -> Tones:
    for axis in axes:
        ends = [(0, 0), (0, 0)]
        ends[axis] = (size // 2, size - 1 - size // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(grey, ends, mode="edge"), size, axis=axis)
        grey = reduce(windows, axis=-1)
    return grey


def _steps(sheet: _Sheet, members: Sequence[int]) -> InkSteps:
    left, top = sheet.boxes[list(members), :2].min(axis=0).tolist()
    right, bottom = sheet.boxes[list(members), 2:].max(axis=0).tolist()
    mask = Image.fromarray(np.isin(sheet.part, list(members))).convert("L").filter(ImageFilter.MaxFilter(5))
    # With one pixel around the box: the grey edge of the ink.
    ink = np.pad(np.where(np.asarray(mask) > 0, sheet.ink, 0), 1)[top : bottom + 2, left : right + 2]
    close = _enlarged(ink, max(right - left, bottom - top))
    scaled = _placed(close, np.zeros(2))
    half = np.array(close.shape[::-1]) / max(close.shape) * BOX / 2
    centred = _placed(close, shift_to_middle(scaled, half))
    edge = (SIDE - BOX) // 2
    return InkSteps(
        drawn=_bytes(sheet.grey / 255),
        cropped=_bytes(close),
        scaled=_bytes(scaled[edge:-edge, edge:-edge]),
        centred=_bytes(centred),
        box=(left * sheet.zoom, top * sheet.zoom, right * sheet.zoom, bottom * sheet.zoom),
    )


def _enlarged(ink: Tones, longer: int) -> Tones:
    """Scale ink to _CLOSE pixels, thicken a pen thinner than THIN, and crop: float32 in [0, 1]."""
    height, width = (max(1, round(side * _CLOSE / longer)) for side in ink.shape)
    close = np.clip(_resized(ink, width, height), 0, None)
    close = close / close.max()  # scaling fades a thin line
    pixel = _CLOSE / BOX
    thickness = _thickness(close > 0.5) / pixel
    if thickness < THIN:
        close = _thickened(close, round((PEN - thickness) / 2 * pixel))
    left, top, right, bottom = _box(close > 0.5)
    return close[top:bottom, left:right]


def _thickness(mask: Mask) -> float:
    padded = np.pad(mask, 1).astype(np.int8)
    outline = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    return float(2 * mask.sum() / max(outline, 1))


def _thickened(ink: Tones, radius: int) -> Tones:
    height, width = ink.shape
    padded = np.pad(ink, 2 * radius)
    thick = np.zeros((height + 2 * radius, width + 2 * radius), dtype=ink.dtype)
    for down, right in np.argwhere(_disc(radius)):
        np.maximum(thick, padded[down : down + thick.shape[0], right : right + thick.shape[1]], out=thick)
    return thick


def _disc(radius: int) -> Mask:
    across = np.arange(-radius, radius + 1)
    return across[:, None] ** 2 + across**2 <= radius**2 + radius


def _placed(close: Tones, shift: npt.NDArray[np.float64]) -> Tones:
    """Place ink in a 28x28 image: its longer side has 20 pixels, its box is `shift` away from the centre."""
    longer = max(close.shape)
    field = np.zeros((2 * longer, 2 * longer), dtype=np.float32)
    row, column = longer - close.shape[0] // 2, longer - close.shape[1] // 2
    field[row : row + close.shape[0], column : column + close.shape[1]] = close
    pixel = longer / BOX
    x, y = np.array([column, row]) + np.array(close.shape[::-1]) / 2 - shift * pixel
    reach = SIDE / 2 * pixel
    window = (x - reach, y - reach, x + reach, y + reach)
    image = Image.fromarray(field).resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=window)
    return np.clip(np.asarray(image, np.float32), 0, 1)


def _shrunk(grey: Tones) -> Tones:
    shrink = min(1.0, _THUMB / max(grey.shape))
    height, width = (max(1, round(side * shrink)) for side in grey.shape)
    return _resized(grey, width, height)


def _resized(grey: Tones, width: int, height: int) -> Tones:
    image = Image.fromarray(np.asarray(grey, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _bytes(grey: Tones) -> GreyImage:
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _on_rim(shape: tuple[int, ...]) -> Mask:
    rim = np.ones(shape, dtype=bool)
    rim[1:-1, 1:-1] = False
    return rim
