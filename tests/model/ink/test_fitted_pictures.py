"""Image files, fitted to the size and colours of a network that isn't trained on ink."""

import io

import numpy as np
import pytest
from PIL import Image

from model.errors import InkError
from model.ink.image_file import FORMAT_NAMES, fit_picture, open_scaled
from tests.support import check_message


def png(image, kind="PNG"):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_a_wide_photo_is_cropped_to_its_centre_and_shrunk():
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, 100:200] = (200, 30, 10)
    image = fit_picture(png(Image.fromarray(photo)), (32, 32, 3))
    assert image.shape == (32, 32, 3)
    assert (image == (200, 30, 10)).all()


def test_clothes_on_white_are_inverted_as_in_fashion_mnist():
    photo = np.full((280, 280), 255, np.uint8)
    photo[70:210, 70:210] = 40
    image = fit_picture(png(Image.fromarray(photo)), (28, 28, 1))
    assert image.shape == (28, 28, 1)
    assert image[0, 0, 0] == 0
    assert image[14, 14, 0] == 215
    dark = fit_picture(png(Image.fromarray(255 - photo)), (28, 28, 1))
    assert (dark == image).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_every_mode_becomes_rgb(mode):
    if mode == "I;16":
        image = Image.fromarray(np.full((40, 40), 65535, np.uint16))
    else:
        image = Image.new("RGB", (40, 40), "white").convert(mode)
    read, _ = open_scaled(png(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert read.mode == "RGB"
    assert np.asarray(read).min() > 250


def test_anything_but_an_image_is_rejected():
    with pytest.raises(InkError) as caught:
        fit_picture(b"this is text", (32, 32, 3), "cat.png")
    check_message(caught.value, name="cat.png", formats=FORMAT_NAMES)
