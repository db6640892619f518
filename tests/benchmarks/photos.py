"""Measure how well digits are read in photos of the kinds that people take: prints the table in docs/measurements.md.

    DIGIT_LAB_DATA=../shared/data python -m tests.benchmarks.photos [RUN] [--part validation] [--n 100] [--save FOLDER]

The photos are made from the strokes of real writers: drawn on a sheet with paper, ruling and frames, seen by a tilted
camera in uneven light, with blur, grain and JPEG. All parameters of `model.ink` were chosen on `--part validation`.
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from model.drawings import corpus
from model.ink.render import Strokes, box_of

SHEET = 900  # pixels of a sheet's longer side while it is drawn
WHITE = (238.0, 236.0, 230.0)
RNG = np.random.Generator


@dataclass
class Sheet:
    """A sheet of paper that is drawn on: `(h, w, 3)` float in [0, 255]."""

    size: tuple[int, int]  # width, height
    paper: tuple[float, ...] = WHITE
    pixels: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Start with blank paper."""
        self.pixels = np.ones((self.size[1], self.size[0], 3)) * self.paper

    def darken(self, mask: np.ndarray, by: float, tint: tuple[float, ...] = (1, 1, 1)) -> None:
        """Print on the paper: darker by this share where the mask `(h, w)` in [0, 1] is 1, by `tint` per channel."""
        self.pixels *= 1 - mask[..., None] * by * np.array(tint)

    def cover(self, mask: np.ndarray, ink: tuple[float, ...]) -> None:
        """Write with an opaque pen."""
        self.pixels += mask[..., None] * (np.array(ink) - self.pixels)


def layer(size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw, float], None]) -> np.ndarray:
    """Return what `draw` draws at twice the size, as a mask `(h, w)` in [0, 1]."""
    image = Image.new("L", (2 * size[0], 2 * size[1]))
    draw(ImageDraw.Draw(image), 2)
    return np.asarray(image.reduce(2)) / 255


def write(sheet: Sheet, strokes: Strokes, box: tuple[float, float, float], pen: float, ink: tuple[float, ...]) -> None:
    """Write strokes with their centre and larger side given by `box` (x, y, size), with a round pen."""
    left, top, right, bottom = box_of(strokes)
    x, y, size = box
    scale = (size - pen) / max(right - left, bottom - top, 1)
    lines = [(line - ((left + right) / 2, (top + bottom) / 2)) * scale + (x, y) for line in strokes]

    def draw(on: ImageDraw.ImageDraw, zoom: float) -> None:
        for line in lines:
            points = [tuple(point) for point in (zoom * line).tolist()]
            on.line(points, fill=255, width=max(1, round(zoom * pen)))
            for px, py in points:
                on.ellipse((px - pen, py - pen, px + pen, py + pen), fill=255)

    sheet.cover(layer(sheet.size, draw), ink)


def pen_colour(rng: RNG) -> tuple[float, ...]:
    """Return the colour of a pencil, a blue or a black pen."""
    return [(70.0, 70.0, 75.0), (35.0, 45.0, 110.0), (25.0, 25.0, 28.0)][rng.integers(3)]


def digit(sheet: Sheet, strokes: Strokes, rng: RNG, share: tuple[float, float] = (0.3, 0.65), ink=None) -> None:
    """Write a digit of this share of the sheet's shorter side, somewhere on the sheet."""
    size = rng.uniform(*share) * min(sheet.size)
    margin = size / 2 + 0.12 * min(sheet.size)
    x, y = (rng.uniform(min(margin, side / 2), max(side - margin, side / 2)) for side in sheet.size)
    write(sheet, strokes, (x, y, size), size * rng.uniform(0.045, 0.11), ink or pen_colour(rng))


def rule(sheet: Sheet, rng: RNG, spacing: float, across: bool, darkness: float) -> None:
    """Print lines along the sheet, and across it for squared paper."""
    width = max(1.2, spacing * rng.uniform(0.03, 0.06)) if across else max(1.5, spacing * rng.uniform(0.02, 0.04))
    starts = rng.uniform(0, spacing, 2)

    def draw(on: ImageDraw.ImageDraw, zoom: float) -> None:
        for axis in (0, 1) if across else (1,):
            for place in np.arange(starts[axis], sheet.size[axis], spacing):
                ends = [(0, 0), (zoom * sheet.size[0], zoom * sheet.size[1])]
                line = [(zoom * place, y) if axis == 0 else (x, zoom * place) for x, y in ends]
                on.line(line, fill=255, width=max(1, round(zoom * width)))

    sheet.darken(layer(sheet.size, draw), darkness, [(1, 1, 1), (1, 0.75, 0.5), (1, 0.8, 0.9)][rng.integers(3)])


def ruled(sheet: Sheet, strokes: Strokes, rng: RNG, across: bool) -> None:
    """Write a digit on squared or lined paper, one and a half to four squares high, or one to three lines."""
    n = rng.uniform(6, 18) if across else rng.uniform(3.5, 9)
    spacing = min(sheet.size) / n
    rule(sheet, rng, spacing, across, rng.uniform(0.1, 0.5))
    squares = rng.uniform(1.6, 4) if across else rng.uniform(0.9, 2.5)
    share = min(0.7, max(0.12, squares / n))
    digit(sheet, strokes, rng, (share, share))


def dotted(sheet: Sheet, rng: RNG) -> None:
    """Print a dot grid."""
    spacing, darkness = min(sheet.size) / rng.uniform(8, 18), rng.uniform(0.2, 0.5)
    radius = spacing * rng.uniform(0.04, 0.07)

    def draw(on: ImageDraw.ImageDraw, zoom: float) -> None:
        for x in np.arange(spacing / 2, sheet.size[0], spacing):
            for y in np.arange(spacing / 2, sheet.size[1], spacing):
                on.ellipse([zoom * v for v in (x - radius, y - radius, x + radius, y + radius)], fill=255)

    sheet.darken(layer(sheet.size, draw), darkness)


def margin_line(sheet: Sheet, rng: RNG) -> None:
    """Print a red margin on the left."""
    x, width = sheet.size[0] * rng.uniform(0.06, 0.15), rng.uniform(1.5, 4)

    def draw(on: ImageDraw.ImageDraw, zoom: float) -> None:
        on.line([(zoom * x, 0), (zoom * x, zoom * sheet.size[1])], fill=255, width=round(zoom * width))

    sheet.darken(layer(sheet.size, draw), 0.8, (0.25, 0.9, 0.9))


def boxed(sheet: Sheet, strokes: Strokes, rng: RNG) -> None:
    """Write a digit inside a printed box or circle, or between axes with numbers."""
    kind, side = rng.integers(3), rng.uniform(0.55, 0.85) * min(sheet.size)
    x, y = (
        rng.uniform(side / 2 + 0.05 * length, length - side / 2 - 0.05 * length) if length > 1.1 * side else length / 2
        for length in sheet.size
    )
    height = side * (rng.uniform(0.8, 1) if kind != 1 else 1)
    box = np.array([x - side / 2, y - height / 2, x + side / 2, y + height / 2])
    width = rng.uniform(1.5, 5)

    def draw(on: ImageDraw.ImageDraw, zoom: float) -> None:
        pen = round(zoom * width)
        left, top, right, bottom = (zoom * box).tolist()
        if kind == 0:
            on.rectangle((left, top, right, bottom), outline=255, width=pen)
        elif kind == 1:
            on.ellipse((left, top, right, bottom), outline=255, width=pen)
        elif rng.random() < 0.5:
            on.rectangle((left, top, right, bottom), outline=255, width=pen)
        else:
            on.line([(left, top), (left, bottom), (right, bottom)], fill=255, width=pen)
        if kind == 2:
            font = ImageFont.load_default(zoom * side * 0.035)
            for nth, share in enumerate(np.linspace(0, 0.9, 6)):
                at, tick = zoom * side * share, zoom * side * 0.012
                on.line([(left + at, bottom), (left + at, bottom + tick)], fill=255, width=pen)
                on.line(
                    [(left - tick, top + at * height / side), (left, top + at * height / side)], fill=255, width=pen
                )
                on.text((left + at, bottom + 1.5 * tick), f"{5 * nth}", fill=255, font=font, anchor="mt")
                on.text((left - 2 * tick, top + at * height / side), f"{5 * nth}", fill=255, font=font, anchor="rm")

    sheet.darken(layer(sheet.size, draw), rng.uniform(0.5, 0.95))
    size = rng.uniform(0.45, 0.62 if kind == 1 else 0.75) * height
    room = max(0.0, 0.35 * (0.6 if kind == 1 else 0.85) * (height - size))
    at = np.array([x, y]) + rng.uniform(-room, room, 2)
    write(sheet, strokes, (*at.tolist(), size), size * rng.uniform(0.05, 0.11), pen_colour(rng))


def table(size: tuple[int, int], rng: RNG, tones: tuple[float, float] = (35, 150)) -> np.ndarray:
    """Return a table top `(h, w, 3)`, plain or with the grain of wood."""
    tone = rng.uniform(*tones) * np.array([(1, 0.85, 0.65), (1, 1, 1), (0.9, 0.95, 1)][rng.integers(3)])
    width, height = size
    if rng.random() < 0.5:
        return np.ones((height, width, 3)) * tone
    grain = rng.normal(0, 1, (height // 6 + 2, 8))
    grain = np.asarray(Image.fromarray(grain.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    return np.clip((1 + 0.1 * grain)[..., None] * tone, 0, 255)


def corners(size: tuple[int, int], aspect: float, share: float, tilt: float, rng: RNG) -> np.ndarray:
    """Return where the corners of a sheet of this share of a photo's area lie in it: `(4, 2)`, from the top left."""
    width, height = size
    half = np.sqrt(share * width * height * np.array([aspect, 1 / aspect])) / 2
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (1 + rng.uniform(-0.05, 0.05, (4, 2)))
    placed = (square * half) @ turn.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    scale = min(1.0, 0.97 * width / (high - low)[0], 0.97 * height / (high - low)[1])
    placed, low, high = placed * scale, low * scale, high * scale
    room = np.array(size) - (high - low)
    return placed - low + room * rng.uniform(0.25, 0.75, 2)


def seen_from(sheet: Sheet, onto: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a sheet lying on a table, with its corners at `at` `(4, 2)`."""
    height, width = onto.shape[:2]
    source = np.array([[0, 0], [sheet.size[0], 0], sheet.size, [0, sheet.size[1]]], float)
    rows = []
    for (x, y), (u, v) in zip(at, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    coefficients = np.linalg.solve(np.array(rows), source.ravel())
    image = Image.fromarray(np.clip(sheet.pixels, 0, 255).astype(np.uint8)).convert("RGBA")
    image = image.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    alpha = np.asarray(image.getchannel("A").filter(ImageFilter.GaussianBlur(0.7))) / 255
    return onto + alpha[..., None] * (np.asarray(image.convert("RGB")) - onto)


def photographed(scene: np.ndarray, rng: RNG) -> Image.Image:
    """Photograph a scene `(h, w, 3)` in uneven light, slightly out of focus, with grain."""
    height, width = scene.shape[:2]
    y, x = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.4)
    along = np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)
    light = 1 - slope * (along - along.min()) / np.ptp(along)
    soft = Image.fromarray(np.clip(scene * light[..., None], 0, 255).astype(np.uint8))
    soft = soft.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.4)))
    noisy = np.asarray(soft) + rng.normal(0, rng.uniform(1, 5), (height, width, 1)) + rng.normal(0, 1.5, scene.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def sheet_of(rng: RNG, paper: tuple[float, ...] = WHITE) -> Sheet:
    """Return a sheet of a random format."""
    aspect = rng.uniform(0.7, 1.45)
    size = (SHEET, round(SHEET / aspect)) if aspect > 1 else (round(SHEET * aspect), SHEET)
    return Sheet(size, paper)


def fills_the_photo(sheet: Sheet, rng: RNG, tilt: float = 4) -> Image.Image:
    """Photograph a sheet that is larger than the photo."""
    width, height = sheet.size
    zoom = rng.uniform(0.9, 1.35)
    size = (round(zoom * width), round(zoom * height))
    at = corners(size, width / height, 1, 0, rng)
    at = (at - at.mean(axis=0)) * 1.12
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    at = at @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * (1 + abs(angle) * 1.6)
    return photographed(seen_from(sheet, np.ones((size[1], size[0], 3)) * sheet.paper, at + np.array(size) / 2), rng)


def on_a_table(
    sheet: Sheet, rng: RNG, share: tuple[float, float], tones: tuple[float, float] = (35, 150)
) -> Image.Image:
    """Photograph a sheet on a table, tilted by up to 20 degrees."""
    size = (round(rng.uniform(900, 1300)),) * 2
    size = (size[0], round(size[0] * 0.75)) if rng.random() < 0.5 else (round(size[0] * 0.75), size[0])
    at = corners(size, sheet.size[0] / sheet.size[1], rng.uniform(*share), 20, rng)
    return photographed(seen_from(sheet, table(size, rng, tones), at), rng)


def _plain(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    digit(sheet, strokes, rng)
    return fills_the_photo(sheet, rng)


def _table(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    digit(sheet, strokes, rng, (0.25, 0.6))
    return on_a_table(sheet, rng, (0.4, 0.8))


def _note(strokes: Strokes, rng: RNG) -> Image.Image:
    side = round(SHEET * 0.7)
    sheet = Sheet((side, side), [WHITE, (245.0, 230.0, 120.0), (170.0, 215.0, 240.0)][rng.integers(3)])
    digit(sheet, strokes, rng, (0.35, 0.65))
    return on_a_table(sheet, rng, (0.25, 0.32))


def _slate(strokes: Strokes, rng: RNG) -> Image.Image:
    tone = rng.uniform(25, 60)
    sheet = sheet_of(rng, (tone, tone, tone * 1.05))
    digit(sheet, strokes, rng, ink=(rng.uniform(170, 235),) * 3)
    if rng.random() < 0.5:  # a wooden frame
        frame = round(0.06 * min(sheet.size))
        inner = sheet.pixels[frame:-frame, frame:-frame].copy()
        sheet.pixels[:] = (170, 130, 85)
        sheet.pixels[frame:-frame, frame:-frame] = inner
    return on_a_table(sheet, rng, (0.4, 0.8), (120, 230))


def _screenshot(strokes: Strokes, rng: RNG) -> Image.Image:
    width, height = round(rng.uniform(700, 1300)), round(rng.uniform(600, 900))
    dark = rng.random() < 0.5
    ground, canvas = ((32.0, 34.0, 40.0), (255.0,) * 3) if dark else ((250.0,) * 3, (0.0,) * 3)
    app = Sheet((width, height), ground)
    side = round(rng.uniform(0.5, 0.75) * min(width, height))
    drawn = Sheet((side, side), canvas)
    digit(drawn, strokes, rng, (0.4, 0.75), ink=tuple(255 - tone for tone in canvas))
    left, top = round(rng.uniform(20, width - side - 20)), round(rng.uniform(60, height - side - 20))
    app.pixels[top : top + side, left : left + side] = drawn.pixels

    def words(on: ImageDraw.ImageDraw, zoom: float) -> None:
        on.text((zoom * left, zoom * 20), "Draw a digit", fill=255, font=ImageFont.load_default(zoom * 24))
        if width - left - side > 160:
            on.text(
                (zoom * (left + side + 20), zoom * top), "Clear  Undo", fill=255, font=ImageFont.load_default(zoom * 18)
            )

    app.cover(layer(app.size, words), tuple(255 - tone for tone in ground))
    return Image.fromarray(app.pixels.astype(np.uint8))


def _squared(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    ruled(sheet, strokes, rng, across=True)
    return fills_the_photo(sheet, rng, 6) if rng.random() < 0.7 else on_a_table(sheet, rng, (0.5, 0.8))


def _lined(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    ruled(sheet, strokes, rng, across=False)
    return fills_the_photo(sheet, rng, 6) if rng.random() < 0.7 else on_a_table(sheet, rng, (0.5, 0.8))


def _dots(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    dotted(sheet, rng)
    digit(sheet, strokes, rng, (0.2, 0.5))
    return fills_the_photo(sheet, rng)


def _margin(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    margin_line(sheet, rng)
    size = rng.uniform(0.25, 0.5) * min(sheet.size)
    x = rng.uniform(
        0.22 * sheet.size[0] + size / 2, max(0.23 * sheet.size[0] + size / 2, 0.95 * sheet.size[0] - size / 2)
    )
    y = rng.uniform(0.6 * size, sheet.size[1] - 0.6 * size)
    write(sheet, strokes, (x, y, size), size * rng.uniform(0.05, 0.11), pen_colour(rng))
    return fills_the_photo(sheet, rng)


def _boxed(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    boxed(sheet, strokes, rng)
    if rng.random() < 0.5:
        return Image.fromarray(np.clip(sheet.pixels, 0, 255).astype(np.uint8))
    return fills_the_photo(sheet, rng) if rng.random() < 0.6 else on_a_table(sheet, rng, (0.5, 0.8))


def _red_on_green(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng, (rng.uniform(60, 110), rng.uniform(130, 170), rng.uniform(70, 110)))
    digit(sheet, strokes, rng, ink=(rng.uniform(170, 220), rng.uniform(40, 90), rng.uniform(40, 80)))
    return fills_the_photo(sheet, rng)


def _yellow(strokes: Strokes, rng: RNG) -> Image.Image:
    sheet = sheet_of(rng)
    digit(sheet, strokes, rng, ink=(rng.uniform(225, 245), rng.uniform(200, 225), rng.uniform(30, 110)))
    return fills_the_photo(sheet, rng)


KINDS: dict[str, Callable[[Strokes, RNG], Image.Image]] = {
    "plain": _plain,
    "table": _table,
    "note": _note,
    "slate": _slate,
    "screenshot": _screenshot,
    "squared": _squared,
    "lined": _lined,
    "dots": _dots,
    "margin": _margin,
    "boxed": _boxed,
    "red on green": _red_on_green,
    "yellow on white": _yellow,
}


def file_of(image: Image.Image, rng: RNG) -> bytes:
    """Return a photo as a JPEG file of medium quality."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(60, 93)))
    return buffer.getvalue()


def photos(kind: str, drawings: list[corpus.Drawing], n: int, seed: int) -> list[tuple[int, bytes]]:
    """Return the digit and the file of `n` photos of one kind."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    chosen = [drawings[index] for index in rng.integers(len(drawings), size=n)]
    return [(int(each.label), file_of(KINDS[kind](each.strokes, rng), rng)) for each in chosen]


def main() -> None:
    """Print the table."""
    from model.inference.classifier import Classifier
    from model.inference.digit_reader import DigitReader
    from model.runs.store import RunStore

    parser = argparse.ArgumentParser(description="Measure how well digits in photos are read.")
    parser.add_argument("run", nargs="?", default="deep")
    parser.add_argument("--part", default=corpus.TEST, choices=(corpus.VALIDATION, corpus.TEST))
    parser.add_argument("--n", type=int, default=100, help="photos of each kind")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--save", type=Path, help="a folder for the photos that aren't read correctly")
    chosen = parser.parse_args()
    drawings = corpus.load(corpus.DIGITS, chosen.part)
    if not drawings:
        sys.exit("No drawings found. Put drawn-digits into the folder in DIGIT_LAB_DATA.")
    seed = chosen.seed if chosen.seed is not None else 10 if chosen.part == corpus.TEST else 1
    reader = DigitReader(Classifier(RunStore().open_finished(chosen.run)))
    print(
        f"| {chosen.run}, {chosen.part} writers | right | wrong | rejected | n | median ms |\n|---|---|---|---|---|---|"
    )
    total = np.zeros(3, int)
    for kind in chosen.kinds:
        counts, times = np.zeros(3, int), []
        for index, (label, content) in enumerate(photos(kind, drawings, chosen.n, seed)):
            begin = perf_counter()
            read = reader.read_photo(content)
            times.append(perf_counter() - begin)
            outcome = 2 if not read.accepted else int(read.text != str(label))
            counts[outcome] += 1
            if chosen.save and outcome:
                chosen.save.mkdir(parents=True, exist_ok=True)
                name = f"{kind.replace(' ', '-')}-{index}-{label}-as-{read.text or 'blank'}-{outcome}.jpg"
                (chosen.save / name).write_bytes(content)
        total += counts
        right, wrong, rejected = (f"{100 * count / counts.sum():.1f}%" for count in counts)
        print(
            f"| {kind} | {right} | {wrong} | {rejected} | {counts.sum()} | {1e3 * np.median(times):.0f} |", flush=True
        )
    right, wrong, rejected = (f"{100 * count / total.sum():.1f}%" for count in total)
    print(f"| all | {right} | {wrong} | {rejected} | {total.sum()} | |")


if __name__ == "__main__":
    main()
