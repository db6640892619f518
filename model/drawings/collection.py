"""Visitors' labelled drawings, stored on the server, one file for each visitor.

A line is `{"strokes": [[[x, y], …], …], "label": 7, "id": "…"}`, in canvas pixels, as `predict` reads it. The file is
named by a fingerprint of the visitor's secret, so that nobody can find the drawings without it. Knows files and
strokes; knows nothing of networks or pages.
"""

import io
import json
import threading
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from model.data.dataset import Images, Labels
from model.errors import InkError
from model.ink.render import SIDE, Strokes, parse_strokes, render, render_steps
from model.results import NO_DIGIT, ArrayRepr
from model.runs.atomic_files import replace
from model.runs.metadata import fingerprint

MAX_DRAWINGS = 500  # of a visitor; the oldest are deleted first
MAX_BYTES = 2_000_000  # of a visitor's file
MAX_VISITORS = 200  # the files of those who drew longest ago are deleted first
LABELS = (*range(10), NO_DIGIT)
_MAX_ID = 64  # characters
_changing = threading.Lock()


@dataclass(frozen=True, eq=False, repr=False)
class LabelledDrawing(ArrayRepr):
    """One labelled drawing: `label` is a digit or "no digit"."""

    id: str
    label: int | str
    strokes: Strokes

    def to_line(self) -> str:
        """Return one line of JSON, as `predict` reads it."""
        strokes = [stroke.tolist() for stroke in self.strokes]
        return json.dumps({"strokes": strokes, "label": self.label, "id": self.id}, separators=(",", ":"))


class DrawingCollection:
    """The drawings of one visitor, oldest first. Every call reads the file: tabs of one browser share it."""

    def __init__(self, home: Path, token: str):
        """Open the drawings below `home`, the folder of runs, that belong to a visitor's secret `token`, not empty."""
        self._folder = home / "_drawings"
        self._path = self._folder / f"{fingerprint(token)}.jsonl"

    def all(self) -> list[LabelledDrawing]:
        """Return all drawings; lines that can't be read are skipped."""
        return read(self._path)

    def keep(self, drawing_id: str, label: int | str, strokes: Any) -> None:
        """Save a drawing, replacing the one with the same id.

        Raises InkError for anything but a drawing and a label, and where it can't be written.
        """
        new = LabelledDrawing(drawing_id, _checked(label), _rounded(strokes))
        with _changing:
            self._write([drawing for drawing in self.all() if drawing.id != drawing_id] + [new])
            self._make_room()

    def delete(self, drawing_id: str) -> None:
        """Delete one drawing, if it is there. Raises InkError where that can't be written."""
        with _changing:
            drawings = self.all()
            remaining = [drawing for drawing in drawings if drawing.id != drawing_id]
            if len(remaining) < len(drawings):
                self._write(remaining)

    def delete_all(self) -> None:
        """Delete every drawing of this visitor. Raises InkError where that can't be done."""
        with _changing:
            self._write([])

    def _write(self, drawings: list[LabelledDrawing]) -> None:
        lines = [drawing.to_line() for drawing in drawings[-MAX_DRAWINGS:]]
        while len(lines) > 1 and sum(map(len, lines)) > MAX_BYTES:
            lines.pop(0)
        try:
            if not lines:
                self._path.unlink(missing_ok=True)
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_name(f".{self._path.name}")
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
            replace(temporary, self._path)
        except OSError as error:
            raise InkError(
                f"Your drawings can't be written ({error.strerror}); expected a folder with room, so download what you "
                "want to keep."
            ) from error

    def _make_room(self) -> None:
        with suppress(OSError):
            kept = sorted(self._folder.glob("[0-9a-f]*.jsonl"), key=lambda path: path.stat().st_mtime)
            for path in kept[:-MAX_VISITORS]:
                path.unlink(missing_ok=True)


def read(path: Path) -> list[LabelledDrawing]:
    """Return the labelled drawings of a file, the newest 500; lines that can't be read are skipped."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [drawing for line in text.splitlines() if (drawing := _drawing(line))][-MAX_DRAWINGS:]


def to_jsonl(drawings: Iterable[LabelledDrawing]) -> str:
    """Return the drawings as a file that `predict` reads."""
    return "".join(drawing.to_line() + "\n" for drawing in drawings)


def to_pngs(drawings: Iterable[LabelledDrawing]) -> bytes:
    """Return a .zip of the drawings as PNG files, dark on white, named by number and label."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number, drawing in enumerate(drawings, 1):
            picture = io.BytesIO()
            steps = render_steps(drawing.strokes)
            if steps is None:
                continue
            Image.fromarray(255 - steps.drawn).save(picture, "PNG")
            archive.writestr(f"{number:03}-{str(drawing.label).replace(' ', '-')}.png", picture.getvalue())
    return file.getvalue()


def render_all(drawings: Sequence[LabelledDrawing]) -> tuple[Images, Labels]:
    """Return the images `(n, 28, 28, 1)` uint8 that a network sees and the labels `(n,)` int64; "no digit" is 10."""
    images = [render(drawing.strokes) for drawing in drawings]
    stacked = np.stack(images)[..., None] if images else np.empty((0, SIDE, SIDE, 1), np.uint8)
    return stacked, np.array([LABELS.index(drawing.label) for drawing in drawings], dtype=np.int64)


def _drawing(line: str) -> LabelledDrawing | None:
    try:
        values = json.loads(line)
        drawing_id, label = values["id"], _checked(values["label"])
        if not isinstance(drawing_id, str) or not 0 < len(drawing_id) <= _MAX_ID:
            return None
        return LabelledDrawing(drawing_id, label, _rounded(values["strokes"]))
    except (ValueError, KeyError, TypeError, RecursionError, InkError):
        return None


def _checked(label: Any) -> int | str:
    if isinstance(label, bool) or not isinstance(label, int | str) or label not in LABELS:
        raise InkError(f"A drawing came with the label {str(label)[:20]!r}; expected 0 to 9 or {NO_DIGIT!r}.")
    return label


def _rounded(raw: Any) -> Strokes:
    strokes = parse_strokes(raw)
    if not strokes:
        raise InkError("A drawing came without ink; expected a stroke at least, so draw first.")
    return Strokes(np.round(stroke, 2) for stroke in strokes)
