"""Turn a photo, scan or screenshot of handwriting into 28x28 images like MNIST's.

Knows NumPy, Pillow and the sizes in `render`; knows nothing of networks or of pages. Paper may be light or dark and
unevenly lit, the pen thin or thick. A file is not trusted: its size is read before its pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from model.errors import InkError
from model.ink import components
from model.ink.components import Ints, Mask
from model.ink.render import BOX, MIDDLE, SIDE, GreyImage, InkSteps, centre_of_mass, shift_to_middle
from model.results import ArrayRepr

Tones = npt.NDArray[np.floating]  # (height, width) float32, in [0, 255] or as said
Images = Callable[[Sequence[int]], GreyImage]  # the parts of one group -> (28, 28)
Grouped = Callable[[Ints, Images], list[list[int]]]  # see `read_photo_digits`
FORMATS = ("PNG", "JPEG", "WEBP")
MIN_SIDE, MAX_SIDE = 8, 4096  # pixels a side of a picture
WORKING = 640  # pixels of the longer side that are processed: a digit of a tenth of it still has 64

MIN_DEPTH = 0.15  # ink is darker than its paper by at least this share
NOISE = 5  # and by this many standard deviations of the paper's grain
MIN_CONTRAST = 10  # the same in the small picture: otherwise the sheet is blank

# A pen thinner than THIN at 28x28 is thickened to PEN, both measured as 2 x area / outline. In MNIST that is 1.3 to
# 3.0 for nine images in ten, 2.0 at the median.
THIN, PEN = 1.6, 1.9

_THUMB = 96  # pixels of the longer side of the small picture, in which the light is estimated
_SHADOW = 21  # of these: a pen is thinner, a shadow wider
_CLOSE = 8 * BOX  # pixels of the ink's longer side in the close-up


def read_photo(picture: str | Path | bytes, source: str | None = None) -> InkSteps | None:
    """Return the steps from all ink of a picture to one digit's image, or None when the sheet is blank.

    `picture` is a PNG, JPEG or WebP file as a path or as bytes, 8 to 4,096 pixels a side; `source` names it in
    errors. An MNIST image is returned unchanged. Raises InkError for a file that is not such a picture, is cut
    or damaged, or animated.
    """
    digits = _read(picture, source, lambda boxes, image_of: [list(range(len(boxes)))] if len(boxes) else [])
    return digits[0] if digits else None


def read_photo_digits(
    picture: str | Path | bytes, source: str | None = None, *, grouped: Grouped, cut: bool = False
) -> list[InkSteps]:
    """Return the steps of each digit on a line of digits, from left to right; none on a blank sheet.

    Arguments and errors as for `read_photo`. `grouped(boxes, image_of)` groups parts into digits, as the functions of
    `grouping` do. With `cut` it gets the pieces of wide parts, such as touching digits, and must be able to join them
    again.
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
    return [_steps(sheet, members) for members in groups]


@dataclass(frozen=True, eq=False, repr=False)
class _Sheet(ArrayRepr):
    grey: Tones  # (h, w) float32 in [0, 255]
    zoom: float  # pixels of the picture in one pixel of `grey`
    ink: Tones  # (h, w) float32 in [0, 1], without light and paper, bright on black
    part: Ints  # (h, w): which connected part a pixel belongs to, -1 for none
    boxes: Ints  # (parts, 4): left, top, right, bottom, the latter two exclusive


def _load_grey(picture: str | Path | bytes, source: str | None) -> tuple[Tones, float]:
    """Decode, turn upright, make grey and no larger than WORKING: (h, w) float32 in [0, 255], and the zoom."""
    name = source or (Path(picture).name if isinstance(picture, str | Path) else "The picture")
    grey = _grey(open_picture(picture, name))
    zoom = max(1.0, max(grey.shape) / WORKING)
    if zoom > 1:
        height, width = (max(1, round(side / zoom)) for side in grey.shape)
        grey = _resized(grey, width, height)
    return grey, zoom


def open_picture(picture: str | Path | bytes, name: str) -> Image.Image:
    """Return a picture upright, in its own mode; its size is read before its pixels.

    Raises InkError, whose message begins with `name`, as `read_photo` does.
    """
    if not isinstance(picture, str | Path | bytes | bytearray):
        raise InkError(f"{name} came as {type(picture).__name__}; expected a picture file as a path or bytes.")
    try:
        image = Image.open(picture if isinstance(picture, str | Path) else BytesIO(picture), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InkError(f"{name} is far too large; expected at most {MAX_SIDE:,} pixels a side.") from None
    except UnidentifiedImageError:
        raise InkError(f"{name} is no picture that can be read here; expected a PNG, JPEG or WebP file.") from None
    except Exception as error:  # decoders meet damage with whatever comes: SyntaxError, ValueError, struct.error, …
        why = getattr(error, "strerror", None)
        raise InkError(f"{name} can't be opened ({why or 'it is damaged'}); expected a picture file.") from None
    with image:
        _check_header(image, name)
        try:
            return ImageOps.exif_transpose(image)
        except Exception:  # see above
            raise InkError(f"{name} is cut or damaged; expected a whole picture, so save it again.") from None


def _check_header(image: Image.Image, name: str) -> None:
    width, height = image.size
    if max(width, height) > MAX_SIDE or min(width, height) < MIN_SIDE:
        raise InkError(
            f"{name} has {width:,} x {height:,} pixels; expected {MIN_SIDE} to {MAX_SIDE:,} a side, so resize it."
        )
    # A phone's JPEG may hold a second, hidden picture (MPO), which is not an animation.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise InkError(f"{name} is an animation; expected a still picture, so save one frame of it.")


def _grey(image: Image.Image) -> Tones:
    """Return (h, w) float32 in [0, 255] of any mode; transparent parts get the ground that the ink contrasts with."""
    if image.mode.startswith("I") or image.mode == "F":
        return np.clip(np.asarray(image, dtype=np.float32) / 257, 0, 255)
    if not image.has_transparency_data:
        rgb = image.convert("RGB") if image.mode in ("CMYK", "P") else image
        return np.asarray(rgb.convert("L"), dtype=np.float32)
    rgba = image.convert("RGBA")
    grey = np.asarray(rgba.convert("RGB").convert("L"), dtype=np.float32)
    cover = np.asarray(rgba.getchannel("A"), dtype=np.float32) / 255
    if cover.mean() > 0.5:  # a photo with holes, not ink on nothing
        ground = np.median(grey[cover > 0.5])
    else:
        ground = np.float32(0 if (grey * cover).sum() > 127.5 * cover.sum() else 255)
    return grey * cover + ground * (1 - cover)


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
    """Remove light and paper: (h, w) float32, 0 for paper and 1 for ink, whatever their tones were.

    The paper under the ink is a morphological closing of the small picture. Ink is the share of the paper's light that
    is missing; a board with chalk is inverted first.
    """
    small = _shrunk(grey)
    above, below = small + _closed(-small), _closed(small) - small
    darkest = 64  # that white paper gets in a shadow; a board's negative is never darker than 128
    if _is_outer(above, below, small):
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
    """Estimate the paper's grain as a standard deviation: 0.3 of bell-shaped neighbours differ by less than 0.54.

    A low quantile of the differences, since more than half of a picture may be ink.
    """
    differences = np.concatenate([np.diff(grey, axis=axis).ravel() for axis in (0, 1)])
    return np.float32(np.quantile(np.abs(differences), 0.3) / np.float32(0.54))


def _is_outer(above: Tones, below: Tones, level: Tones) -> bool:
    """Tell bright ink from dark: ink lies around its holes, so its box is the larger one; else the rim decides."""
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
    """Fill everything dark and narrower than _SHADOW with the tone around it."""
    inside = (slice(_SHADOW, -_SHADOW),) * 2
    beyond = np.pad(_with_clean_rim(grey), _SHADOW, mode="edge")
    beyond[inside] = grey
    # The hollows are made a little larger than they were, so that the foot of a shadow is not taken for ink.
    return _filtered(_filtered(beyond, _SHADOW, np.max), _SHADOW + 6, np.min)[inside]


def _with_clean_rim(grey: Tones) -> Tones:
    """Fill ink that touches the rim, along the rim, so that the outside continues as paper."""
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
    own = Image.fromarray(np.isin(sheet.part, list(members))).convert("L").filter(ImageFilter.MaxFilter(5))
    # One pixel around the box belongs to it: the grey edge of the ink.
    ink = np.pad(np.where(np.asarray(own) > 0, sheet.ink, 0), 1)[top : bottom + 2, left : right + 2]
    close = _close_up(ink, max(right - left, bottom - top))
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


def _close_up(ink: Tones, longer: int) -> Tones:
    """Scale ink to _CLOSE pixels, thicken a pen thinner than THIN, and crop it: float32 in [0, 1]."""
    height, width = (max(1, round(side * _CLOSE / longer)) for side in ink.shape)
    close = np.clip(_resized(ink, width, height), 0, None)
    close = close / close.max()  # a hairline has faded
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
    """Place ink in the 28x28 image, its longer side 20 pixels, its box's middle `shift` from the image's middle."""
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


_RIM_IS_BRIGHT = 128  # grey level of the median of the rim


def fit_picture(picture: bytes, shape: tuple[int, int, int], name: str = "The picture") -> np.ndarray:
    """Crop a picture's middle to the proportions of `shape` `(h, w, 1 or 3)` and resize it: uint8 of that shape.

    Grey images get a dark background like Fashion-MNIST: a picture with a bright rim is inverted. Raises InkError,
    whose message begins with `name`, for anything but a picture of 8 to 4,096 pixels a side.
    """
    height, width, channels = shape
    image = open_upright(picture, name)
    image = ImageOps.fit(
        image, (width, height), Image.Resampling.BOX if min(image.size) >= width else Image.Resampling.BICUBIC
    )
    if channels == 3:
        return np.asarray(image)
    grey = np.asarray(image.convert("L"))
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return (255 - grey if np.median(rim) >= _RIM_IS_BRIGHT else grey)[..., None]


def open_upright(picture: bytes, name: str = "The picture", max_side: int = 0) -> Image.Image:
    """Return a picture upright as RGB on white, shrunk to `max_side` pixels a side if given. Raises InkError."""
    image = open_picture(picture, name)
    if max_side:
        image.thumbnail((max_side, max_side))
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits a pixel
        image = Image.fromarray(np.clip(np.asarray(image, np.float32) / 257, 0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
