"""Photos become MNIST-like images: photos are made with Pillow, and the result is compared with the drawing. For any
file, the result is an image, nothing, or an error message."""

import errno
import gzip
import io
import json
import os
import struct
import time
import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw, ImageFilter

from model.errors import InkError
from model.ink import grouping, image_file, photo
from model.ink.render import MIDDLE, render
from tests.support import CROSSED_SEVEN, check_message


def by_shape(boxes, image_of):
    return grouping.find_digits(boxes, image_of)


TWO = [[[70, 90], [90, 60], [140, 55], [165, 90], [150, 130], [70, 210], [175, 205]]]
FIVE = [[[100, 70], [95, 130], [150, 140], [160, 190], [120, 220], [80, 205]], [[112, 62], [170, 58]]]


def cover(strokes, size=(640, 480), pen=12.0, at=(180, 90)):
    """Return the share of ink on every pixel, (height, width) in [0, 1]."""
    image = Image.new("L", (2 * size[0], 2 * size[1]))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [(2 * (x + at[0]), 2 * (y + at[1])) for x, y in stroke]
        draw.line(points, fill=255, width=round(2 * pen))
        for x, y in points:
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(image.reduce(2)) / 255


def photographed(ink_cover, rng, paper=230, tone=60, slope=0.5, noise=5.0):
    """Return ink on paper that gets darker to one side, slightly out of focus, with grain: a Pillow image."""
    height, width = ink_cover.shape
    light = 1 - slope * (np.arange(width) / width + np.arange(height)[:, None] / height) / 2
    soft = np.asarray(Image.fromarray(np.uint8(255 * ink_cover)).filter(ImageFilter.GaussianBlur(1))) / 255
    grey = light * (paper + (tone - paper) * soft) + rng.normal(0, noise, (height, width))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def file_of(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(strokes=CROSSED_SEVEN, paper=255, tone=0):
    """Return a clean greyscale image of strokes."""
    return Image.fromarray(np.uint8(np.rint(paper + (tone - paper) * cover(strokes))))


def similarity(seen, strokes):
    """Return the correlation between a photo's image and the rendered strokes."""
    return np.corrcoef(seen.image.ravel(), render(strokes).ravel())[0, 1]


def assert_well_formed(seen):
    assert seen.image.shape == (28, 28)
    assert seen.scaled.shape == (20, 20)
    assert all(image.dtype == np.uint8 for image in (seen.drawn, seen.cropped, seen.scaled, seen.centred))
    assert seen.image.any()
    left, top, right, bottom = seen.box
    assert left < right and top < bottom


def assert_is_seven(picture):
    seen = photo.read_photo(picture)
    assert_well_formed(seen)
    assert similarity(seen, CROSSED_SEVEN) > 0.93
    weight = seen.image.astype(float)
    middle = [(weight.sum(axis=axis) * np.arange(28)).sum() / weight.sum() for axis in (0, 1)]
    assert np.allclose(middle, MIDDLE, atol=0.3)
    rows, columns = np.nonzero(seen.image >= 128)
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21


@pytest.mark.slow
@pytest.mark.parametrize("strokes", [CROSSED_SEVEN, TWO, FIVE])
@pytest.mark.parametrize("pen", [2.5, 6, 12, 18])
def test_a_photo_gives_the_written_digit(strokes, pen, rng):
    seen = photo.read_photo(file_of(photographed(cover(strokes, pen=pen), rng), "JPEG", quality=80))
    assert_well_formed(seen)
    assert similarity(seen, strokes) > 0.9


@pytest.mark.parametrize(
    ("paper", "tone"), [(235, 40), (235, 150), (120, 40), (30, 220), (60, 150), (255, 0), (0, 255)]
)
def test_paper_and_chalkboards_give_bright_ink_on_black(paper, tone, rng):
    assert_is_seven(file_of(photographed(cover(CROSSED_SEVEN), rng, paper, tone, slope=0.3), "JPEG"))


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0, 0.4, 0.8])
@pytest.mark.parametrize("noise", [0, 6, 12])
def test_uneven_light_and_grain_are_removed(slope, noise, rng):
    assert_is_seven(file_of(photographed(cover(CROSSED_SEVEN), rng, slope=slope, noise=noise), "JPEG"))


def test_a_soft_shadow_is_not_ink(rng):
    grey = np.asarray(photographed(cover(CROSSED_SEVEN), rng, slope=0.2), float)
    shadow = 1 - 0.45 / (1 + np.exp((np.arange(640) - 330) / 15))
    assert_is_seven(file_of(Image.fromarray((grey * shadow).astype(np.uint8)), "JPEG"))


def test_specks_and_the_edge_of_a_table_are_not_ink(rng):
    grey = np.array(photographed(cover(CROSSED_SEVEN), rng, slope=0.2))
    grey[20:24, 30:33] = grey[300:303, 600:604] = grey[440:443, 100:104] = 30
    grey[455:] = 40
    assert_is_seven(file_of(Image.fromarray(grey)))


def with_alpha(tone, background):
    seven = cover(CROSSED_SEVEN)
    layers = [np.full(seven.shape, tone)] * 3 + [255 * seven]
    layers = [np.where(seven > 0, layer, background) for layer in layers[:3]] + layers[3:]
    return Image.fromarray(np.stack(layers, axis=-1).astype(np.uint8), "RGBA")


def photo_with_round_corners():
    mask = Image.new("L", (640, 480))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 639, 479), 80, fill=255)
    image = plain(paper=235).convert("RGB")
    image.putalpha(mask)
    return image


PICTURES = {
    "grey PNG": lambda: file_of(plain()),
    "white on black": lambda: file_of(plain(paper=0, tone=255)),
    "colour": lambda: file_of(
        Image.merge("RGB", [plain(paper=250), plain(paper=240, tone=30), plain(paper=200, tone=140)])
    ),
    "black ink on transparent black": lambda: file_of(with_alpha(0, 0)),
    "black ink on transparent white": lambda: file_of(with_alpha(0, 255)),
    "white ink on transparent black": lambda: file_of(with_alpha(255, 0)),
    "white ink on transparent white": lambda: file_of(with_alpha(255, 255)),
    "round corners": lambda: file_of(photo_with_round_corners()),
    "grey with alpha": lambda: file_of(with_alpha(20, 20).convert("LA")),
    "CMYK JPEG": lambda: file_of(plain().convert("CMYK"), "JPEG"),
    "16 bits": lambda: file_of(Image.fromarray(np.asarray(plain()).astype(np.uint16) * 257)),
    "palette": lambda: file_of(plain().convert("P")),
    "palette with a transparent colour": lambda: file_of(plain().convert("P"), transparency=255),
    "black and white": lambda: file_of(plain().convert("1")),
    "WebP": lambda: file_of(plain(), "WEBP"),
    "a phone's JPEG with a second image": lambda: file_of(
        plain(), "MPO", save_all=True, append_images=[plain(TWO)], quality=80
    ),
    "coarse JPEG": lambda: file_of(plain(), "JPEG", quality=20),
    "small": lambda: file_of(plain().reduce(10)),
    "4,096 pixels": lambda: file_of(plain().resize((4096, 3072))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_image_file_is_read(name):
    assert_is_seven(PICTURES[name]())


def test_an_image_on_its_side_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees for display
    assert_is_seven(file_of(plain().rotate(90, expand=True), "JPEG", exif=exif))


def test_a_path_is_read_like_its_bytes(tmp_path):
    path = tmp_path / "seven.png"
    path.write_bytes(file_of(plain()))
    assert (photo.read_photo(path).image == photo.read_photo(path.read_bytes()).image).all()
    assert (photo.read_photo(str(path)).image == photo.read_photo(path).image).all()


@pytest.mark.parametrize("factor", [1, 3])
def test_the_box_is_in_pixels_of_the_file(factor):
    image = plain()
    seen = photo.read_photo(file_of(image.resize((640 * factor, 480 * factor))))
    expected = np.array([60 - 6 + 180, 60 - 6 + 90, 180 + 6 + 180, 220 + 6 + 90]) * factor
    assert np.allclose(seen.box, expected, atol=2 * factor)


def test_a_thin_pen_is_thickened_and_a_thick_one_is_not():
    thin, usual, thick = (
        photo.read_photo(file_of(Image.fromarray(np.uint8(255 * cover(CROSSED_SEVEN, pen=pen))))).image.sum(dtype=int)
        for pen in (1.5, 17, 34)
    )
    assert 0.75 * usual < thin < 1.1 * usual
    assert thick > 1.4 * usual


@pytest.mark.parametrize("tone", [0, 190])
def test_a_thin_line_in_a_large_image_is_ink(tone):
    image = Image.new("L", (1500, 1500), 255)
    draw = ImageDraw.Draw(image)
    for stroke in CROSSED_SEVEN:
        draw.line([(5 * x + 200, 5 * y + 100) for x, y in stroke], fill=tone, width=5)
    assert similarity(photo.read_photo(file_of(image)), CROSSED_SEVEN) > 0.85


def blank_sheets(rng):
    height, width = 480, 640
    light = 1 - 0.6 * np.arange(width) / width * np.ones((height, 1))
    lamp = 0.5 + 0.5 * np.exp(
        -((np.arange(width) / width - 0.3) ** 2 + (np.arange(height)[:, None] / height - 0.4) ** 2) * 4
    )
    yield from (np.full((height, width), tone) for tone in (0, 17, 128, 255))
    yield from (np.full(shape, 255) for shape in ((8, 8), (28, 28), (8, 4096), (4096, 8)))
    for paper in (40, 120, 235):
        yield from (paper * light, paper * lamp, paper * light + rng.normal(0, 6, light.shape))
        yield paper + rng.normal(0, 10, light.shape)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("JPEG", {"quality": 70})])
def test_a_blank_sheet_is_not_a_digit(kind, options, rng):
    for sheet in blank_sheets(rng):
        picture = file_of(Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8)), kind, **options)
        assert photo.read_photo(picture) is None
        assert photo.read_photo_digits(picture, grouped=by_shape) == []


def test_a_fully_transparent_image_is_not_a_digit():
    assert photo.read_photo(file_of(Image.new("RGBA", (200, 200)))) is None


def mnist_like():
    return render(CROSSED_SEVEN)


@pytest.mark.parametrize("inverted", [False, True])
def test_an_mnist_image_is_returned_unchanged(inverted):
    image = mnist_like()
    seen = photo.read_photo(file_of(Image.fromarray(255 - image if inverted else image)))
    assert (seen.image == image).all()
    assert_well_formed(seen)
    assert len(photo.read_photo_digits(file_of(Image.fromarray(image)), grouped=by_shape)) == 1


def test_a_28x28_image_of_another_scale_is_rescaled():
    small = np.asarray(Image.fromarray(mnist_like()).resize((16, 16), Image.Resampling.LANCZOS))
    corner = np.zeros((28, 28), np.uint8)
    corner[1:17, 10:26] = small
    assert_is_seven(file_of(Image.fromarray(corner)))


def test_real_mnist_is_returned_unchanged(real_data):
    with np.load(real_data / "mnist.npz") as arrays_:
        images = arrays_["x_test"][::20]
    assert all((photo.read_photo(file_of(Image.fromarray(image))).image == image).all() for image in images)


@pytest.mark.slow
def test_enlarged_and_shifted_mnist_is_nearly_restored(real_data):
    with np.load(real_data / "mnist.npz") as arrays_:
        images = arrays_["x_test"][::100]
    similarities = []
    for image in images:
        large = Image.fromarray(np.pad(image, ((3, 20), (12, 1)))).resize((410, 510), Image.Resampling.BICUBIC)
        seen = photo.read_photo(file_of(large, "JPEG"))
        # MNIST was centred by whole pixels, so it differs by up to half a pixel.
        similarities.append(np.corrcoef(seen.image.ravel(), image.ravel())[0, 1])
    assert np.median(similarities) > 0.93
    assert np.quantile(similarities, 0.05) > 0.8  # one of these images has specks, which are removed as they should be


@pytest.mark.slow
def test_a_photo_of_a_real_drawing_resembles_the_drawing(real_data, rng):
    with gzip.open(real_data / "drawn-digits.jsonl.gz", "rt") as file:
        drawings = [json.loads(line)["strokes"] for line in file][::250]
    similarities = []
    for strokes in drawings:
        picture = file_of(photographed(cover(strokes, pen=rng.uniform(3, 12)), rng), "JPEG", quality=85)
        similarities.append(similarity(photo.read_photo(picture), strokes))
    assert np.median(similarities) > 0.94


@pytest.mark.parametrize("inverted", [False, True])
def test_a_line_of_digits_is_read_from_left_to_right(inverted, rng):
    size = (900, 420)
    line = sum(
        cover(digit, size, 10, at) for digit, at in ((CROSSED_SEVEN, (20, 60)), (FIVE, (230, 80)), (TWO, (470, 50)))
    )
    paper, tone = (30, 220) if inverted else (230, 60)
    digits = photo.read_photo_digits(file_of(photographed(line, rng, paper, tone), "JPEG"), grouped=by_shape)
    assert len(digits) == 3
    for seen, strokes in zip(digits, (CROSSED_SEVEN, FIVE, TWO), strict=True):
        assert_well_formed(seen)
        assert similarity(seen, strokes) > 0.9
    assert [seen.box[0] for seen in digits] == sorted(seen.box[0] for seen in digits)


def png_with_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")


def animation(kind):
    return file_of(plain(), kind, save_all=True, append_images=[plain(TWO)], duration=100)


FORMATS, SIZE, DAMAGED = {"formats": image_file.FORMAT_NAMES}, {"low": 8, "high": 16_000}, {}
REJECTED = {  # a file, and the values that the message mentions besides its name
    "text": (lambda: b"This is a text file named .png", FORMATS),
    "empty file": (lambda: b"", FORMATS),
    "incomplete JPEG": (lambda: file_of(plain(), "JPEG")[:3000], DAMAGED),
    "incomplete PNG": (lambda: file_of(plain())[:1500], DAMAGED),
    "incomplete WebP": (lambda: file_of(plain(), "WEBP")[:800], DAMAGED),
    "only a header": (lambda: file_of(plain(), "JPEG")[:4], FORMATS),
    "20,000 pixels": (lambda: png_with_header(20_000, 20_000), {"high": 50}),
    "12,000 pixels": (lambda: png_with_header(12_000, 12_000), {"high": 50, "megapixels": 144}),
    "16,001 pixels": (lambda: png_with_header(16_001, 10), SIZE | {"width": 16_001, "height": 10}),
    "7 pixels": (lambda: file_of(Image.new("L", (7, 100))), SIZE | {"width": 7, "height": 100}),
    "wrong size in the header": (lambda: png_with_header(500, 500), DAMAGED),
    "animated PNG": (lambda: animation("PNG"), {"frames": 2}),
    "animated WebP": (lambda: animation("WEBP"), {"frames": 2}),
    "GIF": (lambda: file_of(plain(), "GIF"), FORMATS),
    "TIFF": (lambda: file_of(plain(), "TIFF"), FORMATS),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", REJECTED)
def test_a_file_that_is_not_an_image_is_rejected(name, tmp_path):
    make, values = REJECTED[name]
    path = tmp_path / "drawing.png"
    path.write_bytes(make())
    for read in (photo.read_photo, partial(photo.read_photo_digits, grouped=by_shape)):
        with pytest.raises(InkError) as caught:
            read(path)
        check_message(caught.value, name="drawing.png", **values)
        if not values:
            assert caught.value.values.keys() == {"name"}
        with pytest.raises(InkError) as caught:
            read(make())
        check_message(caught.value, name=image_file.UNNAMED, **values)
        with pytest.raises(InkError) as caught:
            read(make(), "my upload")
        check_message(caught.value, name="my upload", **values)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InkError) as caught:
        photo.read_photo(tmp_path / "seven.png")
    check_message(caught.value, name="seven.png", reason=os.strerror(errno.ENOENT))
    with pytest.raises(InkError) as caught:
        photo.read_photo(tmp_path)
    check_message(caught.value, name=tmp_path.name, reason=os.strerror(errno.EISDIR))
    with pytest.raises(InkError):
        photo.read_photo("seven\0.png")


@pytest.mark.parametrize("thing", [None, 7, ["seven.png"], np.zeros((28, 28))])
def test_anything_but_a_file_is_rejected(thing):
    with pytest.raises(InkError) as caught:
        photo.read_photo(thing)
    check_message(caught.value, name=image_file.UNNAMED, type=type(thing).__name__)


WHOLE = [file_of(plain().reduce(4), kind) for kind in ("PNG", "JPEG", "WEBP")]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6), st.floats(0, 1)
)
def test_damage_always_ends_in_a_message(whole, changes, kept):
    damaged = bytearray(whole)
    for place, value in changes:
        damaged[int(place * len(damaged))] = value
    check_any_outcome(bytes(damaged[: int(len(damaged) * kept) if kept < 0.5 else None]))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40))))
def test_any_pixels_give_an_image_or_nothing(pixels):
    check_any_outcome(file_of(Image.fromarray(pixels)))


def check_any_outcome(picture):
    try:
        seen = photo.read_photo(picture)
        parts = photo.read_photo_digits(picture, grouped=by_shape)
    except InkError as error:
        check_message(error)
    else:
        assert (seen is None) == (not parts)
        for steps in parts + [seen] * (seen is not None):
            assert steps.image.shape == (28, 28)
            assert steps.image.dtype == np.uint8


def test_a_large_photo_is_read_within_a_second(rng):
    picture = file_of(photographed(cover(CROSSED_SEVEN), rng).resize((4000, 3000)), "JPEG", quality=80)
    start = time.perf_counter()
    assert_is_seven(picture)
    assert time.perf_counter() - start < 2
