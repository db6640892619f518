"""Read a folder with one sub-folder of images per class, with or without train and test folders above them.

Uses Pillow. Knows trees of files, and arrays; an image that can't be used is skipped and listed with the reason.
"""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from model.data.assembly import SIDES, TEST, TRAIN, VALIDATION, Raw
from model.data.dataset import Skipped
from model.data.formats import size
from model.data.labels import check_names, in_order
from model.data.tree import Tree
from model.errors import DataError
from model.messages import Message
from model.plain_text import readable

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "HEIF")
_PARTS = {
    "train": TRAIN,
    "training": TRAIN,
    "trn": TRAIN,
    "test": TEST,
    "testing": TEST,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
}
_MAX_PIXELS, _MAX_JPEG_PIXELS = 2**24, 2**26  # of one image; a JPEG is decoded at a smaller size
_GREY_SIDE, _COLOUR_SIDES = 28, (32, 64)  # of images that have different sizes; 28 is what the Draw page needs
_N_LOOKED_AT = 100  # images, to find out whether all are grey
_GREY_TOLERANCE = 16  # grey levels between channels, which JPEG causes
_decoding = threading.Lock()  # one large image at a time
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class _Labelled:
    path: str
    part: str
    name: str  # of the class


def raw_of(tree: Tree, paths: list[str]) -> Raw:
    """Return the images in `paths`, labelled by their folders. Raises DataError if no two classes can be found."""
    skipped = list(tree.skipped)
    labelled = _labelled(tree.name, paths, skipped)
    sizes = _sizes(tree, labelled, skipped)
    labelled = [each for each in labelled if each.path in sizes]
    if not labelled:
        raise DataError(
            "{file} contains no image that can be used: {path}: {reason}",
            file=tree.name,
            path=skipped[0].file if skipped else "–",
            reason=skipped[0].reason if skipped else "–",
        )
    is_grey = _are_grey(tree, labelled)
    target = _target(list(sizes.values()), is_grey)
    channels = 1 if is_grey else 3
    if (n_bytes := len(labelled) * target[0] * target[1] * channels) > tree.limits.unpacked:
        raise DataError(
            "{file} must unpack to at most {limit:.1f} GB, got {unpacked:.1f} GB. Save fewer or smaller images.",
            file=tree.name,
            limit=tree.limits.unpacked / 1e9,
            unpacked=n_bytes / 1e9,
        )
    pixels = np.empty((len(labelled), *target, channels), np.uint8)
    used: list[_Labelled] = []
    for each in labelled:
        try:
            pixels[len(used)] = _pixels(tree.read(each.path), target, is_grey)
        except DataError as error:
            skipped.append(Skipped(readable(each.path), error.message))
        else:
            used.append(each)
    notes = []
    if len(set(sizes.values())) > 1 or next(iter(sizes.values())) != target:
        notes.append(
            Message(
                "The images have {n:,} different sizes and are fitted into {size} pixels.",
                {"n": len(set(sizes.values())), "size": size(target)},
            )
        )
    return _raw(tree.name, pixels, used, skipped, notes)


def _raw(file: str, pixels: np.ndarray, used: list[_Labelled], skipped: list[Skipped], notes: list[Message]) -> Raw:
    names = in_order(list({each.name for each in used}))
    check_names(file, names)
    numbers = {name: number for number, name in enumerate(names)}
    parts = np.array([each.part for each in used])
    labels = np.array([numbers[each.name] for each in used], np.int64)
    found = [part for part in (TRAIN, TEST, VALIDATION) if (parts == part).any()]
    return Raw(
        file,
        Message("a folder with one sub-folder of images per class"),
        {part: pixels[: len(used)][parts == part] for part in found},
        {part: labels[parts == part] for part in found},
        np.array(names),
        {part: (part, part) for part in found},
        skipped,
        notes,
    )


def _labelled(file: str, paths: list[str], skipped: list[Skipped]) -> list[_Labelled]:
    """Return the images with the part and class that their folders name."""
    split = {path: PurePosixPath(path).parts for path in paths}
    while _have_one_root(split):
        split = {path: parts[1:] for path, parts in split.items()}
    roots = {parts[0].lower() for parts in split.values() if len(parts) > 1}
    in_parts = any(_PARTS.get(root) == TRAIN for root in roots) and any(
        _PARTS.get(root) in (TEST, VALIDATION) for root in roots
    )
    labelled = []
    for path, parts in split.items():
        part = _PARTS.get(parts[0].lower()) if in_parts else TRAIN
        if part is None or len(parts) < 2 + in_parts:
            skipped.append(Skipped(readable(path), Message("It isn't in the sub-folder of a class.")))
        else:
            labelled.append(_Labelled(path, part, parts[int(in_parts)].strip()))
    if not labelled:
        raise DataError(
            "{file} contains images, but no sub-folder per class. Put the images of each class into a sub-folder with "
            "the name of the class.",
            file=file,
        )
    return labelled


def _have_one_root(split: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether all images are in one folder that contains the folders of the classes."""
    folders = {parts[:2] for parts in split.values() if len(parts) > 2}
    return len({parts[0] for parts in split.values()}) == 1 and bool(folders) and len(split) > 0


def _sizes(tree: Tree, labelled: list[_Labelled], skipped: list[Skipped]) -> dict[str, tuple[int, int]]:
    """Return height and width of each image, from their headers."""
    sizes = {}
    for each in labelled:
        try:
            with _open(tree.read(each.path)) as image:
                turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                width, height = image.size[::-1] if turned else image.size
                sizes[each.path] = (height, width)
        except DataError as error:
            skipped.append(Skipped(readable(each.path), error.message))
        except Exception:  # as in `_open`
            skipped.append(Skipped(readable(each.path), _damaged().message))
    return sizes


def _open(content: bytes) -> Image.Image:
    Image.init()  # Pillow loads the decoders of rarer formats only if it may use any
    try:
        image = Image.open(io.BytesIO(content), formats=[each for each in _FORMATS if each in Image.OPEN])
    except Exception as error:  # decoders can raise almost any error: SyntaxError, ValueError, struct.error, …
        raise _damaged() from error
    width, height = image.size
    most = _MAX_JPEG_PIXELS if image.format in ("JPEG", "MPO") else _MAX_PIXELS
    if width * height > most:
        raise DataError(
            "It has {width:,}×{height:,} pixels. Resize it to at most {most:.0f} megapixels.",
            width=width,
            height=height,
            most=most / 1e6,
        )
    return image


def _damaged() -> DataError:
    return DataError("It isn't an image that can be read, or it is damaged. Save it again.")


def _target(sizes: list[tuple[int, int]], is_grey: bool) -> tuple[int, int]:
    """Return the height and width for all images: theirs if they agree and are of a usual size, else a square."""
    if len(set(sizes)) == 1 and all(SIDES[0] <= side <= SIDES[1] for side in sizes[0]):
        return sizes[0]
    if is_grey:
        return _GREY_SIDE, _GREY_SIDE
    side = int(np.clip(np.median([max(each) for each in sizes]), *_COLOUR_SIDES))
    return side, side


def _are_grey(tree: Tree, labelled: list[_Labelled]) -> bool:
    some = labelled[:: max(1, len(labelled) // _N_LOOKED_AT)]
    for each in some:
        try:
            pixels = _pixels(tree.read(each.path), (64, 64), is_grey=False).astype(np.int16)
        except DataError:
            continue  # it is reported when it is used
        if np.percentile(np.ptp(pixels, axis=2), 99) > _GREY_TOLERANCE:
            return False
    return True


def _pixels(content: bytes, target: tuple[int, int], is_grey: bool) -> np.ndarray:
    """Return an image as uint8 `(height, width, 1 or 3)`, upright, fitted into `target` on the colour of its rim."""
    with _decoding:
        image = _open(content)
        try:
            image.draft(None, (2 * target[1], 2 * target[0]))
            ImageOps.exif_transpose(image, in_place=True)
            image = _eight_bits(image).convert("L" if is_grey else "RGB")
            if (image.height, image.width) != target:
                image = _fitted(image, target)
            pixels = np.asarray(image)
        except Exception as error:  # as in `_open`
            raise _damaged() from error
    return pixels[..., np.newaxis] if is_grey else pixels


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image without transparency and with 8 bits per channel."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits per pixel
        values = np.asarray(image, np.float32)
        return Image.fromarray(np.clip(values / (257 if values.max() > 255 else 1), 0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    rgba = image.convert("RGBA")
    pixels = np.asarray(rgba, np.float32)
    opaque = pixels[..., 3:] / 255
    ink = float((pixels[..., :3] * opaque).sum() / max(3 * float(opaque.sum()), 1))
    ground = "black" if ink > 127 else "white"  # light ink on a white ground would disappear
    return Image.alpha_composite(Image.new("RGBA", rgba.size, ground), rgba).convert("RGB")


def _fitted(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    pixels = np.asarray(image)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(rim, axis=0).astype(int)
    fill = int(colour) if image.mode == "L" else tuple(colour.tolist())
    small = ImageOps.contain(image, (target[1], target[0]), Image.Resampling.BICUBIC)
    whole = Image.new(image.mode, (target[1], target[0]), fill)
    whole.paste(small, ((target[1] - small.width) // 2, (target[0] - small.height) // 2))
    return whole
