"""Turn a photo, scan or screenshot of handwriting into 28x28 images like those of MNIST.

Uses NumPy, Pillow and the sizes in `render`: no networks, no pages. The paper may be light or dark and unevenly lit,
the pen thin or thick. `image_file` opens the file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from model.ink import components, frames, image_file, ruling, surface
from model.ink.components import Ints, Mask
from model.ink.render import BOX, MIDDLE, SIDE, GreyImage, InkSteps, centre_of_mass, shift_to_middle
from model.ink.surface import Corners
from model.results import ArrayRepr

Tones = npt.NDArray[np.floating]  # (height, width) float32 in [0, 255], unless stated otherwise
Images = Callable[[Sequence[int]], GreyImage]  # the parts of a group -> (28, 28)
Grouped = Callable[[Ints, Images], list[list[int]]]  # see `read_photo_digits`
WHOLE = np.empty((0, 2))  # instead of corners: read the whole picture
DETAIL = 1200  # pixels of the longer side after opening: a sheet of a quarter of the photo still has 600
WORKING = 640  # pixels of the longer side after scaling down: a digit of a tenth of it still has 64

MIN_DEPTH = 0.15  # ink is darker than its paper by at least this share
NOISE = 5  # and by at least this many standard deviations of the paper's grain
COLOUR_GAIN = 1.4  # times the contrast of the grey tones: a single colour channel is used
MIN_CONTRAST = 10  # the same in the thumbnail: with less, the sheet is blank

# A pen thinner than THIN at 28x28 is thickened to PEN, both measured as 2 x area / outline. In MNIST, nine images out
# of ten have 1.3 to 3.0; the median is 2.0.
THIN, PEN = 1.6, 1.9

_THUMB = 96  # pixels of the longer side of the thumbnail, in which the lighting is estimated
_SHADOW = 21  # pixels of the thumbnail: a pen is thinner, a shadow wider
_CLOSE = 8 * BOX  # pixels of the ink's longer side in the enlarged image


def read_photo(
    picture: str | Path | bytes, source: str | None = None, corners: npt.ArrayLike | None = None
) -> InkSteps | None:
    """Return the steps from all ink in an image file to the image of one digit, or None if the sheet is blank.

    `picture` is an image file, as a path or as bytes, see `image_file`; `source` is its name in error messages. The
    sheet, board or canvas that was written on is found and straightened first; `corners` `(4, 2)` of it, in pixels of
    the file and clockwise from the top left, can be given instead, and `WHOLE` reads the whole picture. An MNIST image
    is returned unchanged. Raises InkError for any other file, and for incomplete, damaged or animated ones.
    """
    digits = _read(picture, source, lambda boxes, image_of: [list(range(len(boxes)))] if len(boxes) else [], corners)
    return digits[0] if digits else None


def read_photo_digits(
    picture: str | Path | bytes,
    source: str | None = None,
    corners: npt.ArrayLike | None = None,
    *,
    grouped: Grouped,
    cut: bool = False,
) -> list[InkSteps]:
    """Return the steps for each digit on a line of digits, from left to right; an empty list for a blank sheet.

    Arguments and errors are those of `read_photo`. `grouped(boxes, image_of)` groups parts into digits, like the
    functions in `grouping`. With `cut` it receives the pieces of wide parts, such as touching digits, and must be able
    to join them again.
    """
    return _read(picture, source, grouped, corners, cut)


def find_paper(picture: str | Path | bytes, source: str | None = None) -> Corners | None:
    """Return the corners `(4, 2)` of the surface that `read_photo` finds, in pixels of the file; None if it is all.

    Raises InkError like `read_photo`.
    """
    image, zoom = _load(picture, source)
    corners = None if _as_mnist(image) is not None else _sheet_in(image, zoom).corners
    return None if corners is None else corners * zoom


def _read(
    picture: str | Path | bytes,
    source: str | None,
    grouped: Grouped,
    corners: npt.ArrayLike | None,
    cut: bool = False,
) -> list[InkSteps]:
    image, zoom = _load(picture, source)
    mnist_like = _as_mnist(image)
    if mnist_like is not None:
        return [_unchanged(mnist_like)]
    sheet = _sheet_in(image, zoom) if corners is None else _sheet_at(image, zoom, np.asarray(corners, np.float64))
    if cut:
        part, boxes = components.cut(sheet.part, sheet.boxes)
        sheet = replace(sheet, part=part, boxes=boxes)
    groups = grouped(sheet.boxes, lambda members: _steps(sheet, members).image)
    return [_steps(sheet, members) for members in groups]


@dataclass(frozen=True, eq=False, repr=False)
class _Sheet(ArrayRepr):
    grey: Tones  # (h, w) float32 in [0, 255]
    matrix: Corners  # (3, 3), from pixels of `grey` to pixels of the image file
    ink: Tones  # (h, w) float32 in [0, 1], without lighting and paper, bright on black
    part: Ints  # (h, w): the number of each pixel's connected part, -1 for background
    boxes: Ints  # (parts, 4): left, top, right, bottom, the latter two exclusive
    corners: Corners | None = None  # (4, 2) of the surface in pixels of the opened image; None for the whole of it


def _load(picture: str | Path | bytes, source: str | None) -> tuple[Image.Image, float]:
    """Open a file upright, as greyscale or RGB of at most DETAIL pixels per side; return it and the file's scale."""
    name = source or (Path(picture).name if isinstance(picture, str | Path) else image_file.UNNAMED)
    with image_file.decoding:
        image, zoom = image_file.open_picture(picture, name, DETAIL)
        return _on_paper(image), zoom


def _sheet_in(image: Image.Image, zoom: float) -> _Sheet:
    """Find the surface that was written on and what is on it; the whole picture if there is no surface with writing."""
    for corners in surface.find(image):
        sheet = _sheet_at(image, zoom, corners * zoom)
        if not len(sheet.boxes):
            continue
        # A slate in its frame, a note on a pad: what was written on is the innermost surface.
        flat, matrix = surface.straightened(image, corners, WORKING)
        for inner in surface.find(flat):
            innermost = _sheet_at(image, zoom, surface.mapped(inner, matrix) * zoom)
            if len(innermost.boxes):
                return innermost
        return sheet
    return _sheet_at(image, zoom, np.empty((0, 2)))


def _sheet_at(image: Image.Image, zoom: float, corners: Corners) -> _Sheet:
    """Return what is written inside these corners, in pixels of the file; in the whole picture if they are WHOLE."""
    scale = np.diag([zoom, zoom, 1.0])
    if not len(corners):
        flat = image.copy()
        shrink = max(1.0, max(image.size) / WORKING)
        if shrink > 1:
            width, height = (max(1, round(side / shrink)) for side in image.size)
            flat = flat.resize((width, height), Image.Resampling.BICUBIC)
        scale = scale @ np.diag([image.width / flat.width, image.height / flat.height, 1.0])
        return _sheet(flat, scale, None)
    flat, matrix = surface.straightened(image, corners / zoom, WORKING)
    return _sheet(flat, scale @ matrix, corners / zoom)


def _on_paper(image: Image.Image) -> Image.Image:
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


def _grey(image: Image.Image) -> Tones:
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


def _as_mnist(picture: Image.Image) -> GreyImage | None:
    """Return the image `(28, 28)` uint8 if it already has MNIST's size, background, scale and position, else None."""
    if picture.size != (SIDE, SIDE):
        return None
    grey = np.asarray(picture.convert("L"), np.float32)
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


def _sheet(image: Image.Image, matrix: Corners, corners: Corners | None) -> _Sheet:
    grey = _grey(image)
    ink = _without_paper(grey)
    return _Sheet(grey, matrix, ink, *components.find(ink > 0.5), corners)


def _without_paper(grey: Tones) -> Tones:
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
    paper = _resized(ndimage.uniform_filter(_closed(small), 3, mode="nearest"), grey.shape[1], grey.shape[0])
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


def _steps(sheet: _Sheet, members: Sequence[int]) -> InkSteps:
    left, top = sheet.boxes[list(members), :2].min(axis=0).tolist()
    right, bottom = sheet.boxes[list(members), 2:].max(axis=0).tolist()
    # With one pixel around the box: the grey edge of the ink.
    place = (slice(top, bottom + 2), slice(left, right + 2))
    part = np.pad(sheet.part, 1, constant_values=-1)[place]
    mask = ndimage.maximum_filter(np.isin(part, list(members)), 5, mode="constant")
    ink = np.where(mask, np.pad(sheet.ink, 1)[place], 0)
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
        box=_box_in_file(sheet.matrix, left, top, right, bottom),
    )


def _box_in_file(
    matrix: Corners, left: float, top: float, right: float, bottom: float
) -> tuple[float, float, float, float]:
    corners = surface.mapped([[left, top], [right, top], [right, bottom], [left, bottom]], matrix)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom


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
