"""Open an image file that somebody uploaded: its type and size are checked before the pixels are decoded.

Uses Pillow. Knows nothing of ink or networks.
"""

import threading
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from model.errors import InkError
from model.messages import Message

FORMATS = ("PNG", "JPEG", "WEBP", "HEIF")
FORMAT_NAMES = "PNG, JPEG, WebP, HEIC"
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".heic", ".heif")
MAX_BYTES = 20 * 1024**2  # of an uploaded file
MIN_SIDE, MAX_SIDE = 8, 16_000  # pixels per side of an image file
MAX_PIXELS = 50_000_000  # the largest photos of phones have 48 or 50 million
_DETAIL = 2048  # pixels of the longer side of an image for a network that isn't trained on ink
_RIM_IS_BRIGHT = 128  # median grey level of the rim

# One large image at a time: 50 million pixels fit into a file of 200 kB, take 200 MB while they are read, and everybody
# can send some at the same moment.
decoding = threading.Lock()

UNNAMED = Message("The image")

pillow_heif.register_heif_opener(thumbnails=False)  # the photos of an iPhone


def open_picture(picture: str | Path | bytes, name: str | Message, longest: int) -> tuple[Image.Image, float]:
    """Open an image file upright, scaled down to at most `longest` pixels per side; return it and the scale.

    The size is checked before the pixels are decoded, and a JPEG is decoded at about the size wanted. The mode is the
    file's, except that palettes and single bits are replaced by modes that can be scaled. Raises InkError like
    `photo.read_photo`; `name` is the first word of its message.
    """
    if not isinstance(picture, str | Path | bytes | bytearray):
        raise InkError(
            "{name} must be an image file as a path or bytes, got {type}.", name=name, type=type(picture).__name__
        )
    try:
        image = Image.open(picture if isinstance(picture, str | Path) else BytesIO(picture), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InkError(
            "{name} is far too large. Resize it to at most {high} megapixels.", name=name, high=MAX_PIXELS // 10**6
        ) from None
    except UnidentifiedImageError:
        raise InkError(
            "{name} isn't an image file of a supported type. Choose one of {formats}.",
            name=name,
            formats=FORMAT_NAMES,
        ) from None
    except Exception as error:  # decoders can raise almost any error: SyntaxError, ValueError, struct.error, …
        if reason := getattr(error, "strerror", None):
            raise InkError("{name} can't be opened: {reason}.", name=name, reason=reason) from None
        raise InkError("{name} is damaged. Save it again.", name=name) from None
    with image:
        _check_header(image, name)
        try:
            size = max(image.size)
            small = _scalable(image)
            small.thumbnail((longest, longest), Image.Resampling.BICUBIC)
            # After scaling down: it copies the pixels.
            ImageOps.exif_transpose(small, in_place=True)
            small.load()
            return small, size / max(small.size)
        except Exception:  # see above
            raise InkError("{name} is incomplete or damaged. Save it again.", name=name) from None


def _scalable(image: Image.Image) -> Image.Image:
    """Return an image in a mode that can be scaled: 8 bits per channel, with alpha if anything is transparent."""
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits per pixel
        return Image.fromarray((np.clip(np.asarray(image), 0, 65_535) / 257).round().astype(np.uint8))
    return image


def _check_header(image: Image.Image, name: str | Message) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InkError(
            "{name} must have at most {high} megapixels, got {megapixels} ({width:,}×{height:,}). Resize it.",
            name=name,
            high=MAX_PIXELS // 10**6,
            megapixels=round(width * height / 10**6),
            width=width,
            height=height,
        )
    if max(width, height) > MAX_SIDE or min(width, height) < MIN_SIDE:
        raise InkError(
            "{name} must have {low} to {high:,} pixels per side, got {width:,}×{height:,}. Resize it.",
            name=name,
            low=MIN_SIDE,
            high=MAX_SIDE,
            width=width,
            height=height,
        )
    # A phone's JPEG (MPO) or HEIC may contain a second, hidden image, which isn't an animation.
    if image.format not in ("MPO", "HEIF") and (frames := getattr(image, "n_frames", 1)) > 1:
        raise InkError("{name} is an animation of {frames} frames. Save one frame of it.", name=name, frames=frames)


def fit_picture(picture: bytes, shape: tuple[int, int, int], name: str | Message = UNNAMED) -> np.ndarray:
    """Crop the centre of an image file to the proportions of `shape` `(h, w, 1 or 3)` and resize it: uint8.

    Greyscale images get a dark background like Fashion-MNIST: an image with a bright rim is inverted. Raises InkError
    like `open_picture`.
    """
    height, width, channels = shape
    with decoding:
        image, _ = _open_upright(picture, name, _DETAIL)
        image = ImageOps.fit(
            image, (width, height), Image.Resampling.BOX if min(image.size) >= width else Image.Resampling.BICUBIC
        )
    if channels == 3:
        return np.asarray(image)
    grey = np.asarray(image.convert("L"))
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return (255 - grey if np.median(rim) >= _RIM_IS_BRIGHT else grey)[..., None]


def open_scaled(picture: bytes, name: str | Message = UNNAMED, longest: int = MAX_SIDE) -> tuple[Image.Image, float]:
    """Open an image file upright, as RGB on white, with at most `longest` pixels per side; return it and the scale.

    Raises InkError like `open_picture`.
    """
    with decoding:
        return _open_upright(picture, name, longest)


def _open_upright(picture: bytes, name: str | Message, longest: int) -> tuple[Image.Image, float]:
    image, scale = open_picture(picture, name, longest)
    if not image.has_transparency_data:
        return image.convert("RGB"), scale
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"), scale
