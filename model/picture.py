"""A picture from outside -> an image of the size and the colours that a network was taught with.

For networks that do not read ink (clothing, photos, a dataset of one's own); ink is `ink_image`'s. Knows NumPy and
Pillow; knows nothing of networks.
"""

import numpy as np
from PIL import Image, ImageOps

from model import ink_image

_RIM_IS_BRIGHT = 128  # grey level of the median of the rim


def fitted(picture: bytes, shape: tuple[int, int, int], name: str = "The picture") -> np.ndarray:
    """Cut a picture's middle to the shape's proportions and shrink it: `shape` `(h, w, 1 or 3)` uint8.

    Grey images get a dark ground, as Fashion-MNIST has: one with a bright rim is turned into its negative. Raises
    InkError, which `name` begins, for what is no picture of 8 to 4,096 pixels a side.
    """
    height, width, channels = shape
    image = upright(picture, name)
    image = ImageOps.fit(
        image, (width, height), Image.Resampling.BOX if min(image.size) >= width else Image.Resampling.BICUBIC
    )
    if channels == 3:
        return np.asarray(image)
    grey = np.asarray(image.convert("L"))
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return (255 - grey if np.median(rim) >= _RIM_IS_BRIGHT else grey)[..., None]


def upright(picture: bytes, name: str = "The picture", most: int = 0) -> Image.Image:
    """Return a picture as RGB on white, shrunk to `most` pixels a side where that is given. Raises InkError."""
    image = ink_image.opened(picture, name)
    if most:
        image.thumbnail((most, most))
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits a pixel
        image = Image.fromarray(np.clip(np.asarray(image, np.float32) / 257, 0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
