"""Simulated photos of drawn characters: a network that saw only clean strokes is unsure of ink on paper.

Knows strokes, how photos are read and a random generator.
"""

import io

import numpy as np
from PIL import Image, ImageFilter

from model.ink.photo import read_photo
from model.ink.render import GreyImage, Strokes, box_of, render_steps

_PENS = (0.03, 0.17)  # narrowest and widest, as a share of the character's longer side
_CONTRAST = (0.35, 0.9)  # between the ink and the paper
_PAPER = (170.0, 250.0)  # grey level of the paper where the light is best
_SHADE = 0.3  # how much darker one edge of the paper may be
_BLUR = (0.4, 1.8)  # standard deviation in pixels, with characters of about 150 pixels
_GRAIN = (1.0, 6.0)  # standard deviation of the noise, in grey levels
_QUALITY = (50, 95)  # of the JPEG
_SIDE = 280  # pixels of the canvas; also the room around a character


def photographed(strokes: Strokes, rng: np.random.Generator) -> GreyImage | None:
    """Return the image `(28, 28)` uint8 that is read from a simulated photo; None if there is no ink in it.

    The photo has uneven light, blur, noise and the traces of JPEG; pen, paper and contrast are random.
    """
    left, top, right, bottom = box_of(strokes)
    size = max(right - left, bottom - top, 1.0)
    corner = np.array([left, top]) - rng.uniform(0.15, 0.4, 2) * _SIDE / 2
    moved = Strokes(stroke - corner for stroke in strokes)
    width, height = (int(edge + _SIDE / 4) for edge in np.array([right, bottom]) - corner)
    pen = max(rng.uniform(*_PENS) * size, 3.0)
    steps = render_steps(moved, width, height, pen)
    if steps is None:
        return None
    ink = np.asarray(Image.fromarray(steps.drawn).filter(ImageFilter.GaussianBlur(rng.uniform(*_BLUR)))) / 255.0
    light = rng.uniform(*_PAPER) * (1 - _SHADE * rng.random() * _slope(ink.shape, rng))
    photo = light * (1 - rng.uniform(*_CONTRAST) * ink) + rng.normal(0, rng.uniform(*_GRAIN), ink.shape)
    file = io.BytesIO()
    grey = Image.fromarray(np.clip(photo, 0, 255).astype(np.uint8))
    grey.save(file, "JPEG", quality=int(rng.integers(*_QUALITY)))
    read = read_photo(file.getvalue())
    return read.image if read else None


def _slope(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return a plane `shape` that rises from 0 to 1 in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    plane: np.ndarray = np.cos(angle) * columns + np.sin(angle) * rows
    plane -= plane.min()
    plane /= plane.max()
    return plane
