"""The visitors' labelled drawings, stored on the server in one file per visitor.

A line is `{"strokes": [[[x, y], …], …], "label": 7, "id": "…"}`, in canvas pixels, the format that `predict`
reads. A file is named after a fingerprint of the visitor's secret token, so the drawings can't be found without it.
Knows files and strokes; knows nothing of networks or pages.
"""

import io
import json
import threading
import time
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
from model.ink.render import DOT, SIDE, Strokes, parse_strokes, render, render_steps
from model.results import NO_DIGIT, ArrayRepr
from model.runs.atomic_files import replace
from model.runs.metadata import fingerprint

MAX_DRAWINGS = 500  # per visitor; the oldest are deleted first
MAX_BYTES = 2_000_000  # per file
MAX_VISITORS = 200  # the files that haven't changed for the longest time are deleted first
_SAFE_S = 24 * 3600.0  # a file that changed more recently is never deleted to make room for another visitor
LABELS = (*range(10), NO_DIGIT)
_MAX_ID = 64  # characters
_writing = threading.Lock()


@dataclass(frozen=True, eq=False, repr=False)
class LabelledDrawing(ArrayRepr):
    """One labelled drawing: `label` is a digit or "no digit"."""

    id: str
    label: int | str
    strokes: Strokes

    def to_line(self) -> str:
        """Return the drawing as one line of JSON, the format that `predict` reads."""
        strokes = [stroke.tolist() for stroke in self.strokes]
        return json.dumps({"strokes": strokes, "label": self.label, "id": self.id}, separators=(",", ":"))


class DrawingCollection:
    """The drawings of one visitor, oldest first. Every call reads the file, because the tabs of a browser share it."""

    def __init__(self, home: Path, token: str):
        """Use the file in `home`, the folder of the runs, that belongs to a visitor's secret, non-empty `token`."""
        self._folder = home / "_drawings"
        self._path = self._folder / f"{fingerprint(token)}.jsonl"

    def all(self) -> list[LabelledDrawing]:
        """Return all drawings; lines that can't be read are skipped."""
        return read(self._path)

    def save(self, drawing_id: str, label: int | str, strokes: Any) -> None:
        """Save a drawing, replacing the one with the same id.

        Raises InkError if the strokes or the label are invalid, if the file can't be written, or if 200 other visitors
        have saved drawings since yesterday.
        """
        new = LabelledDrawing(drawing_id, _valid_label(label), _rounded(strokes))
        with _writing:
            if not self._path.exists():
                self._make_room()
            self._write([drawing for drawing in self.all() if drawing.id != drawing_id] + [new])

    def delete(self, drawing_id: str) -> None:
        """Delete a drawing if it exists. Raises InkError if the file can't be written."""
        with _writing:
            drawings = self.all()
            remaining = [drawing for drawing in drawings if drawing.id != drawing_id]
            if len(remaining) < len(drawings):
                self._write(remaining)

    def delete_all(self) -> None:
        """Delete all drawings of this visitor. Raises InkError if the file can't be deleted."""
        with _writing:
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
                "Your drawings can't be saved on this server: {reason}. Download the ones you want to keep.",
                reason=error.strerror,
            ) from error

    def _make_room(self) -> None:
        """Delete the oldest files until one more fits, but none of the last day: anybody can pretend to be many."""
        with suppress(OSError):
            files = sorted((path.stat().st_mtime, path) for path in self._folder.glob("[0-9a-f]*.jsonl"))
            surplus = files[: max(len(files) - MAX_VISITORS + 1, 0)]
            for changed, path in surplus:
                if time.time() - changed < _SAFE_S:
                    raise InkError(
                        "This server has no room for the drawings of another visitor: {n} have saved some since "
                        "yesterday. Try again tomorrow.",
                        n=MAX_VISITORS,
                    )
                path.unlink(missing_ok=True)


def read(path: Path) -> list[LabelledDrawing]:
    """Return the newest 500 labelled drawings of a file; lines that can't be read are skipped."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return []
    return [drawing for line in text.splitlines() if (drawing := _drawing(line))][-MAX_DRAWINGS:]


def to_jsonl(drawings: Iterable[LabelledDrawing]) -> str:
    """Return the drawings as a .jsonl file, the format that `predict` reads."""
    return "".join(drawing.to_line() + "\n" for drawing in drawings)


def to_pngs(drawings: Iterable[LabelledDrawing]) -> bytes:
    """Return a .zip file of the drawings as PNG files, dark on white, named by number and label."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number, drawing in enumerate(drawings, 1):
            png = io.BytesIO()
            steps = render_steps(drawing.strokes)
            if steps is None:
                continue
            Image.fromarray(255 - steps.drawn).save(png, "PNG")
            archive.writestr(f"{number:03}-{str(drawing.label).replace(' ', '-')}.png", png.getvalue())
    return file.getvalue()


def render_all(drawings: Sequence[LabelledDrawing]) -> tuple[Images, Labels]:
    """Return the images `(n, 28, 28, 1)` uint8 for a network and their labels `(n,)` int64; "no digit" is 10."""
    images = [render(drawing.strokes, dot=DOT) for drawing in drawings]
    stacked = np.stack(images)[..., None] if images else np.empty((0, SIDE, SIDE, 1), np.uint8)
    return stacked, np.array([LABELS.index(drawing.label) for drawing in drawings], dtype=np.int64)


def _drawing(line: str) -> LabelledDrawing | None:
    try:
        values = json.loads(line)
        drawing_id, label = values["id"], _valid_label(values["label"])
        if not isinstance(drawing_id, str) or not 0 < len(drawing_id) <= _MAX_ID:
            return None
        return LabelledDrawing(drawing_id, label, _rounded(values["strokes"]))
    except (ValueError, KeyError, TypeError, RecursionError, InkError):
        return None


def _valid_label(label: Any) -> int | str:
    if isinstance(label, str) and len(label) == 1 and label in "0123456789":
        label = int(label)
    if isinstance(label, bool) or not isinstance(label, int | str) or label not in LABELS:
        raise InkError(
            "The label of a drawing must be a number from 0 to 9 or {other}, got {value}.",
            other=repr(NO_DIGIT),
            value=repr(str(label)[:20]),
        )
    return label


def _rounded(raw: Any) -> Strokes:
    strokes = parse_strokes(raw)
    if not strokes:
        raise InkError("The drawing is empty. Draw something first.")
    return Strokes(np.round(stroke, 2) for stroke in strokes)
