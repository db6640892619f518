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

from model.ink import background, components, image_file, surface
from model.ink.background import Tones
from model.ink.components import Ints, Mask
from model.ink.grouping import Group
from model.ink.render import BOX, MIDDLE, SIDE, GreyImage, InkSteps, centre_of_mass, shift_to_middle
from model.ink.surface import Corners
from model.results import ArrayRepr

Images = Callable[[Sequence[int]], GreyImage]  # the parts of a group -> (28, 28)
Grouped = Callable[[Ints, Images], list[Group]]  # see `read_photo_digits`
WHOLE = np.empty((0, 2))  # instead of corners: read the whole picture
DETAIL = 1200  # pixels of the longer side after opening: a sheet of a quarter of the photo still has 600
WORKING = 640  # pixels of the longer side after scaling down: a digit of a tenth of it still has 64

# A pen thinner than THIN at 28x28 is thickened to PEN, both measured as 2 x area / outline. In MNIST, nine images out
# of ten have 1.3 to 3.0; the median is 2.0.
THIN, PEN = 1.6, 1.9

_CLOSE = 8 * BOX  # pixels of the ink's longer side in the enlarged image


@dataclass(frozen=True, eq=False, repr=False)
class _Sheet(ArrayRepr):
    grey: Tones  # (h, w) float32 in [0, 255]
    matrix: Corners  # (3, 3), from pixels of `grey` to pixels of the image file
    ink: Tones  # (h, w) float32 in [0, 1], without lighting and paper, bright on black
    part: Ints  # (h, w): the number of each pixel's connected part, -1 for background
    boxes: Ints  # (parts, 4): left, top, right, bottom, the latter two exclusive
    corners: Corners | None = None  # (4, 2) of the surface in pixels of the opened image; None for the whole of it


def read_photo(
    picture: str | Path | bytes, source: str | None = None, corners: npt.ArrayLike | None = None
) -> InkSteps | None:
    """Return the steps from all ink in an image file to the image of one digit, or None if the sheet is blank.

    `picture` is an image file, as a path or as bytes, see `image_file`; `source` is its name in error messages. The
    sheet, board or canvas that was written on is found and straightened first; `corners` `(4, 2)` of it, in pixels of
    the file and clockwise from the top left, can be given instead, and `WHOLE` reads the whole picture. An MNIST image
    is returned unchanged. Raises InkError for any other file, and for incomplete, damaged or animated ones.
    """
    digits = _read(picture, source, _as_one_digit, corners)
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
    return _read(picture, source, grouped, corners, points=True, cut=cut)


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
    points: bool = False,
    cut: bool = False,
) -> list[InkSteps]:
    image, zoom = _load(picture, source)
    mnist_like = _as_mnist(image)
    if mnist_like is not None:
        return [_unchanged(mnist_like)]
    sheet = _sheet_in(image, zoom) if corners is None else _sheet_at(image, zoom, np.asarray(corners, np.float64))
    part, boxes = components.find(sheet.ink > 0.5, points) if points else (sheet.part, sheet.boxes)
    if cut:
        part, boxes = components.cut(part, boxes)
    sheet = replace(sheet, part=part, boxes=boxes)
    groups = grouped(sheet.boxes, lambda members: _steps(sheet, members).image)
    return [_in_row(sheet, group) for group in groups]


def _as_one_digit(boxes: Ints, image_of: Images) -> list[Group]:
    return [Group(tuple(range(len(boxes))))] if len(boxes) else []


def _in_row(sheet: _Sheet, group: Group) -> InkSteps:
    """Return the steps with the group's row; a sign is scaled down again, as small as it is beside the digits."""
    steps = _steps(sheet, group.members)
    if not group.is_sign:
        return replace(steps, row=group.row)
    left, top, right, bottom = _box_of_group(sheet, group.members)
    small = max(1, round(SIDE * max(right - left, bottom - top) / group.line))
    centred = np.zeros((SIDE, SIDE), dtype=np.uint8)
    corner = (SIDE - small) // 2
    shrunk = Image.fromarray(steps.centred).resize((small, small), Image.Resampling.BOX)
    centred[corner : corner + small, corner : corner + small] = np.asarray(shrunk)
    edge = (SIDE - BOX) // 2
    return replace(steps, scaled=centred[edge:-edge, edge:-edge], centred=centred, row=group.row, is_sign=True)


def _load(picture: str | Path | bytes, source: str | None) -> tuple[Image.Image, float]:
    """Open a file upright, as greyscale or RGB of at most DETAIL pixels per side; return it and the file's scale."""
    name = source or (Path(picture).name if isinstance(picture, str | Path) else image_file.UNNAMED)
    with image_file.decoding:
        image, zoom = image_file.open_picture(picture, name, DETAIL)
        return background.opaque(image), zoom


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


def _as_mnist(picture: Image.Image) -> GreyImage | None:
    """Return the image `(28, 28)` uint8 if it already has MNIST's size, background, scale and position, else None."""
    if picture.size != (SIDE, SIDE):
        return None
    grey = np.asarray(picture.convert("L"), np.float32)
    rim = np.median(grey[background.on_rim(grey.shape)])
    image = grey if rim < 128 else 255 - grey
    ink = image > 30
    if min(rim, 255 - rim) > 10 or not ink.any():
        return None
    left, top, right, bottom = background.bounds_of(ink)
    off_middle = np.abs(centre_of_mass(image) - MIDDLE).max()
    fits = abs(max(right - left, bottom - top) - BOX) <= 2 and off_middle <= 1
    return np.rint(image).astype(np.uint8) if fits else None


def _unchanged(image: GreyImage) -> InkSteps:
    left, top, right, bottom = background.bounds_of(image > 30)
    cropped = image[top:bottom, left:right]
    scaled = np.zeros((BOX, BOX), dtype=np.uint8)
    height, width = np.minimum(cropped.shape, BOX)
    row, column = (BOX - height) // 2, (BOX - width) // 2
    scaled[row : row + height, column : column + width] = cropped[:height, :width]
    box = (float(left), float(top), float(right), float(bottom))
    return InkSteps(drawn=image, cropped=cropped, scaled=scaled, centred=image, box=box)


def _sheet(image: Image.Image, matrix: Corners, corners: Corners | None) -> _Sheet:
    grey = background.greyscale(image)
    ink = background.without_paper(grey)
    return _Sheet(grey, matrix, ink, *components.find(ink > 0.5), corners)


def _steps(sheet: _Sheet, members: Sequence[int]) -> InkSteps:
    left, top, right, bottom = _box_of_group(sheet, members)
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


def _box_of_group(sheet: _Sheet, members: Sequence[int]) -> tuple[int, int, int, int]:
    boxes = sheet.boxes[list(members)]
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def _box_in_file(
    matrix: Corners, left: float, top: float, right: float, bottom: float
) -> tuple[float, float, float, float]:
    corners = surface.mapped([[left, top], [right, top], [right, bottom], [left, bottom]], matrix)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom


def _enlarged(ink: Tones, longer: int) -> Tones:
    """Scale ink to _CLOSE pixels, thicken a pen thinner than THIN, and crop: float32 in [0, 1]."""
    height, width = (max(1, round(side * _CLOSE / longer)) for side in ink.shape)
    close = np.clip(background.resized(ink, width, height), 0, None)
    close = close / close.max()  # scaling fades a thin line
    pixel = _CLOSE / BOX
    thickness = components.thickness_of(close > 0.5) / pixel
    if thickness < THIN:
        close = _thickened(close, round((PEN - thickness) / 2 * pixel))
    left, top, right, bottom = background.bounds_of(close > 0.5)
    return close[top:bottom, left:right]


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


def _bytes(grey: Tones) -> GreyImage:
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
